//! What ticks cost the hub, in the current second and the one before.

use std::time::Duration;

use crate::model::Timestamp;

/// The figures of two seconds.
#[derive(Debug, Default)]
pub(super) struct Timing {
    second: u64,
    now: Second,
    last: Second,
}

/// The figures of one second.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Second {
    pub(super) rounds: u32,
    pub(super) total: Duration,
    pub(super) longest: Duration,
    pub(super) latest: Duration,
}

impl Timing {
    fn turn_to(&mut self, now: Timestamp) {
        let second = now.as_micros() / 1_000_000;
        if second != self.second {
            self.last = if second == self.second + 1 { self.now } else { Second::default() };
            self.now = Second::default();
            self.second = second;
        }
    }

    /// Counts a round of ticks that began at `now`.
    pub(super) fn add(&mut self, now: Timestamp, took: Duration, late: Duration) {
        self.turn_to(now);
        let second = &mut self.now;
        second.rounds += 1;
        second.total += took;
        second.longest = second.longest.max(took);
        second.latest = second.latest.max(late);
    }

    /// The figures of the last whole second.
    pub(super) fn last(&mut self, now: Timestamp) -> Second {
        self.turn_to(now);
        self.last
    }
}
