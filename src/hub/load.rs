//! Fewer wake-ups under load.
//!
//! A busy server that wakes for every packet spends more on waking than on the packets. Under
//! load a thread that has nothing to do waits a moment before it looks for input, so that one
//! look finds several. A quiet server never waits.

use std::cell::Cell;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crate::clock::Clock;
use crate::model::Timestamp;

/// A look for input is put off until about this many requests can have come.
const WORTH_A_LOOK: f64 = 32.0;

/// The longest pause while nearly all requests are poses, which wait for a tick anyway.
const POSE_PAUSE: Duration = Duration::from_millis(3);

/// The longest pause while there is chat to be handed on.
const CHAT_PAUSE: Duration = Duration::from_micros(300);

/// A pause shorter than this costs more than it saves.
const SHORTEST_PAUSE: Duration = Duration::from_micros(100);

/// Below this many requests a second nothing is put off.
const QUIET_PER_SECOND: f64 = 600.0;

/// Chat counts as next to nothing while it is less than this share of the requests.
const CHAT_SHARE: f64 = 0.05;

/// How often the load is measured.
const WINDOW: Duration = Duration::from_millis(25);

/// How much is going on, as all threads see it.
#[derive(Debug)]
pub(crate) struct Load {
    clock: Clock,
    poses: AtomicU64,
    others: AtomicU64,
    next_due: AtomicU64,
    /// Whether a thread found the server under load when it last looked.
    busy: AtomicBool,
}

#[derive(Clone, Copy)]
struct Window {
    since: Instant,
    poses: u64,
    others: u64,
    pause: Option<Duration>,
}

thread_local! {
    static WINDOW_OF_THREAD: Cell<Option<Window>> = const { Cell::new(None) };
}

impl Load {
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

    /// Whether it pays to let others say what they have before a turn is taken.
    pub(crate) fn is_busy(&self) -> bool {
        self.busy.load(Ordering::Relaxed)
    }

    /// Says when the hub has to be woken next, so that no pause delays a tick.
    pub(crate) fn set_next_due(&self, due: Timestamp) {
        self.next_due.store(due.as_micros(), Ordering::Relaxed);
    }

    /// To be called by a thread that is about to wait for input.
    pub(crate) fn before_park(&self) {
        let now = Instant::now();
        let (poses, others) =
            (self.poses.load(Ordering::Relaxed), self.others.load(Ordering::Relaxed));
        let mut window =
            WINDOW_OF_THREAD.get().unwrap_or(Window { since: now, poses, others, pause: None });
        let passed = now.duration_since(window.since);
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
            let pause = due.since(self.clock.now()).min(pause);
            if pause >= SHORTEST_PAUSE {
                std::thread::sleep(pause);
            }
        }
    }
}

/// How long a look for input is put off, given how much comes a second.
fn pause(poses: f64, others: f64) -> Option<Duration> {
    let requests = poses + others;
    if requests < QUIET_PER_SECOND {
        return None;
    }
    let longest = if others < requests * CHAT_SHARE { POSE_PAUSE } else { CHAT_PAUSE };
    Some(Duration::from_secs_f64(WORTH_A_LOOK / requests).min(longest))
        .filter(|pause| *pause >= SHORTEST_PAUSE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quiet_server_never_waits() {
        assert_eq!(pause(0.0, 0.0), None);
        assert_eq!(pause(8.0 * 30.0, 10.0), None);
    }

    #[test]
    fn poses_are_put_off_longer_than_chat() {
        assert_eq!(pause(1000.0, 1.0), Some(POSE_PAUSE));
        assert_eq!(pause(1000.0, 500.0), Some(CHAT_PAUSE));
        assert!(pause(36_000.0, 0.0).is_some_and(|pause| pause < Duration::from_millis(1)));
        assert_eq!(pause(1e6, 1e6), None, "there is always something to do");
    }
}
