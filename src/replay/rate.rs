//! How many poses a ghost may send.

use crate::clock::Instant;

/// Poses a second that a server always takes from one connection.
const PER_SECOND: f64 = 240.0;

/// Poses that may come at once. A server takes twice as many; a recording that was made through one
/// never has more within the time that they take.
const BURST: f64 = 240.0;

/// A token bucket for the poses of one ghost.
#[derive(Clone, Copy, Debug)]
pub(super) struct PoseRate {
    tokens: f64,
    filled: Option<Instant>,
}

impl Default for PoseRate {
    fn default() -> Self {
        Self { tokens: BURST, filled: None }
    }
}

impl PoseRate {
    /// Takes the allowance for one pose, if there is one.
    pub(super) fn take(&mut self, now: Instant) -> bool {
        if let Some(filled) = self.filled {
            let passed = now.saturating_duration_since(filled).as_secs_f64();
            self.tokens = (self.tokens + passed * PER_SECOND).min(BURST);
        }
        self.filled = Some(now);
        let has = self.tokens >= 1.0;
        if has {
            self.tokens -= 1.0;
        }
        has
    }

    /// When there will be one.
    pub(super) fn next(&self, now: Instant) -> Instant {
        let missing = (1.0 - self.tokens).max(0.0);
        // Rounded up: at that moment there is one.
        now + std::time::Duration::from_secs_f64(missing / PER_SECOND)
            + std::time::Duration::from_micros(1)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::clock;

    #[test]
    fn a_burst_passes_and_then_240_a_second() {
        let start = clock::monotonic();
        let mut rate = PoseRate::default();
        // 1000 Hz for 4 s.
        let passed = (0..4000).filter(|n| rate.take(start + Duration::from_millis(*n))).count();
        assert!((240 + 4 * 240 - 2..=240 + 4 * 240).contains(&passed), "{passed}");
        let now = start + Duration::from_secs(4);
        while rate.take(now) {}
        assert!(!rate.take(now));
        let next = rate.next(now);
        assert!(next > now && next < now + Duration::from_millis(5));
        assert!(rate.take(next));
    }

    #[test]
    fn usual_rates_pass_as_they_are() {
        let start = clock::monotonic();
        let mut rate = PoseRate::default();
        assert!((0..10_000).all(|n| rate.take(start + Duration::from_micros(n * 1_000_000 / 120))));
    }
}
