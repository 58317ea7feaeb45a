//! Reads the form, and finds what can't be used.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::str::FromStr;

use super::field::FieldId;
use super::fill::is_same;
use super::{Problem, RecordForm};
use crate::model::{Consent, MAX_FIELD_CHARS, MAX_SUBJECT_CHARS, RecordingFields, check_subject};

impl RecordForm {
    /// What is to be recorded, and where to.
    ///
    /// # Errors
    /// The first thing that can't be used.
    pub(crate) fn read(&self) -> Result<(Option<PathBuf>, RecordingFields), Problem> {
        let mut fields = self.base.clone();
        fields.other.clear();
        let privacy = &mut fields.privacy;
        privacy.subjects.retain(|name, _| !self.subjects().any(|(user, _)| is_same(user, name)));
        if self.is_by_hand() {
            let away = match &self.base.privacy.consent {
                Consent::Assumed => Vec::new(),
                Consent::Given(users) => users.clone(),
            };
            let away = away.into_iter();
            let away = away.filter(|name| !self.subjects().any(|(user, _)| is_same(user, name)));
            privacy.consent =
                Consent::Given(away.chain(self.kept().map(|user| user.to_string())).collect());
        } else {
            privacy.consent = Consent::Assumed;
        }
        let mut path = self.path.clone();
        for (index, field) in self.fields.iter().enumerate() {
            let wrong = |text: String| Problem { field: index, text };
            let entry = field.entry();
            let space = &mut fields.conventions;
            match &field.id {
                FieldId::Study => fields.study = text(entry).map_err(wrong)?,
                FieldId::Session => fields.session = text(entry).map_err(wrong)?,
                FieldId::Condition => fields.condition = text(entry).map_err(wrong)?,
                FieldId::Other if entry.is_empty() => {}
                FieldId::Other => add_other(&mut fields.other, entry).map_err(wrong)?,
                FieldId::File => path = self.file(entry).map_err(wrong)?,
                FieldId::Length => space.length = parse(entry).map_err(wrong)?,
                FieldId::Angle => space.angle = parse(entry).map_err(wrong)?,
                FieldId::Axes => space.axes = parse(entry).map_err(wrong)?,
                FieldId::Rotation => space.rotation = parse(entry).map_err(wrong)?,
                FieldId::Names => fields.privacy.names = field.chosen() == 1,
                FieldId::Chat => fields.privacy.chat = field.chosen() == 0,
                FieldId::Subject(_) if entry.is_empty() => {}
                FieldId::Subject(user) => {
                    add_subject(&mut fields.privacy.subjects, user, entry).map_err(wrong)?;
                }
                FieldId::Consent | FieldId::Kept(_) | FieldId::Start => {}
            }
        }
        let start = self.fields.len() - 1;
        fields.check().map_err(|error| Problem { field: start, text: error.to_string() })?;
        Ok((path, fields))
    }

    fn file(&self, entry: &str) -> Result<Option<PathBuf>, String> {
        // A name that is not Unicode can be shown but not typed, so it is kept while unchanged.
        let before = self.path.as_ref().filter(|path| path.display().to_string() == entry);
        if before.is_some() { Ok(before.cloned()) } else { file_named(entry) }
    }
}

/// The file or folder that was typed, `None` for none.
///
/// # Errors
/// If it can't be what was meant.
pub(crate) fn file_named(entry: &str) -> Result<Option<PathBuf>, String> {
    match entry {
        "" => Ok(None),
        _ if entry.starts_with('~') => {
            Err(format!("{entry:?} can't be found: write the home folder in full, not ~"))
        }
        _ => Ok(Some(entry.into())),
    }
}

fn text(entry: &str) -> Result<String, String> {
    match entry.chars().count() {
        0..=MAX_FIELD_CHARS => Ok(entry.to_owned()),
        count => {
            Err(format!("a text has at most {MAX_FIELD_CHARS} characters, this one has {count}"))
        }
    }
}

fn parse<T: FromStr<Err: ToString>>(entry: &str) -> Result<T, String> {
    entry.parse::<T>().map_err(|error| error.to_string())
}

fn add_other(other: &mut BTreeMap<String, String>, entry: &str) -> Result<(), String> {
    let example = "write a field as name=value, such as experimenter=Kim";
    let (name, value) = entry.split_once('=').ok_or(format!("{entry:?} has no =: {example}"))?;
    let (name, value) = (text(name.trim())?, text(value.trim())?);
    match name.chars().count() {
        0 => return Err(format!("{entry:?} has no name: {example}")),
        1..=MAX_SUBJECT_CHARS => {}
        count => {
            return Err(format!(
                "the name of a field has at most {MAX_SUBJECT_CHARS} characters, this one has \
                 {count}"
            ));
        }
    }
    match other.insert(name, value) {
        None => Ok(()),
        Some(first) => Err(format!("{entry:?} is there twice, the first time as {first:?}")),
    }
}

fn add_subject(
    subjects: &mut BTreeMap<String, String>,
    user: &str,
    subject: &str,
) -> Result<(), String> {
    check_subject(subject).map_err(|error| error.to_string())?;
    if let Some((other, _)) = subjects.iter().find(|(_, taken)| *taken == subject) {
        return Err(format!(
            "{subject:?} is {other:?} already; {user:?} needs a subject of its own"
        ));
    }
    subjects.insert(user.to_owned(), subject.to_owned());
    Ok(())
}
