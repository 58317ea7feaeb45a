//! What is wrong with a user's data, and how badly.

use std::time::Duration;

use smallvec::SmallVec;

use crate::operator::{Liveness, UserRow};

/// How much a value should stand out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Severity {
    #[default]
    Fine,
    /// Worth watching.
    Warn,
    /// Noticeable in a headset.
    Bad,
}

impl Severity {
    /// The mark beside a name, two cells wide, so that colour never carries the meaning alone.
    pub(crate) const fn mark(self) -> &'static str {
        match self {
            Self::Fine => "  ",
            Self::Warn => " !",
            Self::Bad => "!!",
        }
    }
}

/// What a concern is about; each is a column in the list of users.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum About {
    Gap,
    RoundTrip,
    Skipped,
    Queue,
    State,
}

/// One thing that is wrong with a user's data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Concern {
    pub(crate) about: About,
    pub(crate) severity: Severity,
}

/// All that is wrong with a user's data, at most one of each kind.
pub(crate) type Concerns = SmallVec<[Concern; 5]>;

// Clients smooth over about 100 ms; twice that shows as a jump, and after half a second without a
// pose a head visibly freezes.
const GAP_WARN: Duration = Duration::from_millis(200);
const GAP_BAD: Duration = Duration::from_millis(500);

// ITU-T G.114: in conversation, 150 ms one way goes unnoticed and more than 400 ms is too much; a
// round trip is twice that.
const ROUND_TRIP_WARN: Duration = Duration::from_millis(150);
const ROUND_TRIP_BAD: Duration = Duration::from_millis(400);

// On a network that keeps up, a queue drains within a tick; the default limit is 1 MiB.
const QUEUE_WARN: usize = 64 << 10;
const QUEUE_BAD: usize = 512 << 10;

/// What is wrong with a user's data now. `skipping` tells whether the user is skipping ticks.
pub(crate) fn concerns(user: &UserRow, skipping: bool) -> Concerns {
    let mut found = Concerns::new();
    let mut add = |about, severity| {
        if severity > Severity::Fine {
            found.push(Concern { about, severity });
        }
    };
    if user.liveness == Liveness::Asleep {
        add(About::State, Severity::Warn);
    }
    if let Some(longest) = user.gap_longest
        && user.transforms_per_s > 0.0
    {
        // At a low rate, long intervals are normal.
        let usual = Duration::from_secs_f64(1.0 / user.transforms_per_s.max(0.1));
        if longest > usual * 3 {
            add(About::Gap, grade(longest, GAP_WARN, GAP_BAD));
        }
    }
    if let Some(round_trip) = user.round_trip {
        add(About::RoundTrip, grade(round_trip, ROUND_TRIP_WARN, ROUND_TRIP_BAD));
    }
    if skipping {
        add(About::Skipped, Severity::Bad);
    }
    add(About::Queue, grade(user.queued_bytes, QUEUE_WARN, QUEUE_BAD));
    found
}

fn grade<T: PartialOrd>(value: T, warn: T, bad: T) -> Severity {
    if value >= bad {
        Severity::Bad
    } else if value >= warn {
        Severity::Warn
    } else {
        Severity::Fine
    }
}

impl Concern {
    /// The concern in words: its value, and what it means.
    pub(crate) fn reason(self, user: &UserRow) -> String {
        let millis = |time: Option<Duration>| time.unwrap_or_default().as_millis();
        match (self.about, self.severity) {
            (About::State, _) => {
                let seconds = user.silent_for.as_secs();
                format!("asleep: nothing came for {seconds} s; most likely the headset is off")
            }
            (About::Gap, Severity::Bad) => {
                let gap = millis(user.gap_longest);
                format!("uneven: no pose for {gap} ms; others see it stand still")
            }
            (About::Gap, _) => {
                let gap = millis(user.gap_longest);
                format!("uneven: no pose for {gap} ms within the last 5 s")
            }
            (About::RoundTrip, Severity::Bad) => {
                format!("round trip {} ms: talking with it is hard", millis(user.round_trip))
            }
            (About::RoundTrip, _) => {
                format!("round trip {} ms: a noticeable delay", millis(user.round_trip))
            }
            (About::Skipped, _) => {
                let skipped = user.skipped_ticks;
                format!("skipping ticks now, {skipped} in all: it reads too slowly")
            }
            (About::Queue, _) => {
                format!("{} KiB wait for it: it reads too slowly", user.queued_bytes >> 10)
            }
        }
    }
}

/// The severity of the worst concern.
pub(crate) fn worst(concerns: &[Concern]) -> Severity {
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
        assert_eq!(concerns(&user, false).len(), 0);
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
        assert!(found.iter().any(|concern| concern.reason(&user).contains("184 ms")));
    }
}
