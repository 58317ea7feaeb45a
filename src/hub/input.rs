//! What connections send to the hub.

use std::sync::Arc;
use std::time::Duration;

use crate::connection::Connection;
use crate::model::{Hold, SessionId, Timestamp};
use crate::protocol::websocket::CloseReason;
use crate::protocol::{Refusal, Request};

/// Inputs that may wait for the hub; while the queue is full, connections are not read from.
pub(crate) const INPUT_QUEUE: usize = 4096;

/// What a connection sends to the hub.
pub(crate) enum Input {
    /// A handshake is complete.
    Connected(Arc<Connection>),
    /// A request, or why it could not be decoded; with a hold to keep until its effects have been
    /// written to everyone.
    Request(SessionId, Result<Request, Refusal>, Option<Hold>),
    /// A ping that compares clocks.
    Probe {
        session: SessionId,
        /// When it was sent, in seconds of the client's clock.
        client: f64,
        /// When it was read.
        received: Timestamp,
    },
    /// A ping of the server was answered. Sent only if somebody wants to know.
    RoundTrip {
        session: SessionId,
        round_trip: Duration,
        /// When the answer was read.
        received: Timestamp,
    },
    /// Requests that the session has refused. Their answers go through the hub to stay in order.
    Refused {
        session: SessionId,
        /// Why each of them was refused.
        refusal: Refusal,
        /// How many.
        count: u32,
    },
    /// The connection has ended; with the reason to close it with, after everything it was sent.
    Disconnected(SessionId, Option<CloseReason>),
}

impl std::fmt::Debug for Input {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Connected(connection) => write!(f, "Connected({})", connection.id),
            Self::Request(session, request, _) => write!(f, "Request({session}, {request:?})"),
            Self::Probe { session, client, .. } => write!(f, "Probe({session}, {client})"),
            Self::RoundTrip { session, round_trip, .. } => {
                write!(f, "RoundTrip({session}, {round_trip:?})")
            }
            Self::Refused { session, count, .. } => write!(f, "Refused({session}, {count})"),
            Self::Disconnected(session, _) => write!(f, "Disconnected({session})"),
        }
    }
}
