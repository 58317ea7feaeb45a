//! What the fields of the form are for, in a sentence each.

use crate::console::state::{FieldId, RecordForm};
use crate::console::text::cells;
use crate::model::space::{Axes, Handedness};

/// What stands in an empty field.
pub(crate) fn when_empty(id: &FieldId) -> &'static str {
    match id {
        FieldId::Other => "name=value",
        FieldId::File => "named after the date, in the folder that recordings go to",
        FieldId::Subject(_) => "the next number",
        _ => "none",
    }
}

/// What the field that has the focus is for.
pub(crate) fn about(form: &RecordForm) -> String {
    use FieldId as F;
    if form.starting.is_some() {
        return "Esc leaves the form; the recording starts all the same.".to_owned();
    }
    let field = form.focused();
    let text = match &field.id {
        F::Study => "The study that the recording belongs to; may stay empty.",
        F::Session => "The session within the study; may stay empty.",
        F::Condition => "The experimental condition; may stay empty.",
        F::Other => "Anything else worth knowing, as name=value: experimenter=Kim.",
        F::File => "A new file, or a folder, in which the file is named after the date.",
        F::Length => "The unit of positions, as clients send them.",
        F::Angle => "The unit of rotations, as clients send them.",
        F::Axes => return axes(field.entry()),
        F::Rotation => "The order of the three rotations: z-x-y is about z first.",
        F::Names => {
            "pseudonyms: names and addresses go into a second file, the key. names: into the \
             recording itself."
        }
        F::Chat => "Whether what people say and the events they send are kept.",
        F::Consent => {
            "assumed: everyone's data is kept, until c withdraws it. by hand: only of those \
             marked below, or with c."
        }
        F::Subject(user) => {
            return format!("What the recording calls {}; nobody else may have it.", cells(user));
        }
        F::Kept(user) => {
            let user = cells(user);
            return format!("Whether the data of {user} is kept, or only how much there was.");
        }
        F::Start => {
            "Enter starts. The fields can't be changed afterwards, subjects and consent can."
        }
    };
    text.to_owned()
}

fn axes(entry: &str) -> String {
    let hand = match entry.parse::<Axes>().map(Axes::handedness) {
        Ok(Handedness::Left) => "; this is left-handed",
        Ok(Handedness::Right) => "; this is right-handed",
        Err(_) => "",
    };
    format!(
        "Where x, y and z point{hand}. Unity: right-up-forward. WebXR and Godot: right-up-back. \
         ROS: forward-left-up. Unreal: forward-right-up."
    )
}
