//! What is due when: the clockwork of a replay. It does no input or output, and time is passed in.

mod control;

use std::collections::{HashSet, VecDeque};
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use super::place::{Action, Place};
use super::playhead::Playhead;
use super::roster::Roster;
use super::timeline::{Change, Keyframe, TimelineEvent};
use crate::clock::Instant;
use crate::model::{ReplayMarker, ReplayProgress};

/// Below this many events, more are read.
const LOW: usize = 16_384;

/// How long before it logs in a ghost connects.
const CONNECT_AHEAD: Duration = Duration::from_secs(2);

/// How long to wait for all ghosts to be in their places.
const GATHER_PATIENCE: Duration = Duration::from_secs(5);

/// What is replayed of a recording. Positions are in microseconds since its start.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) roster: Arc<Roster>,
    pub(super) range: Range<i64>,
    /// In order.
    pub(super) markers: Vec<ReplayMarker>,
    pub(super) looping: bool,
}

/// What the scheduler is doing.
#[derive(Debug)]
enum Phase {
    /// Waits for who is where at the playhead's position.
    Loading,
    /// Waits for these ghosts to be in their places, but not for longer than this.
    Gathering(HashSet<usize>, Instant),
    Playing,
    /// It has come to the end.
    Over,
}

/// The clockwork of a replay.
#[derive(Debug)]
pub(super) struct Scheduler {
    plan: Plan,
    playhead: Playhead,
    paused: bool,
    /// Goes on to the next pose, though it is paused.
    stepping: bool,
    phase: Phase,
    /// The number of the last jump. What was read for an earlier one is of no use.
    generation: u64,
    /// The jump that is being read for.
    asked: Option<u64>,
    events: VecDeque<TimelineEvent>,
    /// Nothing comes after `events`.
    complete: bool,
    places: Vec<Place>,
    /// Where stays begin, in order.
    arrivals: Vec<(i64, usize)>,
    next_arrival: usize,
    rounds: u64,
    skipped: u64,
}

/// What the scheduler says is to be done, and by which ghost.
pub(super) type Actions = Vec<(usize, Action)>;

impl Scheduler {
    pub(super) fn new(plan: Plan, speed: f64, paused: bool) -> Self {
        let stays = &plan.roster.stays;
        let mut arrivals: Vec<_> = stays.iter().map(|stay| (stay.joined, stay.ghost)).collect();
        arrivals.sort_unstable();
        Self {
            playhead: Playhead::new(plan.range.start, speed),
            paused,
            stepping: false,
            phase: Phase::Loading,
            generation: 1,
            asked: None,
            events: VecDeque::new(),
            complete: false,
            places: vec![Place::default(); plan.roster.names.len()],
            arrivals,
            next_arrival: 0,
            rounds: 0,
            skipped: 0,
            plan,
        }
    }

    /// The jump to read for next: its number and position. One at a time.
    pub(super) fn jump_to_read(&mut self) -> Option<(u64, i64)> {
        let wanted = matches!(self.phase, Phase::Loading) && self.asked.is_none();
        wanted.then(|| {
            self.asked = Some(self.generation);
            (self.generation, self.playhead.rest())
        })
    }

    /// Whether it can use more of what was read.
    pub(super) fn wants_more(&self) -> bool {
        self.asked.is_some() || (!self.complete && self.events.len() < LOW)
    }

    /// Who is where at the position of a jump.
    pub(super) fn take_keyframe(
        &mut self,
        generation: u64,
        keyframe: &Keyframe,
        now: Instant,
        out: &mut Actions,
    ) {
        self.asked = None;
        if generation != self.generation {
            return;
        }
        let position = self.playhead.position(now);
        let roster = self.plan.roster.clone();
        let mut waiting = HashSet::new();
        for (ghost, place) in self.places.iter_mut().enumerate() {
            let stays: Vec<_> = keyframe
                .stays
                .iter()
                .filter(|(stay, _)| roster.stays[*stay].ghost == ghost)
                .copied()
                .collect();
            let returns = roster.joins_between(ghost, position, self.plan.range.end);
            place.jump(&stays, returns, &roster, &mut |action| out.push((ghost, action)));
            if place.is_online() {
                out.push((ghost, Action::Report(generation)));
                waiting.insert(ghost);
            }
        }
        self.next_arrival = self.arrivals.partition_point(|(at, _)| *at <= position);
        if waiting.is_empty() {
            self.play(now);
        } else {
            self.phase = Phase::Gathering(waiting, now + GATHER_PATIENCE);
        }
    }

    /// What happens next after the position of a jump; `complete` if that is all.
    pub(super) fn take_events(
        &mut self,
        generation: u64,
        events: Vec<TimelineEvent>,
        complete: bool,
    ) {
        if generation == self.generation {
            self.events.extend(events);
            self.complete = complete;
        }
    }

    /// A ghost has done what a jump asked of it.
    pub(super) fn in_place(&mut self, generation: u64, ghost: usize, now: Instant) {
        if let Phase::Gathering(waiting, _) = &mut self.phase
            && generation == self.generation
        {
            waiting.remove(&ghost);
            if waiting.is_empty() {
                self.play(now);
            }
        }
    }

    fn play(&mut self, now: Instant) {
        self.phase = Phase::Playing;
        if !self.paused {
            self.playhead.start(now);
        }
    }

    /// Says what is to be done by now.
    pub(super) fn run(&mut self, now: Instant, out: &mut Actions) {
        if let Phase::Gathering(_, until) = self.phase
            && now >= until
        {
            self.play(now);
        }
        if !matches!(self.phase, Phase::Playing) {
            return;
        }
        if self.stepping {
            self.step(now, out);
        }
        let position = self.playhead.position(now);
        while self.events.front().is_some_and(|event| event.at <= position) {
            self.perform_next(now, out);
        }
        for (ghost, place) in self.places.iter_mut().enumerate() {
            place.catch_up(now, &mut |action| out.push((ghost, action)));
        }
        self.connect_ahead(position, out);
        let is_held = self.places.iter().any(Place::is_holding);
        let all_done = self.events.is_empty() && self.complete && !self.paused && !is_held;
        if position >= self.plan.range.end && all_done {
            if self.plan.looping {
                self.rounds += 1;
                self.jump(self.plan.range.start);
            } else {
                self.playhead.stop(now);
                self.phase = Phase::Over;
            }
        }
    }

    /// Goes on to the next pose, if it has been read.
    fn step(&mut self, now: Instant, out: &mut Actions) {
        while let Some(event) = self.events.front() {
            let (at, is_pose) = (event.at, matches!(event.change, Change::Moved(..)));
            self.playhead.move_to(at);
            self.perform_next(now, out);
            if is_pose {
                self.stepping = false;
                return;
            }
        }
        if self.complete {
            self.stepping = false;
            self.playhead.move_to(self.plan.range.end);
        }
    }

    fn perform_next(&mut self, now: Instant, out: &mut Actions) {
        let Some(TimelineEvent { at, change }) = self.events.pop_front() else { return };
        let roster = &self.plan.roster;
        match change {
            Change::Began(stay) => {
                let ghost = roster.stays[stay].ghost;
                self.places[ghost].begin(stay, roster, &mut |action| out.push((ghost, action)));
            }
            Change::Ended(stay) => {
                let ghost = roster.stays[stay].ghost;
                let returns = roster.joins_between(ghost, at - 1, self.plan.range.end);
                let out = &mut |action| out.push((ghost, action));
                self.skipped += self.places[ghost].end(stay, returns, roster, out);
            }
            Change::Moved(stay, pose) => {
                let ghost = roster.stays[stay].ghost;
                let times = (now, self.playhead.due(at));
                let out = &mut |action| out.push((ghost, action));
                self.skipped += self.places[ghost].moved((stay, pose), roster, times, out);
            }
            Change::Said(saying) => out.push((saying.ghost, Action::Say(saying))),
        }
    }

    /// Has ghosts connect that are about to log in.
    fn connect_ahead(&mut self, position: i64, out: &mut Actions) {
        let ahead = CONNECT_AHEAD.as_secs_f64() * 1e6 * self.playhead.speed();
        let horizon = (position + ahead as i64).min(self.plan.range.end);
        while let Some((at, ghost)) = self.arrivals.get(self.next_arrival)
            && *at < horizon
        {
            if !self.places[*ghost].is_online() {
                out.push((*ghost, Action::Connect));
            }
            self.next_arrival += 1;
        }
    }

    /// When [`Self::run`] is to be called next, if nothing else happens.
    pub(super) fn next_wake(&self, now: Instant) -> Option<Instant> {
        match &self.phase {
            Phase::Loading | Phase::Over => None,
            Phase::Gathering(_, until) => Some(*until),
            Phase::Playing => {
                let next = self.events.front().map(|event| event.at);
                let end = (next.is_none() && self.complete).then_some(self.plan.range.end);
                let due = next.or(end).and_then(|at| self.playhead.due(at));
                let held = self.places.iter().filter_map(|place| place.next_catch_up(now));
                due.into_iter().chain(held).min()
            }
        }
    }

    /// Whether it has come to the end.
    pub(super) fn is_over(&self) -> bool {
        matches!(self.phase, Phase::Over)
    }

    /// Fills in how far it has got.
    pub(super) fn fill(&self, progress: &mut ReplayProgress, now: Instant) {
        let position = self.playhead.position(now).min(self.plan.range.end);
        progress.position = duration(position);
        progress.speed = self.playhead.speed();
        progress.paused = self.paused;
        progress.seeking = matches!(self.phase, Phase::Loading | Phase::Gathering(..));
        progress.rounds = self.rounds;
        progress.skipped = self.skipped;
        let (before, after) = (self.marker_before(position), self.marker_after(position));
        progress.marker = before.cloned();
        progress.next_marker = after.cloned();
    }
}

/// A position as a duration.
pub(super) fn duration(position: i64) -> Duration {
    Duration::from_micros(u64::try_from(position).unwrap_or_default())
}

/// A duration as a position.
fn micros(at: Duration) -> i64 {
    i64::try_from(at.as_micros()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests;
