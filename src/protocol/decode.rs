//! From the text of a frame to a typed [`Request`], or to a [`Refusal`] for whoever sent it.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, DeserializeSeed, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;
use smallvec::SmallVec;

use super::pose::read_pose;
use super::scan::usual_transform;
use super::{Code, EventBody, MAX_DEPTH, MAX_TYPE_CHARS, Password, Refusal, Request, SERVER_USER};
use crate::model::{RoomName, UserName};

/// The last room a connection named, so that a stream of poses checks and stores it once.
#[derive(Debug, Default)]
pub struct RoomCache(Option<RoomName>);

/// Decodes one message.
///
/// # Errors
/// The answer that its sender gets. It never panics, whatever the text.
pub fn decode(text: &str, cache: &mut RoomCache) -> Result<Request, Refusal> {
    match usual_transform(text) {
        Some(usual) => Ok(Request::Transform { room: cache.get(usual.room)?, pose: usual.pose }),
        None => decode_fully(text, cache),
    }
}

pub(super) fn decode_fully(text: &str, cache: &mut RoomCache) -> Result<Request, Refusal> {
    if nests_deeper_than(text, MAX_DEPTH) {
        return Err(Refusal::new(
            Code::InvalidStructure,
            format!("the message is nested deeper than {MAX_DEPTH}"),
        )
        .also_before_login());
    }
    let object = Object::parse(text).map_err(|error| {
        let reason = match error.classify() {
            serde_json::error::Category::Data => "the message has to be a JSON object".to_owned(),
            _ => format!("the message is not JSON: {error}"),
        };
        Refusal::new(Code::InvalidStructure, reason).also_before_login()
    })?;
    let mut message = Message::default();
    for (key, value) in &object.entries {
        match key.as_str() {
            Some("system") => message.system = Some(value),
            Some("room") => message.room = Some(value),
            Some("type") => message.kind = Some(value),
            Some("data") => message.data = Some(value),
            Some("options") => message.options = Some(value),
            _ => {}
        }
    }
    if let Some(system) = message.system {
        let command = text_of("system", system)?;
        return match &*command {
            "login" => login(message.options).map_err(Refusal::also_before_login),
            "ping" => Ok(Request::Ping),
            "rooms" => Ok(Request::Rooms),
            "help" => Ok(Request::Help),
            other => Err(Refusal::new(
                Code::NotRecognized,
                format!(
                    "there is no system command {:?}; try login, ping, rooms or help",
                    shown(other)
                ),
            )),
        };
    }
    message.to_room(cache)
}

#[derive(Default)]
struct Message<'a> {
    system: Option<&'a RawValue>,
    room: Option<&'a RawValue>,
    kind: Option<&'a RawValue>,
    data: Option<&'a RawValue>,
    options: Option<&'a RawValue>,
}

impl Message<'_> {
    fn to_room(&self, cache: &mut RoomCache) -> Result<Request, Refusal> {
        let Some(room) = self.room else {
            return Err(bad_request("the message needs a key \"system\" or \"room\""));
        };
        let room = cache.get(&text_of("room", room)?)?;
        let kind = match self.kind {
            Some(kind) => text_of("type", kind)?,
            None => Cow::Borrowed("msg"),
        };
        let Some(data) = self.data else {
            return Err(bad_request(
                "the message needs a key \"data\"; \"\" if there is nothing to say",
            ));
        };
        match &*kind {
            "join" => Ok(Request::Join(room)),
            "leave" => Ok(Request::Leave(room)),
            "list" => Ok(Request::List(room)),
            "transform" => match read_pose(data) {
                Ok(pose) => Ok(Request::Transform { room, pose }),
                Err(reason) => Err(Refusal::new(Code::InvalidStructure, reason)),
            },
            kind => {
                let chars = kind.chars().count();
                if !(1..=MAX_TYPE_CHARS).contains(&chars) {
                    return Err(bad_request(format!(
                        "\"type\" has 1 to {MAX_TYPE_CHARS} characters, this one has {chars}"
                    )));
                }
                Ok(Request::Say { room, event: EventBody::new(kind, data.get()) })
            }
        }
    }
}

impl EventBody {
    /// The body of an event of type `kind` with `data`, which has to be JSON.
    pub(crate) fn new(kind: &str, data: &str) -> Self {
        let mut text = String::with_capacity(data.len() + kind.len() + 18);
        text.push_str("\"type\":");
        super::encode::push_json_string(&mut text, kind);
        text.push_str(",\"data\":");
        text.push_str(data);
        Self { text: text.into(), kept: kind != "button" }
    }

    /// The type and the data it was made from, the data as JSON.
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

impl RoomCache {
    fn get(&mut self, text: &str) -> Result<RoomName, Refusal> {
        match &self.0 {
            Some(name) if name.as_str() == text => Ok(name.clone()),
            _ => {
                let name = RoomName::new(text)
                    .map_err(|error| bad_request(format!("\"room\": {error}")))?;
                Ok(self.0.insert(name).clone())
            }
        }
    }
}

fn login(options: Option<&RawValue>) -> Result<Request, Refusal> {
    let Some(options) = options else {
        return Err(bad_request("login needs \"options\":{\"user\":…,\"pass\":…}"));
    };
    if !options.get().starts_with('{') {
        return Err(wrong_kind("options", "an object", options));
    }
    let object = Object::parse(options.get())
        .map_err(|error| bad_request(format!("\"options\": {error}")))?;
    let [mut user, mut pass] = [None, None];
    for (key, value) in &object.entries {
        match key.as_str() {
            Some("user") => user = Some(value),
            Some("pass") => pass = Some(value),
            _ => {}
        }
    }
    let (Some(user), Some(pass)) = (user, pass) else {
        return Err(bad_request("login needs \"user\" and \"pass\" in its options, both text"));
    };
    let name = text_of("user", user)?;
    let user = UserName::new(&name).map_err(|error| bad_request(format!("\"user\": {error}")))?;
    let password = Password::new(&text_of("pass", pass)?);
    if &**user.folded() == SERVER_USER {
        return Err(Refusal::new(Code::AccessDenied, "that name is the server's own"));
    }
    Ok(Request::Login { user, password })
}

fn bad_request(reason: impl Into<Cow<'static, str>>) -> Refusal {
    Refusal::new(Code::BadRequest, reason)
}

fn wrong_kind(key: &str, wanted: &str, value: &RawValue) -> Refusal {
    bad_request(format!("\"{key}\" has to be {wanted}, not {}", kind_of(value.get())))
}

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

/// The start of a text, for an error message.
fn shown(text: &str) -> &str {
    text.char_indices().nth(40).map_or(text, |(end, _)| &text[..end])
}

/// The text that a JSON string stands for.
fn text_of<'a>(key: &str, value: &'a RawValue) -> Result<Cow<'a, str>, Refusal> {
    let json = value.get();
    let Some(inner) = json.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) else {
        return Err(wrong_kind(key, "text", value));
    };
    if !inner.as_bytes().contains(&b'\\') {
        return Ok(Cow::Borrowed(inner));
    }
    serde_json::from_str::<Text>(json)
        .ok()
        .and_then(|text| text.0)
        .map(|text| Cow::Owned(text.into_owned()))
        .ok_or_else(|| bad_request(format!("\"{key}\" holds half of a surrogate pair")))
}

/// A JSON string; none if it holds a lone surrogate, which is JSON but no text.
#[derive(Debug)]
pub(super) struct Text<'a>(Option<Cow<'a, str>>);

impl Text<'_> {
    pub(super) fn as_str(&self) -> Option<&str> {
        self.0.as_deref()
    }
}

impl<'de> Deserialize<'de> for Text<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TextVisitor;

        impl<'de> Visitor<'de> for TextVisitor {
            type Value = Text<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("text")
            }

            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
                Ok(Text(Some(Cow::Borrowed(text))))
            }

            fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
                Ok(Text(Some(Cow::Owned(text.to_owned()))))
            }

            fn visit_borrowed_bytes<E>(self, bytes: &'de [u8]) -> Result<Self::Value, E> {
                Ok(Text(std::str::from_utf8(bytes).ok().map(Cow::Borrowed)))
            }

            fn visit_bytes<E>(self, bytes: &[u8]) -> Result<Self::Value, E> {
                Ok(Text(std::str::from_utf8(bytes).ok().map(|text| Cow::Owned(text.to_owned()))))
            }
        }

        // As bytes, since serde_json lets lone surrogates through only there.
        deserializer.deserialize_bytes(TextVisitor)
    }
}

/// The entries of a JSON object in their order, repeated keys included.
#[derive(Debug)]
pub(super) struct Object<'a> {
    pub(super) entries: SmallVec<[(Text<'a>, &'a RawValue); 4]>,
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
                while let Some(entry) = map.next_entry()? {
                    entries.push(entry);
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
fn nests_deeper_than(json: &str, limit: usize) -> bool {
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn refused(text: &str) -> u16 {
        decode(text, &mut RoomCache::default()).unwrap_err().code.number()
    }

    fn accepted(text: &str) -> Request {
        decode(text, &mut RoomCache::default()).unwrap_or_else(|r| panic!("{text}: {r:?}"))
    }

    #[test]
    fn only_json_objects_are_messages() {
        for text in ["", "hi", "1", "[]", "null", "{", "{}x", "{\"a\":NaN}", "\u{feff}{}"] {
            assert_eq!(refused(text), 406, "{text:?}");
        }
        assert_eq!(refused("{}"), 400);
    }

    #[test]
    fn depth_is_bounded_outside_of_strings() {
        let nested = |depth: usize| {
            let (open, close) = ("[".repeat(depth), "]".repeat(depth));
            format!("{{\"room\":\"r\",\"data\":{open}{close}}}")
        };
        accepted(&nested(63));
        assert_eq!(refused(&nested(64)), 406);
        assert_eq!(refused(&nested(100_000)), 406);
        let quoted = format!("{{\"room\":\"r\",\"data\":\"{}\\\"[\"}}", "[".repeat(500));
        accepted(&quoted);
    }

    #[test]
    fn system_wins_and_the_last_key_wins() {
        assert_eq!(accepted(r#"{"room":1,"system":"rooms","system":"ping"}"#), Request::Ping);
        let Request::Join(room) = accepted(r#"{"room":"a","type":"join","data":"","room":"b"}"#)
        else {
            panic!("not a join")
        };
        assert_eq!(room.as_str(), "b");
    }

    #[test]
    fn wrong_types_are_bad_requests() {
        for text in [
            r#"{"system":1}"#,
            r#"{"system":null}"#,
            r#"{"room":null,"data":1}"#,
            r#"{"room":"r","type":null,"data":1}"#,
            r#"{"room":"r","type":"","data":1}"#,
            r#"{"room":"r","type":"msg"}"#,
            r#"{"room":"","data":1}"#,
            r#"{"room":"\ud800","data":1}"#,
            r#"{"system":"login"}"#,
            r#"{"system":"login","options":[]}"#,
            r#"{"system":"login","options":{"user":"a"}}"#,
            r#"{"system":"login","options":{"user":"a","pass":1}}"#,
            r#"{"system":"login","options":{"user":"","pass":""}}"#,
        ] {
            assert_eq!(refused(text), 400, "{text}");
        }
        assert_eq!(refused(r#"{"system":"nope"}"#), 501);
        assert_eq!(refused(r#"{"system":"login","options":{"user":"*SERVER*","pass":""}}"#), 403);
    }

    #[test]
    fn data_passes_as_it_came() {
        for data in [
            r#""\ud800""#,
            "1e400",
            "-0",
            "[ 1 , {\"a\" : null} ]",
            "\"\u{2028}\"",
            "12345678901234567890123",
        ] {
            let text =
                format!("{{\"\\ud800\":1,\"room\":\"r\",\"type\":\"t\\\"\",\"data\":{data}}}");
            let Request::Say { event, .. } = accepted(&text) else { panic!("not said") };
            assert_eq!(event.parts(), ("t\"".to_owned(), data));
        }
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_get_an_answer(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            if let Ok(text) = std::str::from_utf8(&bytes) {
                let _ = decode(text, &mut RoomCache::default());
            }
        }

        #[test]
        fn arbitrary_text_gets_an_answer(text in "[\\{\\[\"a-z:,\\\\ue0-9\\.\\-\\]\\} ]{0,80}") {
            let _ = decode(&text, &mut RoomCache::default());
        }

        #[test]
        fn nearly_right_messages_get_an_answer(
            key in prop_oneof![Just("room"), Just("system"), Just("type"), Just("data"), Just("options")],
            value in "(\"[^\"\\\\]{0,5}\"|[0-9eE\\.\\-+]{1,12}|null|\\[\\]|\\{\"pos\":\\{\"x\":[0-9eE\\.]{1,6}\\}\\})",
            rest in "(,\"(type|data|room)\":(\"(transform|join|msg)\"|\\{\\}|1))?",
        ) {
            let _ = decode(&format!("{{\"{key}\":{value}{rest}}}"), &mut RoomCache::default());
        }
    }
}
