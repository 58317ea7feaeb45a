//! Clocks: what clients' own show, and whether the server compares with them as the contract says.

use std::collections::VecDeque;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::checker::{Violation, ensure};
use super::history::{Asked, Connection, Got, History, Step, time_of};
use super::rng::Rng;
use crate::lobby::event::EventKind;
use crate::model::{ClockProbe, Timestamp};

/// A client's clock: it runs evenly, but not quite as fast as the server's, and has a zero of its own.
#[derive(Clone, Copy, Debug)]
pub(super) struct ClientClock {
    /// The server's time at its zero.
    zero: Timestamp,
    /// How many seconds it gains in one.
    drift: f64,
}

impl ClientClock {
    pub(super) fn new(now: Timestamp, rng: &mut Rng) -> Self {
        let age = rng.within(0..100_000_000_000);
        let zero = Timestamp::from_micros(now.as_micros().saturating_sub(age));
        Self { zero, drift: (rng.within(0..401) as f64 - 200.0) * 1e-6 }
    }

    /// What it shows at a moment, in seconds.
    pub(super) fn show(&self, at: Timestamp) -> f64 {
        at.since(self.zero).as_secs_f64() * (1.0 + self.drift)
    }
}

/// The operator sees the clock of whoever compares clocks, and of nobody else, and no jumps, for there
/// are none.
pub(super) fn check_sight(history: &History) -> Result<(), Violation> {
    for connection in &history.connections {
        let session = connection.session;
        let told = history.events.iter().filter(
            |event| matches!(event.kind, EventKind::Probed { session: of, .. } if of == session),
        );
        let probes = told.count();
        let Some((_, reading)) = history.sight.clocks.get(&session) else { continue };
        ensure!(reading.probes as usize == probes, "{reading:?} after {probes} probes");
        ensure!(reading.steps == 0, "{reading:?}, and no clock has jumped");
    }
    Ok(())
}

/// For each clock that the operator sees, whether its true offset is within the bound.
pub(super) fn judge_sight(history: &History) -> impl Iterator<Item = bool> {
    history.connections.iter().filter_map(|connection| {
        let (now, reading) = history.sight.clocks.get(&connection.session)?;
        let truth = connection.clock.show(*now) - now.as_secs_f64();
        Some((reading.offset - truth).abs() <= reading.bound.as_secs_f64())
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawStamps<'a> {
    #[serde(borrow)]
    time: &'a RawValue,
    #[serde(borrow)]
    received: &'a RawValue,
    #[serde(borrow)]
    sent: &'a RawValue,
}

/// The stamps in `detail` of an answer.
fn stamps(detail: &str) -> Option<ClockProbe> {
    let RawStamps { time, received, sent } = serde_json::from_str(detail).ok()?;
    let client = time.get().parse().ok()?;
    Some(ClockProbe { client, received: time_of(received.get())?, sent: time_of(sent.get())? })
}

/// What the hub has told of one client's clock and not yet been held against what the client saw.
#[derive(Debug)]
pub(super) struct Told {
    probes: VecDeque<ClockProbe>,
    /// When its last ping was received.
    last: Timestamp,
}

impl Told {
    /// Fails if the hub has told of more round trips than pings can have made.
    pub(super) fn new(history: &History, connection: &Connection) -> Result<Self, Violation> {
        let (mut probes, mut round_trips) = (VecDeque::new(), 0);
        for event in &history.events {
            match event.kind {
                EventKind::Probed { session, probe } if session == connection.session => {
                    probes.push_back(probe);
                }
                EventKind::RoundTrip { session, .. } if session == connection.session => {
                    round_trips += 1;
                }
                _ => {}
            }
        }
        let is_ping = |step: &Step| matches!(step, Step::Got(Got::Ping));
        let pings = connection.steps.iter().filter(|(_, step)| is_ping(step)).count();
        ensure!(round_trips <= pings, "{round_trips} round trips of {pings} pings");
        let asked = |wanted: f64| move |(_, step): &(Timestamp, Step)| matches!(step, Step::Asked(Asked::Probe { time }) if *time == wanted);
        let mut steps = connection.steps.iter();
        for probe in &probes {
            ensure!(steps.any(asked(probe.client)), "it never sent {probe:?}, or not then");
        }
        Ok(Self { probes, last: Timestamp::default() })
    }

    /// The answer to a timed ping that was sent at `sent`, when the client's clock showed `time`.
    pub(super) fn answer(
        &mut self,
        (sent, time): (Timestamp, f64),
        (at, detail): (Timestamp, &str),
        logged_in: bool,
    ) -> Result<(), Violation> {
        let Some(stamps) = stamps(detail) else {
            return Err(Violation::new(None, format!("{detail} in answer to a timed ping")));
        };
        ensure!(stamps.client == time, "{time} came back as {detail}");
        ensure!(stamps.sent == at, "{detail} in an answer of {at}");
        let order = [self.last, sent, stamps.received, stamps.sent];
        ensure!(order[1..].is_sorted() && order[0] <= order[2], "{detail} for {sent}");
        self.last = stamps.received;
        let told = logged_in.then(|| self.probes.pop_front()).flatten();
        ensure!(
            told == logged_in.then_some(stamps),
            "{told:?} was told of {stamps:?}, logged in: {logged_in}"
        );
        Ok(())
    }
}
