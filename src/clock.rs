//! The server's time: what goes on the wire, and how it is kept from running back.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use crate::model::Timestamp;

/// Wall-clock time that never runs back within a run.
///
/// The machine's clock is read once; from then on a monotonic clock carries the time forward,
/// so that setting the machine's clock during a session moves no event.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    origin: Instant,
    origin_micros: u64,
}

impl Clock {
    /// A clock that reads the machine's time now.
    pub fn start() -> Self {
        let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Self { origin: Instant::now(), origin_micros: since_epoch.as_micros() as u64 }
    }

    /// The server's time now.
    pub fn now(&self) -> Timestamp {
        Timestamp::from_micros(self.origin_micros + self.origin.elapsed().as_micros() as u64)
    }

    /// The monotonic instant at which this clock shows `moment`.
    pub fn instant_of(&self, moment: Timestamp) -> Instant {
        self.origin + Duration::from_micros(moment.as_micros().saturating_sub(self.origin_micros))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn never_runs_back() {
        let clock = Clock::start();
        let mut last = clock.now();
        for _ in 0..1000 {
            let now = clock.now();
            assert!(now >= last);
            last = now;
        }
    }

    #[test]
    fn instants_and_timestamps_agree() {
        let clock = Clock::start();
        let later = clock.now().plus(Duration::from_secs(2));
        let wait = clock.instant_of(later).saturating_duration_since(Instant::now());
        assert!(wait <= Duration::from_secs(2) && wait > Duration::from_millis(1900));
    }
}
