//! What the hub and a connection's task share: its way out and its signs of life.

mod liveness;
pub(crate) mod outbox;

use std::net::SocketAddr;

pub(crate) use self::liveness::Liveness;
pub(crate) use self::outbox::Outbox;
use crate::model::{SessionId, Timestamp};

/// What the hub and a connection's task share.
#[derive(Debug)]
pub(crate) struct Connection {
    pub(crate) id: SessionId,
    pub(crate) peer: SocketAddr,
    pub(crate) outbox: Outbox,
    pub(crate) liveness: Liveness,
}

impl Connection {
    pub(crate) fn new(id: SessionId, peer: SocketAddr, outbox: Outbox, now: Timestamp) -> Self {
        let liveness = Liveness::default();
        liveness.hear(now, 0);
        Self { id, peer, outbox, liveness }
    }
}
