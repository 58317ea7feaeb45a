//! The server's time: what goes on the wire, and how it is kept from running back.

use std::fmt;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

/// A moment on the server's clock, in whole microseconds since the Unix epoch.
///
/// On the wire it is a JSON number of seconds with six decimals (PROTOCOL.md, "Time").
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub struct Timestamp(u64);

impl Timestamp {
    /// The moment `micros` microseconds after the Unix epoch.
    pub const fn from_micros(micros: u64) -> Self {
        Self(micros)
    }

    /// Microseconds since the Unix epoch.
    pub const fn as_micros(self) -> u64 {
        self.0
    }

    /// Seconds since the Unix epoch.
    pub fn as_secs_f64(self) -> f64 {
        self.0 as f64 / 1e6
    }

    /// How long after `earlier` this is; zero if it is not after it.
    pub const fn since(self, earlier: Self) -> Duration {
        Duration::from_micros(self.0.saturating_sub(earlier.0))
    }

    /// This moment moved on by `by`; stops at the last representable moment.
    pub const fn plus(self, by: Duration) -> Self {
        Self(self.0.saturating_add(by.as_micros() as u64))
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:06}", self.0 / 1_000_000, self.0 % 1_000_000)
    }
}

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
        Timestamp(self.origin_micros + self.origin.elapsed().as_micros() as u64)
    }

    /// The monotonic instant at which this clock shows `moment`.
    pub fn instant_of(&self, moment: Timestamp) -> Instant {
        self.origin + Duration::from_micros(moment.0.saturating_sub(self.origin_micros))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shows_six_decimals() {
        assert_eq!(Timestamp::from_micros(1_763_000_000_000_042).to_string(), "1763000000.000042");
    }

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
