//! Clocks that jump.

use super::link::{BURST, Habit, LINKS, Run};
use super::{Score, fit, segment_at};

/// When the clock jumps, in seconds.
const WHEN: f64 = 60.0;

/// A clock that was set, by much and by little, and a headset that slept.
const JUMPS: [f64; 6] = [3600.0, 0.8, -0.8, -45.0, -86_400.0, 2.0];

const HABITS: [Habit; 3] =
    [Habit { period: 2.0, ..BURST }, BURST, Habit { burst: 0, period: 0.03, waits: false }];

/// How long after a jump it has to be known: after four probes that wait for each other, with the
/// time that these may take, or at once.
fn known_after(habit: Habit) -> f64 {
    4.0 * (habit.period + 1.0)
}

#[test]
fn a_step_is_seen_and_measured() {
    let mut score = Score::default();
    for (link_name, link) in LINKS {
        for habit in HABITS {
            for (jump, seed) in JUMPS.into_iter().zip(0..) {
                if link_name == "power save" && f64::abs(jump) < 10.0 {
                    // Less than what a message may take there.
                    continue;
                }
                let what = format!("{link_name}, {habit:?}, a jump of {jump}");
                let (seconds, steps) = (WHEN + 35.0, vec![(WHEN, jump)]);
                let run = Run { seed, link, habit, seconds, steps, ..Run::default() };
                let mut last = None;
                run.go(|seconds, truth, track, now| {
                    last = Some((track.steps(), track.last_step()));
                    if (WHEN..WHEN + known_after(habit)).contains(&seconds) {
                        return;
                    }
                    assert_eq!(track.steps(), u32::from(seconds > WHEN), "{what} at {seconds}");
                    if let Some((offset, bound)) = track.offset(now) {
                        score.add(offset - truth, bound);
                    }
                });
                let (steps, step) = last.expect("a run");
                let step = step.unwrap_or_else(|| panic!("{what}: none of {steps} steps"));
                assert!((step.by - jump).abs() < 0.2, "{what}: {step:?}");
            }
        }
    }
    score.check("after steps");
}

#[test]
fn a_fit_begins_again_at_a_step() {
    for ((link_name, link), habit) in LINKS[..3].iter().flat_map(|link| HABITS.map(|h| (link, h))) {
        for (jump, seed) in JUMPS.into_iter().zip(50..) {
            let what = format!("{link_name}, {habit:?}, a jump of {jump}");
            let (seconds, steps) = (150.0, vec![(WHEN, jump)]);
            let run = Run { seed, link: *link, habit, seconds, steps, ..Run::default() };
            let mut truths = Vec::new();
            let recorded = run.go(|seconds, truth, _, now| truths.push((seconds, now, truth)));
            let segments = fit(&recorded.probes, &recorded.round_trips);
            let [before, after] = segments[..] else { panic!("{what}: {segments:?}") };
            assert_eq!(before.step, None);
            let step = after.step.unwrap_or_else(|| panic!("{what}: {after:?}"));
            assert!((step - jump).abs() < 0.1, "{what}: {step}");
            let mut score = Score::default();
            let first = recorded.probes[0].received;
            for (seconds, now, truth) in truths {
                // What comes between the jump and the next probe is not known to come after it.
                if now >= first && !(WHEN..WHEN + 6.0).contains(&seconds) {
                    let segment = segment_at(&segments, now).expect("a segment");
                    score.add(segment.offset_at(now) - truth, segment.bound.expect("a bound"));
                }
            }
            score.check(&what);
        }
    }
}

#[test]
fn a_single_wrong_time_is_no_step() {
    let run = Run { seed: 7, ..Run::default() };
    let mut recorded = run.go(|_, _, _, _| {});
    let middle = recorded.probes.len() - 3;
    recorded.probes[middle].client += 1000.0;
    let segments = fit(&recorded.probes, &recorded.round_trips);
    assert_eq!(segments.len(), 1, "{segments:?}");
}
