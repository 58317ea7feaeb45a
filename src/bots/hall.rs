//! What the bots of one run share: rooms, names, and the counts that the report is made of.

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use parking_lot::{Mutex, RwLock};
use tokio::sync::{Semaphore, watch};

use super::BotOptions;
use super::chat::Ledger;
use super::connect::Target;
use super::histogram::Histogram;
use super::motion::Crowd;
use super::names::{NamePool, room_name};

/// Bots that may be on their way in at the same time.
const CONNECTING: usize = 64;

/// Heads a second that all bots together read in full from ticks, for the age of poses: all of
/// them in twenty rooms of ten at up to 100 ticks a second, a sample in larger halls.
const HEADS_READ_PER_S: f64 = 200_000.0;

/// Poses older than this are not measured.
const SENT_LOG_SECONDS: f64 = 5.0;

#[derive(Debug)]
pub(super) struct Hall {
    pub(super) options: BotOptions,
    pub(super) target: Target,
    pub(super) password: String,
    pub(super) names: NamePool,
    pub(super) rooms: Vec<Room>,
    pub(super) connecting: Semaphore,
    /// Bots that have come in, or failed to at their first try.
    pub(super) arrived: watch::Sender<usize>,
    pub(super) started: Instant,
    pub(super) mishaps: Mutex<Mishaps>,
    /// A bot reads one tick in full each time this has passed.
    pub(super) sample_every: Duration,
}

#[derive(Debug)]
pub(super) struct Room {
    pub(super) name: String,
    pub(super) seed: u64,
    pub(super) crowd: Crowd,
    /// Who is behind a name that is in the room now.
    pub(super) slots: RwLock<HashMap<String, usize>>,
    pub(super) ledger: Mutex<Ledger>,
    pub(super) sent: Vec<SentLog>,
    pub(super) tallies: Vec<Mutex<Tally>>,
}

/// What went wrong, counted.
#[derive(Clone, Debug, Default)]
pub(super) struct Mishaps {
    pub(super) names_taken: u64,
    pub(super) refusals: BTreeMap<u16, u64>,
    pub(super) not_understood: u64,
    pub(super) kicked: u64,
    /// Why bots stayed away for good, and how many; at most [`REASONS`] reasons.
    pub(super) gave_up: BTreeMap<String, u64>,
}

/// Different reasons that are kept apart.
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
            // Not from the seed: two runs must not take over each other's names.
            password: format!("bots-{:016x}", rand::random::<u64>()),
            names: NamePool::default(),
            rooms: (0..rooms).map(|room| Room::new(room, members(room), &options)).collect(),
            connecting: Semaphore::new(CONNECTING),
            arrived: watch::Sender::new(0),
            started: Instant::now(),
            mishaps: Mutex::default(),
            sample_every: Duration::from_secs_f64(heads_in_all_ticks as f64 / HEADS_READ_PER_S),
            options,
        }
    }

    /// Starts all counts anew: what came while bots were still arriving tells little.
    pub(super) fn restart_counts(&self) {
        let now = Instant::now();
        for tally in self.rooms.iter().flat_map(|room| &room.tallies) {
            tally.lock().restart(now);
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
        }
    }
}

/// When a bot sent its latest poses, by their numbers.
#[derive(Debug)]
pub(super) struct SentLog(Box<[AtomicU64]>);

/// Low bits of an entry that hold the pose's number; the time in microseconds is above.
const NUMBER_BITS: u32 = 14;

impl SentLog {
    fn new(hz: f64) -> Self {
        // Divisors of the count of numbers: then a number has one place, also after it wraps.
        let wanted = (hz * SENT_LOG_SECONDS) as usize;
        let length = [10, 50, 250, 500].into_iter().find(|&fits| fits >= wanted).unwrap_or(1250);
        Self((0..length).map(|_| AtomicU64::new(u64::MAX)).collect())
    }

    /// The pose `number` is sent `at`, counted from when the run started.
    pub(super) fn record(&self, number: u16, at: Duration) {
        let entry = (at.as_micros() as u64) << NUMBER_BITS | u64::from(number);
        self.0[usize::from(number) % self.0.len()].store(entry, Ordering::Release);
    }

    /// When it was sent; none if that is too long ago or never was.
    pub(super) fn sent_at(&self, number: u16) -> Option<Duration> {
        let entry = self.0[usize::from(number) % self.0.len()].load(Ordering::Acquire);
        (entry != u64::MAX && entry & ((1 << NUMBER_BITS) - 1) == u64::from(number))
            .then(|| Duration::from_micros(entry >> NUMBER_BITS))
    }
}

/// What one bot has seen and done since the counts were started.
#[derive(Debug, Default)]
pub(super) struct Tally {
    /// The name it has or had last.
    pub(super) name: String,
    in_room_since: Option<Instant>,
    in_room_before: Duration,
    pub(super) ticks: u64,
    pub(super) ticks_in_last_line: u64,
    last_tick: Option<Instant>,
    pub(super) gaps: Histogram,
    pub(super) ages: Histogram,
    /// Those since the last line; [`Tally::ages`] has the earlier ones.
    pub(super) recent_ages: Histogram,
    pub(super) frames: u64,
    pub(super) bytes: u64,
    pub(super) poses: u64,
    pub(super) reconnects: u64,
}

impl Tally {
    pub(super) fn entered(&mut self, now: Instant) {
        self.in_room_since = Some(now);
        self.last_tick = None;
    }

    pub(super) fn left(&mut self, now: Instant) {
        self.in_room_before = self.time_in_room(now);
        self.in_room_since = None;
    }

    pub(super) fn is_in_room(&self) -> bool {
        self.in_room_since.is_some()
    }

    pub(super) fn time_in_room(&self, now: Instant) -> Duration {
        let since = self.in_room_since.map(|since| now.saturating_duration_since(since));
        self.in_room_before + since.unwrap_or_default()
    }

    pub(super) fn tick(&mut self, now: Instant) {
        self.ticks += 1;
        if let Some(last) = self.last_tick.replace(now) {
            self.gaps.record(now.saturating_duration_since(last));
        }
    }

    fn restart(&mut self, now: Instant) {
        *self = Self {
            name: std::mem::take(&mut self.name),
            in_room_since: self.in_room_since.map(|_| now),
            reconnects: self.reconnects,
            ..Self::default()
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_log_knows_the_latest_poses_only() {
        for hz in [0.1, 1.0, 30.0, 72.0, 240.0] {
            let log = SentLog::new(hz);
            let kept = log.0.len() as u16;
            assert!(f64::from(kept) >= hz * SENT_LOG_SECONDS && 10_000 % kept == 0);
            assert_eq!(log.sent_at(0), None);
            for number in 0..kept + 7 {
                log.record(number, Duration::from_millis(u64::from(number)));
            }
            assert_eq!(log.sent_at(6), None);
            assert_eq!(log.sent_at(7), Some(Duration::from_millis(7)));
            assert_eq!(log.sent_at(kept), Some(Duration::from_millis(u64::from(kept))));
        }
    }

    #[test]
    fn time_in_the_room_does_not_run_while_away() {
        let (mut tally, start) = (Tally::default(), Instant::now());
        tally.entered(start);
        tally.left(start + Duration::from_secs(2));
        tally.entered(start + Duration::from_secs(10));
        assert_eq!(tally.time_in_room(start + Duration::from_secs(11)), Duration::from_secs(3));
        tally.restart(start + Duration::from_secs(11));
        assert_eq!(tally.time_in_room(start + Duration::from_secs(12)), Duration::from_secs(1));
    }

    #[test]
    fn reasons_are_bounded() {
        let mut mishaps = Mishaps::default();
        (0..50).for_each(|number| mishaps.gave_up(number.to_string()));
        assert_eq!(mishaps.gave_up.len(), REASONS + 1);
        assert_eq!(mishaps.gave_up.values().sum::<u64>(), 50);
    }

    #[test]
    fn users_are_spread_over_all_rooms() {
        let options = BotOptions { users: 20, rooms: 3, ..BotOptions::default() };
        let hall = Hall::new(options.clone(), Target::parse(&options.url, 7).unwrap());
        let members: Vec<usize> = hall.rooms.iter().map(|room| room.tallies.len()).collect();
        assert_eq!(members, [7, 7, 6]);
    }
}
