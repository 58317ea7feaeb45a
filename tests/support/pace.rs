//! Reading at a set rate, as over a slow network.

use std::time::{Duration, Instant};

/// The slowest network on which nobody is closed for reading too slowly: 50 Mbit/s.
pub(crate) const CONTRACT_BYTES_PER_S: f64 = 50e6 / 8.0;

/// What a network at the set rate carries in 10 ms may come at once.
const STEP: Duration = Duration::from_millis(10);

pub(crate) struct Pace {
    bytes_per_s: f64,
    allowed: f64,
    refilled: Instant,
}

impl Pace {
    pub(crate) fn new(bytes_per_s: f64) -> Self {
        Self { bytes_per_s, allowed: 0.0, refilled: Instant::now() }
    }

    /// Waits until something may be read; returns how much.
    pub(super) async fn allowance(&mut self) -> usize {
        loop {
            let passed = self.refilled.elapsed();
            self.refilled += passed;
            // A timer that fires late costs nothing; a pause of the reader's is not made up for.
            let most = self.bytes_per_s * (20 * STEP).as_secs_f64();
            self.allowed = (self.allowed + self.bytes_per_s * passed.as_secs_f64()).min(most);
            if self.allowed >= self.bytes_per_s * STEP.as_secs_f64() {
                return self.allowed as usize;
            }
            tokio::time::sleep(STEP).await;
        }
    }

    pub(super) fn took(&mut self, bytes: usize) {
        self.allowed -= bytes as f64;
    }
}
