//! The field that a setting fills: how its text is read and shown, and what is allowed.

use std::net::IpAddr;
use std::path::PathBuf;

use super::number::{Number, Range};
use super::options::OnHangup;
use super::origin;
use super::people::{self, Pairs, Word};
use crate::model::{Consent, Limits, LogLevel};

/// A setting's field in the options.
pub(super) enum Slot<'a> {
    Address(&'a mut IpAddr),
    Level(&'a mut LogLevel),
    Hangup(&'a mut OnHangup),
    /// A path, and what it may be.
    Path(&'a mut Option<PathBuf>, &'static str),
    /// A flag that needs no value; the `bool` is what the field holds without it.
    Switch(&'a mut bool, bool),
    /// All limits at once, by the name of a ready set.
    Limits(&'a mut Limits),
    Number(&'a mut dyn Number, Range),
    Origins(&'a mut Option<Vec<String>>),
    /// A text of a recording's.
    Text(&'a mut String),
    /// A word, and which it may be.
    Word(&'a mut dyn Word, &'static str),
    /// The fields of the operator's own, by name.
    Fields(&'a mut Pairs),
    /// Subjects, by user.
    Subjects(&'a mut Pairs),
    Consent(&'a mut Consent),
}

impl Slot<'_> {
    /// Fills the field with the value of `texts`; `None` if that is not allowed. Only a list takes
    /// more than one text.
    pub(super) fn read(&mut self, texts: &[String]) -> Option<()> {
        match self {
            Self::Origins(field) => {
                **field = origins(texts)?;
                return Some(());
            }
            Self::Fields(field) => {
                **field = people::pairs(texts).filter(people::are_fields)?;
                return Some(());
            }
            Self::Subjects(field) => {
                **field = people::pairs(texts).filter(people::are_subjects)?;
                return Some(());
            }
            Self::Consent(field) => {
                **field = people::consent(texts)?;
                return Some(());
            }
            _ => {}
        }
        let [text] = texts else { return None };
        let text = text.trim();
        match self {
            Self::Address(field) => **field = text.parse().ok()?,
            Self::Level(field) => **field = level(text)?,
            Self::Hangup(field) => **field = named(HANGUPS, text)?,
            Self::Path(..) | Self::Text(_) if text.is_empty() => return None,
            Self::Path(field, _) => **field = (text != "none").then(|| text.into()),
            Self::Text(_) if !people::is_field(text) => return None,
            Self::Text(field) => **field = if text == "none" { "" } else { text }.to_owned(),
            Self::Word(field, _) => field.set(text)?,
            Self::Switch(field, unset) => **field = switch(text)? != *unset,
            Self::Limits(field) => **field = named(READY_SETS, text)?(),
            Self::Number(field, range) => field.set(range.read(text)?),
            Self::Origins(_) | Self::Fields(_) | Self::Subjects(_) | Self::Consent(_) => {
                return None;
            }
        }
        Some(())
    }

    /// Allows `word` for no number.
    pub(super) fn or(self, word: &'static str) -> Self {
        match self {
            Self::Number(field, range) => Self::Number(field, Range { word: Some(word), ..range }),
            other => other,
        }
    }

    /// Whether the field's value is allowed.
    pub(super) fn is_allowed(&self) -> bool {
        let is_normal = |o: &String| origin::normalize(o).as_ref() == Some(o);
        match self {
            Self::Number(field, range) => range.contains(field.get()),
            Self::Origins(Some(list)) => !list.is_empty() && list.iter().all(is_normal),
            Self::Text(field) => people::is_field(field),
            Self::Fields(field) => people::are_fields(field),
            Self::Subjects(field) => people::are_subjects(field),
            Self::Consent(field) => people::is_consent(field),
            _ => true,
        }
    }

    /// The field's value, as [`Slot::read`] takes it.
    pub(super) fn show(&self) -> String {
        match self {
            Self::Address(field) => field.to_string(),
            Self::Level(field) => field.to_string(),
            Self::Hangup(field) => name_of(HANGUPS, |action| action == *field),
            Self::Path(None, _) => "none".to_owned(),
            Self::Path(Some(path), _) => path.display().to_string(),
            Self::Switch(field, unset) => (**field != *unset).to_string(),
            Self::Limits(field) => name_of(READY_SETS, |set| set() == **field),
            Self::Number(field, range) => range.show(field.get()),
            Self::Origins(None) => "any".to_owned(),
            Self::Origins(Some(list)) => list.join(","),
            Self::Text(field) if field.is_empty() => "none".to_owned(),
            Self::Text(field) => (*field).clone(),
            Self::Word(field, _) => field.get(),
            Self::Fields(field) | Self::Subjects(field) => people::show_pairs(field),
            Self::Consent(field) => people::show_consent(field),
        }
    }

    /// What is allowed, in words that follow "allowed is".
    pub(super) fn allowed(&self) -> String {
        let words = match self {
            Self::Address(_) => "an IPv4 or IPv6 address; 0.0.0.0 or :: for all interfaces",
            Self::Level(_) => "0 or error, 1 or warn, 2 or info, 3 or debug, 4 or trace",
            Self::Hangup(_) => "keep (go on headless) or stop (drain and exit)",
            Self::Path(_, words) | Self::Word(_, words) => words,
            Self::Switch(..) => "true or false",
            Self::Limits(_) => "lab, open or none",
            Self::Number(_, range) => return range.allowed(),
            Self::Origins(_) => {
                "a list of scheme://host[:port] (lower case, no default port, no path) or null, \
                 or any"
            }
            Self::Text(_) => "text of at most 500 characters, or none",
            Self::Fields(_) => {
                "a list of NAME=VALUE, each name once, the value at most 500 characters; or none"
            }
            Self::Subjects(_) => "a list of USER=SUBJECT, each user and each subject once; or none",
            Self::Consent(_) => "assumed (everyone's), none, or a list of user names",
        };
        words.to_owned()
    }
}

/// Values by their names.
type Choices<T> = [(&'static str, T)];

const HANGUPS: &Choices<OnHangup> = &[("keep", OnHangup::Keep), ("stop", OnHangup::Stop)];

/// The ready sets of limits.
pub(super) const READY_SETS: &Choices<fn() -> Limits> =
    &[("lab", Limits::lab), ("open", Limits::open), ("none", Limits::none)];

fn named<T: Copy>(choices: &Choices<T>, text: &str) -> Option<T> {
    choices.iter().find(|(name, _)| *name == text).map(|(_, value)| *value)
}

fn name_of<T>(choices: &Choices<T>, is_it: impl Fn(&T) -> bool) -> String {
    let choice = choices.iter().find(|(_, value)| is_it(value));
    choice.map_or("custom", |(name, _)| name).to_owned()
}

fn level(text: &str) -> Option<LogLevel> {
    let number = text.parse::<usize>().ok();
    let is_it = |(index, level): &(usize, LogLevel)| {
        number == Some(*index) || level.name().eq_ignore_ascii_case(text)
    };
    LogLevel::ALL.into_iter().enumerate().find(is_it).map(|(_, level)| level)
}

fn switch(text: &str) -> Option<bool> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "yes" | "on" | "1" => Some(true),
        "false" | "no" | "off" | "0" => Some(false),
        _ => None,
    }
}

/// `Some(None)` for any origin.
fn origins(texts: &[String]) -> Option<Option<Vec<String>>> {
    if matches!(texts, [text] if text.trim() == "any") {
        return Some(None);
    }
    let mut list = Vec::new();
    for text in texts.iter().flat_map(|text| text.split(',')) {
        let origin = origin::normalize(text)?;
        if !list.contains(&origin) {
            list.push(origin);
        }
    }
    (!list.is_empty()).then_some(Some(list))
}
