//! What is wrong with a user's data, and how much.

use std::time::Duration;

use crate::operator::{Liveness, UserRow};

/// How much something should stand out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Severity {
    #[default]
    Fine,
    /// Worth a look.
    Warn,
    /// Somebody notices it in the headset.
    Bad,
}

impl Severity {
    /// What stands beside a name, two cells wide, so that colour never carries it alone.
    pub(super) const fn mark(self) -> &'static str {
        match self {
            Self::Fine => "  ",
            Self::Warn => " !",
            Self::Bad => "!!",
        }
    }
}

/// What a concern is about, each a column of the users' table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum About {
    Gap,
    RoundTrip,
    Skipped,
    Queue,
    State,
}

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Concern {
    pub(super) about: About,
    pub(super) severity: Severity,
    /// The reason, with its value and what it means.
    pub(super) reason: String,
}

// Clients smooth over about 100 ms; twice that is seen as a jump, and after half a second without
// a pose a head visibly stands still.
const GAP_WARN: Duration = Duration::from_millis(200);
const GAP_BAD: Duration = Duration::from_millis(500);

// ITU-T G.114: people who talk with each other don't notice 150 ms one way, and find it hard
// above 400 ms; a round trip is twice that.
const ROUND_TRIP_WARN: Duration = Duration::from_millis(150);
const ROUND_TRIP_BAD: Duration = Duration::from_millis(400);

// A queue drains within a tick on a network that keeps up; the default limit is 1 MiB.
const QUEUE_WARN: usize = 64 << 10;
const QUEUE_BAD: usize = 512 << 10;

/// What is wrong with a user now. `skipping` is whether it has skipped ticks in the last seconds.
pub(super) fn concerns(user: &UserRow, skipping: bool) -> Vec<Concern> {
    let mut found = Vec::new();
    let mut add = |about, severity, reason| found.push(Concern { about, severity, reason });
    if user.liveness == Liveness::Asleep {
        let seconds = user.silent_for.as_secs();
        let reason =
            format!("asleep: nothing came for {seconds} s, most likely the headset was taken off");
        add(About::State, Severity::Warn, reason);
    }
    if let Some(longest) = user.gap_longest
        && user.transforms_per_s > 0.0
    {
        let usual = Duration::from_secs_f64(1.0 / user.transforms_per_s.max(0.1));
        let late = longest > usual * 3;
        let millis = longest.as_millis();
        if late && longest >= GAP_BAD {
            let reason = format!("uneven: no pose for {millis} ms; others see it stand still");
            add(About::Gap, Severity::Bad, reason);
        } else if late && longest >= GAP_WARN {
            let reason = format!("uneven: no pose for {millis} ms within the last 5 s");
            add(About::Gap, Severity::Warn, reason);
        }
    }
    if let Some(round_trip) = user.round_trip {
        let millis = round_trip.as_millis();
        if round_trip >= ROUND_TRIP_BAD {
            let reason = format!("round trip {millis} ms: talking with it is hard");
            add(About::RoundTrip, Severity::Bad, reason);
        } else if round_trip >= ROUND_TRIP_WARN {
            let reason = format!("round trip {millis} ms: a noticeable delay");
            add(About::RoundTrip, Severity::Warn, reason);
        }
    }
    if skipping {
        let skipped = user.skipped_ticks;
        let reason = format!("skipping ticks now, {skipped} in all: it reads too slowly");
        add(About::Skipped, Severity::Bad, reason);
    }
    if user.queued_bytes >= QUEUE_WARN {
        let severity = if user.queued_bytes >= QUEUE_BAD { Severity::Bad } else { Severity::Warn };
        let kib = user.queued_bytes >> 10;
        add(About::Queue, severity, format!("{kib} KiB wait for it: it reads too slowly"));
    }
    found
}

/// How bad the worst of them is.
pub(super) fn worst(concerns: &[Concern]) -> Severity {
    concerns.iter().map(|concern| concern.severity).max().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_steady_headset_is_fine() {
        let user = UserRow {
            transforms_per_s: 72.0,
            gap_p95: Some(Duration::from_millis(15)),
            gap_longest: Some(Duration::from_millis(40)),
            round_trip: Some(Duration::from_millis(12)),
            ..UserRow::default()
        };
        assert_eq!(concerns(&user, false), []);
    }

    #[test]
    fn a_slow_sender_that_is_even_is_fine() {
        let user = UserRow {
            transforms_per_s: 1.0,
            gap_longest: Some(Duration::from_millis(1050)),
            ..UserRow::default()
        };
        assert_eq!(worst(&concerns(&user, false)), Severity::Fine);
    }

    #[test]
    fn each_concern_has_its_reason() {
        let user = UserRow {
            transforms_per_s: 12.4,
            gap_longest: Some(Duration::from_millis(700)),
            round_trip: Some(Duration::from_millis(184)),
            queued_bytes: 600 << 10,
            skipped_ticks: 37,
            liveness: Liveness::Asleep,
            silent_for: Duration::from_secs(11),
            ..UserRow::default()
        };
        let found = concerns(&user, true);
        assert_eq!(found.len(), 5);
        assert_eq!(worst(&found), Severity::Bad);
        assert!(found.iter().any(|concern| concern.reason.contains("184 ms")));
    }
}
