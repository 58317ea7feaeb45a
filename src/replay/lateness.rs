//! How late poses were sent.

use std::time::Duration;

use hdrhistogram::Histogram;

/// Right to 1 %.
const SIGNIFICANT_FIGURES: u8 = 2;

/// Longer ones count as this, which bounds the memory.
const LONGEST: Duration = Duration::from_secs(60);

/// Counts how late poses were sent, in microseconds.
#[derive(Debug)]
pub(super) struct Lateness(Histogram<u32>);

impl Default for Lateness {
    fn default() -> Self {
        let longest = LONGEST.as_micros() as u64;
        let histogram = Histogram::new_with_max(longest, SIGNIFICANT_FIGURES);
        Self(histogram.expect("a histogram may have 0 to 5 figures"))
    }
}

impl Lateness {
    pub(super) fn record(&mut self, late: Duration) {
        self.0.saturating_record(late.as_micros() as u64);
    }

    /// 99 of 100 were not later than this; `None` before the first.
    pub(super) fn p99(&self) -> Option<Duration> {
        (!self.0.is_empty()).then(|| Duration::from_micros(self.0.value_at_quantile(0.99)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_in_a_hundred_may_be_later() {
        let mut lateness = Lateness::default();
        assert_eq!(lateness.p99(), None);
        (0..99).for_each(|_| lateness.record(Duration::from_micros(200)));
        lateness.record(Duration::MAX);
        assert_eq!(lateness.p99(), Some(Duration::from_micros(200)));
        lateness.record(Duration::MAX);
        assert!(lateness.p99() > Some(Duration::from_secs(59)));
    }
}
