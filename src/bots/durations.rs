//! Durations counted in an HDR histogram.

use std::time::Duration;

use hdrhistogram::Histogram;

/// Quantiles are exact to the microsecond up to 255 µs and right to 1 % above.
const SIGNIFICANT_FIGURES: u8 = 2;

/// Longer durations count as an hour, which bounds the memory.
const LONGEST: Duration = Duration::from_secs(3600);

/// Counts durations, in microseconds, in as many buckets as the longest needs.
#[derive(Clone, Debug)]
pub(super) struct Durations(Histogram<u32>);

impl Default for Durations {
    fn default() -> Self {
        Self(Histogram::new(SIGNIFICANT_FIGURES).expect("a histogram may have 0 to 5 figures"))
    }
}

impl Durations {
    pub(super) fn record(&mut self, duration: Duration) {
        // Fails only if the histogram can't grow as far as LONGEST.
        let _ = self.0.record(micros(duration));
    }

    pub(super) fn merge(&mut self, other: &Self) {
        let _ = self.0.add(&other.0);
    }

    pub(super) fn clear(&mut self) {
        self.0.reset();
    }

    pub(super) fn count(&self) -> u64 {
        self.0.len()
    }

    /// The shortest duration not exceeded by the share `q` (0 to 1) of all; `None` if there are
    /// none.
    pub(super) fn quantile(&self, q: f64) -> Option<Duration> {
        (!self.0.is_empty()).then(|| Duration::from_micros(self.0.value_at_quantile(q)))
    }

    /// The longest duration, as precise as a quantile.
    pub(super) fn max(&self) -> Option<Duration> {
        (!self.0.is_empty()).then(|| Duration::from_micros(self.0.max()))
    }

    /// How many durations lie in a bucket above that of `limit`.
    pub(super) fn count_above(&self, limit: Duration) -> u64 {
        self.0.len() - self.0.count_between(0, micros(limit))
    }
}

fn micros(duration: Duration) -> u64 {
    duration.min(LONGEST).as_micros() as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_right_to_one_percent() {
        let mut durations = Durations::default();
        for micros in 1..=100_000 {
            durations.record(Duration::from_micros(micros));
        }
        for (q, exact) in [(0.5, 50_000.0), (0.99, 99_000.0), (0.001, 100.0), (1.0, 100_000.0)] {
            let found = durations.quantile(q).unwrap().as_micros() as f64;
            assert!((found / exact - 1.0).abs() <= 0.01, "{q}: {found}");
        }
        assert_eq!(durations.max(), durations.quantile(1.0));
        assert_eq!(durations.count(), 100_000);
    }

    #[test]
    fn short_durations_are_exact() {
        for micros in 0..256 {
            let mut durations = Durations::default();
            durations.record(Duration::from_micros(micros));
            assert_eq!(durations.quantile(0.5), Some(Duration::from_micros(micros)));
        }
    }

    #[test]
    fn the_longest_is_an_hour() {
        let mut durations = Durations::default();
        durations.record(Duration::MAX);
        let found = durations.max().unwrap().as_secs_f64();
        assert!((found / 3600.0 - 1.0).abs() <= 0.01, "{found}");
    }

    #[test]
    fn merging_equals_recording_into_one() {
        let (mut left, mut right, mut both) =
            (Durations::default(), Durations::default(), Durations::default());
        for millis in 1..500 {
            let half = if millis % 3 == 0 { &mut left } else { &mut right };
            half.record(Duration::from_millis(millis));
            both.record(Duration::from_millis(millis));
        }
        left.merge(&right);
        assert_eq!(left.quantile(0.9), both.quantile(0.9));
        assert_eq!((left.count(), left.max()), (both.count(), both.max()));
        left.clear();
        assert_eq!((left.count(), left.max(), left.quantile(0.5)), (0, None, None));
    }

    #[test]
    fn counts_what_lies_clearly_above() {
        let mut durations = Durations::default();
        for millis in [10, 10, 11, 14, 16, 40] {
            durations.record(Duration::from_millis(millis));
        }
        assert_eq!(durations.count_above(Duration::from_millis(15)), 2);
        assert_eq!(durations.count_above(Duration::from_secs(9999)), 0);
        assert_eq!(Durations::default().count_above(Duration::ZERO), 0);
    }
}
