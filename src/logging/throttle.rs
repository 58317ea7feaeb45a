//! Limits log events that a client can trigger at will to one a second.

use std::collections::HashMap;
use std::hash::Hash;
use std::time::Duration;

use crate::model::Timestamp;

const SECOND: Duration = Duration::from_secs(1);

/// Lets one event a second through and counts the others.
#[derive(Clone, Copy, Debug, Default)]
pub struct OncePerSecond {
    last: Option<Timestamp>,
    suppressed: u64,
}

impl OncePerSecond {
    /// Returns `Some` if the event at `now` should be logged, with the number of events suppressed
    /// since the last logged one.
    pub fn admit(&mut self, now: Timestamp) -> Option<u64> {
        if self.is_open(now) {
            self.last = Some(now);
            Some(std::mem::take(&mut self.suppressed))
        } else {
            self.suppressed += 1;
            None
        }
    }

    /// The number of suppressed events, if there are any and their second is over, so that the
    /// end of a burst is logged too. Counts as a logged event.
    pub fn take_due(&mut self, now: Timestamp) -> Option<u64> {
        if self.suppressed > 0 {
            self.is_open(now).then(|| self.admit(now)).flatten()
        } else {
            None
        }
    }

    fn is_open(&self, now: Timestamp) -> bool {
        self.last.is_none_or(|last| now.since(last) >= SECOND)
    }
}

/// [`OncePerSecond`] for each kind of event. `K` should have few values, such as the limits: each
/// is kept until [`RateLimitedLog::due`] finds that its second is over.
#[derive(Clone, Debug)]
pub struct RateLimitedLog<K> {
    kinds: HashMap<K, OncePerSecond>,
}

impl<K> Default for RateLimitedLog<K> {
    fn default() -> Self {
        Self { kinds: HashMap::new() }
    }
}

impl<K: Eq + Hash + Clone> RateLimitedLog<K> {
    /// Returns `Some` if the event at `now` should be logged, with the number of events of its
    /// kind suppressed since the last logged one.
    pub fn admit(&mut self, kind: K, now: Timestamp) -> Option<u64> {
        self.kinds.entry(kind).or_default().admit(now)
    }

    /// The kinds with suppressed events whose second is over, each with their number. Call it
    /// about once a second.
    pub fn due(&mut self, now: Timestamp) -> Vec<(K, u64)> {
        let mut due = Vec::new();
        self.kinds.retain(|kind, gate| {
            due.extend(gate.take_due(now).map(|suppressed| (kind.clone(), suppressed)));
            !gate.is_open(now)
        });
        due
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(millis: u64) -> Timestamp {
        Timestamp::from_micros(millis * 1000)
    }

    #[test]
    fn one_a_second_with_the_count_of_the_others() {
        let mut gate = OncePerSecond::default();
        assert_eq!(gate.admit(at(5)), Some(0));
        assert_eq!(gate.admit(at(6)), None);
        assert_eq!(gate.admit(at(1004)), None);
        assert_eq!(gate.admit(at(1005)), Some(2));
        assert_eq!(gate.admit(at(9000)), Some(0));
    }

    #[test]
    fn kinds_are_limited_separately() {
        let mut log = RateLimitedLog::default();
        assert_eq!(log.admit("rooms", at(0)), Some(0));
        assert_eq!(log.admit("messages", at(1)), Some(0));
        assert_eq!(log.admit("rooms", at(2)), None);
        assert_eq!(log.due(at(999)), []);
        assert_eq!(log.due(at(1001)), [("rooms", 1)]);
        assert_eq!(log.due(at(5000)), []);
        assert!(log.kinds.is_empty());
    }

    proptest! {
        #[test]
        fn every_event_is_logged_or_counted(gaps in prop::collection::vec(0u64..700, 1..60)) {
            let mut gate = OncePerSecond::default();
            let (mut now, mut told) = (0, 0);
            let mut last = None;
            for gap in &gaps {
                now += gap;
                if let Some(suppressed) = gate.admit(at(now)) {
                    told += 1 + suppressed;
                    prop_assert!(last.is_none_or(|last| now - last >= 1000));
                    last = Some(now);
                }
            }
            told += gate.take_due(at(now + 1000)).unwrap_or(0);
            prop_assert_eq!(told, gaps.len() as u64);
        }
    }
}
