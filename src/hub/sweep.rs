//! Regular checks: liveness, deadlines, rates, and connections refused.

use std::collections::VecDeque;
use std::time::Duration;

use super::Hub;
use crate::connection::outbox::State;
use crate::model::{HISTORY_SECONDS, Limits, SessionId, Timestamp};
use crate::operator::Traffic;
use crate::protocol::websocket::CloseReason;

/// Every connection is checked at least this often, or in an eighth of the shortest deadline, a slice
/// of the connections at a time.
const ROUND: Duration = Duration::from_millis(2500);
const ROUNDS_IN_DEADLINE: u32 = 8;

/// Slices in a round: few, since pings that go out together are cheaper, and so are their pongs.
const SLICES: u32 = 2;

/// Pings in one turn, so that it takes about 2 ms and delays no tick; or, if that is more, the share
/// of the connections that still pings each of them in time.
const PINGS_A_TURN: usize = 512;
const SHARE_PINGED_A_TURN: usize = 8;

/// How often a client that sends is pinged, to measure its round-trip time.
const ROUND_TRIP_INTERVAL: Duration = Duration::from_secs(5);

const SECOND: Duration = Duration::from_secs(1);

/// When to check what.
#[derive(Debug)]
pub(super) struct Sweep {
    next: Timestamp,
    interval: Duration,
    slice: u32,
    next_second: Timestamp,
    /// Totals in and out a second ago, if a console was watching.
    bytes: Option<(u64, u64)>,
    bytes_in: u64,
    bytes_out: VecDeque<u64>,
    refused: u64,
}

impl Sweep {
    pub(super) fn new(limits: &Limits, now: Timestamp) -> Self {
        let shortest = limits.idle_timeout.min(limits.login_timeout);
        let round = ROUND.min(shortest / ROUNDS_IN_DEADLINE);
        Self {
            next: now,
            interval: round / SLICES,
            slice: 0,
            next_second: now,
            bytes: None,
            bytes_in: 0,
            bytes_out: VecDeque::new(),
            refused: 0,
        }
    }

    pub(super) fn next(&self) -> Timestamp {
        self.next
    }

    pub(super) fn is_due(&self, now: Timestamp) -> bool {
        now >= self.next
    }

    pub(super) fn fill_traffic(&self, traffic: &mut Traffic) {
        traffic.bytes_in_per_s = self.bytes_in as f64;
        traffic.bytes_out_per_s = self.bytes_out.back().copied().unwrap_or(0) as f64;
        traffic.bytes_out_history = self.bytes_out.iter().copied().collect();
    }
}

/// What to do about a connection.
enum Verdict {
    Fine,
    Ping,
    /// Close it after everything that is queued.
    Close(&'static str, Duration),
    /// Close it at once: it reads nothing.
    Abandon(&'static str, Duration),
}

impl Hub {
    pub(super) fn sweep(&mut self, now: Timestamp) {
        let nobody = self.dispatch.len() == 0;
        // Once a second at least, for the rates.
        self.sweep.next = now.plus(if nobody { SECOND } else { self.sweep.interval.min(SECOND) });
        let slots = self.dispatch.slots();
        let slice = self.sweep.slice as usize;
        self.sweep.slice = (self.sweep.slice + 1) % SLICES;
        let mut pings = PINGS_A_TURN.max(slots / SHARE_PINGED_A_TURN);
        for slot in (slice..slots).step_by(SLICES as usize) {
            let Some(connection) = self.dispatch.at(slot) else { continue };
            let id = connection.id;
            match self.judge(id, now) {
                Verdict::Fine => {}
                Verdict::Ping if pings == 0 => {}
                Verdict::Ping => {
                    pings -= 1;
                    self.ping(id, now);
                }
                Verdict::Close(why, limit) => {
                    self.let_go(id, policy(why, limit), now, false);
                }
                Verdict::Abandon(why, limit) => {
                    self.let_go(id, policy(why, limit), now, true);
                }
            }
        }
        if now >= self.sweep.next_second {
            self.sweep.next_second = now.plus(SECOND);
            self.every_second();
        }
    }

    fn judge(&self, id: SessionId, now: Timestamp) -> Verdict {
        let Some(connection) = self.dispatch.get(id) else { return Verdict::Fine };
        let (liveness, outbox) = (&connection.liveness, &connection.outbox);
        let idle = self.limits.idle_timeout;
        if liveness.stuck_for(outbox.is_blocked(), outbox.bytes_out(), now) > idle {
            return Verdict::Abandon("you read nothing for", idle);
        }
        if now.since(liveness.heard()) > idle {
            return Verdict::Abandon("you sent nothing, not even a pong, for", idle);
        }
        let login = self.limits.login_timeout;
        if self
            .lobby
            .registry()
            .get(id)
            .is_some_and(|session| session.user.is_none() && now.since(session.connected) > login)
        {
            return Verdict::Close("you did not log in within", login);
        }
        let unanswered = liveness.pinged() > liveness.heard();
        // After the round that may pass before this is seen, an eighth is left for the pong.
        let before_idle = idle * 3 / 4;
        let sends = liveness.heard_request() > liveness.pinged()
            && now.since(liveness.heard_request()) < ROUND_TRIP_INTERVAL;
        let interval = if sends { ROUND_TRIP_INTERVAL.min(before_idle) } else { before_idle };
        if !unanswered && now.since(liveness.pinged()) >= interval {
            return Verdict::Ping;
        }
        Verdict::Fine
    }

    /// Closes a connection and removes its user; `at_once` drops what is queued for it.
    pub(super) fn let_go(
        &mut self,
        id: SessionId,
        reason: CloseReason,
        now: Timestamp,
        at_once: bool,
    ) {
        let Some(connection) = self.dispatch.get(id).cloned() else { return };
        if connection.outbox.state() != State::Open {
            return;
        }
        let user = self.lobby.name_of(id);
        tracing::info!(user = user.as_deref(), peer = %connection.peer, "closed: {}", reason.reason);
        if at_once {
            if connection.outbox.is_blocked() {
                self.dispatch.slow_closed += 1;
            }
            connection.outbox.abandon(&reason);
        } else {
            connection.outbox.close(&reason);
        }
        self.lobby.disconnect(id, now, &mut self.dispatch);
    }

    fn every_second(&mut self) {
        // Visits every connection, so skip it when no console is watching.
        let bytes = (self.port.snapshots.receiver_count() > 0).then(|| self.dispatch.bytes());
        let sweep = &mut self.sweep;
        let before = std::mem::replace(&mut sweep.bytes, bytes);
        let passed = match (before, bytes) {
            (Some(before), Some(now)) => {
                (now.0.saturating_sub(before.0), now.1.saturating_sub(before.1))
            }
            _ => (0, 0),
        };
        sweep.bytes_in = passed.0;
        if sweep.bytes_out.len() >= HISTORY_SECONDS {
            sweep.bytes_out.pop_front();
        }
        sweep.bytes_out.push_back(passed.1);
        let refused = self.refused.total();
        if refused > self.sweep.refused {
            let more = refused - self.sweep.refused;
            self.sweep.refused = refused;
            tracing::warn!("refused {more} connections: {}", self.refused.last());
        }
    }
}

fn policy(why: &str, limit: Duration) -> CloseReason {
    CloseReason::new(CloseReason::POLICY, format!("{why} {limit:?}"))
}
