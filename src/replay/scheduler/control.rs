//! What an operator can do with a replay: pause, step, jump, change its speed.

use std::ops::Range;
use std::time::Duration;

use super::{Phase, Scheduler, micros};
use crate::clock::Instant;
use crate::model::{REPLAY_SPEEDS, ReplayControl, ReplayMarker};

/// Going back to a marker from within this time after it goes to the one before.
const MARKER_GRACE: Duration = Duration::from_secs(1);

impl Scheduler {
    /// Does what an operator asks for.
    pub(in crate::replay) fn control(&mut self, control: ReplayControl, now: Instant) {
        let Range { start, end } = self.plan.range;
        let position = self.playhead.position(now);
        match control {
            ReplayControl::TogglePause => self.pause(!self.paused, now),
            ReplayControl::Step => {
                self.stepping = self.paused;
                self.pause(true, now);
            }
            ReplayControl::SeekBy(seconds) => self.jump(position + i64::from(seconds) * 1_000_000),
            ReplayControl::SeekToTenth(tenth) => {
                self.jump(start + (end - start) / 10 * i64::from(tenth.min(9)));
            }
            ReplayControl::SeekTo(at) => self.jump(micros(at)),
            ReplayControl::NextMarker => {
                if let Some(marker) = self.marker_after(position) {
                    self.jump(micros(marker.at));
                }
            }
            ReplayControl::PreviousMarker => {
                let grace = MARKER_GRACE.as_secs_f64() * 1e6 * self.playhead.speed();
                let at = self.marker_before(position - grace as i64);
                self.jump(at.map_or(start, |marker| micros(marker.at)));
            }
            ReplayControl::Faster => {
                let faster = |speed: &&f64| **speed > self.playhead.speed();
                if let Some(speed) = REPLAY_SPEEDS.iter().find(faster) {
                    self.playhead.set_speed(*speed, now);
                }
            }
            ReplayControl::Slower => {
                let slower = |speed: &&f64| **speed < self.playhead.speed();
                if let Some(speed) = REPLAY_SPEEDS.iter().rev().find(slower) {
                    self.playhead.set_speed(*speed, now);
                }
            }
        }
    }

    fn pause(&mut self, paused: bool, now: Instant) {
        self.paused = paused;
        if paused {
            self.playhead.stop(now);
        } else if matches!(self.phase, Phase::Playing) {
            self.stepping = false;
            self.playhead.start(now);
        }
    }

    pub(super) fn jump(&mut self, position: i64) {
        if self.is_over() {
            return;
        }
        self.generation += 1;
        self.playhead.move_to(position.clamp(self.plan.range.start, self.plan.range.end));
        self.events.clear();
        self.complete = false;
        self.stepping = false;
        self.phase = Phase::Loading;
    }

    /// The first marker after a position.
    pub(super) fn marker_after(&self, position: i64) -> Option<&ReplayMarker> {
        self.plan.markers.iter().find(|marker| micros(marker.at) > position)
    }

    /// The last marker at a position or before it.
    pub(super) fn marker_before(&self, position: i64) -> Option<&ReplayMarker> {
        self.plan.markers.iter().rev().find(|marker| micros(marker.at) <= position)
    }
}
