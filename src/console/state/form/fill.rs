//! Fills the form: from the settings, from the recording before, and with the users who are there.

use std::collections::{BTreeMap, HashSet};
use std::path::PathBuf;
use std::sync::Arc;

use super::RecordForm;
use super::field::{ANGLES, CHAT, CONSENT, Field, FieldId, KEPT, LENGTHS, NAMES, Value};
use crate::model::{Consent, RecordingFields, UserName};

impl RecordForm {
    /// A form that would record `base` into `path`.
    pub(crate) fn new(base: RecordingFields, path: Option<PathBuf>) -> Self {
        let mut fields = vec![
            Field::text(FieldId::Study, &base.study),
            Field::text(FieldId::Session, &base.session),
            Field::text(FieldId::Condition, &base.condition),
        ];
        let others = base.other.iter().map(|(name, value)| format!("{name}={value}"));
        fields.extend(others.map(|text| Field::text(FieldId::Other, text)));
        let space = base.conventions;
        let (length, angle) = (space.length.to_string(), space.angle.to_string());
        let by_hand = matches!(base.privacy.consent, Consent::Given(_));
        let file = path.as_ref().map(|path| path.display().to_string()).unwrap_or_default();
        fields.extend([
            Field::text(FieldId::Other, ""),
            Field::text(FieldId::File, file),
            Field::choice(FieldId::Length, LENGTHS, place(LENGTHS, &length)),
            Field::choice(FieldId::Angle, ANGLES, place(ANGLES, &angle)),
            Field::text(FieldId::Axes, space.axes.to_string()),
            Field::text(FieldId::Rotation, space.rotation.to_string()),
            Field::choice(FieldId::Names, NAMES, usize::from(base.privacy.names)),
            Field::choice(FieldId::Chat, CHAT, usize::from(!base.privacy.chat)),
            Field::choice(FieldId::Consent, CONSENT, usize::from(by_hand)),
            Field { id: FieldId::Start, value: Value::Button },
        ]);
        Self { fields, focus: 0, untouched: true, problem: None, starting: None, base, path }
    }

    /// Adds a line for each user who has none yet: with the subject that they have already, or else
    /// the next free number.
    pub(crate) fn meet<'a>(&mut self, users: impl Iterator<Item = &'a Arc<str>>) {
        let mut lines: HashSet<Arc<str>> = self.subjects().map(|(user, _)| user.clone()).collect();
        let new: Vec<Arc<str>> =
            users.filter(|user| lines.insert((*user).clone())).cloned().collect();
        if new.is_empty() {
            return;
        }
        let known = &self.base.privacy.subjects;
        let shown = self.subjects().map(|(_, subject)| subject);
        let mut taken: HashSet<String> =
            shown.chain(known.values().map(String::as_str)).map(str::to_owned).collect();
        let mut fields = Vec::with_capacity(new.len() * 2);
        for user in new {
            let subject = named(known, &user).cloned().unwrap_or_else(|| free(&taken));
            taken.insert(subject.clone());
            let kept = match &self.base.privacy.consent {
                Consent::Assumed => false,
                Consent::Given(users) => users.iter().any(|other| is_same(other, &user)),
            };
            fields.push(Field::text(FieldId::Subject(user.clone()), subject));
            fields.push(Field::choice(FieldId::Kept(user), KEPT, usize::from(kept)));
        }
        let start = self.fields.len() - 1;
        if self.focus == start {
            self.focus += fields.len();
        }
        self.fields.splice(start..start, fields);
    }
}

/// Where an option stands in a list of them.
fn place(options: &[&str], option: &str) -> usize {
    options.iter().position(|other| *other == option).unwrap_or(0)
}

/// Whether two names are the same user's.
pub(super) fn is_same(one: &str, other: &str) -> bool {
    one == other
        || matches!((UserName::new(one), UserName::new(other)), (Ok(one), Ok(other)) if one == other)
}

fn named<'a>(subjects: &'a BTreeMap<String, String>, user: &str) -> Option<&'a String> {
    let exact = subjects.get(user);
    exact.or_else(|| subjects.iter().find(|(name, _)| is_same(name, user)).map(|(_, found)| found))
}

/// The first number that is not taken, as `S01`.
fn free(taken: &HashSet<String>) -> String {
    let mut number = 1;
    loop {
        let subject = format!("S{number:02}");
        if !taken.contains(&subject) {
            return subject;
        }
        number += 1;
    }
}
