//! The server's time. No other module asks the machine for the time or puts a thread to sleep, so
//! that a test can stop the clock: the monotonic one is tokio's, which `tokio::time::pause` stops.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

pub use tokio::time::Instant;

use crate::model::Timestamp;

/// The machine's wall-clock time now.
pub fn wall() -> SystemTime {
    SystemTime::now()
}

/// The monotonic clock now.
pub fn monotonic() -> Instant {
    Instant::now()
}

/// Blocks the calling thread.
pub fn sleep_thread(duration: Duration) {
    std::thread::sleep(duration);
}

/// Wall-clock time that never runs backwards within a run.
///
/// The machine's clock is read once, and a monotonic clock carries the time on from there, so that
/// setting the machine's clock later has no effect.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    origin: Instant,
    origin_micros: u64,
}

impl Clock {
    /// A clock that starts at the machine's current time.
    pub fn start() -> Self {
        let since_epoch = wall().duration_since(UNIX_EPOCH).unwrap_or_default();
        Self::starting_at(Timestamp::from_micros(since_epoch.as_micros() as u64))
    }

    /// A clock that starts at `moment`.
    pub fn starting_at(moment: Timestamp) -> Self {
        Self { origin: monotonic(), origin_micros: moment.as_micros() }
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
        let wait = clock.instant_of(later).saturating_duration_since(monotonic());
        assert!(wait <= Duration::from_secs(2) && wait > Duration::from_millis(1900));
    }
}
