//! What is looked after at regular times: signs of life, deadlines, rates and limits hit.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use super::Hub;
use crate::clock::Timestamp;
use crate::config::Limits;
use crate::operator::{HISTORY_SECONDS, SessionId, Traffic};
use crate::outbox::State;
use crate::protocol::websocket::{CloseReason, OpCode, control_frame};

/// All connections are looked at once in this time, in slices, so that no turn takes long.
const ROUND: Duration = Duration::from_secs(1);

/// Slices in a round.
const SLICES: u32 = 16;

/// A client that is sending is pinged this often, for its round-trip time.
const ROUND_TRIP_INTERVAL: Duration = Duration::from_secs(5);

const SECOND: Duration = Duration::from_secs(1);

/// When what is looked after.
#[derive(Debug)]
pub(super) struct Sweep {
    next: Timestamp,
    interval: Duration,
    slice: u32,
    next_second: Timestamp,
    bytes: (u64, u64),
    bytes_in: u64,
    bytes_out: VecDeque<u64>,
    refused: u64,
}

impl Sweep {
    pub(super) fn new(limits: &Limits, now: Timestamp) -> Self {
        let shortest = limits.idle_timeout.min(limits.login_timeout);
        let round = ROUND.min(shortest / 8);
        Self {
            next: now,
            interval: round / SLICES,
            slice: 0,
            next_second: now,
            bytes: (0, 0),
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

    pub(super) fn fill_traffic(&self, _now: Timestamp, traffic: &mut Traffic) {
        traffic.bytes_in_per_s = self.bytes_in as f64;
        traffic.bytes_out_per_s = self.bytes_out.back().copied().unwrap_or(0) as f64;
        traffic.bytes_out_history = self.bytes_out.iter().copied().collect();
    }
}

/// What is to become of a connection.
enum Verdict {
    Fine,
    Ping,
    /// It is told, after what waits for it.
    Close(&'static str, Duration),
    /// It reads nothing, so that nothing can be waited for.
    Abandon(&'static str, Duration),
}

impl Hub {
    pub(super) fn sweep(&mut self, now: Timestamp) {
        let nobody = self.dispatch.len() == 0;
        self.sweep.next = now.plus(if nobody { ROUND } else { self.sweep.interval });
        let slots = self.dispatch.slots();
        let slice = self.sweep.slice as usize;
        self.sweep.slice = (self.sweep.slice + 1) % SLICES;
        let real_now = Instant::now();
        for slot in (slice..slots).step_by(SLICES as usize) {
            let Some(connection) = self.dispatch.at(slot) else { continue };
            let id = connection.id;
            match self.judge(id, now, real_now) {
                Verdict::Fine => {}
                Verdict::Ping => {
                    let Some(connection) = self.dispatch.get(id) else { continue };
                    let ping = control_frame(OpCode::Ping, &connection.vitals.ping(now));
                    self.dispatch.push(id, &ping);
                }
                Verdict::Close(why, limit) => self.let_go(id, why, limit, now, false),
                Verdict::Abandon(why, limit) => self.let_go(id, why, limit, now, true),
            }
        }
        if now >= self.sweep.next_second {
            self.sweep.next_second = now.plus(SECOND);
            self.every_second(now);
        }
    }

    fn judge(&self, id: SessionId, now: Timestamp, real_now: Instant) -> Verdict {
        let Some(connection) = self.dispatch.get(id) else { return Verdict::Fine };
        let (vitals, outbox) = (&connection.vitals, &connection.outbox);
        let idle = self.limits.idle_timeout;
        if outbox.is_blocked()
            && let (_, Some(since)) = outbox.waiting()
            && real_now.duration_since(since) > idle
        {
            return Verdict::Abandon("you have read nothing for", idle);
        }
        if now.since(vitals.heard()) > idle {
            return Verdict::Abandon("nothing has come from you, not even a pong, for", idle);
        }
        let login = self.limits.login_timeout;
        if !self.lobby.is_logged_in(id) && self.lobby.connected_for(id, now) > Some(login) {
            return Verdict::Close("you have not logged in within", login);
        }
        let unanswered = vitals.pinged() > vitals.heard();
        let interval = if vitals.heard_request() > vitals.pinged() {
            ROUND_TRIP_INTERVAL.min(idle * 3 / 4)
        } else {
            idle * 3 / 4
        };
        if !unanswered && now.since(vitals.pinged()) >= interval {
            return Verdict::Ping;
        }
        Verdict::Fine
    }

    fn let_go(&mut self, id: SessionId, why: &str, limit: Duration, now: Timestamp, at_once: bool) {
        let Some(connection) = self.dispatch.get(id).cloned() else { return };
        if connection.outbox.state() != State::Open {
            return;
        }
        let reason = CloseReason::new(CloseReason::POLICY, format!("{why} {limit:?}"));
        let user = self.lobby.name_of(id);
        tracing::info!(user = user.as_deref(), peer = %connection.peer, "closed: {}", reason.reason);
        if at_once {
            connection.outbox.abandon(&reason);
            if connection.outbox.is_blocked() {
                self.dispatch.note_slow_closed();
            }
        } else {
            connection.outbox.close(&reason);
        }
        self.lobby.disconnect(id, now, &mut self.dispatch);
    }

    fn every_second(&mut self, now: Timestamp) {
        self.dispatch.now = now;
        let (bytes_in, bytes_out) = self.dispatch.bytes();
        let sweep = &mut self.sweep;
        sweep.bytes_in = bytes_in.saturating_sub(sweep.bytes.0);
        if sweep.bytes_out.len() >= HISTORY_SECONDS {
            sweep.bytes_out.pop_front();
        }
        sweep.bytes_out.push_back(bytes_out.saturating_sub(sweep.bytes.1));
        sweep.bytes = (bytes_in, bytes_out);
        for (code, more) in self.dispatch.refusals.due(now) {
            tracing::debug!(code, "refused {more} more requests in the last second");
        }
        let refused = self.refused.total();
        if refused > self.sweep.refused {
            let more = refused - self.sweep.refused;
            self.sweep.refused = refused;
            tracing::warn!("refused {more} connections: {}", self.refused.last());
        }
    }
}
