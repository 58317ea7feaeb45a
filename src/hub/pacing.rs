//! Fewer wake-ups under load.
//!
//! A busy server that wakes for every packet spends more on waking up than on the packets. While
//! nearly all requests are poses, which wait for a tick anyway, an idle thread pauses before it
//! polls for input, so that one poll finds several packets. The pause never extends beyond the next
//! tick. Chat is never delayed by it, and a quiet server never pauses.

use std::cell::Cell;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use crate::clock::{self, Clock};
use crate::model::Timestamp;

/// Polling is delayed until about this many requests can have arrived.
const WORTH_A_POLL: f64 = 32.0;

/// The longest pause.
const LONGEST_PAUSE: Duration = Duration::from_millis(3);

/// A pause shorter than this costs more than it saves.
const SHORTEST_PAUSE: Duration = Duration::from_micros(100);

/// Below this many requests a second, polling is never delayed.
const QUIET_PER_SECOND: f64 = 600.0;

/// Above this share of requests other than poses, polling is never delayed.
const CHAT_SHARE: f64 = 0.05;

/// How often the load is measured.
const WINDOW: Duration = Duration::from_millis(25);

/// The load, as shared by all threads.
#[derive(Debug)]
pub(crate) struct Pacing {
    clock: Clock,
    poses: AtomicU64,
    others: AtomicU64,
    next_due: AtomicU64,
    /// Whether pausing paid off when the load was last measured.
    busy: AtomicBool,
}

#[derive(Clone, Copy)]
struct Window {
    since: Timestamp,
    poses: u64,
    others: u64,
    pause: Option<Duration>,
}

thread_local! {
    static WINDOW_OF_THREAD: Cell<Option<Window>> = const { Cell::new(None) };
}

impl Pacing {
    pub(crate) fn new(clock: Clock) -> Self {
        Self {
            clock,
            poses: AtomicU64::new(0),
            others: AtomicU64::new(0),
            next_due: AtomicU64::new(u64::MAX),
            busy: AtomicBool::new(false),
        }
    }

    /// Counts requests.
    pub(crate) fn add(&self, poses: u64, others: u64) {
        if poses > 0 {
            self.poses.fetch_add(poses, Ordering::Relaxed);
        }
        if others > 0 {
            self.others.fetch_add(others, Ordering::Relaxed);
        }
    }

    /// Whether it pays to let all ready connections be read before the hub takes a turn.
    pub(crate) fn is_busy(&self) -> bool {
        self.busy.load(Ordering::Relaxed)
    }

    /// Sets when the hub has to wake next, so that no pause delays a tick.
    pub(crate) fn set_next_due(&self, due: Timestamp) {
        self.next_due.store(due.as_micros(), Ordering::Relaxed);
    }

    /// Call this on a thread that is about to wait for input.
    pub(crate) fn before_park(&self) {
        let now = self.clock.now();
        let (poses, others) =
            (self.poses.load(Ordering::Relaxed), self.others.load(Ordering::Relaxed));
        let mut window =
            WINDOW_OF_THREAD.get().unwrap_or(Window { since: now, poses, others, pause: None });
        let passed = now.since(window.since);
        if passed >= WINDOW {
            let seconds = passed.as_secs_f64();
            let per_second = |now: u64, then: u64| now.wrapping_sub(then) as f64 / seconds;
            let pause = pause(per_second(poses, window.poses), per_second(others, window.others));
            window = Window { since: now, poses, others, pause };
            self.busy.store(pause.is_some(), Ordering::Relaxed);
        }
        WINDOW_OF_THREAD.set(Some(window));
        if let Some(pause) = window.pause {
            let due = Timestamp::from_micros(self.next_due.load(Ordering::Relaxed));
            let pause = due.since(now).min(pause);
            if pause >= SHORTEST_PAUSE {
                clock::sleep_thread(pause);
            }
        }
    }
}

/// How long to delay polling, given the load.
fn pause(poses: f64, others: f64) -> Option<Duration> {
    let requests = poses + others;
    if requests < QUIET_PER_SECOND || others > requests * CHAT_SHARE {
        return None;
    }
    Some(Duration::from_secs_f64(WORTH_A_POLL / requests).min(LONGEST_PAUSE))
        .filter(|pause| *pause >= SHORTEST_PAUSE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quiet_server_never_pauses() {
        assert_eq!(pause(0.0, 0.0), None);
        assert_eq!(pause(8.0 * 30.0, 10.0), None);
    }

    #[test]
    fn poses_are_delayed_and_chat_is_not() {
        assert_eq!(pause(1000.0, 1.0), Some(LONGEST_PAUSE));
        assert_eq!(pause(1000.0, 500.0), None);
        assert!(pause(36_000.0, 0.0).is_some_and(|pause| pause < Duration::from_millis(1)));
        assert_eq!(pause(1e6, 0.0), None, "there is always something to do");
    }
}
