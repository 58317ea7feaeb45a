//! What the hub and a connection's task share: its outbox, its liveness, and what it costs.

mod flusher;
mod lanes;
mod liveness;
pub(crate) mod outbox;
#[cfg(test)]
mod outbox_tests;
mod sync;
mod transport;

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, AtomicUsize, Ordering};

pub(crate) use self::flusher::Flusher;
pub(crate) use self::liveness::Liveness;
pub(crate) use self::outbox::Outbox;
pub(crate) use self::transport::SendHalf;
#[cfg(test)]
pub(crate) use self::transport::Stream;
use crate::model::{SessionId, Timestamp};

/// No login has been asked for, or it was refused.
const NOT_ASKED: u8 = 0;
/// A login is under way.
const ASKED: u8 = 1;
/// Someone is logged in.
const LOGGED_IN: u8 = 2;

/// What the hub and a connection's task share.
#[derive(Debug)]
pub(crate) struct Connection {
    pub(crate) id: SessionId,
    pub(crate) peer: SocketAddr,
    /// The thread that reads and writes it, an index into the server's threads.
    pub(crate) thread: usize,
    pub(crate) outbox: Outbox,
    pub(crate) liveness: Liveness,
    flush_queued: AtomicBool,
    login: AtomicU8,
    /// Its client compares clocks, for which the hub needs its round trips.
    compares_clocks: AtomicBool,
    /// Bytes of large answers that its quota has not been charged for yet.
    debt: AtomicU64,
    /// Bytes of incomplete messages that its reader holds.
    unread: AtomicUsize,
}

impl Connection {
    pub(crate) fn new(
        id: SessionId,
        peer: SocketAddr,
        thread: usize,
        outbox: Outbox,
        now: Timestamp,
    ) -> Self {
        let liveness = Liveness::default();
        liveness.hear(now, 0);
        Self {
            id,
            peer,
            thread,
            outbox,
            liveness,
            flush_queued: AtomicBool::new(false),
            login: AtomicU8::new(NOT_ASKED),
            compares_clocks: AtomicBool::new(false),
            debt: AtomicU64::new(0),
            unread: AtomicUsize::new(0),
        }
    }

    /// Notes that its client has asked to log in.
    pub(crate) fn login_asked(&self) {
        let _ = self.login.compare_exchange(NOT_ASKED, ASKED, Ordering::Relaxed, Ordering::Relaxed);
    }

    /// Notes what came of a login.
    pub(crate) fn login_handled(&self, logged_in: bool) {
        self.login.store(if logged_in { LOGGED_IN } else { NOT_ASKED }, Ordering::Relaxed);
    }

    /// Whether it is logged in, or may be by the time its next message is handled.
    pub(crate) fn may_be_logged_in(&self) -> bool {
        self.login.load(Ordering::Relaxed) != NOT_ASKED
    }

    /// Notes that its client compares clocks.
    pub(crate) fn note_comparison(&self) {
        self.compares_clocks.store(true, Ordering::Relaxed);
    }

    /// Whether its client has compared clocks.
    pub(crate) fn compares_clocks(&self) -> bool {
        self.compares_clocks.load(Ordering::Relaxed)
    }

    /// Charges it for an answer of `bytes`, much larger than its request.
    pub(crate) fn owe(&self, bytes: usize) {
        self.debt.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    /// The bytes it has been charged for since the last call.
    pub(crate) fn take_debt(&self) -> u64 {
        match self.debt.load(Ordering::Relaxed) {
            0 => 0,
            _ => self.debt.swap(0, Ordering::Relaxed),
        }
    }

    /// Notes how many bytes its reader holds.
    pub(crate) fn set_unread(&self, bytes: usize) {
        self.unread.store(bytes, Ordering::Relaxed);
    }

    /// Bytes of the server's memory that it takes: incomplete messages, and frames to be written.
    pub(crate) fn held_bytes(&self) -> usize {
        self.unread.load(Ordering::Relaxed) + self.outbox.waiting()
    }
}
