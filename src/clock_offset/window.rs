//! The latest probes and round trips, and what they say together.
//!
//! RFC 5905 (section 10) takes, of the last eight samples, the one with the shortest round trip, since
//! its error is bounded by half of that. Here each probe has its own lower bound, and the greatest of
//! these counts: it is that of the fastest message. The upper bound needs the time that this message
//! took. It was less than a round trip would have been, so if n probes and m round trips were
//! measured, the fastest probe is slower than the k-th shortest round trip with a probability of at
//! most (m choose k) / (m + n choose k). The bound is the first round trip for which that is 1 %: of
//! thirty, one of the shortest for thirty probes, the longest but a few for three. A probe alone gets
//! twice the longest.

use std::collections::VecDeque;
use std::time::Duration;

use super::rate::{MAX_DRIFT, Range, Rate};
use crate::model::Timestamp;

/// Probes and round trips that count. More would gain little.
const PROBES: usize = 32;
const ROUND_TRIPS: usize = 32;

/// Probes within this time are held up by the same things, and count as one.
const MOMENT: Duration = Duration::from_millis(500);

/// How long they count. In five minutes, a rate that is known to 15 ppm makes 4.5 ms of difference;
/// probes for which that is too much are outdone by younger ones.
const AGE: Duration = Duration::from_secs(300);

/// The chance that an upper bound from round trips is too low.
const RISK: f64 = 0.01;

/// What one probe says.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Sample {
    /// When it was received.
    pub(super) at: Timestamp,
    /// When the first of its moment was received.
    pub(super) since: Timestamp,
    /// The least that the offset can have been.
    pub(super) lo: f64,
    /// The most; infinite if the client had answered no ping before.
    pub(super) hi: f64,
}

/// The latest probes of one clock, and round trips.
#[derive(Clone, Debug, Default)]
pub(super) struct Window {
    samples: VecDeque<Sample>,
    round_trips: VecDeque<(Timestamp, f64)>,
}

impl Window {
    #[cfg(test)]
    pub(super) fn heap_bytes(&self) -> usize {
        self.samples.capacity() * size_of::<Sample>()
            + self.round_trips.capacity() * size_of::<(Timestamp, f64)>()
    }

    pub(super) fn len(&self) -> usize {
        self.samples.len()
    }

    /// Adds a sample.
    pub(super) fn add(&mut self, mut sample: Sample, rate: Rate) {
        if let Some(one) = self.samples.back().and_then(|last| last.join(sample, rate)) {
            sample = one;
            self.samples.pop_back();
        }
        if self.samples.len() >= PROBES {
            self.samples.pop_front();
        }
        self.samples.retain(|old| sample.at.since(old.at) <= AGE);
        self.samples.push_back(sample);
    }

    /// Starts again with other samples. Round trips are the connection's and stay.
    pub(super) fn restart(&mut self, samples: impl IntoIterator<Item = Sample>) {
        self.samples.clear();
        self.samples.extend(samples);
    }

    /// Adds a round trip whose pong was received at `at`.
    pub(super) fn add_round_trip(&mut self, at: Timestamp, seconds: f64) {
        if self.round_trips.len() >= ROUND_TRIPS {
            self.round_trips.pop_front();
        }
        self.round_trips.retain(|(old, _)| at.since(*old) <= AGE);
        self.round_trips.push_back((at, seconds));
    }

    /// When the last round trip was measured.
    pub(super) fn last_round_trip(&self) -> Option<Timestamp> {
        self.round_trips.back().map(|(at, _)| *at)
    }

    /// The longest of the round trips, in seconds.
    pub(super) fn longest_round_trip(&self) -> Option<f64> {
        self.round_trips.iter().map(|(_, seconds)| *seconds).reduce(f64::max)
    }

    /// What the offset lies between at `now`, at whatever rate it changes: certain but for the rate,
    /// and infinite above if no ping was answered.
    pub(super) fn certain(&self, now: Timestamp) -> Range {
        self.certain_at(now, Rate { lo: -MAX_DRIFT, hi: MAX_DRIFT })
    }

    /// What the greatest lower bound may have become by `now`, at most.
    pub(super) fn highest(&self, now: Timestamp) -> f64 {
        self.samples.iter().map(|old| old.after(now, Rate::ANY.hi).0).fold(f64::MIN, f64::max)
    }

    fn certain_at(&self, now: Timestamp, rate: Rate) -> Range {
        self.samples.iter().fold(Range { lo: f64::MIN, hi: f64::INFINITY }, |range, sample| Range {
            lo: range.lo.max(sample.after(now, rate.lo).0),
            hi: range.hi.min(sample.after(now, rate.hi).1),
        })
    }

    /// What the offset lies between at `now`, and most likely is, given how fast it changes. `None`
    /// without probes, and if nothing is known of how long they take.
    pub(super) fn estimate(&self, now: Timestamp, rate: Rate) -> Option<(Range, f64)> {
        if self.samples.is_empty() {
            return None;
        }
        let certain = self.certain_at(now, rate);
        let mut round_trips: Vec<f64> =
            self.round_trips.iter().map(|(_, seconds)| *seconds).collect();
        round_trips.sort_by(f64::total_cmp);
        let (Some(shortest), Some(longest)) = (round_trips.first(), round_trips.last()) else {
            // Only certainty is left.
            let middle = certain.lo + certain.width() / 2.0;
            return (certain.lo..f64::INFINITY).contains(&certain.hi).then_some((certain, middle));
        };
        // The newest probes alone, or more of them: older ones make it less likely that all were
        // slow, but the offset may have changed since.
        let (mut highest, mut hi) = (f64::MIN, certain.hi);
        for (count, sample) in (1_usize..).zip(self.samples.iter().rev()) {
            highest = highest.max(sample.after(now, rate.hi).0);
            if count.is_power_of_two() || count == self.samples.len() {
                let slowest = at_most(&round_trips, count).unwrap_or(2.0 * longest);
                // Below what is certain, all of them were slow after all.
                if highest + slowest >= certain.lo {
                    hi = hi.min(highest + slowest);
                }
            }
        }
        // A client's stamp and its pong may have crossed: then the certain bound is not.
        if hi < certain.lo {
            hi = certain.lo + longest;
        }
        let range = Range { lo: certain.lo, hi };
        Some((range, (range.lo + shortest / 2.0).min(range.lo + range.width() / 2.0)))
    }
}

impl Sample {
    /// The better of two that were received within one moment, which count as one.
    pub(super) fn join(&self, next: Self, rate: Rate) -> Option<Self> {
        if next.at.since(self.since) >= MOMENT {
            return None;
        }
        let passed = next.at.since(self.at).as_secs_f64();
        Some(if self.lo + rate.middle() * passed > next.lo {
            Self { hi: self.hi.min(next.hi - rate.lo * passed), ..*self }
        } else {
            Self { since: self.since, hi: next.hi.min(self.hi + rate.hi * passed), ..next }
        })
    }

    /// Its bounds at `now`, at a rate.
    fn after(&self, now: Timestamp, rate: f64) -> (f64, f64) {
        let change = rate * now.since(self.at).as_secs_f64();
        (self.lo + change, self.hi + change)
    }
}

/// The round trip that the fastest of `probes` messages exceeds with a probability of at most
/// [`RISK`]. `sorted` are round trips from the shortest to the longest; `None` if there are too few.
///
/// If the messages took as long as whole round trips, which is more than they do, then the k shortest
/// of all m + n times would be round trips with the probability that is computed here.
pub(super) fn at_most(sorted: &[f64], probes: usize) -> Option<f64> {
    let (mut chance, mut left) = (1.0, sorted.len());
    for round_trip in sorted {
        chance *= left as f64 / (left + probes) as f64;
        left -= 1;
        if chance <= RISK {
            return Some(*round_trip);
        }
    }
    None
}
