//! The fields of the form, and what each holds.

use std::sync::Arc;

use crate::console::state::line_input::LineInput;

/// What a field is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum FieldId {
    Study,
    Session,
    Condition,
    /// A field of the operator's own, as `name=value`.
    Other,
    File,
    Length,
    Angle,
    Axes,
    Rotation,
    Names,
    Chat,
    Consent,
    /// What the recording calls a user.
    Subject(Arc<str>),
    /// Whether that user has consented; only where consent is given by hand.
    Kept(Arc<str>),
    Start,
}

impl FieldId {
    /// Whether it stands beside the field before it, rather than below.
    pub(crate) fn continues_row(&self) -> bool {
        use FieldId::{Angle, Axes, Chat, Consent, Kept, Rotation};
        matches!(self, Angle | Axes | Rotation | Chat | Consent | Kept(_))
    }

    /// Whether typing replaces what is there, rather than going on from it: a subject is another, a
    /// file is in the folder that stands there.
    pub(super) fn is_replaced(&self) -> bool {
        !matches!(self, Self::Other | Self::File)
    }
}

/// What a field holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Value {
    Text(LineInput),
    Choice { options: &'static [&'static str], at: usize },
    Button,
}

/// One field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Field {
    pub(crate) id: FieldId,
    pub(crate) value: Value,
}

pub(crate) const LENGTHS: &[&str] = &["m", "cm", "mm"];
pub(crate) const ANGLES: &[&str] = &["deg", "rad"];
pub(crate) const NAMES: &[&str] = &["pseudonyms", "names"];
pub(crate) const CHAT: &[&str] = &["chat kept", "no chat"];
pub(crate) const CONSENT: &[&str] = &["consent assumed", "consent by hand"];
pub(crate) const KEPT: &[&str] = &["not kept", "kept"];

impl Field {
    pub(super) fn text(id: FieldId, text: impl Into<String>) -> Self {
        Self { id, value: Value::Text(LineInput::with(text)) }
    }

    pub(super) fn choice(id: FieldId, options: &'static [&'static str], at: usize) -> Self {
        Self { id, value: Value::Choice { options, at } }
    }

    /// What was typed, without blanks around it, or the option that is chosen.
    pub(crate) fn entry(&self) -> &str {
        match &self.value {
            Value::Text(input) => input.text().trim(),
            Value::Choice { options, at } => options[*at],
            Value::Button => "",
        }
    }

    /// Which option is chosen, from 0.
    pub(super) fn chosen(&self) -> usize {
        match self.value {
            Value::Choice { at, .. } => at,
            _ => 0,
        }
    }
}
