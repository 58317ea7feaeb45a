//! Rates, and how even a stream is. The time is passed in.

use std::f64::consts::SQRT_2;
use std::time::Duration;

use crate::model::{HISTORY_SECONDS, Timestamp};

/// Counts of each of the last seconds.
#[derive(Clone, Debug)]
pub(crate) struct PerSecond {
    counts: [u32; HISTORY_SECONDS + 1],
    /// The current second.
    second: u64,
    /// The second of the first count.
    first: Option<u64>,
}

impl Default for PerSecond {
    fn default() -> Self {
        Self { counts: [0; HISTORY_SECONDS + 1], second: 0, first: None }
    }
}

const SLOTS: u64 = HISTORY_SECONDS as u64 + 1;

fn second_of(now: Timestamp) -> u64 {
    now.as_micros() / 1_000_000
}

impl PerSecond {
    /// Counts `n` more.
    pub(crate) fn add(&mut self, now: Timestamp, n: u32) {
        let second = second_of(now);
        if second > self.second {
            let passed = (second - self.second).min(SLOTS);
            for i in 0..passed {
                self.counts[((second - i) % SLOTS) as usize] = 0;
            }
            self.second = second;
        }
        self.first.get_or_insert(second);
        let slot = &mut self.counts[(self.second % SLOTS) as usize];
        *slot = slot.saturating_add(n);
    }

    fn of(&self, second: u64) -> u32 {
        if second > self.second || self.second - second >= SLOTS {
            return 0;
        }
        self.counts[(second % SLOTS) as usize]
    }

    /// The count of the last whole second.
    pub(crate) fn last(&self, now: Timestamp) -> u32 {
        self.of(second_of(now).saturating_sub(1))
    }

    /// The mean count of the last `seconds` whole seconds, or of those since the first count if they
    /// are fewer.
    pub(crate) fn mean(&self, now: Timestamp, seconds: u64) -> f64 {
        let Some(first) = self.first else { return 0.0 };
        let end = second_of(now);
        let begin = end.saturating_sub(seconds).max(first);
        if begin >= end {
            // Within the first second: the count so far.
            return f64::from(self.of(end));
        }
        // The first second was incomplete.
        let begin = if begin == first && end - begin > 1 { begin + 1 } else { begin };
        let sum: u64 = (begin..end).map(|second| u64::from(self.of(second))).sum();
        sum as f64 / (end - begin) as f64
    }

    /// The counts of the last whole seconds, oldest first, from the first count on.
    pub(crate) fn history(&self, now: Timestamp) -> Vec<u32> {
        let Some(first) = self.first else { return Vec::new() };
        let end = second_of(now);
        (end.saturating_sub(HISTORY_SECONDS as u64).max(first)..end)
            .map(|second| self.of(second))
            .collect()
    }
}

/// Buckets are a quarter of an octave wide, so that a gap is known to within 19 %.
const GAP_BUCKETS: usize = 64;

/// The end of the first bucket's range, in microseconds; 64 quarter octaves reach 32 s.
const SHORTEST_GAP: f64 = 500.0;

/// How many seconds a gap counts.
const GAP_SECONDS: usize = 5;

/// How even a stream is: the times between its messages over the last 5 s.
#[derive(Clone, Debug)]
pub(crate) struct Gaps {
    seconds: [GapSecond; GAP_SECONDS + 1],
    last: Option<Timestamp>,
}

#[derive(Clone, Copy, Debug)]
struct GapSecond {
    second: u64,
    longest: u32,
    counts: [u8; GAP_BUCKETS],
}

impl Default for Gaps {
    fn default() -> Self {
        let empty = GapSecond { second: 0, longest: 0, counts: [0; GAP_BUCKETS] };
        Self { seconds: [empty; GAP_SECONDS + 1], last: None }
    }
}

impl Gaps {
    /// A message came.
    pub(crate) fn add(&mut self, now: Timestamp) {
        let Some(last) = self.last.replace(now) else { return };
        let gap = now.since(last).as_micros() as u32;
        let second = second_of(now);
        let slot = &mut self.seconds[(second % (GAP_SECONDS as u64 + 1)) as usize];
        if slot.second != second {
            *slot = GapSecond { second, longest: 0, counts: [0; GAP_BUCKETS] };
        }
        slot.longest = slot.longest.max(gap);
        let count = &mut slot.counts[bucket(gap)];
        *count = count.saturating_add(1);
    }

    /// The 95th percentile of the gaps, and the longest, the current one included. `None` if nothing
    /// came in the last 5 s.
    pub(crate) fn p95_and_longest(&self, now: Timestamp) -> Option<(Duration, Duration)> {
        let open = now.since(self.last?);
        if open >= Duration::from_secs(GAP_SECONDS as u64) {
            return None;
        }
        let oldest = second_of(now).saturating_sub(GAP_SECONDS as u64);
        let mut longest = 0;
        let mut counts = [0_u16; GAP_BUCKETS];
        for slot in self.seconds.iter().filter(|slot| slot.second >= oldest) {
            longest = slot.longest.max(longest);
            for (sum, count) in counts.iter_mut().zip(&slot.counts) {
                *sum += u16::from(*count);
            }
        }
        let longest = Duration::from_micros(longest.into()).max(open);
        let total: u32 = counts.iter().map(|count| u32::from(*count)).sum();
        if total == 0 {
            return None;
        }
        let mut left = total - total * 95 / 100;
        for (bucket, count) in counts.iter().enumerate().rev() {
            let count = u32::from(*count);
            if count >= left {
                return Some((upper_bound(bucket).min(longest), longest));
            }
            left -= count;
        }
        None
    }
}

fn bucket(gap_micros: u32) -> usize {
    let octaves = (f64::from(gap_micros) / SHORTEST_GAP).max(1.0).log2();
    ((octaves * 4.0) as usize).min(GAP_BUCKETS - 1)
}

fn upper_bound(bucket: usize) -> Duration {
    Duration::from_micros(UPPER_BOUNDS[bucket].into())
}

/// The end of each bucket's range, in microseconds.
const UPPER_BOUNDS: [u32; GAP_BUCKETS] = {
    /// The powers of two between 1 and 2, by quarters.
    const QUARTERS: [f64; 4] = [1.0, 1.189_207_115_002_721, SQRT_2, 1.681_792_830_507_429];
    let mut bounds = [0; GAP_BUCKETS];
    let mut bucket = 0;
    while bucket < GAP_BUCKETS {
        let octaves = (1_u32 << ((bucket + 1) / 4)) as f64;
        bounds[bucket] = (SHORTEST_GAP * QUARTERS[(bucket + 1) % 4] * octaves) as u32;
        bucket += 1;
    }
    bounds
};

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: u64) -> Timestamp {
        Timestamp::from_micros(1_000_000_000 + millis * 1000)
    }

    #[test]
    fn counts_seconds() {
        let mut meter = PerSecond::default();
        for millis in (0..3000).step_by(100) {
            meter.add(at(millis), 1);
        }
        assert_eq!(meter.last(at(3000)), 10);
        assert_eq!(meter.mean(at(3000), 5), 10.0);
        assert_eq!(meter.history(at(3000)), [10, 10, 10]);
        assert_eq!(meter.last(at(5000)), 0);
        assert_eq!(meter.history(at(5000)), [10, 10, 10, 0, 0]);
        meter.add(at(200_000), 7);
        assert_eq!(meter.history(at(201_000)).iter().sum::<u32>(), 7);
        assert_eq!(meter.history(at(201_000)).len(), HISTORY_SECONDS);
    }

    #[test]
    fn gaps_tell_even_from_uneven() {
        let mut even = Gaps::default();
        let mut uneven = Gaps::default();
        for i in 0..200u64 {
            even.add(at(i * 20));
            uneven.add(at((i / 10) * 200 + i % 10));
        }
        let (p95, longest) = even.p95_and_longest(at(4000)).unwrap();
        assert_eq!(longest, Duration::from_millis(20));
        assert_eq!(p95, longest);
        let (p95, longest) = uneven.p95_and_longest(at(3820)).unwrap();
        assert!(p95 >= Duration::from_millis(150) && longest >= Duration::from_millis(190));
        assert_eq!(even.p95_and_longest(at(9000)), None);
    }

    #[test]
    fn gaps_lie_below_the_bound_of_their_bucket() {
        for gap in (0..16_000_000).step_by(997) {
            let above = upper_bound(bucket(gap)).as_micros() as u32;
            let below = bucket(gap).checked_sub(1).map_or(0, |below| UPPER_BOUNDS[below]);
            // Bounds are cut to whole microseconds.
            assert!(gap <= above && gap + 1 >= below, "{below} {gap} {above}");
        }
    }
}
