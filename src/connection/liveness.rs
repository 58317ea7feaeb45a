//! When a connection was last heard from, and how long its pings take.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use parking_lot::Mutex;

use crate::model::{HISTORY_SECONDS, Timestamp};

/// When a connection was last heard from, in microseconds of the server's clock.
#[derive(Debug, Default)]
pub(crate) struct Liveness {
    heard: AtomicU64,
    heard_request: AtomicU64,
    pinged: AtomicU64,
    /// The last ping that was answered: a pong that comes twice is not a second round trip.
    answered: AtomicU64,
    round_trip: AtomicU64,
    bytes_in: AtomicU64,
    /// Bytes written when the stream was last seen blocked, and since when.
    stuck_at: AtomicU64,
    stuck_since: AtomicU64,
    /// Microseconds of the last round trips, oldest first.
    round_trips: Mutex<VecDeque<u32>>,
}

impl Liveness {
    /// When anything last came.
    pub(crate) fn heard(&self) -> Timestamp {
        Timestamp::from_micros(self.heard.load(Ordering::Relaxed))
    }

    /// When a message last came, pings and pongs aside.
    pub(crate) fn heard_request(&self) -> Timestamp {
        Timestamp::from_micros(self.heard_request.load(Ordering::Relaxed))
    }

    /// When it was last pinged; the epoch if never.
    pub(crate) fn pinged(&self) -> Timestamp {
        Timestamp::from_micros(self.pinged.load(Ordering::Relaxed))
    }

    /// How long the last ping took to be answered.
    pub(crate) fn round_trip(&self) -> Option<Duration> {
        Some(self.round_trip.load(Ordering::Relaxed))
            .filter(|rtt| *rtt > 0)
            .map(Duration::from_micros)
    }

    /// The last round trip, and when its pong came.
    pub(crate) fn last_round_trip(&self) -> Option<(Timestamp, Duration)> {
        let round_trip = self.round_trip()?;
        let sent = Timestamp::from_micros(self.answered.load(Ordering::Relaxed));
        Some((sent.plus(round_trip), round_trip))
    }

    /// The last round trips, oldest first.
    pub(crate) fn round_trips(&self) -> Vec<Duration> {
        self.round_trips.lock().iter().map(|rtt| Duration::from_micros((*rtt).into())).collect()
    }

    /// How long the stream has accepted nothing, as far as the hub's checks can tell, given whether
    /// it is `blocked` now and how many bytes it has accepted since the start.
    pub(crate) fn stuck_for(&self, blocked: bool, bytes_out: u64, now: Timestamp) -> Duration {
        // Plus one, so that 0 means that it was not stuck.
        let at = if blocked { bytes_out + 1 } else { 0 };
        if self.stuck_at.swap(at, Ordering::Relaxed) != at {
            self.stuck_since.store(now.as_micros(), Ordering::Relaxed);
        }
        if !blocked {
            return Duration::ZERO;
        }
        now.since(Timestamp::from_micros(self.stuck_since.load(Ordering::Relaxed)))
    }

    /// Bytes received.
    pub(crate) fn bytes_in(&self) -> u64 {
        self.bytes_in.load(Ordering::Relaxed)
    }

    /// Notes that `bytes` came.
    pub(crate) fn hear(&self, now: Timestamp, bytes: usize) {
        self.heard.store(now.as_micros(), Ordering::Relaxed);
        self.bytes_in.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    /// Notes that a message came.
    pub(crate) fn hear_request(&self, now: Timestamp) {
        self.heard_request.store(now.as_micros(), Ordering::Relaxed);
    }

    /// Notes a ping and returns its payload.
    pub(crate) fn ping(&self, now: Timestamp) -> [u8; 8] {
        self.pinged.store(now.as_micros(), Ordering::Relaxed);
        now.as_micros().to_be_bytes()
    }

    /// Notes a pong; returns how long its ping took to be answered, if it was the last one.
    pub(crate) fn pong(&self, payload: &[u8], now: Timestamp) -> Option<Duration> {
        let sent = self.pinged.load(Ordering::Relaxed);
        if payload != sent.to_be_bytes() || self.answered.swap(sent, Ordering::Relaxed) == sent {
            return None;
        }
        let round_trip = now.since(Timestamp::from_micros(sent));
        let micros = round_trip.as_micros() as u64;
        self.round_trip.store(micros.max(1), Ordering::Relaxed);
        let mut round_trips = self.round_trips.lock();
        if round_trips.len() >= HISTORY_SECONDS {
            round_trips.pop_front();
        }
        round_trips.push_back(u32::try_from(micros).unwrap_or(u32::MAX));
        Some(round_trip)
    }
}
