//! Which users are skipping ticks.
//!
//! A snapshot only counts skipped ticks since the login; whether a user is skipping *now* shows
//! in how that count grows from one snapshot to the next.

use std::collections::HashMap;
use std::time::Duration;

use crate::model::{SessionId, Timestamp};
use crate::operator::Snapshot;

/// How long after their last skipped tick a user still counts as skipping.
const SKIPPING_FOR: Duration = Duration::from_secs(5);

#[derive(Clone, Copy, Debug, Default)]
struct Skips {
    total: u64,
    grew: Option<Timestamp>,
}

/// Tracks every user's skipped ticks across snapshots.
#[derive(Debug, Default)]
pub(crate) struct Skipping(HashMap<SessionId, Skips>);

impl Skipping {
    pub(crate) fn take(&mut self, snapshot: &Snapshot) {
        let mut skips = HashMap::with_capacity(snapshot.users.len());
        for user in &snapshot.users {
            let total = user.skipped_ticks;
            let before = self.0.get(&user.session).copied().unwrap_or_default();
            let grew = if total > before.total { Some(snapshot.taken_at) } else { before.grew };
            skips.insert(user.session, Skips { total, grew });
        }
        self.0 = skips;
    }

    pub(crate) fn is_skipping(&self, session: SessionId, now: Timestamp) -> bool {
        let grew = self.0.get(&session).and_then(|skips| skips.grew);
        grew.is_some_and(|grew| now.since(grew) < SKIPPING_FOR)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operator::UserRow;

    fn snapshot(seconds: u64, skipped_ticks: u64) -> Snapshot {
        let taken_at = Timestamp::from_micros(seconds * 1_000_000);
        let user = UserRow { session: SessionId(1), skipped_ticks, ..UserRow::default() };
        Snapshot { taken_at, users: vec![user], ..Snapshot::default() }
    }

    #[test]
    fn skipping_ends_a_while_after_the_count_stops_growing() {
        let mut skipping = Skipping::default();
        let mut is_skipping_at = |seconds, total| {
            let snapshot = snapshot(seconds, total);
            skipping.take(&snapshot);
            skipping.is_skipping(SessionId(1), snapshot.taken_at)
        };
        assert!(!is_skipping_at(1, 0));
        assert!(is_skipping_at(2, 3));
        assert!(is_skipping_at(6, 3));
        assert!(!is_skipping_at(7, 3));
        assert!(is_skipping_at(8, 4));
    }
}
