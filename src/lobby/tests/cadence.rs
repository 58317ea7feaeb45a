//! When a room ticks.

use std::time::Duration;

use proptest::prelude::*;

use crate::lobby::cadence::Cadence;
use crate::model::Timestamp;

const START: u64 = 1_763_000_000_000_000;

fn at(micros: u64) -> Timestamp {
    Timestamp::from_micros(START + micros)
}

/// The ticks of a room that always has news, from `from` until `until`, each `late` after it
/// was due.
fn run(cadence: &mut Cadence, fps: f64, from: u64, until: u64, late: u64) -> Vec<Timestamp> {
    let mut ticks = Vec::new();
    let mut now = at(from);
    loop {
        let due = cadence.due(now, fps);
        assert!(due >= now);
        if due >= at(until) {
            return ticks;
        }
        now = due.plus(Duration::from_micros(late));
        cadence.ticked(due);
        ticks.push(due);
        // News comes some time after each tick, but before the next.
        now = now.plus(Duration::from_micros(37));
    }
}

fn in_second(ticks: &[Timestamp], second: u64) -> usize {
    let before = |second: u64| ticks.partition_point(|tick| *tick < at(second * 1_000_000));
    before(second + 1) - before(second)
}

#[test]
fn long_runs_keep_their_rate() {
    for (fps, each) in [(72.0, 72), (30.0, 30), (90.0, 90), (240.0, 240), (1.0, 1)] {
        let ticks = run(&mut Cadence::default(), fps, 0, 600_000_000, 0);
        for second in 0..600 {
            let count = in_second(&ticks, second);
            assert!(count.abs_diff(each) <= 1, "{count} ticks in second {second} at {fps} fps");
        }
        assert!(ticks.len().abs_diff(600 * each) <= 1, "{} in all at {fps} fps", ticks.len());
    }
}

#[test]
fn a_slow_rate_is_slow() {
    let ticks = run(&mut Cadence::default(), 0.1, 0, 100_000_000, 0);
    assert!(ticks.windows(2).all(|pair| pair[1].since(pair[0]) == Duration::from_secs(10)));
    assert_eq!(ticks.len(), 10);
}

#[test]
fn rooms_of_one_rate_share_the_grid() {
    let mut first = Cadence::default();
    let mut second = Cadence::default();
    let early = run(&mut first, 72.0, 0, 60_000_000, 0);
    // Came much later, and with a pause.
    let mut late = run(&mut second, 72.0, 10_003_210, 20_000_000, 0);
    late.extend(run(&mut second, 72.0, 30_000_123, 60_000_000, 0));
    assert!(late.len() > 2800);
    assert!(late.iter().all(|tick| early.contains(tick)));
}

#[test]
fn an_overrun_is_followed_by_one_tick_not_by_a_burst() {
    let mut cadence = Cadence::default();
    let last = *run(&mut cadence, 10.0, 0, 1_000_000, 0).last().unwrap();
    // The hub was held up for 5 s.
    let now = last.plus(Duration::from_millis(5_030));
    let due = cadence.due(now, 10.0);
    assert!(due >= now && due.since(now) <= Duration::from_millis(100));
    cadence.ticked(due);
    assert_eq!(cadence.due(now, 10.0).since(due), Duration::from_millis(100));
}

#[test]
fn a_room_that_was_quiet_ticks_within_a_period() {
    let mut cadence = Cadence::default();
    run(&mut cadence, 30.0, 0, 1_000_000, 0);
    for quiet in [40_000, 1_000_000, 3_600_000_000] {
        let now = at(1_000_000 + quiet);
        let due = cadence.due(now, 30.0);
        assert!(due >= now && due.since(now) <= Duration::from_micros(33_334), "{quiet}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(64) })]

    /// Whatever the rates, a new one goes on from the last tick: neither sooner than its period
    /// after it, nor later than its period from now.
    #[test]
    fn a_new_rate_makes_no_jump(
        old in 0.1..240.0f64,
        new in 0.1..240.0f64,
        into_period in 0.0..1.0f64,
        late in 0..2_000u64,
    ) {
        let mut cadence = Cadence::default();
        let ticks = run(&mut cadence, old, 0, (20e6 / old) as u64, late);
        let last = *ticks.last().unwrap();
        let now = last.plus(Duration::from_secs_f64(into_period / old));
        let due = cadence.due(now, new);
        let (period, slack) = (Duration::from_secs_f64(1.0 / new), Duration::from_micros(3));
        prop_assert!(due >= now);
        prop_assert!(due.since(last) + slack >= period, "{:?} after the last", due.since(last));
        prop_assert!(due.since(now) <= period + slack, "{:?} from now", due.since(now));
    }

    #[test]
    fn never_more_than_fps_in_any_second(fps in 1.0..240.0f64, late in 0..30_000u64) {
        let ticks = run(&mut Cadence::default(), fps, 0, 10_000_000, late);
        for (i, tick) in ticks.iter().enumerate() {
            let within = ticks[i..].iter().take_while(|it| it.since(*tick) < Duration::from_secs(1));
            // 3 microseconds of rounding may let one more in at the very end.
            prop_assert!(within.count() <= (fps + 3e-6 * fps).ceil() as usize + 1);
            if let Some(next) = ticks.get(i + 1) {
                let gap = next.since(*tick) + Duration::from_micros(3);
                prop_assert!(gap >= Duration::from_secs_f64(1.0 / fps));
            }
        }
    }
}
