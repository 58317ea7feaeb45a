//! Keeps the server within its memory budget.
//!
//! From three quarters on, sessions stop reading from connections that hold a lot. If that does
//! not help in time, or once all of the budget is in use, those that hold the most are closed,
//! until enough is free.

use std::time::Duration;

use super::Hub;
use crate::model::{Pressure, SessionId, Timestamp};
use crate::protocol::websocket::CloseReason;

/// How often the budget is checked while it is under pressure.
const INTERVAL: Duration = Duration::from_millis(50);

/// How long high pressure may last before connections are closed.
const PATIENCE: Duration = Duration::from_secs(2);

/// Connections closed at once; memory is freed only when their frames are dropped.
const CLOSED_AT_ONCE: usize = 64;

/// Connections that hold less than this, in bytes, are left alone.
pub(crate) const FAIR_SHARE: usize = 64 << 10;

/// Since when the budget has been under pressure, and when to check it again.
#[derive(Debug, Default)]
pub(super) struct Watch {
    since: Option<Timestamp>,
    next: Timestamp,
}

impl Watch {
    /// When to check again, while under pressure.
    pub(super) fn next(&self) -> Option<Timestamp> {
        self.since.map(|_| self.next)
    }
}

impl Hub {
    /// Closes the connections that hold the most, if there is no other way.
    pub(super) fn watch_memory(&mut self, now: Timestamp) {
        let pressure = self.budget.pressure();
        if pressure == Pressure::None {
            self.memory.since = None;
            return;
        }
        let since = *self.memory.since.get_or_insert(now);
        if now < self.memory.next {
            return;
        }
        self.memory.next = now.plus(INTERVAL);
        if pressure < Pressure::Full && now.since(since) < PATIENCE {
            return;
        }
        let mut greedy: Vec<(usize, SessionId)> = self
            .dispatch
            .connections()
            .map(|connection| (connection.held_bytes(), connection.id))
            .filter(|(held, _)| *held >= FAIR_SHARE)
            .collect();
        greedy.sort_unstable();
        let mut to_free = self.budget.excess();
        for (held, id) in greedy.into_iter().rev().take(CLOSED_AT_ONCE) {
            if to_free == 0 {
                break;
            }
            to_free = to_free.saturating_sub(held);
            let reason = format!(
                "the server is out of memory, and this connection holds {held} bytes of it"
            );
            self.let_go(id, CloseReason::new(CloseReason::POLICY, reason), now, true);
        }
    }
}
