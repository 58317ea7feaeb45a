//! Records of delimited text.

use std::io::{self, Write};

use super::super::output::OutputFile;
use super::super::text::{drain, push_int, push_number, push_seconds};

/// Records being written, field by field.
pub(super) struct Records {
    file: OutputFile,
    out: Vec<u8>,
    delimiter: u8,
    is_at_start: bool,
}

impl Records {
    /// Records in `file`, their fields separated by `delimiter`.
    pub(super) fn new(file: OutputFile, delimiter: u8) -> Self {
        Self { file, out: Vec::new(), delimiter, is_at_start: true }
    }

    /// A field, by `push` if there is a value.
    pub(super) fn maybe<T>(&mut self, value: Option<T>, push: impl FnOnce(&mut Self, T)) {
        match value {
            Some(value) => push(self, value),
            None => self.separate(),
        }
    }

    pub(super) fn text(&mut self, text: &str) {
        self.separate();
        push_field(&mut self.out, text, self.delimiter);
    }

    pub(super) fn int(&mut self, value: i64) {
        self.separate();
        push_int(&mut self.out, value);
    }

    pub(super) fn number(&mut self, value: f64) {
        self.separate();
        push_number(&mut self.out, value);
    }

    pub(super) fn seconds(&mut self, micros: i64) {
        self.separate();
        push_seconds(&mut self.out, micros);
    }

    /// Fields that are separated and quoted already, one at least.
    pub(super) fn fields(&mut self, fields: &[u8]) {
        self.separate();
        self.out.extend_from_slice(fields);
    }

    /// Ends the record.
    pub(super) fn end(&mut self) -> io::Result<()> {
        self.out.push(b'\n');
        self.is_at_start = true;
        drain(&mut self.out, &mut self.file)
    }

    /// Puts everything on disk.
    pub(super) fn sync(mut self) -> io::Result<()> {
        self.file.write_all(&self.out)?;
        self.file.finish()
    }

    fn separate(&mut self) {
        if !self.is_at_start {
            self.out.push(self.delimiter);
        }
        self.is_at_start = false;
    }
}

/// Appends `text` as one field: in quotes if it has to be (RFC 4180, section 2), or is empty and
/// would look as if it were not there.
pub(super) fn push_field(out: &mut Vec<u8>, text: &str, delimiter: u8) {
    let is_special = |byte| byte == delimiter || matches!(byte, b'"' | b'\n' | b'\r');
    if !text.is_empty() && !text.bytes().any(is_special) {
        out.extend_from_slice(text.as_bytes());
        return;
    }
    out.push(b'"');
    for byte in text.bytes() {
        if byte == b'"' {
            out.push(b'"');
        }
        out.push(byte);
    }
    out.push(b'"');
}

/// Reads records back, as RFC 4180 says.
#[cfg(test)]
pub(super) fn read_records(text: &str, delimiter: char) -> Vec<Vec<String>> {
    let (mut records, mut record, mut field) = (Vec::new(), Vec::new(), String::new());
    let mut chars = text.chars().peekable();
    let mut is_quoted = false;
    while let Some(c) = chars.next() {
        match c {
            '"' if is_quoted && chars.peek() == Some(&'"') => {
                field.push('"');
                chars.next();
            }
            '"' => is_quoted = !is_quoted,
            c if c == delimiter && !is_quoted => record.push(std::mem::take(&mut field)),
            '\n' if !is_quoted => {
                record.push(std::mem::take(&mut field));
                records.push(std::mem::take(&mut record));
            }
            c => field.push(c),
        }
    }
    assert!(!is_quoted && record.is_empty() && field.is_empty(), "the last line has no end");
    records
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn only_what_needs_quotes_has_them() {
        for (text, expected) in [
            ("plain", "plain"),
            (" spaced ", " spaced "),
            ("", "\"\""),
            ("a,b", "\"a,b\""),
            ("a;b", "a;b"),
            ("say \"hi\"", "\"say \"\"hi\"\"\""),
            ("two\nlines", "\"two\nlines\""),
            ("carriage\r", "\"carriage\r\""),
            ("=1+1", "=1+1"),
            ("nul\0", "nul\0"),
            ("🙂", "🙂"),
        ] {
            let mut out = Vec::new();
            push_field(&mut out, text, b',');
            assert_eq!(String::from_utf8(out).unwrap(), expected);
        }
    }

    proptest! {
        #[test]
        fn fields_read_back_as_they_were(
            texts in prop::collection::vec("[a,;\"\n\r =🙂]{0,6}", 1..5),
            delimiter in prop_oneof![Just(','), Just(';')],
        ) {
            let mut row = Vec::new();
            for (place, text) in texts.iter().enumerate() {
                if place > 0 {
                    row.push(delimiter as u8);
                }
                push_field(&mut row, text, delimiter as u8);
            }
            row.push(b'\n');
            let text = String::from_utf8(row).unwrap();
            prop_assert_eq!(read_records(&text, delimiter), vec![texts]);
        }
    }
}
