//! The rows of a recording. Times are in microseconds since its start.

use crate::model::Pose;

/// A pose as it was received.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PoseRow {
    /// When it was received.
    pub time: i64,
    /// The stay that it belongs to.
    pub member: i64,
    /// The pose, in the recording's conventions.
    pub pose: Pose,
    /// The client's own clock, in seconds.
    pub client_time: Option<f64>,
}

/// What kind of event a row is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EventKind {
    /// A user logged in; `data` is the address if names are recorded.
    LoggedIn,
    /// A user logged out.
    LoggedOut,
    /// A user came back on a new connection.
    TookOver,
    /// A user joined a room.
    Joined,
    /// A user left a room.
    Left,
    /// A room was opened.
    RoomOpened,
    /// A room was closed.
    RoomClosed,
    /// A message (`type` is `msg`) or another event; `data` is its JSON. `person` is NULL for the
    /// operator.
    Said,
    /// A new rate: `data` is the ticks a second, NULL if the room follows the server's; `room` is
    /// NULL for the server's own.
    Fps,
    /// The operator did something: `data` is a sentence.
    Operated,
    /// `count` requests were answered with error `code`; `data` is the reason.
    Refused,
    /// `count` events are missing here, because the disk could not keep up.
    Lost,
    /// A person was removed after the recording: `data` is JSON with the date and how much there was of
    /// them, but not who it was.
    Redacted,
}

impl EventKind {
    const NAMES: [(Self, &'static str); 13] = [
        (Self::LoggedIn, "logged_in"),
        (Self::LoggedOut, "logged_out"),
        (Self::TookOver, "took_over"),
        (Self::Joined, "joined"),
        (Self::Left, "left"),
        (Self::RoomOpened, "room_opened"),
        (Self::RoomClosed, "room_closed"),
        (Self::Said, "said"),
        (Self::Fps, "fps"),
        (Self::Operated, "operated"),
        (Self::Refused, "refused"),
        (Self::Lost, "lost"),
        (Self::Redacted, "redacted"),
    ];

    /// What the column `kind` holds.
    pub fn name(self) -> &'static str {
        Self::NAMES.iter().find(|(kind, _)| *kind == self).map_or("", |(_, name)| name)
    }

    pub(super) fn named(name: &str) -> Option<Self> {
        Self::NAMES.iter().find(|(_, known)| *known == name).map(|(kind, _)| *kind)
    }
}

/// Anything that happened but a pose, a probe or a round trip.
#[derive(Clone, Debug, PartialEq)]
pub struct EventRow {
    /// When.
    pub time: i64,
    /// What.
    pub kind: EventKind,
    /// Who.
    pub person: Option<i64>,
    /// Where.
    pub room: Option<i64>,
    /// The type that the client sent, of [`EventKind::Said`].
    pub type_: Option<String>,
    /// See [`EventKind`].
    pub data: Option<String>,
    /// An error's code.
    pub code: Option<i64>,
    /// How many.
    pub count: Option<i64>,
}

impl EventRow {
    /// An event with nothing but its time and kind.
    pub fn new(time: i64, kind: EventKind) -> Self {
        Self {
            time,
            kind,
            person: None,
            room: None,
            type_: None,
            data: None,
            code: None,
            count: None,
        }
    }
}

/// A mark in time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MarkerRow {
    /// When it was set, or began.
    pub time: i64,
    /// When it ended; of an interval that has ended.
    pub end: Option<i64>,
    /// Whether it has a begin and an end.
    pub is_interval: bool,
    /// What it marks.
    pub label: String,
    /// Who set it; `None` for the operator.
    pub person: Option<i64>,
    /// The room that it was sent to, if a client sent it.
    pub room: Option<i64>,
}

/// A clock probe (RFC 5905, section 8).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ProbeRow {
    /// Whose.
    pub person: i64,
    /// T1: the client's clock when it was sent, in seconds.
    pub client: f64,
    /// T2: when it was received.
    pub received: i64,
    /// T3: when the answer was sent.
    pub sent: i64,
}

/// A round trip of one of the server's pings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RoundTripRow {
    /// When the pong came.
    pub time: i64,
    /// Whose.
    pub person: i64,
    /// How long it took, in microseconds.
    pub micros: i64,
}

/// A tick that was late by at least 1 ms.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LateTick {
    /// When it went out.
    pub time: i64,
    /// Of which room.
    pub room: i64,
    /// By how much, in microseconds.
    pub micros: i64,
}
