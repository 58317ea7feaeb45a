//! JSON objects as a list of their entries, whose values stay text.
//!
//! Requests are read like this rather than into types, so that each mistake gets the code and the
//! reason that the contract asks for, and `data` comes out exactly as it came in.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, DeserializeSeed, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;
use smallvec::SmallVec;

/// What a JSON value is, in words.
pub(super) fn kind_of(json: &str) -> &'static str {
    match json.as_bytes().first() {
        Some(b'{') => "an object",
        Some(b'[') => "an array",
        Some(b'"') => "text",
        Some(b't' | b'f') => "true or false",
        Some(b'n') => "null",
        _ => "a number",
    }
}

/// The text of a JSON string. `None` if it holds a lone surrogate, which is valid JSON but not
/// text, or if it isn't a string.
pub(super) fn text(json: &RawValue) -> Option<Cow<'_, str>> {
    struct Text(Option<String>);

    impl<'de> Deserialize<'de> for Text {
        fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            struct TextVisitor;

            impl Visitor<'_> for TextVisitor {
                type Value = Text;

                fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                    f.write_str("text")
                }

                fn visit_bytes<E>(self, bytes: &[u8]) -> Result<Self::Value, E> {
                    Ok(Text(String::from_utf8(bytes.to_vec()).ok()))
                }
            }

            // As bytes: only then does serde_json accept lone surrogates.
            deserializer.deserialize_bytes(TextVisitor)
        }
    }

    let inner = json.get().strip_prefix('"')?.strip_suffix('"')?;
    if !inner.as_bytes().contains(&b'\\') {
        return Some(Cow::Borrowed(inner));
    }
    serde_json::from_str::<Text>(json.get()).ok()?.0.map(Cow::Owned)
}

/// A key and its value. The key is `None` if it isn't text, so that it is none of the contract's.
type Entry<'a> = (Option<Cow<'a, str>>, &'a RawValue);

/// The entries of a JSON object in their order, repeated keys included.
#[derive(Debug)]
pub(super) struct Object<'a> {
    pub(super) entries: SmallVec<[Entry<'a>; 4]>,
}

impl<'a> Object<'a> {
    pub(super) fn parse(json: &'a str) -> Result<Self, serde_json::Error> {
        struct ObjectVisitor;

        impl<'de> Visitor<'de> for ObjectVisitor {
            type Value = Object<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut entries = SmallVec::new();
                // As raw values, which are checked to be JSON; bytes are not.
                while let Some((key, value)) = map.next_entry::<&RawValue, _>()? {
                    entries.push((text(key), value));
                }
                Ok(Object { entries })
            }
        }

        impl<'de> DeserializeSeed<'de> for ObjectVisitor {
            type Value = Object<'de>;

            fn deserialize<D: Deserializer<'de>>(self, d: D) -> Result<Self::Value, D::Error> {
                d.deserialize_map(self)
            }
        }

        let mut deserializer = serde_json::Deserializer::from_str(json);
        let object = ObjectVisitor.deserialize(&mut deserializer)?;
        deserializer.end()?;
        Ok(object)
    }
}

/// Whether objects and arrays nest deeper than `limit`. Brackets in strings don't count.
pub(super) fn nests_deeper_than(json: &str, limit: usize) -> bool {
    let openers = json.bytes().filter(|byte| byte | 0x20 == b'{').count();
    if openers <= limit {
        return false;
    }
    let [mut in_string, mut escaped] = [false; 2];
    let mut depth = 0usize;
    for byte in json.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            _ if in_string => {}
            b'{' | b'[' => {
                depth += 1;
                if depth > limit {
                    return true;
                }
            }
            b'}' | b']' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    false
}

/// Appends `text` as a JSON string.
pub(super) fn push_json_string(out: &mut String, text: &str) {
    let mut clean = 0;
    out.push('"');
    for (i, byte) in text.bytes().enumerate() {
        let escape = match byte {
            b'"' => "\\\"",
            b'\\' => "\\\\",
            b'\n' => "\\n",
            b'\r' => "\\r",
            b'\t' => "\\t",
            0..0x20 => "",
            _ => continue,
        };
        out.push_str(&text[clean..i]);
        clean = i + 1;
        if escape.is_empty() {
            const HEX: &[u8; 16] = b"0123456789abcdef";
            out.push_str("\\u00");
            out.push(HEX[usize::from(byte >> 4)].into());
            out.push(HEX[usize::from(byte & 15)].into());
        } else {
            out.push_str(escape);
        }
    }
    out.push_str(&text[clean..]);
    out.push('"');
}
