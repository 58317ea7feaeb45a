//! The part of an event that its sender decides.

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
    pub fn parts(&self) -> (String, &str) {
        #[derive(serde::Deserialize)]
        struct Kind {
            r#type: String,
        }
        let split = split_kind(&self.text);
        let kind = serde_json::from_str::<Kind>(&format!("{{{}}}", &self.text[..split]))
            .map(|kind| kind.r#type)
            .unwrap_or_default();
        (kind, &self.text[(split + ",\"data\":".len()).min(self.text.len())..])
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
