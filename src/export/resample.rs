//! Poses at a fixed rate.

use std::collections::BTreeMap;

use crate::archive::{PoseRow, Stay};

/// The longest that a pose is held, in microseconds, unless the rate is below 10 Hz. It is what
/// `inspect` calls a gap: a longer one has no poses after resampling either.
const MAX_HOLD: i64 = 100_000;

/// Samples each stay at multiples of an interval since the recording's start, so that users are
/// sampled at the same times. A sample is the latest pose, as in the server's ticks, and not an
/// interpolated one: all its numbers are what the client sent. It is no older than
/// [`Self::max_hold`].
#[derive(Clone, Debug)]
pub(super) struct Resampler {
    /// Samples a second.
    rate: f64,
    next: u64,
    /// Where to begin and to end, in microseconds since the start.
    from: i64,
    until: i64,
    latest: BTreeMap<i64, Held>,
}

#[derive(Clone, Debug)]
struct Held {
    row: PoseRow,
    /// When the stay ends.
    left: i64,
}

impl Resampler {
    pub(super) fn new(rate: f64, from: i64, until: i64) -> Self {
        let mut resampler = Self { rate, next: 0, from, until, latest: BTreeMap::new() };
        resampler.skip_to(from);
        resampler
    }

    /// The longest that a pose is held, in microseconds.
    pub(super) fn max_hold(rate: f64) -> i64 {
        MAX_HOLD.max((1e6 / rate).ceil() as i64)
    }

    /// The next pose as received: appends to `samples` all samples before it.
    pub(super) fn pose(&mut self, row: &PoseRow, stay: Option<&Stay>, samples: &mut Vec<PoseRow>) {
        self.sample_until(row.time, samples);
        let left = stay.and_then(|stay| stay.left).unwrap_or(i64::MAX);
        self.latest.insert(row.member, Held { row: *row, left });
    }

    /// The end: appends what samples are left.
    pub(super) fn end(&mut self, samples: &mut Vec<PoseRow>) {
        self.sample_until(self.until, samples);
    }

    /// Appends the samples before `time`.
    fn sample_until(&mut self, time: i64, samples: &mut Vec<PoseRow>) {
        let (max_hold, end) = (Self::max_hold(self.rate), time.min(self.until));
        loop {
            let at = self.time_of(self.next);
            if at >= end {
                return;
            }
            self.latest.retain(|_, held| at - held.row.time <= max_hold && at < held.left);
            if self.latest.is_empty() {
                self.skip_to(end);
                return;
            }
            samples.extend(self.latest.values().map(|held| PoseRow { time: at, ..held.row }));
            self.next += 1;
        }
    }

    fn time_of(&self, sample: u64) -> i64 {
        (sample as f64 * 1e6 / self.rate).round() as i64
    }

    /// Makes the next sample the first at `time` or after it.
    fn skip_to(&mut self, time: i64) {
        let time = time.max(self.from);
        self.next = self.next.max((time as f64 * self.rate / 1e6).floor().max(0.0) as u64);
        while self.time_of(self.next) < time {
            self.next += 1;
        }
    }
}
