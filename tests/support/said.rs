//! What a server may say: every frame is held to the wire contract's shape and key order.

use std::collections::BTreeMap;

use super::json::{Json, json};

#[derive(Clone, Debug)]
pub(crate) enum Said {
    Answer(Answer),
    Event(Event),
}

#[derive(Clone, Debug)]
pub(crate) struct Answer {
    /// Microseconds since the Unix epoch.
    pub(crate) time: u64,
    pub(crate) code: u16,
    pub(crate) detail: Json,
}

#[derive(Clone, Debug)]
pub(crate) struct Event {
    pub(crate) room: String,
    pub(crate) entries: Vec<Entry>,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Entry {
    /// Microseconds since the Unix epoch.
    pub(crate) time: u64,
    pub(crate) user: String,
    pub(crate) kind: String,
    pub(crate) data: Json,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Pose {
    pub(crate) pos: [f64; 3],
    pub(crate) rot: [f64; 3],
}

impl Said {
    pub(crate) fn read(text: &str) -> Self {
        let said = json(text);
        match said.at("info").as_text().as_str() {
            "user" => Self::Event(Event::read(&said)),
            info => {
                let answer = Answer::read(&said);
                let expected = if answer.code < 400 { "system" } else { "error" };
                assert_eq!(info, expected, "{text}");
                Self::Answer(answer)
            }
        }
    }
}

/// The contract's words for a code.
fn msg_of(code: u16) -> &'static str {
    match code {
        200 => "Ok.",
        202 => "Access granted.",
        212 => "Listing information.",
        214 => "Help message.",
        220 => "Pong.",
        400 => "Bad request.",
        401 => "User unauthorized.",
        403 => "Access denied.",
        406 => "Data object has invalid structure.",
        409 => "Request conflicts current status.",
        413 => "Limit reached.",
        429 => "Too many requests.",
        500 => "Internal server error.",
        501 => "Command not recognized.",
        other => panic!("the contract has no code {other}"),
    }
}

impl Answer {
    fn read(said: &Json) -> Self {
        assert_eq!(said.keys(), ["info", "response"], "{said:?}");
        let response = said.at("response");
        assert_eq!(response.keys(), ["time", "code", "msg", "detail"], "{said:?}");
        let code = response.at("code").digits().parse().expect("a whole number");
        assert_eq!(response.at("msg").as_text(), msg_of(code), "{said:?}");
        let detail = response.at("detail").clone();
        if code >= 400 {
            for key in detail.keys() {
                assert_eq!(key, "reason", "{said:?}");
                assert!(!detail.at("reason").as_text().is_empty(), "{said:?}");
            }
        }
        Self { time: micros(response.at("time")), code, detail }
    }
}

impl Event {
    fn read(said: &Json) -> Self {
        assert_eq!(said.keys(), ["info", "room", "payload"], "{said:?}");
        let entries: Vec<Entry> = said.at("payload").items().iter().map(Entry::read).collect();
        assert!(!entries.is_empty(), "an event of nothing: {said:?}");
        Self { room: said.at("room").as_text(), entries }
    }

    pub(crate) fn is_tick(&self) -> bool {
        self.entries.iter().any(|entry| entry.kind == "transform")
    }

    /// The poses of a tick, by user.
    pub(crate) fn poses(&self) -> BTreeMap<String, Pose> {
        let poses: BTreeMap<_, _> =
            self.entries.iter().map(|entry| (entry.user.clone(), entry.pose())).collect();
        assert_eq!(poses.len(), self.entries.len(), "a user is twice in {self:?}");
        poses
    }

    pub(crate) fn users(&self) -> Vec<&str> {
        self.entries.iter().map(|entry| entry.user.as_str()).collect()
    }
}

impl Entry {
    fn read(entry: &Json) -> Self {
        assert_eq!(entry.keys(), ["time", "user", "type", "data"], "{entry:?}");
        Self {
            time: micros(entry.at("time")),
            user: entry.at("user").as_text(),
            kind: entry.at("type").as_text(),
            data: entry.at("data").clone(),
        }
    }

    pub(crate) fn pose(&self) -> Pose {
        assert_eq!(self.kind, "transform", "{self:?}");
        assert_eq!(self.data.keys(), ["pos", "rot"], "{self:?}");
        let axes = |key: &str| {
            let part = self.data.at(key);
            assert_eq!(part.keys(), ["x", "y", "z"], "{self:?}");
            ["x", "y", "z"].map(|axis| part.at(axis).as_f64())
        };
        Pose { pos: axes("pos"), rot: axes("rot") }
    }
}

/// A time on the wire: seconds, a JSON number with at most six decimals.
pub(crate) fn micros(time: &Json) -> u64 {
    let digits = time.digits();
    let (seconds, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    assert!(fraction.len() <= 6, "{digits} has more than microseconds");
    let seconds: u64 = seconds.parse().unwrap_or_else(|_| panic!("{digits} is not a time"));
    let fraction: u64 =
        format!("{fraction:0<6}").parse().unwrap_or_else(|_| panic!("{digits} is not a time"));
    seconds * 1_000_000 + fraction
}
