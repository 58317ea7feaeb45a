//! The whole server, listener apart, over streams in memory and with a clock that stands still
//! while anybody has something to do. Each seed is another run, and a seed gives the same run
//! each time; [`checker`] decides whether what happened in it is what the wire contract promises.
//!
//! `VRLOBBY_SEEDS=20000` tries so many seeds, `VRLOBBY_SEED=7` only that one.

mod checker;
mod client;
mod clocks;
mod coverage;
mod doctored;
mod history;
mod jitter;
mod model;
mod pipe;
mod rng;
mod stage;
mod wire;

use std::collections::BTreeMap;
use std::fmt::Write;
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::Mutex;

use self::checker::Violation;
use self::history::History;

/// Seeds that are tried unless the environment asks for others.
const SEEDS: u64 = 300;

/// One seed in so many is run twice, to see that both runs are the same.
const TWICE: u64 = 8;

/// How much of a history a failure shows: steps of the connection, and events.
const TAIL: usize = 40;

fn seeds() -> Range<u64> {
    let read = |name: &str| {
        let text = std::env::var(name).ok()?;
        Some(text.parse().unwrap_or_else(|_| panic!("{name} has to be a number, not {text:?}")))
    };
    match read("VRLOBBY_SEED") {
        Some(seed) => seed..seed + 1,
        None => 0..read("VRLOBBY_SEEDS").unwrap_or(SEEDS),
    }
}

/// Runs a seed and checks it; returns its history, or what is wrong with it.
fn try_seed(seed: u64, twice: bool) -> Result<History, String> {
    // A panic in the server fails the seed, and the seed has to be known.
    let run = || catch_unwind(AssertUnwindSafe(|| stage::run(seed)));
    let Ok(history) = run() else { return Err(format!("seed {seed} panicked")) };
    if let Err(violation) = checker::check(&history) {
        return Err(format!("seed {seed}: {violation}\n{}", tail(&history, &violation)));
    }
    if twice && run().is_ok_and(|again| again.digest() != history.digest()) {
        return Err(format!("seed {seed} gave another history when it was run again"));
    }
    Ok(history)
}

/// What happened shortly before a violation.
fn tail(history: &History, violation: &Violation) -> String {
    let mut text = String::new();
    let mut until = history.stopped;
    if let Some((index, step)) = violation.place {
        let steps = &history.connections[index].steps;
        let end = steps.len().min(step + 1);
        for (number, (time, step)) in steps[..end].iter().enumerate().skip(end.saturating_sub(TAIL))
        {
            let _ = writeln!(text, "  step {number} {time} {}", short(step));
            until = *time;
        }
    }
    let end = history.events.partition_point(|event| event.time <= until);
    for event in &history.events[end.saturating_sub(TAIL)..end] {
        let _ = writeln!(text, "  event {} {}", event.time, short(&event.kind));
    }
    text
}

fn short(what: &impl std::fmt::Debug) -> String {
    format!("{what:?}").chars().take(300).collect()
}

#[test]
fn every_seed_keeps_the_contract() {
    let seeds = seeds();
    let next = AtomicU64::new(seeds.start);
    let failures = Mutex::new(Vec::new());
    let covered = Mutex::new(BTreeMap::new());
    let work = || {
        loop {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= seeds.end {
                return;
            }
            match try_seed(seed, seed.is_multiple_of(TWICE) || seeds.end - seeds.start == 1) {
                Ok(history) => coverage::add(&history, &mut covered.lock()),
                Err(failure) => failures.lock().push(failure),
            }
        }
    };
    std::thread::scope(|scope| {
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        for _ in 0..threads {
            scope.spawn(work);
        }
    });
    let failures = failures.into_inner();
    let shown = failures.iter().take(3).map(String::as_str).collect::<Vec<_>>().join("\n");
    assert!(failures.is_empty(), "{} seeds failed, of {seeds:?}\n{shown}", failures.len());
    let covered = covered.into_inner();
    println!("{seeds:?}: {covered:#?}");
    let clocks = |what| covered.get(what).copied().unwrap_or(0);
    let (within, beyond) = (clocks(coverage::WITHIN_BOUND), clocks(coverage::BEYOND_BOUND));
    assert!(beyond <= 1 + within / 100, "{beyond} clocks are beyond their bound, {within} within");
    let count = seeds.end - seeds.start;
    let wanted = if count >= SEEDS { coverage::WANTED } else { &[] };
    let rare = if count >= 10 * SEEDS { coverage::RARE } else { &[] };
    let missing: Vec<_> =
        wanted.iter().chain(rare).filter(|what| !covered.contains_key(**what)).collect();
    assert!(missing.is_empty(), "no seed has tried {missing:?}");
}
