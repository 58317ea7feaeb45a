//! How fast a recording grows.

use std::collections::VecDeque;
use std::time::Duration;

use crate::model::Timestamp;

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);

/// The shortest time over which growth says something about the hours to come.
const LEAST: Duration = Duration::from_secs(5);

/// A total over time, of which some is remembered.
#[derive(Debug)]
pub(super) struct Growth {
    window: Duration,
    least: Duration,
    totals: VecDeque<(Timestamp, u64)>,
}

impl Growth {
    /// Over the last second.
    pub(super) fn of_a_second() -> Self {
        Self { window: SECOND, least: Duration::ZERO, totals: VecDeque::new() }
    }

    /// Over the last minute.
    pub(super) fn of_a_minute() -> Self {
        Self { window: MINUTE, least: LEAST, totals: VecDeque::new() }
    }

    /// Notes a total.
    pub(super) fn add(&mut self, now: Timestamp, total: u64) {
        // One total that is older than the window stays: from there to now is the whole window.
        while self.totals.get(1).is_some_and(|(at, _)| now.since(*at) >= self.window) {
            self.totals.pop_front();
        }
        self.totals.push_back((now, total));
    }

    /// The rate, in units a second; `None` while it is unknown.
    pub(super) fn per_second(&self) -> Option<f64> {
        let ((first, before), (last, now)) = (self.totals.front()?, self.totals.back()?);
        let passed = last.since(*first);
        let known = passed >= self.least && !passed.is_zero();
        known.then(|| now.saturating_sub(*before) as f64 / passed.as_secs_f64())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_is_over_its_window() {
        let mut growth = Growth::of_a_second();
        assert_eq!(growth.per_second(), None);
        let at = |tenth| Timestamp::from_micros(1_000_000 + tenth * 100_000);
        for tenth in 0..=40 {
            growth.add(at(tenth), if tenth < 20 { 0 } else { 7 * (tenth - 20) });
        }
        let rate = growth.per_second().unwrap();
        assert!((rate - 70.0).abs() < 1e-9, "{rate}");
        assert!(growth.totals.len() <= 12, "{}", growth.totals.len());
    }

    #[test]
    fn the_hours_to_come_need_some_seconds() {
        let mut growth = Growth::of_a_minute();
        growth.add(Timestamp::from_micros(0), 0);
        growth.add(Timestamp::from_micros(4_900_000), 49);
        assert_eq!(growth.per_second(), None);
        growth.add(Timestamp::from_micros(5_000_000), 50);
        assert_eq!(growth.per_second(), Some(10.0));
    }
}
