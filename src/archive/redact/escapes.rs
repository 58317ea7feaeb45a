//! The escapes of JSON's strings and of Rust's `Debug`, decoded with the way back to the source.

use std::ops::Range;

/// A text whose escapes have been decoded.
#[derive(Debug)]
pub(super) struct Decoded {
    pub(super) text: String,
    /// For each byte of `text`, where its character begins in the source; then the source's end.
    /// Empty if they are the same.
    from: Vec<usize>,
}

impl Decoded {
    /// A text without escapes.
    pub(super) fn plain(text: &str) -> Self {
        Self { text: text.to_owned(), from: Vec::new() }
    }

    /// Where a part of the text comes from. It begins and ends between characters.
    pub(super) fn source(&self, part: Range<usize>) -> Range<usize> {
        let source = |at: usize| self.from.get(at).copied().unwrap_or(at);
        source(part.start)..source(part.end)
    }

    /// Decodes what `escape` knows; it gets what follows a backslash, and returns the character and
    /// the number of bytes that it took.
    fn new(source: &str, escape: impl Fn(&str) -> Option<(char, usize)>) -> Self {
        let mut decoded = Self {
            text: String::with_capacity(source.len()),
            from: Vec::with_capacity(source.len() + 1),
        };
        let mut at = 0;
        while let Some(c) = source[at..].chars().next() {
            let escaped = if c == '\\' { escape(&source[at + 1..]) } else { None };
            let (c, length) = match escaped {
                Some((c, length)) => (c, 1 + length),
                None => (c, c.len_utf8()),
            };
            decoded.text.push(c);
            decoded.from.resize(decoded.text.len(), at);
            at += length;
        }
        decoded.from.push(at);
        decoded
    }
}

/// Decodes what is between the quotation marks of a string of JSON. Half of a surrogate pair, which
/// no text can hold, becomes U+FFFD.
pub(super) fn of_json(literal: &str) -> Decoded {
    Decoded::new(literal, |rest| {
        let c = match rest.chars().next()? {
            'b' => '\u{8}',
            'f' => '\u{c}',
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            'u' => return of_utf16(&rest[1..]).map(|(c, length)| (c, 1 + length)),
            c @ ('"' | '\\' | '/') => c,
            _ => return None,
        };
        Some((c, 1))
    })
}

/// Decodes the four digits after `\u`, or those of a surrogate pair.
fn of_utf16(rest: &str) -> Option<(char, usize)> {
    let unit = |text: &str| u16::from_str_radix(text.get(..4)?, 16).ok();
    let first = unit(rest)?;
    let second = rest[4..].strip_prefix("\\u").and_then(unit);
    let pair = char::decode_utf16([first].into_iter().chain(second)).next()?;
    Some(match pair {
        Ok(c) if c.len_utf16() == 2 => (c, 10),
        Ok(c) => (c, 4),
        Err(_) => (char::REPLACEMENT_CHARACTER, 4),
    })
}

/// Decodes the escapes of Rust's `Debug`.
pub(super) fn of_rust(text: &str) -> Decoded {
    Decoded::new(text, |rest| {
        let c = match rest.chars().next()? {
            '0' => '\0',
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            'u' => {
                let (digits, _) = rest[1..].strip_prefix('{')?.split_once('}')?;
                let c = u32::from_str_radix(digits, 16).ok().and_then(char::from_u32)?;
                return Some((c, digits.len() + 3));
            }
            c @ ('"' | '\\' | '\'') => c,
            _ => return None,
        };
        Some((c, 1))
    })
}

/// Where the strings of a JSON text are, without their quotation marks.
pub(super) fn json_strings(json: &str) -> impl Iterator<Item = Range<usize>> {
    let bytes = json.as_bytes();
    let mut at = 0;
    std::iter::from_fn(move || {
        let start = at + bytes[at..].iter().position(|b| *b == b'"')? + 1;
        let mut end = start;
        while end < bytes.len() && bytes[end] != b'"' {
            end += if bytes[end] == b'\\' { 2 } else { 1 };
        }
        // What follows a backslash may be a character of several bytes in broken JSON.
        end = end.min(bytes.len());
        while !json.is_char_boundary(end) {
            end += 1;
        }
        at = (end + 1).min(bytes.len());
        Some(start..end)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_lead_back_to_their_source() {
        let source = r"a\u00e9\n\ud83d\ude42\ud83d\\z";
        let decoded = of_json(source);
        assert_eq!(decoded.text, "aé\n🙂\u{fffd}\\z");
        let part = |text: &str| {
            let at = decoded.text.find(text).unwrap();
            &source[decoded.source(at..at + text.len())]
        };
        assert_eq!(part("é"), r"\u00e9");
        assert_eq!(part("🙂"), r"\ud83d\ude42");
        assert_eq!(part("\u{fffd}\\"), r"\ud83d\\");
        assert_eq!(part("z"), "z");
        assert_eq!(of_rust(r#"\u{1f642}\"\'\u{x}\q"#).text, r#"🙂"'\u{x}\q"#);
    }

    #[test]
    fn broken_escapes_stand_for_themselves() {
        for source in [r"\", r"\u", r"\u12", r"\u00g0", r"\x", r"\ud83d\u", "\\u12é"] {
            let decoded = of_json(source);
            assert_eq!(decoded.source(0..decoded.text.len()), 0..source.len(), "{source}");
        }
    }

    #[test]
    fn strings_of_json_are_found() {
        let found =
            |json: &str| json_strings(json).map(|at| json[at].to_owned()).collect::<Vec<_>>();
        assert_eq!(found(r#"{"a":["b\"c",1,"\\"],"":null}"#), ["a", r#"b\"c"#, r"\\", ""]);
        assert_eq!(found("\"open"), ["open"]);
        assert_eq!(found("\"open\\"), ["open\\"]);
        assert_eq!(found("\"a\\é\" \"b"), ["a\\é", "b"]);
        assert!(found("[1, true]").is_empty());
    }
}
