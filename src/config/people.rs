//! Settings about people and what a recording says: lists of pairs, and whose data is kept.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::str::FromStr;

use crate::model::{Consent, Privacy, RecordingFields};

/// Names with a value each.
pub(super) type Pairs = BTreeMap<String, String>;

/// A field whose value is a word.
pub(super) trait Word {
    fn get(&self) -> String;
    fn set(&mut self, text: &str) -> Option<()>;
}

impl<T: FromStr + Display> Word for T {
    fn get(&self) -> String {
        self.to_string()
    }

    fn set(&mut self, text: &str) -> Option<()> {
        *self = text.parse().ok()?;
        Some(())
    }
}

/// Pairs as `NAME=VALUE`, several of them with commas between; `none` for no pairs. `None` if they
/// can't be read, or a name is there twice.
pub(super) fn pairs(texts: &[String]) -> Option<Pairs> {
    if is(texts, "none") {
        return Some(Pairs::new());
    }
    let mut pairs = Pairs::new();
    for text in items(texts) {
        let (name, value) = text.split_once('=')?;
        let before = pairs.insert(name.trim().to_owned(), value.trim().to_owned());
        if before.is_some() {
            return None;
        }
    }
    (!pairs.is_empty()).then_some(pairs)
}

pub(super) fn show_pairs(pairs: &Pairs) -> String {
    if pairs.is_empty() {
        return "none".to_owned();
    }
    let pairs: Vec<_> = pairs.iter().map(|(name, value)| format!("{name}={value}")).collect();
    pairs.join(",")
}

pub(super) fn are_fields(pairs: &Pairs) -> bool {
    RecordingFields { other: pairs.clone(), ..RecordingFields::default() }.check().is_ok()
}

pub(super) fn are_subjects(pairs: &Pairs) -> bool {
    Privacy { subjects: pairs.clone(), ..Privacy::default() }.check().is_ok()
}

pub(super) fn is_field(text: &str) -> bool {
    RecordingFields { study: text.to_owned(), ..RecordingFields::default() }.check().is_ok()
}

/// Whose data is kept: `assumed`, `none`, or names with commas between.
pub(super) fn consent(texts: &[String]) -> Option<Consent> {
    if is(texts, "assumed") {
        return Some(Consent::Assumed);
    }
    if is(texts, "none") {
        return Some(Consent::Given(Vec::new()));
    }
    let mut users: Vec<String> = Vec::new();
    for user in items(texts) {
        if !users.iter().any(|known| known == user) {
            users.push(user.to_owned());
        }
    }
    let consent = Consent::Given(users);
    is_consent(&consent).then_some(consent)
}

pub(super) fn show_consent(consent: &Consent) -> String {
    match consent {
        Consent::Assumed => "assumed".to_owned(),
        Consent::Given(users) if users.is_empty() => "none".to_owned(),
        Consent::Given(users) => users.join(","),
    }
}

pub(super) fn is_consent(consent: &Consent) -> bool {
    Privacy { consent: consent.clone(), ..Privacy::default() }.check().is_ok()
}

fn is(texts: &[String], word: &str) -> bool {
    matches!(texts, [text] if text.trim() == word)
}

fn items(texts: &[String]) -> impl Iterator<Item = &str> {
    texts.iter().flat_map(|text| text.split(',')).map(str::trim)
}
