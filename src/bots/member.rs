//! One bot as a member of its room: its name, its place in the counts, what it sends.

use std::sync::Arc;
use std::time::Duration;

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use tokio::time::Instant;

use super::hall::{Hall, Room, now};
use super::motion::Walker;
use super::tally::Tally;
use super::utterance::Utterance;
use super::wire::{POSE_NUMBERS, PoseWriter};
use crate::client;

pub(super) struct Member {
    pub(super) hall: Arc<Hall>,
    room: usize,
    /// Its number among the room's bots.
    pub(super) slot: usize,
    pub(super) name: String,
    pub(super) random: StdRng,
    walker: Walker,
    /// When it sends within each pose period, as a share of the period.
    send_phase: f64,
    next_pose: u16,
    /// How often it has said something, counted from a random start.
    turns: usize,
    has_arrived: bool,
    is_in_room: bool,
}

impl Member {
    /// The bot with number `index` of all. It has no name yet.
    pub(super) fn new(hall: &Arc<Hall>, index: usize) -> Self {
        let (room, slot) = (index % hall.rooms.len(), index / hall.rooms.len());
        let mut random = StdRng::seed_from_u64(hall.options.seed.wrapping_add(index as u64));
        Self {
            room,
            slot,
            name: String::new(),
            walker: Walker::new(hall.rooms[room].seed, slot),
            send_phase: index as f64 / hall.options.users as f64,
            next_pose: 0,
            turns: random.random_range(0..47),
            random,
            has_arrived: false,
            is_in_room: false,
            hall: hall.clone(),
        }
    }

    pub(super) fn room(&self) -> &Room {
        &self.hall.rooms[self.room]
    }

    pub(super) fn is_in_room(&self) -> bool {
        self.is_in_room
    }

    /// Takes the next free name. Returns `false` if there are no more.
    pub(super) fn take_name(&mut self) -> bool {
        let Some(name) = self.hall.names.next() else { return false };
        self.tally(|tally| tally.name.clone_from(&name));
        self.name = name;
        true
    }

    pub(super) fn login(&self) -> String {
        client::login(&self.name, &self.hall.password)
    }

    pub(super) fn join(&self) -> String {
        client::join(&self.room().name)
    }

    pub(super) fn enter_room(&mut self, now: Instant) {
        let room = self.room();
        room.slots.write().insert(self.name.clone(), self.slot);
        room.ledger.lock().entered(self.slot);
        self.tally(|tally| tally.entered(now));
        self.is_in_room = true;
        self.arrive();
    }

    /// Does nothing if it isn't in the room.
    pub(super) fn leave_room(&mut self) {
        if std::mem::take(&mut self.is_in_room) {
            let room = self.room();
            room.slots.write().remove(&self.name);
            room.ledger.lock().left(self.slot);
            room.crowd.remove(self.slot);
            self.tally(|tally| tally.left(now()));
        }
    }

    /// Counts the bot as arrived: the others need not wait for it any longer.
    pub(super) fn arrive(&mut self) {
        if !std::mem::replace(&mut self.has_arrived, true) {
            self.hall.arrived.send_modify(|arrived| *arrived += 1);
        }
    }

    /// When the bot sends its first pose from now on, and the time between two.
    pub(super) fn pose_schedule(&self) -> (Instant, Duration) {
        let period = Duration::from_secs_f64(1.0 / self.hall.options.hz);
        let passed = (now() - self.hall.started).as_secs_f64() / period.as_secs_f64();
        (self.hall.started + period.mul_f64(passed.ceil() + self.send_phase), period)
    }

    /// Its pose now, as a request.
    pub(super) fn pose(&mut self, writer: &PoseWriter) -> String {
        let at = now() - self.hall.started;
        let pose = self.walker.advance_to(at, &self.hall.rooms[self.room].crowd);
        let number = self.next_pose;
        self.next_pose = (number + 1) % POSE_NUMBERS;
        let text = writer.write(&pose, number);
        self.room().sent[self.slot].record(number, at);
        self.tally(|tally| tally.poses += 1);
        text
    }

    /// Its next utterance, as a request.
    pub(super) fn say(&mut self) -> String {
        let utterance = Utterance::of_turn(self.slot, self.turns);
        self.turns += 1;
        let room = self.room();
        room.ledger.lock().said(self.slot, utterance, now());
        client::say(&room.name, utterance.kind(), utterance.data())
    }

    pub(super) fn tally(&self, change: impl FnOnce(&mut Tally)) {
        change(&mut self.room().tallies[self.slot].lock());
    }
}
