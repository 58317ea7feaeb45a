//! One event as text: the message first, then the fields.

use std::fmt::{self, Debug, Write};

use tracing::Level;
use tracing::field::{Field, Visit};
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::time::{FormatTime, SystemTime};

use crate::model::text::push_printable;

/// The longest line in characters, not counting time and level; `…` replaces the rest.
pub const LINE_CHARS: usize = 1000;

/// Printable text no longer than [`LINE_CHARS`].
#[derive(Debug, Default)]
pub(super) struct Line {
    text: String,
    chars: usize,
    cut: bool,
}

impl Line {
    pub(super) fn as_str(&self) -> &str {
        &self.text
    }

    /// Appends `text`, after a space unless either side is empty.
    pub(super) fn push_word(&mut self, text: &str) {
        if !self.text.is_empty() && !text.is_empty() {
            let _ = self.write_char(' ');
        }
        let _ = self.write_str(text);
    }
}

impl Write for Line {
    /// Fails once the line is full, so that a large value is not formatted to the end.
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for c in text.chars() {
            if self.cut {
                return Err(fmt::Error);
            }
            let before = self.text.len();
            push_printable(&mut self.text, c);
            self.chars += self.text[before..].chars().count();
            if self.chars > LINE_CHARS {
                self.text.truncate(before);
                self.text.push('…');
                self.cut = true;
            }
        }
        Ok(())
    }
}

/// Collects an event's message and fields in whatever order they arrive.
#[derive(Debug, Default)]
pub(super) struct EventText {
    message: Line,
    fields: Line,
}

impl EventText {
    /// Only the fields, as `name=value name=value`.
    pub(super) fn into_fields(self) -> Line {
        self.fields
    }

    /// The whole line; `spans` are the fields of the enclosing spans.
    pub(super) fn into_line<'a>(self, spans: impl Iterator<Item = &'a str>) -> Line {
        let mut line = self.message;
        line.push_word(self.fields.as_str());
        spans.for_each(|fields| line.push_word(fields));
        line
    }
}

impl Visit for EventText {
    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() == "message" {
            let _ = self.message.write_str(value);
            return;
        }
        self.fields.push_word(field.name());
        let _ = self.fields.write_char('=');
        if is_one_word(value) {
            let _ = self.fields.write_str(value);
        } else {
            let _ = self.fields.write_char('"');
            for part in value.split_inclusive(['"', '\\']) {
                match part.strip_suffix(['"', '\\']) {
                    Some(before) => {
                        let _ = write!(self.fields, "{before}\\{}", &part[before.len()..]);
                    }
                    None => {
                        let _ = self.fields.write_str(part);
                    }
                }
            }
            let _ = self.fields.write_char('"');
        }
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        if field.name() == "message" {
            let _ = write!(self.message, "{value:?}");
            return;
        }
        let mut text = Line::default();
        let _ = write!(text, "{value:?}");
        if is_quoted(text.as_str()) {
            self.fields.push_word(field.name());
            let _ = write!(self.fields, "={}", text.as_str());
        } else {
            self.record_str(field, text.as_str());
        }
    }
}

/// `text` after the time in UTC and the level.
pub(super) fn stamped(level: Level, text: &str) -> String {
    let mut line = String::with_capacity(36 + text.len());
    let _ = SystemTime.format_time(&mut Writer::new(&mut line));
    let _ = write!(line, " {:<5} {text}", level.as_str());
    line
}

/// Whether a value needs no quotes, so that no name can pass for another field.
fn is_one_word(value: &str) -> bool {
    !value.is_empty() && !value.contains(|c: char| c.is_whitespace() || matches!(c, '"' | '='))
}

/// Whether `text` is one string literal, as `Debug` writes it.
fn is_quoted(text: &str) -> bool {
    let Some(inner) = text.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) else {
        return false;
    };
    let mut escaped = false;
    let closed_inside = inner.chars().any(|c| {
        let closes = c == '"' && !escaped;
        escaped = c == '\\' && !escaped;
        closes
    });
    !closed_inside && !escaped
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::model::text::is_printable;

    #[test]
    fn only_a_single_literal_counts_as_quoted() {
        for text in [r#""""#, r#""a b""#, r#""a \" b""#, r#""a\\""#] {
            assert!(is_quoted(text), "{text}");
        }
        for text in ["", "a", "\"", r#""a" x="b""#, r#""a\""#, r#"Some("a")"#] {
            assert!(!is_quoted(text), "{text}");
        }
    }

    proptest! {
        #[test]
        fn a_line_is_printable_and_short(parts: Vec<String>) {
            let mut line = Line::default();
            for part in &parts {
                line.push_word(part);
            }
            prop_assert!(line.as_str().chars().all(is_printable));
            prop_assert!(line.as_str().chars().count() <= LINE_CHARS + 1);
        }
    }

    #[test]
    fn a_long_line_is_cut_but_not_within_an_escape() {
        let mut line = Line::default();
        assert!(line.write_str(&"x".repeat(LINE_CHARS)).is_ok());
        assert_eq!(line.as_str().len(), LINE_CHARS);
        let _ = line.write_str("yz");
        assert_eq!(line.as_str(), format!("{}…", "x".repeat(LINE_CHARS)));

        let mut line = Line::default();
        let _ = line.write_str(&"x".repeat(LINE_CHARS - 2));
        let _ = line.write_str("\u{1b}abc");
        assert_eq!(line.as_str(), format!("{}…", "x".repeat(LINE_CHARS - 2)));
        assert!(line.write_str("more").is_err());
    }
}
