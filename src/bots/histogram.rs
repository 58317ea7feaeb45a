//! A histogram of durations in bounded memory.

use std::time::Duration;

/// Bits of a value that are kept: 32 buckets for each doubling.
const KEPT_BITS: u32 = 5;
const BUCKETS_PER_DOUBLING: u64 = 1 << KEPT_BITS;

/// Longer durations count as this long: a bit over an hour, in microseconds.
const LONGEST_MICROS: u64 = (1 << 32) - 1;

/// Counts durations in logarithmic buckets.
///
/// Up to 63 µs a value is exact to the microsecond; above that a bucket is at most 1/32 of its
/// value wide and answers with its middle, so that a quantile is right to 1.6 %. The largest
/// value is kept as it is. At most 900 buckets are held, only as many as the largest value needs.
#[derive(Clone, Debug, Default)]
pub(super) struct Histogram {
    counts: Vec<u32>,
    total: u64,
    largest: u64,
}

impl Histogram {
    pub(super) fn record(&mut self, duration: Duration) {
        let micros = u64::try_from(duration.as_micros()).unwrap_or(u64::MAX).min(LONGEST_MICROS);
        let bucket = bucket_of(micros);
        if bucket >= self.counts.len() {
            self.counts.resize(bucket + 1, 0);
        }
        self.counts[bucket] = self.counts[bucket].saturating_add(1);
        self.total += 1;
        self.largest = self.largest.max(micros);
    }

    pub(super) fn merge(&mut self, other: &Self) {
        if other.counts.len() > self.counts.len() {
            self.counts.resize(other.counts.len(), 0);
        }
        for (own, more) in self.counts.iter_mut().zip(&other.counts) {
            *own = own.saturating_add(*more);
        }
        self.total += other.total;
        self.largest = self.largest.max(other.largest);
    }

    pub(super) fn clear(&mut self) {
        self.counts.fill(0);
        self.total = 0;
        self.largest = 0;
    }

    pub(super) fn count(&self) -> u64 {
        self.total
    }

    /// The smallest recorded duration that at least the share `q` (0 to 1) does not exceed; none
    /// if nothing was recorded.
    pub(super) fn quantile(&self, q: f64) -> Option<Duration> {
        let wanted = ((q * self.total as f64).ceil() as u64).clamp(1, self.total.max(1));
        let mut passed = 0;
        for (bucket, &count) in self.counts.iter().enumerate() {
            passed += u64::from(count);
            if passed >= wanted {
                return Some(Duration::from_micros(middle_of(bucket).min(self.largest)));
            }
        }
        None
    }

    /// The largest recorded duration.
    pub(super) fn max(&self) -> Option<Duration> {
        (self.total > 0).then(|| Duration::from_micros(self.largest))
    }

    /// How many recorded durations lie in a bucket above that of `limit`.
    pub(super) fn count_above(&self, limit: Duration) -> u64 {
        let micros = u64::try_from(limit.as_micros()).unwrap_or(u64::MAX).min(LONGEST_MICROS);
        self.counts.iter().skip(bucket_of(micros) + 1).map(|&count| u64::from(count)).sum()
    }
}

fn bucket_of(micros: u64) -> usize {
    let shift = (u64::BITS - micros.leading_zeros()).saturating_sub(KEPT_BITS + 1);
    (u64::from(shift) * BUCKETS_PER_DOUBLING + (micros >> shift)) as usize
}

fn middle_of(bucket: usize) -> u64 {
    let bucket = bucket as u64;
    let shift = (bucket / BUCKETS_PER_DOUBLING).saturating_sub(1);
    let lowest = (bucket - shift * BUCKETS_PER_DOUBLING) << shift;
    lowest + ((1 << shift) - 1) / 2
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_are_contiguous_and_hold_their_middle() {
        let mut last = 0;
        for micros in 0..200_000 {
            let bucket = bucket_of(micros);
            assert!(bucket == last || bucket == last + 1, "{micros}");
            assert_eq!(bucket_of(middle_of(bucket)), bucket);
            last = bucket;
        }
        assert!(bucket_of(LONGEST_MICROS) < 900);
    }

    #[test]
    fn quantiles_are_right_to_1_6_percent() {
        let mut histogram = Histogram::default();
        for micros in 1..=100_000 {
            histogram.record(Duration::from_micros(micros));
        }
        for (q, exact) in [(0.5, 50_000.0), (0.99, 99_000.0), (0.001, 100.0)] {
            let found = histogram.quantile(q).unwrap().as_micros() as f64;
            assert!((found / exact - 1.0).abs() <= 0.016, "{q}: {found}");
        }
        assert_eq!(histogram.max(), Some(Duration::from_micros(100_000)));
        assert_eq!(histogram.count(), 100_000);
    }

    #[test]
    fn small_values_are_exact() {
        for micros in 0..64 {
            let mut histogram = Histogram::default();
            histogram.record(Duration::from_micros(micros));
            assert_eq!(histogram.quantile(0.5), Some(Duration::from_micros(micros)));
        }
    }

    #[test]
    fn merging_equals_recording_into_one() {
        let (mut left, mut right, mut both) =
            (Histogram::default(), Histogram::default(), Histogram::default());
        for millis in 1..500 {
            let half = if millis % 3 == 0 { &mut left } else { &mut right };
            half.record(Duration::from_millis(millis));
            both.record(Duration::from_millis(millis));
        }
        left.merge(&right);
        assert_eq!(left.quantile(0.9), both.quantile(0.9));
        assert_eq!(left.count(), both.count());
        left.clear();
        assert_eq!((left.count(), left.max(), left.quantile(0.5)), (0, None, None));
    }

    #[test]
    fn counts_what_lies_clearly_above() {
        let mut histogram = Histogram::default();
        for millis in [10, 10, 11, 14, 16, 40] {
            histogram.record(Duration::from_millis(millis));
        }
        assert_eq!(histogram.count_above(Duration::from_millis(15)), 2);
        assert_eq!(histogram.count_above(Duration::from_secs(9999)), 0);
    }
}
