//! A moment on the server's clock.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// A moment on the server's clock, in whole microseconds since the Unix epoch.
///
/// On the wire it is a JSON number of seconds with six decimals (wire contract, "Time").
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

    /// The moment `by` later; saturates at the last one that can be represented.
    pub const fn plus(self, by: Duration) -> Self {
        Self(self.0.saturating_add(by.as_micros() as u64))
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:06}", self.0 / 1_000_000, self.0 % 1_000_000)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shows_six_decimals() {
        assert_eq!(Timestamp::from_micros(1_763_000_000_000_042).to_string(), "1763000000.000042");
    }
}
