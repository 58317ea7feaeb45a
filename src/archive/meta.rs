//! The table `meta`: what a recording says about itself, by key.

use std::collections::BTreeMap;

use super::about::{About, Ending};
use crate::model::space::Conventions;
use crate::model::{Consent, Privacy, RecordingFields, Timestamp};

pub(super) const END_US: &str = "end_us";
pub(super) const ENDING: &str = "ending";
pub(super) const LOST: &str = "lost";

/// The value of [`ENDING`] of a recording that was stopped; any other is the reason.
pub(super) const WHOLE: &str = "whole";

/// What stands before the name of a field of the operator's own.
const OTHER: &str = "field.";

/// An SQL condition: the entry with the key in `column` is text that somebody wrote.
pub(super) fn is_free_text(column: &str) -> String {
    format!(
        "{column} IN ('study', 'session', 'condition') OR {own}
         OR {column} = '{ENDING}' AND value != '{WHOLE}'",
        own = is_own_field(column)
    )
}

/// An SQL condition: the key in `column` is that of a field of the operator's own.
pub(super) fn is_own_field(column: &str) -> String {
    format!("{column} LIKE '{OTHER}%'")
}

impl About {
    /// The keys and values of the table `meta`, but for how the recording ended.
    pub fn entries(&self) -> Vec<(String, String)> {
        entries(self)
    }
}

/// The keys and values of a recording that starts.
pub(super) fn entries(about: &About) -> Vec<(String, String)> {
    let RecordingFields { study, session, condition, other, conventions, privacy } = &about.fields;
    let Conventions { length, angle, axes, rotation } = conventions;
    let yes_no = |yes| if yes { "yes" } else { "no" }.to_owned();
    let mut entries = vec![
        ("program", about.program.clone()),
        ("start_unix_us", about.start.as_micros().to_string()),
        ("start_local", about.start_local.clone()),
        ("study", study.clone()),
        ("session", session.clone()),
        ("condition", condition.clone()),
        ("length_unit", length.to_string()),
        ("angle_unit", angle.to_string()),
        ("axes", axes.to_string()),
        ("handedness", axes.handedness().to_string()),
        ("euler_order", rotation.to_string()),
        ("names", yes_no(privacy.names)),
        ("chat", yes_no(privacy.chat)),
        (END_US, about.end.to_string()),
        (LOST, about.lost.to_string()),
    ];
    entries.retain(|(_, value)| !value.is_empty());
    let entries = entries.into_iter().map(|(key, value)| (key.to_owned(), value));
    let other = other.iter().map(|(name, value)| (format!("{OTHER}{name}"), value.clone()));
    entries.chain(other).collect()
}

/// What a recording says about itself.
///
/// # Errors
/// The key that is missing or has a value that can't be read.
pub(super) fn about(mut entries: BTreeMap<String, String>) -> Result<About, String> {
    let other = entries
        .iter()
        .filter_map(|(key, value)| Some((key.strip_prefix(OTHER)?.to_owned(), value.clone())))
        .collect();
    let ending = match entries.remove(ENDING) {
        None => Ending::Interrupted,
        Some(text) if text == WHOLE => Ending::Whole,
        Some(reason) => Ending::Early(reason),
    };
    let conventions = Conventions {
        length: read(&entries, "length_unit")?,
        angle: read(&entries, "angle_unit")?,
        axes: read(&entries, "axes")?,
        rotation: read(&entries, "euler_order")?,
    };
    let privacy = Privacy {
        names: get(&entries, "names")? == "yes",
        chat: get(&entries, "chat")? == "yes",
        consent: Consent::default(),
        subjects: BTreeMap::new(),
    };
    let start = Timestamp::from_micros(read(&entries, "start_unix_us")?);
    let [end, lost] = [read(&entries, END_US)?, read::<i64>(&entries, LOST)?];
    let mut text = |key| entries.remove(key).unwrap_or_default();
    Ok(About {
        program: text("program"),
        start,
        start_local: text("start_local"),
        fields: RecordingFields {
            study: text("study"),
            session: text("session"),
            condition: text("condition"),
            other,
            conventions,
            privacy,
        },
        ending,
        end,
        lost: lost.unsigned_abs(),
    })
}

fn get<'a>(entries: &'a BTreeMap<String, String>, key: &str) -> Result<&'a str, String> {
    entries.get(key).map(String::as_str).ok_or_else(|| format!("its meta table has no {key:?}"))
}

fn read<T: std::str::FromStr>(entries: &BTreeMap<String, String>, key: &str) -> Result<T, String> {
    let value = get(entries, key)?;
    value.parse().map_err(|_| format!("its meta table has {value:?} as {key}"))
}
