//! When a room ticks.

use std::time::Duration;

use crate::model::Timestamp;

/// Rooms with the same rate tick together, on multiples of their period, so that one wake-up serves
/// them all; a new rate counts from the last tick.
#[derive(Debug, Default)]
pub(crate) struct Cadence {
    /// The room's own rate, in ticks a second.
    pub(crate) own_fps: Option<f64>,
    /// When the last tick was due.
    last_due: Timestamp,
    /// When the next is due; `None` while there are no new poses.
    pub(crate) next_due: Option<Timestamp>,
}

impl Cadence {
    /// When a tick is due for a pose that came at `now`.
    pub(super) fn due(&self, now: Timestamp, fps: f64) -> Timestamp {
        let period = 1e6 / fps;
        let follow = self.last_due.as_micros() as f64 + period;
        let now = now.as_micros() as f64;
        let due = if follow >= now {
            let on_grid = (follow / period).round() * period;
            // Whole microseconds drift from the grid by less than this.
            if (on_grid - follow).abs() < 3.0 { on_grid } else { follow }
        } else if follow + period > now {
            // Less than one tick late: at once, and later ticks count from here.
            now
        } else {
            (now / period).ceil() * period
        };
        Timestamp::from_micros(due.round() as u64)
    }

    pub(super) fn ticked(&mut self, due: Timestamp) {
        self.last_due = due;
        self.next_due = None;
    }
}

/// The time between two ticks at `fps`.
pub(crate) fn period(fps: f64) -> Duration {
    Duration::from_secs_f64(1.0 / fps)
}
