//! Events: what has happened, for the log, recordings and metrics.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use crate::model::{Pose, RoomName, SessionId, Timestamp, UserName};
use crate::protocol::{Code, EventBody};

/// Which events a listener wants. Others are not even built.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Interest {
    /// Connections, logins, rooms, joins, leaves, refusals, the operator's actions.
    pub presence: bool,
    /// Messages and events that users send.
    pub messages: bool,
    /// Every pose as it was received.
    pub poses: bool,
    /// Every tick of every room.
    pub ticks: bool,
}

impl Interest {
    /// Everything.
    pub const ALL: Self = Self { presence: true, messages: true, poses: true, ticks: true };

    /// What either asks for.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        Self {
            presence: self.presence || other.presence,
            messages: self.messages || other.messages,
            poses: self.poses || other.poses,
            ticks: self.ticks || other.ticks,
        }
    }

    /// Whether it asks for this event.
    pub fn covers(self, event: &LobbyEvent) -> bool {
        match event.kind {
            EventKind::Said { .. } => self.messages,
            EventKind::Moved { .. } => self.poses,
            EventKind::Ticked { .. } => self.ticks,
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
    /// A pose, as it was received.
    Moved {
        session: SessionId,
        room: RoomName,
        pose: Pose,
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
