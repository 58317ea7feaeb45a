//! What an operator decides about a recording before it starts.

use std::collections::{BTreeMap, HashSet};

use serde::{Deserialize, Serialize};

use super::name::{MAX_USER_CHARS, UserName};
use super::space::Conventions;
use super::text::is_printable;

/// The longest study, session, condition or value of a field, in characters.
pub const MAX_FIELD_CHARS: usize = 500;

/// The longest name of a field, and the longest subject, in characters.
pub const MAX_SUBJECT_CHARS: usize = 64;

/// What can't be recorded, and why.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct FieldError(String);

/// What a recording says about itself, and what it keeps of people.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordingFields {
    /// The study it belongs to; empty if there is none.
    pub study: String,
    /// The session within the study.
    pub session: String,
    /// The experimental condition.
    pub condition: String,
    /// Fields of the operator's own choice, by name.
    pub other: BTreeMap<String, String>,
    /// What the numbers of poses mean.
    pub conventions: Conventions,
    /// What is kept of people.
    pub privacy: Privacy,
}

/// What a recording keeps of people.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Privacy {
    /// Write names and addresses into the recording; otherwise it has a subject's pseudonym in
    /// their place, and the key is a file of its own.
    pub names: bool,
    /// Keep what people say and the events they send.
    pub chat: bool,
    /// Whose data is kept.
    pub consent: Consent,
    /// The subject of each user that the operator named one for; others get the next free number,
    /// as `S01`.
    pub subjects: BTreeMap<String, String>,
}

/// Whose data is kept: of others, only how much there was.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Consent {
    /// Of everyone whose consent has not been withdrawn by hand.
    #[default]
    Assumed,
    /// Of these users, and of those to whom the operator gives it by hand.
    Given(Vec<String>),
}

impl Default for Privacy {
    fn default() -> Self {
        Self { names: false, chat: true, consent: Consent::Assumed, subjects: BTreeMap::new() }
    }
}

impl RecordingFields {
    /// Checks everything in it.
    ///
    /// # Errors
    /// The first text that is too long or holds control characters, the first name that nobody can
    /// log in with, or a subject that two users have.
    pub fn check(&self) -> Result<(), FieldError> {
        for (name, text) in
            [("study", &self.study), ("session", &self.session), ("condition", &self.condition)]
        {
            check_text(name, text)?;
        }
        for (name, value) in &self.other {
            if !(1..=MAX_SUBJECT_CHARS).contains(&name.chars().count())
                || name.chars().any(char::is_control)
            {
                return Err(FieldError(format!(
                    "{name:?} can't be a field: its name has 1 to {MAX_SUBJECT_CHARS} characters, \
                     none of them a control character"
                )));
            }
            check_text(name, value)?;
        }
        self.privacy.check()
    }
}

impl Privacy {
    /// Checks everything in it.
    ///
    /// # Errors
    /// The first name that nobody can log in with, or a subject that is no subject or that two
    /// users have.
    pub fn check(&self) -> Result<(), FieldError> {
        let mut users = HashSet::new();
        let mut subjects = HashSet::new();
        for (user, subject) in &self.subjects {
            check_subject(subject)?;
            if !users.insert(check_user(user)?) {
                return Err(FieldError(format!("the user {user:?} has two subjects")));
            }
            if !subjects.insert(subject) {
                return Err(FieldError(format!("two users have the subject {subject:?}")));
            }
        }
        match &self.consent {
            Consent::Assumed => Ok(()),
            Consent::Given(users) => users.iter().try_for_each(|user| check_user(user).map(drop)),
        }
    }
}

/// Checks a subject.
///
/// # Errors
/// If it is empty, longer than [`MAX_SUBJECT_CHARS`], or holds what can't be seen.
pub fn check_subject(subject: &str) -> Result<(), FieldError> {
    if (1..=MAX_SUBJECT_CHARS).contains(&subject.chars().count())
        && subject.chars().all(is_printable)
        && subject.trim() == subject
    {
        return Ok(());
    }
    Err(FieldError(format!(
        "{subject:?} can't be a subject: it has 1 to {MAX_SUBJECT_CHARS} visible characters, with \
         no space at its ends"
    )))
}

fn check_user(user: &str) -> Result<UserName, FieldError> {
    UserName::new(user).map_err(|error| {
        FieldError(format!(
            "{user:?} is no user's name, which has 1 to {MAX_USER_CHARS} characters: {error}"
        ))
    })
}

fn check_text(name: &str, text: &str) -> Result<(), FieldError> {
    let chars = text.chars().count();
    if chars > MAX_FIELD_CHARS {
        return Err(FieldError(format!(
            "{name} has at most {MAX_FIELD_CHARS} characters, this one has {chars}"
        )));
    }
    if let Some(control) = text.chars().find(|c| c.is_control()) {
        return Err(FieldError(format!("{name} can't hold the control character {control:?}")));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn privacy(subjects: &[(&str, &str)]) -> Privacy {
        let own = |(user, subject): &(&str, &str)| ((*user).to_owned(), (*subject).to_owned());
        Privacy { subjects: subjects.iter().map(own).collect(), ..Privacy::default() }
    }

    #[test]
    fn a_subject_is_visible_and_one_users_own() {
        privacy(&[("ada", "P07"), ("bea", "P 8")]).check().unwrap();
        for (wrong, reason) in [
            (privacy(&[("ada", "P07"), ("bea", "P07")]), "two users have the subject \"P07\""),
            (privacy(&[("ada", "1"), ("ADA", "2")]), "has two subjects"),
            (privacy(&[("ada", "")]), "1 to 64 visible"),
            (privacy(&[("ada", " 1")]), "no space at its ends"),
            (privacy(&[("ada", "a\u{200b}")]), "1 to 64 visible"),
            (privacy(&[("a\nb", "1")]), "is no user's name"),
        ] {
            let error = wrong.check().unwrap_err().to_string();
            assert!(error.contains(reason), "{error}");
        }
        let consent = Consent::Given(vec!["ada".into(), " ".into()]);
        assert!(Privacy { consent, ..Privacy::default() }.check().is_err());
    }

    #[test]
    fn fields_are_bounded() {
        let fine = RecordingFields {
            study: "é".repeat(MAX_FIELD_CHARS),
            other: [("light".into(), "dim, warm".into())].into(),
            ..RecordingFields::default()
        };
        fine.check().unwrap();
        for wrong in [
            RecordingFields { study: "x".repeat(MAX_FIELD_CHARS + 1), ..fine.clone() },
            RecordingFields { session: "a\u{1b}[2J".into(), ..fine.clone() },
            RecordingFields { other: [(String::new(), String::new())].into(), ..fine.clone() },
            RecordingFields { other: [("a".into(), "\n".into())].into(), ..fine },
        ] {
            assert!(wrong.check().is_err(), "{wrong:?}");
        }
    }
}
