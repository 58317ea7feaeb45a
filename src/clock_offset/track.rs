//! One client's clock, followed as its probes come.

use std::time::Duration;

use smallvec::SmallVec;

use super::rate::{MAX_DRIFT, Range, Rate};
use super::window::{Sample, Window};
use crate::model::{ClockProbe, Timestamp};

/// Jumps that are not greater than this are not taken for steps, in seconds: as much may be the delay
/// of a busy machine.
const LEAST_STEP: f64 = 5e-3;

/// Probes in a row that have to agree before a clock has stepped. Two if it is certain that the
/// earlier ones can't be true any more. A clock that was set back, by less than the time between two
/// probes, looks like a clock whose probes are late.
const CERTAIN_DOUBTS: usize = 2;
const LATE_DOUBTS: usize = 4;

/// A user who compares clocks has its round trip measured at least this often.
const ROUND_TRIP_INTERVAL: Duration = Duration::from_secs(3);

/// The rate is measured between estimates of which the older is between this and twice this old.
const BASELINE: Duration = Duration::from_secs(240);

/// Seconds below which a rate would be measured in rounding errors.
const SHORTEST_BASELINE: f64 = 10.0;

/// An estimate that is younger than this can give way to a better one as the first of a baseline.
const YOUNG: Duration = Duration::from_secs(5);

/// A rate is worth showing if it is known this well, in seconds a second.
const KNOWN_RATE: f64 = 100e-6;

/// A clock has jumped.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Step {
    /// When the first probe after it was received.
    pub at: Timestamp,
    /// By how much the offset has changed, in seconds: negative if the client's clock stood still or
    /// was set back.
    pub by: f64,
}

/// What has become of a probe.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Verdict {
    /// It agrees with those before.
    Fits,
    /// It does not; the next ones will tell why.
    Doubted,
    /// The clock has stepped before the last so many probes, of which this is one.
    Stepped(usize),
}

/// What the offset is between at a moment.
#[derive(Clone, Copy, Debug)]
struct Known {
    at: Timestamp,
    range: Range,
    /// What it most likely is.
    best: f64,
}

/// The clock of one client.
#[derive(Clone, Debug, Default)]
pub struct Track {
    window: Window,
    /// Probes in a row that contradict the window.
    doubts: SmallVec<[Sample; LATE_DOUBTS]>,
    /// How many these are; of those within one moment, only the best is kept.
    doubted: usize,
    /// When the last ping left that was answered before whatever comes next.
    pinged: Option<Timestamp>,
    known: Option<Known>,
    rate: Option<Rate>,
    /// The first of the current baseline and of the next.
    baselines: [Option<Known>; 2],
    steps: u32,
    last_step: Option<Step>,
    probes: u32,
    newest: Timestamp,
}

impl Track {
    /// How many probes there were.
    pub fn probes(&self) -> u32 {
        self.probes
    }

    /// When the last probe was received.
    pub fn newest(&self) -> Timestamp {
        self.newest
    }

    /// How often the clock has jumped.
    pub fn steps(&self) -> u32 {
        self.steps
    }

    /// The last time it did.
    pub fn last_step(&self) -> Option<Step> {
        self.last_step
    }

    /// The client's clock minus the server's at `now`, in seconds, and the most by which that is
    /// wrong. `None` until a round trip is known.
    pub fn offset(&self, now: Timestamp) -> Option<(f64, Duration)> {
        let known = self.known?;
        let (rate, passed) = (self.rate(), now.since(known.at).as_secs_f64());
        let range = known.range.after(passed, rate);
        let best = known.best + rate.middle() * passed;
        let bound = (best - range.lo).max(range.hi - best);
        // Server times are whole microseconds.
        Some((best, Duration::from_secs_f64(bound) + Duration::from_micros(1)))
    }

    /// How many seconds the client's clock gains in one, once that is known to within 100 ppm.
    pub fn drift(&self) -> Option<f64> {
        let rate = self.rate();
        (rate.width() / 2.0 <= KNOWN_RATE).then_some(rate.middle())
    }

    #[cfg(test)]
    pub(super) fn heap_bytes(&self) -> usize {
        self.window.heap_bytes()
    }

    /// Whether a round trip measured now would tell more than the last.
    pub fn wants_round_trip(&self, now: Timestamp) -> bool {
        let is_old = |last| now.since(last) >= ROUND_TRIP_INTERVAL;
        !self.doubts.is_empty() || self.window.last_round_trip().is_none_or(is_old)
    }

    /// A ping of the server's took `round_trip`; its pong was received at `received`, after the probes
    /// so far.
    pub fn round_trip(&mut self, received: Timestamp, round_trip: Duration) {
        let seconds = round_trip.as_secs_f64();
        let sent = received.as_micros().saturating_sub(round_trip.as_micros() as u64);
        self.pinged = Some(Timestamp::from_micros(sent));
        self.window.add_round_trip(received, seconds);
        self.update(received);
    }

    /// A probe has come.
    pub fn probe(&mut self, probe: &ClockProbe) {
        self.take(probe);
    }

    /// As [`Self::probe`]; returns what has become of it.
    pub(super) fn take(&mut self, probe: &ClockProbe) -> Verdict {
        self.probes = self.probes.saturating_add(1);
        self.newest = probe.received;
        let sample = Sample {
            at: probe.received,
            since: probe.received,
            lo: probe.client - probe.received.as_secs_f64(),
            hi: self.pinged.map_or(f64::INFINITY, |sent| probe.client - sent.as_secs_f64()),
        };
        let verdict = self.judge(sample);
        match verdict {
            Verdict::Doubted => {}
            Verdict::Fits => {
                self.forget_doubts();
                self.window.add(sample, self.rate());
                self.update(sample.at);
            }
            Verdict::Stepped(_) => self.step(sample.at),
        }
        verdict
    }

    /// Holds a sample against the window.
    fn judge(&mut self, sample: Sample) -> Verdict {
        if self.window.len() == 0 {
            return Verdict::Fits;
        }
        let delay = self.window.longest_round_trip().unwrap_or(1.0).max(LEAST_STEP);
        let certain = self.window.certain(sample.at);
        let highest = if self.window.len() < LATE_DOUBTS {
            // The few before may have been late.
            certain.hi
        } else {
            certain.hi.min(self.window.highest(sample.at))
        } + 2.0 * delay;
        let is_ahead = |sample: &Sample| sample.lo > highest;
        let is_late = |sample: &Sample| sample.lo + delay < certain.lo;
        let (ahead, late) = (is_ahead(&sample), is_late(&sample));
        if !ahead && !late {
            return Verdict::Fits;
        }
        if !self.doubts.iter().all(|doubt| if ahead { is_ahead(doubt) } else { is_late(doubt) }) {
            self.forget_doubts();
        }
        self.doubted += 1;
        let rate = self.rate();
        match self.doubts.last_mut().and_then(|last| Some((last.join(sample, rate)?, last))) {
            // One hold-up makes all messages late that come with it.
            Some((joined, last)) if late => *last = joined,
            _ => self.doubts.push(sample),
        }
        let is_certain = ahead || sample.hi < certain.lo;
        let has_stepped =
            self.doubts.len() >= LATE_DOUBTS || (is_certain && self.doubted >= CERTAIN_DOUBTS);
        if has_stepped { Verdict::Stepped(self.doubted) } else { Verdict::Doubted }
    }

    fn forget_doubts(&mut self) {
        self.doubts.clear();
        self.doubted = 0;
    }

    /// Begins again with the probes that were doubted.
    fn step(&mut self, now: Timestamp) {
        let before = self.offset(now);
        let first = self.doubts.first().map_or(now, |doubt| doubt.at);
        self.window.restart(self.doubts.drain(..));
        self.forget_doubts();
        self.known = None;
        self.rate = None;
        self.baselines = [None; 2];
        self.steps = self.steps.saturating_add(1);
        self.update(now);
        let by = self.offset(now).zip(before).map(|((now, _), (before, _))| now - before);
        self.last_step = by.map(|by| Step { at: first, by });
    }

    fn rate(&self) -> Rate {
        self.rate.unwrap_or(Rate::ANY)
    }

    fn update(&mut self, now: Timestamp) {
        let Some((range, best)) = self.window.estimate(now, self.rate()) else { return };
        let known = Known { at: now, range, best };
        self.known = Some(known);
        self.learn_rate(known);
    }

    /// Measures the rate between the first estimate of the baseline and this one.
    fn learn_rate(&mut self, known: Known) {
        let [current, next] = &mut self.baselines;
        let age = |first: &Known| known.at.since(first.at);
        let is_better =
            |first: &Known| age(first) < YOUNG && known.range.width() < first.range.width();
        if next.is_some_and(|next| age(&next) >= BASELINE) {
            *current = next.take();
            self.rate = None;
        }
        for first in [current, next] {
            if first.is_none_or(|first| is_better(&first)) {
                *first = Some(known);
                break;
            }
        }
        let Some(first) = self.baselines[0] else { return };
        let seconds = known.at.since(first.at).as_secs_f64();
        if seconds < SHORTEST_BASELINE || seconds * MAX_DRIFT < known.range.width() {
            return;
        }
        match Rate::between(first.range, known.range, seconds) {
            Some(rate) if rate.width() < self.rate().width() => self.rate = Some(rate),
            Some(_) => {}
            None => {
                self.rate = None;
                self.baselines = [Some(known), None];
            }
        }
    }
}
