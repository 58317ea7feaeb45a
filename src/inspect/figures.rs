//! Figures of durations.

use super::report::Spread;

/// Microseconds as seconds.
pub(super) fn seconds(micros: i64) -> f64 {
    micros as f64 / 1e6
}

/// How durations in microseconds are distributed.
pub(super) fn spread(mut micros: Vec<i64>) -> Spread {
    micros.sort_unstable();
    let percentile = |percent: usize| {
        let rank = (micros.len() * percent).div_ceil(100);
        micros.get(rank.max(1) - 1).copied().map(seconds)
    };
    Spread {
        count: micros.len() as u64,
        median: percentile(50),
        p95: percentile(95),
        p99: percentile(99),
        max: percentile(100),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_by_nearest_rank() {
        let hundred = spread((1..=100).rev().map(|n| n * 1000).collect());
        let [median, p95, p99, max] = [0.050, 0.095, 0.099, 0.1].map(Some);
        assert_eq!(hundred, Spread { count: 100, median, p95, p99, max });
        let one = Some(0.007);
        let of_one = Spread { count: 1, median: one, p95: one, p99: one, max: one };
        assert_eq!(spread(vec![7000]), of_one);
        assert_eq!(spread(Vec::new()), Spread::default());
    }
}
