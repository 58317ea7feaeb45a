//! What a server says: answers, errors and events.
#![cfg_attr(not(feature = "recording"), allow(dead_code, reason = "replays need more than bots"))]

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;
use serde::de::{DeserializeSeed, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

/// The answer to a request.
#[derive(Debug, Deserialize)]
pub(crate) struct Reply {
    pub(crate) code: u16,
    #[serde(default)]
    pub(crate) msg: String,
    #[serde(default)]
    detail: Detail,
}

#[derive(Debug, Default, Deserialize)]
struct Detail {
    #[serde(default)]
    reason: Option<String>,
}

impl Reply {
    /// The server's explanation of an error, as one line.
    pub(crate) fn reason(&self) -> String {
        let text = self.detail.reason.as_ref().unwrap_or(&self.msg);
        printable(text)
    }
}

/// `text` without control characters, which could drive a terminal, cut to 200 characters.
pub(crate) fn printable(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(200).collect()
}

/// One entry of an event, its data unparsed.
#[derive(Debug, Deserialize)]
pub(crate) struct Entry<'a> {
    #[serde(borrow)]
    pub(crate) user: Cow<'a, str>,
    #[serde(rename = "type", borrow)]
    pub(crate) kind: Cow<'a, str>,
    #[serde(borrow)]
    pub(crate) data: &'a RawValue,
}

/// An event that is not a tick.
#[derive(Debug, Deserialize)]
pub(crate) struct Event<'a> {
    /// Where it happened.
    #[serde(borrow)]
    pub(crate) room: Cow<'a, str>,
    /// What happened, in order.
    #[serde(borrow, rename = "payload")]
    pub(crate) entries: Vec<Entry<'a>>,
}

/// Reads an event that is not a tick.
pub(crate) fn event(frame: &str) -> Result<Event<'_>, serde_json::Error> {
    serde_json::from_str(frame)
}

/// Reads an answer or an error.
pub(crate) fn reply(frame: &str) -> Result<Reply, serde_json::Error> {
    #[derive(Deserialize)]
    struct Answer {
        response: Reply,
    }
    serde_json::from_str::<Answer>(frame).map(|answer| answer.response)
}

/// What a frame contains.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FrameKind {
    /// An answer or an error.
    Reply,
    /// A tick of a room that is asked for.
    Tick,
    /// Another event of such a room.
    Event,
    /// An event of another room.
    Elsewhere,
    /// None of these.
    Unknown,
}

/// What a frame contains; of events, only those of `own_room` count, or of any room if it is `None`.
///
/// Parses `frame` only up to the type of its first entry: with hundreds of heads in each tick,
/// parsing every tick in full for every client would cost more than the server's own work.
pub(crate) fn peek(frame: &str, own_room: Option<&str>) -> FrameKind {
    let mut peek = Peek { own_room, in_own_room: None, kind: None };
    // Returning an error is how a visitor stops the parser.
    let _ = peek.deserialize_frame(frame);
    match (peek.kind, peek.in_own_room) {
        (Some(FrameKind::Reply), _) => FrameKind::Reply,
        (Some(_), Some(false)) => FrameKind::Elsewhere,
        (Some(kind), Some(true)) => kind,
        _ => FrameKind::Unknown,
    }
}

struct Peek<'a> {
    own_room: Option<&'a str>,
    in_own_room: Option<bool>,
    kind: Option<FrameKind>,
}

impl Peek<'_> {
    fn deserialize_frame(&mut self, frame: &str) -> Result<(), serde_json::Error> {
        serde::Deserializer::deserialize_map(&mut serde_json::Deserializer::from_str(frame), self)
    }
}

#[derive(Deserialize)]
struct Key<'a>(#[serde(borrow)] Cow<'a, str>);

impl<'de> Visitor<'de> for &mut Peek<'_> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(Key(key)) = map.next_key()? {
            match key.as_ref() {
                "response" => {
                    self.kind = Some(FrameKind::Reply);
                    return Err(A::Error::custom(""));
                }
                "room" => {
                    let Key(room) = map.next_value()?;
                    self.in_own_room = Some(self.own_room.is_none_or(|own| room == own));
                    if self.in_own_room == Some(false) {
                        self.kind = Some(FrameKind::Elsewhere);
                        return Err(A::Error::custom(""));
                    }
                }
                "payload" => map.next_value_seed(FirstEntry(&mut *self))?,
                _ => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(())
    }
}

struct FirstEntry<'a, 'b>(&'a mut Peek<'b>);

impl<'de> DeserializeSeed<'de> for FirstEntry<'_, '_> {
    type Value = ();

    fn deserialize<D: serde::Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for FirstEntry<'_, '_> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an array of entries")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut entries: A) -> Result<(), A::Error> {
        entries.next_element_seed(self)?;
        while entries.next_element::<IgnoredAny>()?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entry: A) -> Result<(), A::Error> {
        while let Some(Key(key)) = entry.next_key()? {
            if key == "type" {
                let Key(kind) = entry.next_value()?;
                let tick = kind == "transform";
                self.0.kind = Some(if tick { FrameKind::Tick } else { FrameKind::Event });
                // If the room comes after the payload, the rest has to be parsed too.
                if self.0.in_own_room.is_some() {
                    return Err(A::Error::custom(""));
                }
            } else {
                entry.next_value::<IgnoredAny>()?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TICK: &str = r#"{"info":"user","room":"lab","payload":[{"time":1.5,"user":"a","type":"transform","data":{"pos":{"x":1,"y":2,"z":3},"rot":{"x":0,"y":12.340042,"z":0}}}]}"#;

    #[test]
    fn the_beginning_of_a_frame_reveals_its_kind() {
        assert_eq!(peek(TICK, Some("lab")), FrameKind::Tick);
        assert_eq!(peek(TICK, Some("lobby")), FrameKind::Elsewhere);
        assert_eq!(peek(&TICK[..TICK.len() - 60], Some("lab")), FrameKind::Tick);
        let pong =
            r#"{ "info": "system", "response": {"time":1,"code":220,"msg":"Pong.","detail":{}}}"#;
        assert_eq!(peek(pong, Some("lab")), FrameKind::Reply);
        let chat = r#"{"info":"user","room":"\u006cab","payload":[{"time":1,"user":"\"type\":\"transform\"","type":"msg","data":"hi"}]}"#;
        assert_eq!(peek(chat, Some("lab")), FrameKind::Event);
        for nonsense in ["", "[]", "7", r#"{"info":"user"}"#, r#"{"room":"lab","payload":[]}"#] {
            assert_eq!(peek(nonsense, Some("lab")), FrameKind::Unknown, "{nonsense}");
        }
    }

    #[test]
    fn any_room_counts_where_none_is_named() {
        assert_eq!(peek(TICK, None), FrameKind::Tick);
        let join = r#"{"info":"user","room":"hall","payload":[{"time":1,"user":"a","type":"join","data":""}]}"#;
        assert_eq!(peek(join, None), FrameKind::Event);
        let event = event(join).unwrap();
        assert_eq!(
            (&*event.room, &*event.entries[0].user, &*event.entries[0].kind),
            ("hall", "a", "join")
        );
    }

    #[test]
    fn the_order_of_keys_does_not_matter() {
        let tick = r#"{"payload":[{"data":{"rot":{"y":1}},"type":"transform","user":"a"},{"user":"b","data":{"rot":{"y":2}}}],"room":"lab","info":"user"}"#;
        assert_eq!(peek(tick, Some("lab")), FrameKind::Tick);
        assert_eq!(peek(tick, Some("other")), FrameKind::Elsewhere);
    }

    #[test]
    fn reasons_of_errors_are_printable() {
        let refused = reply(r#"{"info":"error","response":{"time":1,"code":409,"msg":"Request conflicts current status.","detail":{"reason":"in\u001b[2J use"}}}"#).unwrap();
        assert_eq!((refused.code, refused.reason().as_str()), (409, "in[2J use"));
        let bare = reply(
            r#"{"info":"error","response":{"time":1,"code":403,"msg":"Access denied.","detail":{}}}"#,
        );
        assert_eq!(bare.unwrap().reason(), "Access denied.");
    }
}
