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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::model::Pose;

    fn row(time: i64, member: i64) -> PoseRow {
        let pose = Pose { pos: [time as f64, 0.0, 0.0], rot: [0.0; 3] };
        PoseRow { time, member, pose, client_time: None }
    }

    fn stay(id: i64, left: Option<i64>) -> Stay {
        Stay { id, person: id, room: 1, joined: 0, left }
    }

    /// The time, the member and the time of the pose of each sample.
    fn samples(
        rate: f64,
        span: (i64, i64),
        rows: &[PoseRow],
        stays: &[Stay],
    ) -> Vec<(i64, i64, i64)> {
        let mut resampler = Resampler::new(rate, span.0, span.1);
        let mut samples = Vec::new();
        for row in rows {
            let stay = stays.iter().find(|stay| stay.id == row.member);
            resampler.pose(row, stay, &mut samples);
        }
        resampler.end(&mut samples);
        samples.iter().map(|row| (row.time, row.member, row.pose.pos[0] as i64)).collect()
    }

    #[test]
    fn each_sample_is_the_latest_pose() {
        let rows = [row(5_000, 1), row(19_000, 1), row(20_000, 1), row(45_000, 1)];
        let expected = [
            (10_000, 1, 5_000),
            (20_000, 1, 20_000),
            (30_000, 1, 20_000),
            (40_000, 1, 20_000),
            (50_000, 1, 45_000),
        ];
        assert_eq!(samples(100.0, (0, 60_000), &rows, &[]), expected);
    }

    #[test]
    fn a_gap_stays_a_gap() {
        let rows = [row(0, 1), row(1_000_000, 1)];
        let samples = samples(20.0, (0, 1_000_001), &rows, &[]);
        let times: Vec<i64> = samples.iter().map(|(time, ..)| *time).collect();
        assert_eq!(times, [0, 50_000, 100_000, 1_000_000]);
    }

    #[test]
    fn nobody_is_sampled_after_leaving() {
        let rows = [row(0, 1), row(0, 2), row(30_000, 2)];
        let stays = [stay(1, Some(20_000)), stay(2, None)];
        let samples = samples(100.0, (0, 40_001), &rows, &stays);
        let of_1: Vec<i64> = samples.iter().filter(|row| row.1 == 1).map(|row| row.0).collect();
        assert_eq!(of_1, [0, 10_000]);
        assert_eq!(samples.iter().filter(|row| row.1 == 2).count(), 5);
    }

    proptest! {
        #[test]
        fn samples_are_what_a_search_finds(
            rate in prop_oneof![Just(0.5), Just(29.97), Just(72.0), Just(1000.0)],
            from in 0..1_000_000i64,
            poses in prop::collection::vec((0..3_000_000i64, 1..4i64), 0..60),
        ) {
            let mut rows: Vec<PoseRow> =
                poses.into_iter().map(|(time, member)| row(from + time, member)).collect();
            rows.sort_by_key(|row| row.time);
            let span = (from, from + 3_500_000);
            let hold = Resampler::max_hold(rate);
            let mut expected = Vec::new();
            for sample in 0.. {
                let at = (f64::from(sample) * 1e6 / rate).round() as i64;
                if at >= span.1 {
                    break;
                }
                for member in 1..4 {
                    let mut before = rows.iter().filter(|row| row.member == member && row.time <= at);
                    if let Some(latest) = before.next_back().filter(|row| at - row.time <= hold)
                        && at >= from
                    {
                        expected.push((at, member, latest.time));
                    }
                }
            }
            prop_assert_eq!(samples(rate, span, &rows, &[]), expected);
        }
    }
}
