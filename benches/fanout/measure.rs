//! One run: one server under one load, and the figures that come of it.

use std::io;

use crate::clock::{self, SECOND};
use crate::generator::Generator;
use crate::loads::{Kind, Load};
use crate::servers::{Contender, Cores, Server, stolen};

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

const MIB: f64 = (1 << 20) as f64;

/// One measured number.
pub(crate) struct Figure {
    /// Its name in the tables, with the unit.
    pub(crate) name: &'static str,
    /// NaN if there is none.
    pub(crate) value: f64,
    /// Decimals that mean something.
    pub(crate) decimals: usize,
}

/// All that one run told.
pub(crate) struct Run {
    pub(crate) figures: Vec<Figure>,
    pub(crate) notes: Vec<String>,
}

/// CPU use over a window of time.
struct Window {
    seconds: f64,
    server: f64,
    load: f64,
    stolen: f64,
}

/// Starts the server, puts the load on it for `seconds`, and ends it.
pub(crate) fn run(
    contender: Contender,
    load: &Load,
    seconds: f64,
    cores: Cores,
) -> io::Result<Run> {
    let mut server = Server::start(contender, load, cores)?;
    let measured = measure(contender, load, seconds, &server, cores);
    measured.map_err(|error| {
        let said = server.said();
        io::Error::new(
            error.kind(),
            format!("{} under {}: {error}; it said: {said}", contender.name(), load.name),
        )
    })
}

fn measure(
    contender: Contender,
    load: &Load,
    seconds: f64,
    server: &Server,
    cores: Cores,
) -> io::Result<Run> {
    let rss_before = server.rss()?;
    let mut members = Generator::connect(load, contender, server.port)?;
    members.start();
    members.run(clock::now() + WARM_UP, |_| false)?;
    members.tally.record();
    let sent_before = members.chats_sent();
    let window = window(&mut members, server, seconds, cores)?;
    members.tally.recording = false;
    let tally = &mut members.tally;
    let mut figures = Figures(Vec::new());
    match load.kind {
        Kind::Poses => {
            let expected = load.fps * window.seconds * load.users as f64;
            let ticks = tally.ticks as f64;
            figures.add("CPU µs a tick", window.server * 1e6 / ticks, 2);
            figures.add("ticks delivered %", 100.0 * ticks / expected, 2);
            figures.add("pose age p50 ms", quantile(&mut tally.ages, 0.50), 2);
            figures.add("pose age p99 ms", quantile(&mut tally.ages, 0.99), 2);
            figures.add("bytes a tick", tally.bytes as f64 / ticks, 0);
        }
        Kind::Chat | Kind::Capacity => {
            let (chats, bytes) = (tally.chats as f64, tally.bytes as f64);
            if load.kind == Kind::Chat {
                figures.add("CPU µs a delivery", window.server * 1e6 / chats, 2);
                figures.add("latency p50 ms", quantile(&mut tally.latencies, 0.50), 2);
                figures.add("latency p99 ms", quantile(&mut tally.latencies, 0.99), 2);
            } else {
                figures.add("million deliveries/s", chats / 1e6 / window.seconds, 3);
                figures.add("CPU s a million", window.server / (chats / 1e6), 3);
            }
            figures.add("bytes a delivery", bytes / chats, 0);
            let sent = (members.chats_sent() - sent_before) as f64;
            figures.add("messages sent/s", sent / window.seconds, 0);
            members.stop_talking();
            let due = members.chats_sent() * load.users as u64;
            members.run(clock::now() + DRAIN, |members| members.tally.all_chats >= due)?;
            let lost = due as f64 - members.tally.all_chats as f64;
            figures.add("lost deliveries", lost, 0);
            if load.kind == Kind::Chat {
                figures.add("out of order", members.tally.disordered as f64, 0);
            }
        }
        Kind::Idle => {
            let each = (server.rss()? - rss_before) / 1024.0 / load.users as f64;
            figures.add("RSS KiB a connection", each, 2);
        }
        Kind::Stall => stall(&mut members, load, server, window.seconds, &mut figures)?,
    }
    figures.add("server core %", 100.0 * window.server / window.seconds, 2);
    figures.add("stolen from server core %", 100.0 * window.stolen / window.seconds, 1);
    figures.add("load core %", 100.0 * window.load / window.seconds, 1);
    figures.add("RSS MiB", server.rss()? / MIB, 1);
    let mut notes = std::mem::take(&mut members.tally.notes);
    let delivered = figures.0.iter().find(|figure| figure.name == "ticks delivered %");
    if delivered.is_some_and(|figure| figure.value < 99.0) {
        notes.push("it was overloaded: what it spent a tick compares with nothing".into());
    }
    if window.load / window.seconds > 0.95 {
        notes.push("the load generator's core was saturated".into());
    }
    Ok(Run { figures: figures.0, notes })
}

/// Keeps the load up for `seconds` and reads the clocks around it.
fn window(
    members: &mut Generator<'_>,
    server: &Server,
    seconds: f64,
    cores: Cores,
) -> io::Result<Window> {
    let stolen_before = stolen(cores.server)?;
    let (begun, own, cpu) = (clock::now(), clock::own_cpu(), server.cpu()?);
    members.run(begun + (seconds * SECOND as f64) as u64, |_| false)?;
    let server = server.cpu()?.saturating_sub(cpu) as f64 / 1e9;
    Ok(Window {
        seconds: (clock::now() - begun) as f64 / 1e9,
        server,
        load: (clock::own_cpu() - own) as f64 / 1e9,
        stolen: stolen(cores.server)? - stolen_before,
    })
}

/// One member stops reading, until the others see it leave or patience ends.
fn stall(
    members: &mut Generator<'_>,
    load: &Load,
    server: &Server,
    seconds: f64,
    figures: &mut Figures,
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
    figures.add("others' p99 before ms", p99_before, 2);
    figures.add("others' p99 after ms", p99_after, 2);
    figures.add("others' p99 after/before", p99_after / p99_before, 3);
    figures.add("ticks before %", delivered_before, 2);
    figures.add("others' ticks after %", delivered(members, load.users - 1, elapsed), 2);
    figures.add("RSS growth MiB", (rss_most - rss_before) / MIB, 2);
    let left = members.tally.left_at.map_or(f64::NAN, |left| (left - stalled) as f64 / 1e9);
    figures.add("slow one left after s", left, 2);
    members.resume_reading(SLOW)?;
    members.run(clock::now() + SECOND, |members| members.is_closed(SLOW))
}

struct Figures(Vec<Figure>);

impl Figures {
    fn add(&mut self, name: &'static str, value: f64, decimals: usize) {
        self.0.push(Figure { name, value, decimals });
    }
}

/// The `q` quantile of times in microseconds, in milliseconds; NaN without any.
fn quantile(micros: &mut [u32], q: f64) -> f64 {
    if micros.is_empty() {
        return f64::NAN;
    }
    let at = ((micros.len() - 1) as f64 * q).round() as usize;
    f64::from(*micros.select_nth_unstable(at).1) / 1000.0
}
