//! The part of an event that its sender decides.

use std::borrow::Cow;

use super::json::push_json_string;

/// The part of an event that its sender decides, `"type":T,"data":D`, ready to be sent.
#[derive(Clone, Debug, PartialEq)]
pub struct EventBody {
    /// JSON text without braces.
    pub text: Box<str>,
    /// Whether it is kept in history; a `button` is not.
    pub kept: bool,
}

impl EventBody {
    /// The body of an event of type `kind` with `data`, which must be JSON.
    pub(crate) fn new(kind: &str, data: &str) -> Self {
        let mut text = String::with_capacity(data.len() + kind.len() + 18);
        text.push_str("\"type\":");
        push_json_string(&mut text, kind);
        text.push_str(",\"data\":");
        text.push_str(data);
        Self { text: text.into(), kept: kind != "button" }
    }

    /// The type and the data that it was made from, the data as JSON.
    pub fn parts(&self) -> (Cow<'_, str>, &str) {
        let split = split_kind(&self.text);
        let json = self.text[..split].strip_prefix("\"type\":").unwrap_or_default();
        let plain = json.strip_prefix('"').and_then(|json| json.strip_suffix('"'));
        let kind = match plain.filter(|kind| !kind.contains('\\')) {
            Some(kind) => Cow::Borrowed(kind),
            None => Cow::Owned(serde_json::from_str(json).unwrap_or_default()),
        };
        (kind, self.text[split..].strip_prefix(",\"data\":").unwrap_or_default())
    }
}

/// Where the type ends in `"type":"…","data":…`.
fn split_kind(text: &str) -> usize {
    let mut escaped = false;
    let start = "\"type\":\"".len();
    for (i, byte) in text.bytes().enumerate().skip(start) {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return i + 1,
            _ => {}
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_what_it_was_made_from() {
        for kind in ["msg", "a \"b\" \\", "\\", "é\u{1}", "x,\"data\":y"] {
            for data in ["\"text\"", "{\"data\":1}", "null"] {
                assert_eq!(EventBody::new(kind, data).parts(), (kind.into(), data));
            }
        }
    }
}
