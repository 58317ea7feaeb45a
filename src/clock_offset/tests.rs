//! Clocks over simulated links: what is estimated is held against the truth.

mod link;
mod steps;

use std::time::Duration;

use proptest::prelude::*;

use self::link::{BURST, Habit, LINKS, Run, at};
use super::window::at_most;
use super::{Track, fit, segment_at};
use crate::model::{ClockProbe, Timestamp};

const HABITS: [(&str, Habit, f64); 5] = [
    ("a burst, then every 2 s", Habit { period: 2.0, ..BURST }, 180.0),
    ("a burst, then every 5 s", BURST, 180.0),
    ("every 10 s", Habit { burst: 1, period: 10.0, waits: true }, 180.0),
    ("back to back", Habit { burst: usize::MAX, period: 0.0, waits: true }, 2.0),
    ("pipelined", Habit { burst: 0, period: 0.011, waits: false }, 10.0),
];

/// How often the truth was within the bound, of how many, and the mean bound and error in ms.
#[derive(Debug, Default)]
struct Score {
    right: u32,
    of: u32,
    bound: f64,
    error: f64,
}

impl Score {
    fn add(&mut self, error: f64, bound: Duration) {
        self.of += 1;
        self.right += u32::from(error.abs() <= bound.as_secs_f64());
        self.bound += bound.as_secs_f64() * 1e3;
        self.error += error.abs() * 1e3;
    }

    /// Fails unless the truth was within the bound in 99 % of enough trials; returns the mean error.
    fn check(&self, what: &str) -> f64 {
        let (right, of) = (f64::from(self.right), f64::from(self.of));
        let (bound, error) = (self.bound / of, self.error / of);
        let share = right / of * 100.0;
        println!("{what}: {share:.3} % of {of}, bound {bound:.3} ms, error {error:.3} ms");
        assert!(self.of > 100 && right >= 0.99 * of, "{what}: {self:?}");
        error
    }
}

#[test]
fn the_truth_is_within_the_bound_and_no_step_is_seen() {
    for (link_name, link) in LINKS {
        for (habit_name, habit, seconds) in HABITS {
            let mut score = Score::default();
            for seed in 0..20 {
                let run = Run { seed, link, habit, seconds, ..Run::default() };
                run.go(|_, truth, track, now| {
                    assert_eq!(track.steps(), 0, "{link_name}, {habit_name}, seed {seed}, {now}");
                    if let Some((offset, bound)) = track.offset(now) {
                        score.add(offset - truth, bound);
                    }
                });
            }
            let error = score.check(&format!("{link_name}, {habit_name}"));
            assert!(error < 25.0, "{link_name}, {habit_name}: {error} ms");
        }
    }
}

#[test]
fn a_drift_is_known_after_some_minutes() {
    for (name, link) in &LINKS[..3] {
        for seed in 0..10 {
            let run = Run { seed, link: *link, seconds: 900.0, ..Run::default() };
            let (mut known, mut last) = (None, (0.0, 0.0));
            run.go(|seconds, truth, track, _| {
                if seconds - last.0 > 100.0 {
                    let drift = (truth - last.1) / (seconds - last.0);
                    if seconds > 600.0 {
                        known = Some((track.drift(), drift));
                    }
                    last = (seconds, truth);
                }
            });
            let (estimate, drift) = known.expect("a long run");
            let estimate = estimate.unwrap_or_else(|| panic!("{name}, {seed}: no drift"));
            assert!((estimate - drift).abs() < 50e-6, "{name}, {seed}: {estimate} for {drift}");
        }
    }
}

#[test]
fn fitted_lines_hold_the_truth() {
    for (name, link) in LINKS {
        for (habit_name, habit, seconds) in HABITS {
            // Half an hour in which a headset warms up, where probes are rare enough for it.
            let seconds = if habit.period >= 1.0 { 1800.0 } else { seconds };
            let mut score = Score::default();
            for seed in 0..5 {
                let run = Run { seed, link, habit, seconds, wander: 10.0, ..Run::default() };
                let mut truths = Vec::new();
                let recorded = run.go(|_, truth, _, now| truths.push((now, truth)));
                let segments = fit(&recorded.probes, &recorded.round_trips);
                assert!(segments.is_sorted_by_key(|segment| segment.from));
                assert_eq!(
                    segments.iter().map(|segment| segment.probes).sum::<usize>(),
                    recorded.probes.len()
                );
                let begin = recorded.probes[0].received;
                for (now, truth) in truths.into_iter().filter(|(now, _)| *now >= begin) {
                    let segment = segment_at(&segments, now).expect("a segment");
                    assert_eq!(segment.step, None);
                    score.add(segment.offset_at(now) - truth, segment.bound.expect("a bound"));
                    let client = now.as_secs_f64() + segment.offset_at(now);
                    assert!((segment.server_time(client) - now.as_secs_f64()).abs() < 2e-6);
                }
            }
            score.check(&format!("{name}, {habit_name}"));
        }
    }
}

#[test]
fn one_probe_alone_has_an_offset_once_a_round_trip_is_known() {
    let mut track = Track::default();
    let received = Timestamp::from_micros(1_763_000_000_000_000);
    let probe = ClockProbe { client: 100.0, received, sent: received };
    assert!(track.wants_round_trip(received));
    track.probe(&probe);
    assert_eq!((track.offset(received), track.probes()), (None, 1));
    assert!(track.wants_round_trip(received));
    let later = received.plus(Duration::from_millis(10));
    track.round_trip(later, Duration::from_millis(10));
    assert!(!track.wants_round_trip(later));
    let (offset, bound) = track.offset(later).expect("an estimate");
    let least = 100.0 - received.as_secs_f64();
    assert!((least..least + 0.01).contains(&offset), "{offset} from {least} on");
    assert!(bound >= Duration::from_millis(10) && bound < Duration::from_millis(25), "{bound:?}");
    assert_eq!((track.steps(), track.newest(), track.drift()), (0, received, None));
}

#[test]
fn a_recording_without_round_trips_has_lines_without_a_bound() {
    let probes: Vec<ClockProbe> = (0..100)
        .map(|n| {
            let received = at(f64::from(n));
            let client = f64::from(n) * 1.0001 - f64::from(n % 7) / 1e3;
            ClockProbe { client, received, sent: received }
        })
        .collect();
    let segments = fit(&probes, &[]);
    let [segment] = segments[..] else { panic!("{segments:?}") };
    assert_eq!((segment.bound, segment.probes), (None, 100));
    assert!((segment.drift - 100e-6).abs() < 1e-6, "{segment:?}");
    assert!(fit(&[], &[]).is_empty());
    assert!(segment_at(&[], at(1.0)).is_none());
    let single = fit(&probes[..1], &[]);
    assert_eq!((single.len(), single[0].drift), (1, 0.0));
}

#[test]
fn the_fastest_of_many_probes_is_bounded_by_shorter_round_trips() {
    let sorted: Vec<f64> = (1..=8).map(f64::from).collect();
    assert_eq!(at_most(&[], 5), None);
    assert_eq!(at_most(&sorted, 1), None, "the longest of 8 is exceeded once in 9 times");
    // 1 / C(11, 3) = 0.6 %.
    assert_eq!(at_most(&sorted, 3), Some(8.0));
    // C(10, 8) / C(16, 8) = 0.35 %, and C(11, 8) / C(16, 8) = 1.3 %.
    assert_eq!(at_most(&sorted, 8), Some(6.0));
    assert_eq!(at_most(&sorted, 1000), Some(1.0));
}

#[test]
fn a_track_stays_small() {
    let run = Run {
        habit: Habit { burst: 0, period: 0.2, waits: false },
        seconds: 400.0,
        ..Run::default()
    };
    let mut most = 0;
    run.go(|_, _, track, _| most = most.max(track.heap_bytes()));
    assert!(std::mem::size_of::<Track>() + most < 4096, "{most} bytes");
}

proptest! {
    /// Whatever clients send: numbers within what the wire allows, at any moments.
    #[test]
    fn nonsense_is_estimated_without_a_panic(
        steps in proptest::collection::vec(
            (prop_oneof![-1e15..1e15, -1e3..1e3, Just(0.0)], 0u64..100_000_000, 0u64..10_000_000),
            1..80,
        )
    ) {
        let (mut track, mut now) = (Track::default(), Timestamp::from_micros(1_763_000_000_000_000));
        let (mut probes, mut round_trips) = (Vec::new(), Vec::new());
        for (client, passed, round_trip) in steps {
            now = now.plus(Duration::from_micros(passed));
            if round_trip.is_multiple_of(3) {
                let round_trip = Duration::from_micros(round_trip);
                round_trips.push((now, round_trip));
                track.round_trip(now, round_trip);
            } else {
                let probe = ClockProbe { client, received: now, sent: now };
                probes.push(probe);
                track.probe(&probe);
            }
            if let Some((offset, _)) = track.offset(now) {
                prop_assert!(offset.is_finite());
            }
        }
        for segment in fit(&probes, &round_trips) {
            prop_assert!(segment.offset.is_finite() && segment.drift.abs() <= 500e-6);
        }
    }
}
