//! The wire contract from a headset's side: requests out, replies and events in.

use std::borrow::Cow;
use std::fmt::{self, Write as _};

use serde::Deserialize;
use serde::de::{DeserializeSeed, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::motion::Pose;

/// Pose numbers wrap around at this value.
pub(super) const POSE_NUMBERS: u16 = 10_000;

pub(super) fn login(user: &str, pass: &str) -> String {
    serde_json::json!({"system": "login", "options": {"user": user, "pass": pass}}).to_string()
}

pub(super) fn join(room: &str) -> String {
    serde_json::json!({"room": room, "type": "join", "data": ""}).to_string()
}

/// A message to a room; `kind` and `data` are JSON.
pub(super) fn say(room: &str, kind: &str, data: &serde_json::Value) -> String {
    serde_json::json!({"room": room, "type": kind, "data": data}).to_string()
}

/// Writes transforms for one room.
#[derive(Debug)]
pub(super) struct PoseWriter {
    head: String,
}

impl PoseWriter {
    pub(super) fn new(room: &str) -> Self {
        let room = serde_json::Value::from(room);
        Self { head: format!(r#"{{"room":{room},"type":"transform","data":{{"pos":{{"x":"#) }
    }

    /// Positions have three decimals and the yaw two. The server passes numbers on unchanged, so
    /// the next four decimals of the yaw, less than a hundredth of a degree, can carry the pose's
    /// `number`, which is below [`POSE_NUMBERS`].
    pub(super) fn write(&self, pose: &Pose, number: u16) -> String {
        let mut text = String::with_capacity(self.head.len() + 96);
        text.push_str(&self.head);
        let Pose { x, y, z, pitch, yaw } = *pose;
        let yaw_hundredths = (f64::from(yaw) * 100.0) as u32;
        let (degrees, hundredths) = (yaw_hundredths / 100, yaw_hundredths % 100);
        // Writing to a String can't fail.
        let _ = write!(
            text,
            r#"{x:.3},"y":{y:.3},"z":{z:.3}}},"rot":{{"x":{pitch:.1},"y":{degrees}.{hundredths:02}{number:04},"z":0}}}}}}"#
        );
        text
    }
}

/// The number that [`PoseWriter::write`] put into a yaw.
pub(super) fn pose_number(yaw: f64) -> u16 {
    ((yaw * 1e6).round() as u64 % u64::from(POSE_NUMBERS)) as u16
}

/// The answer to a request.
#[derive(Debug, Deserialize)]
pub(super) struct Reply {
    pub(super) code: u16,
    #[serde(default)]
    pub(super) msg: String,
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
    pub(super) fn reason(&self) -> String {
        let text = self.detail.reason.as_ref().unwrap_or(&self.msg);
        printable(text)
    }
}

/// `text` without control characters, which could drive a terminal, cut to 200 characters.
pub(super) fn printable(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(200).collect()
}

/// One entry of an event, its data unparsed.
#[derive(Debug, Deserialize)]
pub(super) struct Entry<'a> {
    #[serde(borrow)]
    pub(super) user: Cow<'a, str>,
    #[serde(rename = "type", borrow)]
    pub(super) kind: Cow<'a, str>,
    #[serde(borrow)]
    pub(super) data: &'a RawValue,
}

#[derive(Deserialize)]
struct Event<'a> {
    #[serde(borrow)]
    payload: Vec<Entry<'a>>,
}

/// One head in a tick.
#[derive(Debug, Deserialize)]
pub(super) struct Head<'a> {
    #[serde(borrow)]
    pub(super) user: Cow<'a, str>,
    data: HeadData,
}

#[derive(Debug, Deserialize)]
struct HeadData {
    rot: HeadRotation,
}

#[derive(Debug, Deserialize)]
struct HeadRotation {
    y: f64,
}

impl Head<'_> {
    pub(super) fn yaw(&self) -> f64 {
        self.data.rot.y
    }
}

#[derive(Deserialize)]
struct Tick<'a> {
    #[serde(borrow)]
    payload: Vec<Head<'a>>,
}

/// The entries of an event that is not a tick.
pub(super) fn entries(frame: &str) -> Result<Vec<Entry<'_>>, serde_json::Error> {
    serde_json::from_str::<Event<'_>>(frame).map(|event| event.payload)
}

/// All heads in a tick.
pub(super) fn heads(frame: &str) -> Result<Vec<Head<'_>>, serde_json::Error> {
    serde_json::from_str::<Tick<'_>>(frame).map(|tick| tick.payload)
}

pub(super) fn reply(frame: &str) -> Result<Reply, serde_json::Error> {
    #[derive(Deserialize)]
    struct Answer {
        response: Reply,
    }
    serde_json::from_str::<Answer>(frame).map(|answer| answer.response)
}

/// What a frame contains.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FrameKind {
    /// An answer or an error.
    Reply,
    /// A tick of the bot's own room.
    Tick,
    /// Another event of its own room.
    Event,
    /// An event of another room.
    Elsewhere,
    /// None of these.
    Unknown,
}

/// Parses `frame` only up to the type of its first entry: with hundreds of heads in each tick,
/// parsing every tick in full for every bot would measure the bots, not the server.
pub(super) fn peek(frame: &str, own_room: &str) -> FrameKind {
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
    own_room: &'a str,
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
                    self.in_own_room = Some(room == self.own_room);
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
        assert_eq!(peek(TICK, "lab"), FrameKind::Tick);
        assert_eq!(peek(TICK, "lobby"), FrameKind::Elsewhere);
        assert_eq!(peek(&TICK[..TICK.len() - 60], "lab"), FrameKind::Tick);
        let pong =
            r#"{ "info": "system", "response": {"time":1,"code":220,"msg":"Pong.","detail":{}}}"#;
        assert_eq!(peek(pong, "lab"), FrameKind::Reply);
        let chat = r#"{"info":"user","room":"\u006cab","payload":[{"time":1,"user":"\"type\":\"transform\"","type":"msg","data":"hi"}]}"#;
        assert_eq!(peek(chat, "lab"), FrameKind::Event);
        for nonsense in ["", "[]", "7", r#"{"info":"user"}"#, r#"{"room":"lab","payload":[]}"#] {
            assert_eq!(peek(nonsense, "lab"), FrameKind::Unknown, "{nonsense}");
        }
    }

    #[test]
    fn the_order_of_keys_does_not_matter() {
        let tick = r#"{"payload":[{"data":{"rot":{"y":1}},"type":"transform","user":"a"},{"user":"b","data":{"rot":{"y":2}}}],"room":"lab","info":"user"}"#;
        assert_eq!(peek(tick, "lab"), FrameKind::Tick);
        assert_eq!(peek(tick, "other"), FrameKind::Elsewhere);
        assert_eq!(heads(tick).unwrap().len(), 2);
    }

    #[test]
    fn a_number_in_the_yaw_survives_as_an_f64() {
        let writer = PoseWriter::new("a\"b");
        let mut pose = Pose { x: -0.1234, y: 1.7, z: 3.0, pitch: -2.04, yaw: 0.0 };
        for number in 0..POSE_NUMBERS {
            pose.yaw = f32::from(number) * 0.0359;
            let sent: serde_json::Value =
                serde_json::from_str(&writer.write(&pose, number)).unwrap();
            let yaw = sent["data"]["rot"]["y"].as_f64().unwrap();
            assert_eq!(pose_number(yaw), number);
            assert!((yaw - f64::from(pose.yaw)).abs() < 0.011);
            assert_eq!(sent["room"], "a\"b");
            assert_eq!(sent["data"]["pos"], serde_json::json!({"x": -0.123, "y": 1.7, "z": 3.0}));
        }
    }

    #[test]
    fn ticks_and_replies_are_parsed_in_full() {
        let heads = heads(TICK).unwrap();
        assert_eq!((heads[0].user.as_ref(), pose_number(heads[0].yaw())), ("a", 42));
        let refused = reply(r#"{"info":"error","response":{"time":1,"code":409,"msg":"Request conflicts current status.","detail":{"reason":"in\u001b[2J use"}}}"#).unwrap();
        assert_eq!((refused.code, refused.reason().as_str()), (409, "in[2J use"));
        let bare = reply(
            r#"{"info":"error","response":{"time":1,"code":403,"msg":"Access denied.","detail":{}}}"#,
        );
        assert_eq!(bare.unwrap().reason(), "Access denied.");
    }
}
