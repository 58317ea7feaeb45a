//! What the bots of a run share: their clock, rooms, names and counts.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use parking_lot::{Mutex, RwLock};
use tokio::sync::{Semaphore, watch};
use tokio::time::Instant;

use super::crowd::Crowd;
use super::durations::Durations;
use super::ledger::Ledger;
use super::names::{NamePool, room_name};
use super::options::BotOptions;
use super::tally::{SentLog, Tally};
use crate::client::Target;
use crate::clock;

/// Bots that may connect and join at the same time.
const CONNECTING: usize = 64;

/// Heads a second that all bots together parse from ticks to measure the age of poses. That covers
/// every tick of twenty rooms of ten at up to 100 ticks a second, and a sample in larger halls.
const HEADS_READ_PER_S: f64 = 200_000.0;

/// The time on the clock that everything in a run is measured with.
pub(super) fn now() -> Instant {
    clock::monotonic()
}

/// How far a run has got.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    /// All bots move and talk.
    Running,
    /// Nobody sends any more; what is in flight may still arrive.
    Listening,
    /// All bots leave.
    Leaving,
}

#[derive(Debug)]
pub(super) struct Hall {
    pub(super) options: BotOptions,
    pub(super) target: Target,
    pub(super) password: String,
    pub(super) names: NamePool,
    pub(super) rooms: Vec<Room>,
    pub(super) connecting: Semaphore,
    /// Bots that are in their room or failed to get there at the first attempt.
    pub(super) arrived: watch::Sender<usize>,
    pub(super) started: Instant,
    pub(super) mishaps: Mutex<Mishaps>,
    /// Each bot parses one tick per this period.
    pub(super) sample_every: Duration,
}

#[derive(Debug)]
pub(super) struct Room {
    pub(super) name: String,
    pub(super) seed: u64,
    pub(super) crowd: Crowd,
    /// The slot of each bot in the room, by its name.
    pub(super) slots: RwLock<HashMap<String, usize>>,
    pub(super) ledger: Mutex<Ledger>,
    pub(super) sent: Vec<SentLog>,
    pub(super) tallies: Vec<Mutex<Tally>>,
    /// Ages of poses seen by all its bots since the last line of progress.
    pub(super) recent_ages: Mutex<Durations>,
}

/// Counts of what went wrong.
#[derive(Clone, Debug, Default)]
pub(super) struct Mishaps {
    pub(super) names_taken: u64,
    pub(super) refusals: BTreeMap<u16, u64>,
    pub(super) not_understood: u64,
    pub(super) kicked: u64,
    /// How many bots gave up, by reason; at most [`REASONS`] reasons and one for the rest.
    pub(super) gave_up: BTreeMap<String, u64>,
}

/// Reasons that are counted separately.
const REASONS: usize = 8;

impl Mishaps {
    pub(super) fn gave_up(&mut self, reason: String) {
        let known = self.gave_up.contains_key(&reason) || self.gave_up.len() < REASONS;
        let reason = if known { reason } else { "other reasons".to_owned() };
        *self.gave_up.entry(reason).or_default() += 1;
    }
}

impl Hall {
    pub(super) fn new(options: BotOptions, target: Target) -> Self {
        let rooms = options.rooms.min(options.users);
        let members = |room: usize| (options.users - room).div_ceil(rooms);
        let heads_in_all_ticks: usize = (0..rooms).map(|room| members(room).pow(2)).sum();
        Self {
            target,
            // Not from the seed: a run must not take over the names of another.
            password: format!("bots-{:016x}", rand::random::<u64>()),
            names: NamePool::default(),
            rooms: (0..rooms).map(|room| Room::new(room, members(room), &options)).collect(),
            connecting: Semaphore::new(CONNECTING),
            arrived: watch::Sender::new(0),
            started: now(),
            mishaps: Mutex::default(),
            sample_every: Duration::from_secs_f64(heads_in_all_ticks as f64 / HEADS_READ_PER_S),
            options,
        }
    }

    /// Restarts all counts: what was counted while bots were still arriving says little.
    pub(super) fn restart_counts(&self) {
        let now = now();
        for room in &self.rooms {
            room.recent_ages.lock().clear();
            for tally in &room.tallies {
                tally.lock().restart(now);
            }
        }
    }
}

impl Room {
    fn new(index: usize, members: usize, options: &BotOptions) -> Self {
        let slots = 0..members;
        Self {
            name: room_name(index),
            seed: options.seed.wrapping_add((index as u64).wrapping_mul(0xa076_1d64_78bd_642f)),
            crowd: Crowd::new(members),
            slots: RwLock::default(),
            ledger: Mutex::new(Ledger::new(members)),
            sent: slots.clone().map(|_| SentLog::new(options.hz)).collect(),
            tallies: slots.map(|_| Mutex::default()).collect(),
            recent_ages: Mutex::default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_are_bounded() {
        let mut mishaps = Mishaps::default();
        (0..50).for_each(|number| mishaps.gave_up(number.to_string()));
        assert_eq!(mishaps.gave_up.len(), REASONS + 1);
        assert_eq!(mishaps.gave_up.values().sum::<u64>(), 50);
    }

    #[test]
    fn bots_are_spread_over_all_rooms() {
        let options = BotOptions { users: 20, rooms: 3, ..BotOptions::default() };
        let hall = Hall::new(options.clone(), Target::parse(&options.url, 7).unwrap());
        let members: Vec<usize> = hall.rooms.iter().map(|room| room.tallies.len()).collect();
        assert_eq!(members, [7, 7, 6]);
    }
}
