//! Refusals of values that are not of the kind they have to be.

use std::borrow::Cow;

use serde_json::value::RawValue;

use crate::protocol::json::{kind_of, text};
use crate::protocol::{Code, Refusal};

pub(super) fn bad_request(reason: impl Into<Cow<'static, str>>) -> Refusal {
    Refusal::new(Code::BadRequest, reason)
}

pub(super) fn wrong_kind(key: &str, wanted: &str, value: &RawValue) -> Refusal {
    bad_request(format!("\"{key}\" has to be {wanted}, not {}", kind_of(value.get())))
}

/// The text that a JSON string stands for.
pub(super) fn text_of<'a>(key: &str, value: &'a RawValue) -> Result<Cow<'a, str>, Refusal> {
    if !value.get().starts_with('"') {
        return Err(wrong_kind(key, "text", value));
    }
    text(value).ok_or_else(|| bad_request(format!("\"{key}\" holds half of a surrogate pair")))
}
