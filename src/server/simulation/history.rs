//! What happened in a run: what each client did and saw, what the hub told, what the operator did.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};

use serde::Deserialize;
use serde_json::value::RawValue;

use super::clocks::ClientClock;
use crate::lobby::event::LobbyEvent;
use crate::model::{SessionId, Timestamp};
use crate::operator::{ClockReading, Command, Done, OperatorError};

/// A request that a client has sent.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Asked {
    Login {
        user: String,
        pass: String,
    },
    Ping,
    /// A ping with the client's time.
    Probe {
        time: f64,
    },
    Rooms,
    Help,
    /// A `system` command that there isn't.
    Unknown,
    /// No request at all; answered with 406.
    Nonsense,
    Join(String),
    Leave(String),
    List(String),
    Say {
        room: String,
        kind: String,
        data: String,
    },
    /// A pose, with a number of its own that its coordinates are made from.
    Pose {
        room: String,
        mark: u64,
        /// The client's time, if it says.
        time: Option<f64>,
    },
}

/// How a client ends a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ending {
    /// With a close frame.
    Close(Option<u16>),
    /// It sends no more, and reads on.
    Finish,
    Reset,
    /// It is never heard of again.
    Silence,
    /// With a frame that is not allowed; the server closes with this code.
    Fault(u16),
}

/// An entry of a frame of events.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Entry {
    pub(super) time: Timestamp,
    pub(super) user: String,
    pub(super) kind: String,
    /// JSON.
    pub(super) data: String,
}

/// Where the heads in a room are: the time and the mark of each.
pub(super) type Heads = BTreeMap<String, (Timestamp, u64)>;

/// A frame that a client has read.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Got {
    /// An answer. `detail` is JSON.
    Answer {
        code: u16,
        time: Timestamp,
        detail: String,
    },
    Events {
        room: String,
        entries: Vec<Entry>,
    },
    Tick {
        room: String,
        heads: Heads,
    },
    Ping,
    Pong(Vec<u8>),
    Close {
        code: u16,
        reason: String,
    },
    /// The handshake was refused with this status.
    Http(String),
    /// The stream's end.
    End,
    /// The connection was reset.
    Reset,
    /// Something that no server may send.
    Garbage(String),
}

/// What a client did or saw.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Step {
    /// The handshake is complete.
    Open,
    Asked(Asked),
    /// A WebSocket ping, with its payload.
    Pinged(Vec<u8>),
    /// It reads nothing until then.
    Stall(Timestamp),
    Ends(Ending),
    Got(Got),
}

/// One connection as its client saw it.
#[derive(Clone, Debug)]
pub(super) struct Connection {
    pub(super) session: SessionId,
    /// The server's thread that served it.
    pub(super) thread: usize,
    /// Its link carries less than 50 Mbit/s.
    pub(super) slow: bool,
    pub(super) clock: ClientClock,
    pub(super) steps: Vec<(Timestamp, Step)>,
}

/// A command of the operator's and what came of it.
#[derive(Clone, Debug)]
pub(super) struct Operated {
    pub(super) command: Command,
    pub(super) outcome: Result<Done, OperatorError>,
}

/// What the operator sees once all is quiet: rooms with their numbers of users, and users with
/// their rooms.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Sight {
    pub(super) rooms: BTreeMap<String, usize>,
    pub(super) users: BTreeMap<String, (SessionId, Vec<String>)>,
    /// What the operator sees of the clocks of users, and when.
    pub(super) clocks: BTreeMap<SessionId, (Timestamp, ClockReading)>,
}

/// A whole run.
#[derive(Clone, Debug)]
pub(super) struct History {
    pub(super) fps: f64,
    pub(super) history_messages: usize,
    pub(super) connections: Vec<Connection>,
    pub(super) events: Vec<LobbyEvent>,
    pub(super) operated: Vec<Operated>,
    pub(super) sight: Sight,
    /// Some messages were large.
    pub(super) large: bool,
    /// Queues were so small that a burst may overflow the queue of a client that reads everything.
    pub(super) tight: bool,
    /// It was stopped while clients were busy.
    pub(super) abrupt: bool,
    pub(super) stopped: Timestamp,
    /// When the last connection was over.
    pub(super) drained: Option<Timestamp>,
}

impl History {
    /// The same for the same history.
    pub(super) fn digest(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        format!("{self:?}").hash(&mut hasher);
        hasher.finish()
    }
}

#[derive(Deserialize)]
struct RawFrame<'a> {
    info: String,
    #[serde(borrow)]
    response: Option<RawResponse<'a>>,
    room: Option<String>,
    #[serde(borrow)]
    payload: Option<Vec<RawEntry<'a>>>,
}

#[derive(Deserialize)]
struct RawResponse<'a> {
    #[serde(borrow)]
    time: &'a RawValue,
    code: u16,
    #[serde(borrow)]
    detail: &'a RawValue,
}

#[derive(Deserialize)]
struct RawEntry<'a> {
    #[serde(borrow)]
    time: &'a RawValue,
    user: String,
    r#type: String,
    #[serde(borrow)]
    data: &'a RawValue,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawPose {
    pos: RawVector,
    rot: RawVector,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawVector {
    x: f64,
    y: f64,
    z: f64,
}

/// The pose that is made from a mark: position and rotation.
pub(super) fn pose_of(mark: u64) -> [f64; 6] {
    let mark = mark as f64;
    [mark, mark / 4.0, -mark, 0.5, mark % 360.0, 0.0]
}

pub(super) fn time_of(text: &str) -> Option<Timestamp> {
    let (seconds, micros) = text.split_once('.')?;
    let micros = (micros.len() == 6).then(|| micros.parse::<u64>().ok())??;
    Some(Timestamp::from_micros(seconds.parse::<u64>().ok()? * 1_000_000 + micros))
}

impl Got {
    /// What a text frame says.
    pub(super) fn read(text: &str) -> Self {
        Self::parse(text).unwrap_or_else(|| Self::Garbage(text.chars().take(300).collect()))
    }

    fn parse(text: &str) -> Option<Self> {
        let frame: RawFrame<'_> = serde_json::from_str(text).ok()?;
        if let Some(response) = frame.response {
            let error = response.code >= 400;
            if frame.info != if error { "error" } else { "system" } {
                return None;
            }
            let (code, detail) = (response.code, response.detail.get().to_owned());
            return Some(Self::Answer { code, time: time_of(response.time.get())?, detail });
        }
        let (room, payload) = (frame.room?, frame.payload?);
        if frame.info != "user" || payload.is_empty() {
            return None;
        }
        if payload[0].r#type == "transform" {
            let mut heads = Heads::new();
            for entry in payload {
                let RawPose { pos, rot } = serde_json::from_str(entry.data.get()).ok()?;
                let mark = pos.x as u64;
                let is_whole = [pos.x, pos.y, pos.z, rot.x, rot.y, rot.z] == pose_of(mark);
                if entry.r#type != "transform" || !is_whole {
                    return None;
                }
                let head = (time_of(entry.time.get())?, mark);
                if heads.insert(entry.user, head).is_some() {
                    return None;
                }
            }
            return Some(Self::Tick { room, heads });
        }
        let entries = payload.into_iter().map(|entry| {
            Some(Entry {
                time: time_of(entry.time.get())?,
                user: entry.user,
                kind: entry.r#type,
                data: entry.data.get().to_owned(),
            })
        });
        Some(Self::Events { room, entries: entries.collect::<Option<_>>()? })
    }
}
