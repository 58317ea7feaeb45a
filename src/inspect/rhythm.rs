//! How regularly poses came: their rate, and the gaps between them.

/// A pose that comes so many microseconds after the one before it ends a gap.
pub(super) const GAP: i64 = 100_000;

/// Intervals in a block, over whose length the nominal rate is estimated: enough that a burst of
/// late packets hardly matters. A gap ends the block before it.
const BLOCK: usize = 32;

/// Of the shortest and of the longest blocks, one in so many is left out of the estimate: those in
/// which a client catches up after a gap, or is about to have one.
const TRIM: usize = 8;

/// A rate is taken for a usual one within this share of it.
const NEAR: f64 = 0.02;

/// Rates that headsets and trackers usually have, in Hz.
const USUAL: [f64; 22] = [
    1.0, 2.0, 5.0, 10.0, 15.0, 20.0, 24.0, 25.0, 30.0, 36.0, 40.0, 45.0, 50.0, 60.0, 72.0, 75.0,
    80.0, 90.0, 100.0, 120.0, 144.0, 240.0,
];

/// The gaps of one or more stays, in microseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Gaps {
    pub(super) count: u64,
    /// How long they are together.
    pub(super) total: i64,
    /// The longest, and the first of these if there are several.
    pub(super) longest: i64,
    /// When that began: the time of the pose before it.
    pub(super) longest_at: i64,
}

impl Gaps {
    fn add(&mut self, at: i64, length: i64) {
        self.count += 1;
        self.total += length;
        if length > self.longest {
            (self.longest, self.longest_at) = (length, at);
        }
    }

    pub(super) fn merge(&mut self, other: &Self) {
        self.count += other.count;
        self.total += other.total;
        let is_first = other.longest_at < self.longest_at;
        if other.longest > self.longest || other.longest == self.longest && is_first {
            (self.longest, self.longest_at) = (other.longest, other.longest_at);
        }
    }
}

/// The times of the poses of one stay, or of several that have been merged.
#[derive(Clone, Debug, Default)]
pub(super) struct Rhythm {
    poses: u64,
    last: Option<i64>,
    gaps: Gaps,
    /// Intervals between two poses of a stay: how many, and how long together.
    intervals: u64,
    length: i64,
    /// Where the block began that is being filled, and how many intervals it has.
    block: (i64, usize),
    /// How long each whole block took.
    blocks: Vec<u32>,
}

impl Rhythm {
    /// Takes the next pose of a stay.
    pub(super) fn add(&mut self, time: i64) {
        self.poses += 1;
        let Some(last) = self.last.replace(time) else {
            self.block = (time, 0);
            return;
        };
        let interval = time - last;
        self.intervals += 1;
        self.length += interval;
        self.block.1 += 1;
        if interval > GAP {
            self.gaps.add(last, interval);
            self.block = (time, 0);
        } else if self.block.1 == BLOCK {
            self.blocks.push(u32::try_from(time - self.block.0).unwrap_or(u32::MAX));
            self.block = (time, 0);
        }
    }

    /// Adds another stay of the same user.
    pub(super) fn merge(&mut self, other: &Self) {
        self.poses += other.poses;
        self.gaps.merge(&other.gaps);
        self.intervals += other.intervals;
        self.length += other.length;
        self.blocks.extend(&other.blocks);
    }

    pub(super) fn poses(&self) -> u64 {
        self.poses
    }

    /// When the last pose came.
    pub(super) fn last(&self) -> Option<i64> {
        self.last
    }

    pub(super) fn gaps(&self) -> &Gaps {
        &self.gaps
    }

    /// Poses a second between the first and the last of a stay, gaps included.
    pub(super) fn rate(&self) -> Option<f64> {
        (self.length > 0).then(|| self.intervals as f64 * 1e6 / self.length as f64)
    }

    /// The rate at which the client probably means to send: that of blocks of poses without a gap,
    /// or the mean rate if there are none; the usual rate next to it if that is near.
    pub(super) fn nominal(&self) -> Option<f64> {
        let mut blocks = self.blocks.clone();
        blocks.sort_unstable();
        let trim = blocks.len() / TRIM;
        let middle = &blocks[trim..blocks.len() - trim];
        let length: u64 = middle.iter().map(|block| u64::from(*block)).sum();
        let rate = if length == 0 {
            self.rate()?
        } else {
            (BLOCK * middle.len()) as f64 * 1e6 / length as f64
        };
        let near = |usual: &&f64| (rate / **usual - 1.0).abs() <= NEAR;
        let usual = USUAL.iter().filter(near).min_by(|a, b| {
            let [a, b] = [a, b].map(|usual| (rate / **usual - 1.0).abs());
            a.total_cmp(&b)
        });
        Some(usual.copied().unwrap_or_else(|| (rate * 10.0).round() / 10.0))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn rhythm(times: impl IntoIterator<Item = i64>) -> Rhythm {
        let mut rhythm = Rhythm::default();
        times.into_iter().for_each(|time| rhythm.add(time));
        rhythm
    }

    /// Poses at `hz` for 20 s, in bursts as a network makes them: each waits for the next of the
    /// moments that are `burst` microseconds apart.
    fn bursts(hz: i64, burst: i64) -> impl Iterator<Item = i64> {
        (0..20 * hz).map(move |n| (n * 1_000_000 / hz + burst - 1) / burst * burst)
    }

    #[test]
    fn a_rate_is_guessed_through_bursts_and_gaps() {
        for hz in [5, 20, 30, 60, 72, 90, 120] {
            for burst in [1, 3_000, 20_000, 50_000] {
                assert_eq!(rhythm(bursts(hz, burst)).nominal(), Some(hz as f64), "{hz} {burst}");
            }
        }
        // A fifth of the time without poses.
        let poor = rhythm(bursts(72, 1).filter(|time| time % 5_000_000 > 1_000_000));
        assert_eq!(poor.nominal(), Some(72.0));
        assert!((poor.rate().unwrap() - 60.0).abs() < 0.5, "{:?}", poor.rate());
        assert_eq!(rhythm(bursts(53, 1)).nominal(), Some(53.0));
        assert_eq!(rhythm([0, 500_000, 1_000_000]).nominal(), Some(2.0));
    }

    #[test]
    fn one_pose_has_no_rate() {
        for times in [&[][..], &[5], &[5, 5]] {
            let rhythm = rhythm(times.iter().copied());
            assert_eq!((rhythm.rate(), rhythm.nominal()), (None, None));
            assert_eq!(rhythm.poses(), times.len() as u64);
        }
    }

    #[test]
    fn a_gap_is_longer_than_100_ms() {
        assert_eq!(rhythm([0, 100_000, 200_000]).gaps().count, 0);
        let gaps = Gaps { count: 1, total: 100_001, longest: 100_001, longest_at: 7 };
        assert_eq!(*rhythm([0, 7, 100_008, 100_009]).gaps(), gaps);
    }

    proptest! {
        #[test]
        fn gaps_and_rates_are_what_a_naive_computation_finds(
            stays in prop::collection::vec(
                (0..10_000_000_i64, prop::collection::vec(0..150_000_i64, 0..200)),
                1..6,
            )
        ) {
            let stays: Vec<Vec<i64>> = stays
                .into_iter()
                .map(|(start, steps)| {
                    steps.iter().scan(start, |time, step| { *time += step; Some(*time) }).collect()
                })
                .collect();
            let mut merged = Rhythm::default();
            for stay in &stays {
                merged.merge(&rhythm(stay.iter().copied()));
            }
            // A new stay begins without a gap, so that windows within each stay are all there is.
            let pairs = || stays.iter().flat_map(|stay| stay.windows(2)).map(|pair| (pair[0], pair[1] - pair[0]));
            let gaps: Vec<(i64, i64)> = pairs().filter(|(_, length)| *length > GAP).collect();
            prop_assert_eq!(merged.gaps().count, gaps.len() as u64);
            prop_assert_eq!(merged.gaps().total, gaps.iter().map(|gap| gap.1).sum::<i64>());
            let longest = gaps.iter().map(|gap| gap.1).max().unwrap_or(0);
            let at = gaps.iter().filter(|gap| gap.1 == longest).map(|gap| gap.0).min().unwrap_or(0);
            prop_assert_eq!((merged.gaps().longest, merged.gaps().longest_at), (longest, at));
            let (count, length) = pairs().fold((0, 0), |(n, sum), pair| (n + 1, sum + pair.1));
            let rate = (length > 0).then(|| f64::from(count) * 1e6 / length as f64);
            prop_assert_eq!(merged.rate(), rate);
            prop_assert_eq!(merged.poses() as usize, stays.iter().map(Vec::len).sum::<usize>());
        }
    }
}
