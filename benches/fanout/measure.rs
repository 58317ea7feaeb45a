//! One run: one server under one load, and the figures that come of it.

use std::io;

use crate::clock::{self, SECOND};
use crate::cost;
use crate::figures::{MIB, Run, quantile};
use crate::generator::Generator;
use crate::loads::{Kind, Load};
use crate::servers::Server;
use crate::setup::Setup;
use crate::window::Window;

/// The load runs this long before anything is measured.
const WARM_UP: u64 = SECOND;
/// What is on its way at the end has this long to arrive.
const DRAIN: u64 = 3 * SECOND;
/// A stalled member is watched this long at most.
const STALLED: u64 = 12 * SECOND;
/// And this long after it was closed, to see what comes of it.
const AFTERMATH: u64 = SECOND;
/// The member that stops reading.
const SLOW: usize = 1;
/// A server that delivers less of its ticks was overloaded.
const OVERLOADED_BELOW: f64 = 99.0;

/// Starts the server, puts the load on it for `seconds`, and ends it.
pub(crate) fn run(load: &Load, seconds: f64, setup: &Setup<'_>) -> io::Result<Run> {
    let mut server = Server::start(load, load.limits, setup)?;
    let measured = match load.kind {
        Kind::RoomsFlood { rate } => cost::rooms_flood::measure(rate, seconds, &server, setup),
        Kind::BigButtons => cost::big_buttons::measure(seconds, &server, setup),
        Kind::Refusals => cost::refusals::measure(load, seconds, &server, setup),
        _ => measure(load, seconds, &server, setup),
    };
    measured.map_err(|error| {
        let (who, said) = (setup.entrant.title(), server.said());
        io::Error::new(error.kind(), format!("{who} under {}: {error}; it said: {said}", load.name))
    })
}

fn measure(load: &Load, seconds: f64, server: &Server, setup: &Setup<'_>) -> io::Result<Run> {
    let rss_before = server.rss()?;
    let mut members = Generator::connect(load, setup.entrant.contender, server.port)?;
    members.start();
    members.run(clock::now() + WARM_UP, |_| false)?;
    members.tally.record();
    let sent_before = members.chats_sent();
    let window = Window::open(server, setup)?;
    members.run(clock::now() + (seconds * SECOND as f64) as u64, |_| false)?;
    let used = window.close()?;
    members.tally.recording = false;
    let tally = &mut members.tally;
    let mut run = Run::default();
    match load.kind {
        Kind::Poses => {
            let expected = load.fps * used.seconds * load.users as f64;
            let ticks = tally.ticks as f64;
            run.add("CPU µs a tick", used.server * 1e6 / ticks, 2);
            run.add("ticks delivered %", 100.0 * ticks / expected, 2);
            run.add("pose age p50 ms", quantile(&mut tally.ages, 0.50), 2);
            run.add("pose age p99 ms", quantile(&mut tally.ages, 0.99), 2);
            run.add("jitter p99 ms", quantile(&mut tally.deviations, 0.99), 2);
            run.add("bytes a tick", tally.bytes as f64 / ticks, 0);
        }
        Kind::Chat | Kind::Capacity => {
            let (chats, bytes) = (tally.chats as f64, tally.bytes as f64);
            if load.kind == Kind::Chat {
                run.add("CPU µs a delivery", used.server * 1e6 / chats, 2);
                run.add("latency p50 ms", quantile(&mut tally.latencies, 0.50), 3);
                run.add("latency p99 ms", quantile(&mut tally.latencies, 0.99), 3);
            } else {
                run.add("CPU s a million", used.server / (chats / 1e6), 3);
                run.add("million deliveries/s", chats / 1e6 / used.seconds, 3);
            }
            run.add("bytes a delivery", bytes / chats, 0);
            let sent = (members.chats_sent() - sent_before) as f64;
            run.add("messages sent/s", sent / used.seconds, 0);
            members.stop_talking();
            let due = members.chats_sent() * load.users as u64;
            members.run(clock::now() + DRAIN, |members| members.tally.all_chats >= due)?;
            let lost = due as f64 - members.tally.all_chats as f64;
            run.add_count("lost deliveries", lost);
            if load.kind == Kind::Chat {
                run.add_count("out of order", members.tally.disordered as f64);
            }
        }
        Kind::Stall => stall(&mut members, load, server, used.seconds, &mut run)?,
        _ => {
            let each = (server.rss()? - rss_before) / 1024.0 / load.users as f64;
            run.add("RSS KiB a connection", each, 2);
        }
    }
    run.notes.append(&mut members.tally.notes);
    if run.value("ticks delivered %").is_some_and(|share| share < OVERLOADED_BELOW) {
        run.notes.push("it was overloaded: what it spent a tick compares with nothing".into());
    }
    used.report(&mut run, server)?;
    Ok(run)
}

/// One member stops reading, until the others see it leave or patience ends.
fn stall(
    members: &mut Generator<'_>,
    load: &Load,
    server: &Server,
    seconds: f64,
    run: &mut Run,
) -> io::Result<()> {
    let delivered = |members: &Generator<'_>, users: usize, seconds: f64| {
        100.0 * members.tally.ticks as f64 / (load.fps * seconds * users as f64)
    };
    let p99_before = quantile(&mut members.tally.ages, 0.99);
    let delivered_before = delivered(members, load.users, seconds);
    let rss_before = server.rss()?;
    members.stop_reading(SLOW)?;
    members.tally.watched = SLOW;
    members.tally.record();
    let stalled = clock::now();
    let mut rss_most = rss_before;
    while clock::now() < stalled + STALLED
        && members.tally.left_at.is_none_or(|left| clock::now() < left + AFTERMATH)
    {
        members.run(clock::now() + SECOND / 10, |_| false)?;
        rss_most = rss_most.max(server.rss()?);
    }
    members.tally.recording = false;
    let elapsed = (clock::now() - stalled) as f64 / 1e9;
    let p99_after = quantile(&mut members.tally.ages, 0.99);
    run.add("others' p99 after/before", p99_after / p99_before, 3);
    run.add("others' p99 before ms", p99_before, 2);
    run.add("others' p99 after ms", p99_after, 2);
    run.add("ticks before %", delivered_before, 2);
    run.add("others' ticks after %", delivered(members, load.users - 1, elapsed), 2);
    run.add("RSS growth MiB", (rss_most - rss_before) / MIB, 2);
    let left = members.tally.left_at.map_or(f64::NAN, |left| (left - stalled) as f64 / 1e9);
    run.add("slow one left after s", left, 2);
    members.resume_reading(SLOW)?;
    members.run(clock::now() + SECOND, |members| members.is_closed(SLOW))
}
