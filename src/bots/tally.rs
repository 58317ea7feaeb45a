//! What each bot counts: when it sent poses, and how ticks and messages reached it.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::time::Instant;

use super::durations::Durations;

/// Poses older than this are not measured.
const SENT_LOG_SECONDS: f64 = 5.0;

/// When a bot sent its latest poses, by their numbers. Written by the bot, read by all others.
#[derive(Debug)]
pub(super) struct SentLog(Box<[AtomicU64]>);

/// The low bits of an entry hold the pose's number, the rest its time in microseconds.
const NUMBER_BITS: u32 = 14;

impl SentLog {
    pub(super) fn new(hz: f64) -> Self {
        // Divisors of the range of numbers, so that a number keeps its place when it wraps.
        let wanted = (hz * SENT_LOG_SECONDS) as usize;
        let length = [10, 50, 250, 500].into_iter().find(|&fits| fits >= wanted).unwrap_or(1250);
        Self((0..length).map(|_| AtomicU64::new(u64::MAX)).collect())
    }

    /// Notes that pose `number` is sent `at`, counted from the start of the run.
    pub(super) fn record(&self, number: u16, at: Duration) {
        let entry = (at.as_micros() as u64) << NUMBER_BITS | u64::from(number);
        self.0[usize::from(number) % self.0.len()].store(entry, Ordering::Release);
    }

    /// When pose `number` was sent; `None` if never or too long ago.
    pub(super) fn sent_at(&self, number: u16) -> Option<Duration> {
        let entry = self.0[usize::from(number) % self.0.len()].load(Ordering::Acquire);
        (entry != u64::MAX && entry & ((1 << NUMBER_BITS) - 1) == u64::from(number))
            .then(|| Duration::from_micros(entry >> NUMBER_BITS))
    }
}

/// What one bot has seen and done since counting started.
#[derive(Debug, Default)]
pub(super) struct Tally {
    /// Its current or last name.
    pub(super) name: String,
    in_room_since: Option<Instant>,
    in_room_before: Duration,
    pub(super) ticks: u64,
    pub(super) ticks_in_last_line: u64,
    last_tick: Option<Instant>,
    pub(super) gaps: Durations,
    pub(super) ages: Durations,
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

    /// Forgets all counts but the reconnects.
    pub(super) fn restart(&mut self, now: Instant) {
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
    fn only_the_latest_poses_are_kept() {
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
    fn time_away_does_not_count_as_time_in_the_room() {
        let (mut tally, start) = (Tally::default(), Instant::now());
        tally.entered(start);
        tally.left(start + Duration::from_secs(2));
        tally.entered(start + Duration::from_secs(10));
        assert_eq!(tally.time_in_room(start + Duration::from_secs(11)), Duration::from_secs(3));
        tally.restart(start + Duration::from_secs(11));
        assert_eq!(tally.time_in_room(start + Duration::from_secs(12)), Duration::from_secs(1));
    }
}
