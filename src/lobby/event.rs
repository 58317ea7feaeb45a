//! Events: what has happened, for the log, recordings and metrics.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use crate::model::{ClockProbe, MarkPhase, Pose, RoomName, SessionId, Timestamp, UserName};
use crate::protocol::{Code, EventBody};

/// Which events a listener wants. Others are not even built.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Interest {
    /// Connections, logins, rooms, joins, leaves, refusals, the operator's actions and marks.
    pub presence: bool,
    /// Messages and events that users send.
    pub messages: bool,
    /// Every pose as it was received.
    pub poses: bool,
    /// Every tick of every room.
    pub ticks: bool,
    /// Clock probes, and the round trips of the server's own pings.
    pub clocks: bool,
}

impl Interest {
    /// Everything.
    pub const ALL: Self =
        Self { presence: true, messages: true, poses: true, ticks: true, clocks: true };

    /// What either asks for.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        Self {
            presence: self.presence || other.presence,
            messages: self.messages || other.messages,
            poses: self.poses || other.poses,
            ticks: self.ticks || other.ticks,
            clocks: self.clocks || other.clocks,
        }
    }

    /// Whether it asks for this event. [`EventKind::Present`] and [`EventKind::Lost`] go to their
    /// listener in any case.
    pub fn covers(self, event: &LobbyEvent) -> bool {
        match event.kind {
            EventKind::Said { .. } => self.messages,
            EventKind::Moved { .. } => self.poses,
            EventKind::Ticked { .. } => self.ticks,
            EventKind::Probed { .. } | EventKind::RoundTrip { .. } => self.clocks,
            _ => self.presence,
        }
    }
}

/// Something that has happened, and when. Owned and cheap to clone: names and texts are shared.
#[derive(Clone, Debug)]
pub struct LobbyEvent {
    /// When it happened, on the server's clock.
    pub time: Timestamp,
    /// What happened.
    pub kind: EventKind,
}

/// What has happened.
#[derive(Clone, Debug)]
#[allow(missing_docs, reason = "the names are enough")]
pub enum EventKind {
    /// All that was there when a listener subscribed to a running server: always its first event.
    /// It comes again soon after each [`EventKind::Lost`], with all that is there by then.
    Present(Arc<Present>),
    /// A connection has completed its handshake.
    Connected {
        session: SessionId,
        peer: SocketAddr,
    },
    /// A connection has ended. Its user, if any, has logged out before.
    Disconnected {
        session: SessionId,
    },
    LoggedIn {
        session: SessionId,
        user: UserName,
    },
    /// A user came back on a new connection with the password of the old one.
    TookOver {
        user: UserName,
        old: SessionId,
        new: SessionId,
    },
    LoggedOut {
        session: SessionId,
        user: UserName,
    },
    RoomOpened {
        room: RoomName,
    },
    RoomClosed {
        room: RoomName,
    },
    Joined {
        session: SessionId,
        user: UserName,
        room: RoomName,
    },
    Left {
        session: SessionId,
        user: UserName,
        room: RoomName,
    },
    /// A message or another event; `session` is `None` if the operator sent it.
    Said {
        session: Option<SessionId>,
        room: RoomName,
        message: Arc<Message>,
    },
    /// A pose, as it was received; `client_time` is when the client says that it sampled it, in
    /// seconds of the client's own clock.
    Moved {
        session: SessionId,
        room: RoomName,
        pose: Pose,
        client_time: Option<f64>,
    },
    /// A user's client has compared clocks.
    Probed {
        session: SessionId,
        probe: ClockProbe,
    },
    /// A ping of the server was answered after this long.
    RoundTrip {
        session: SessionId,
        round_trip: Duration,
    },
    /// A room's poses went out; `late` is how long after they were due.
    Ticked {
        room: RoomName,
        members: usize,
        late: Duration,
    },
    /// Ticks a second; `room` is `None` for the whole server, `fps` for the server's own rate.
    FpsChanged {
        room: Option<RoomName>,
        fps: Option<f64>,
    },
    /// The operator did something, as a sentence.
    Operated {
        action: Arc<str>,
    },
    /// The operator has set a mark.
    Marked {
        label: Arc<str>,
        phase: MarkPhase,
    },
    /// Requests of one session were answered with an error.
    Refused {
        session: SessionId,
        code: Code,
        reason: Arc<str>,
        count: u32,
    },
    /// Events were lost here, because the listener was too slow.
    Lost {
        count: u64,
    },
}

/// What is there at one moment, for a listener that comes later than the server.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Present {
    /// The rate of rooms without one of their own, in ticks a second.
    pub fps: f64,
    /// All rooms, `lobby` first, then by name without case.
    pub rooms: Vec<PresentRoom>,
    /// All logged-in users, sorted by name without case.
    pub users: Vec<PresentUser>,
    /// The connections that nobody is logged in on, in no order.
    pub connections: Vec<(SessionId, SocketAddr)>,
}

/// A room that is there.
#[derive(Clone, Debug, PartialEq)]
pub struct PresentRoom {
    /// Its name.
    pub name: RoomName,
    /// Its own rate, in ticks a second, if it has one.
    pub own_fps: Option<f64>,
}

/// A user who is there.
#[derive(Clone, Debug, PartialEq)]
pub struct PresentUser {
    /// Its connection.
    pub session: SessionId,
    /// Its name.
    pub user: UserName,
    /// Where it connects from.
    pub peer: SocketAddr,
    /// The rooms it is in, in the order in which it joined them.
    pub rooms: Vec<RoomName>,
}

/// A message or event that a user sent, shared by the history, the console's chat and the events.
#[derive(Debug)]
pub struct Message {
    /// When it was sent.
    pub time: Timestamp,
    /// Who sent it.
    pub user: Arc<str>,
    /// The sender as a JSON string.
    pub(crate) user_json: Arc<str>,
    /// What was sent.
    pub body: EventBody,
    /// Its share of the memory budget.
    pub(super) _charge: Option<crate::model::Charge>,
}

#[cfg(test)]
impl Message {
    /// A message of nobody, for tests.
    pub(crate) fn sample(time: Timestamp, kind: &str, data: &str) -> Self {
        let body = EventBody::new(kind, data);
        Self { time, user: "".into(), user_json: "".into(), body, _charge: None }
    }
}
