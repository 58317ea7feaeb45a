//! Fewer wake-ups under load.
//!
//! A busy server that wakes for every packet spends more on waking than on the packets. Under
//! load a thread that has nothing to do waits a moment before it looks for input, so that one
//! look finds several. A quiet server never waits.

use std::cell::Cell;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crate::clock::{Clock, Timestamp};

/// How long a look for input is put off under load.
const PAUSE: Duration = Duration::from_micros(500);

/// Requests a second from which on the server is under load.
const BUSY_PER_SECOND: f64 = 2000.0;

/// How often a thread measures the load.
const WINDOW: Duration = Duration::from_millis(20);

/// How much is going on, as all threads see it.
#[derive(Debug)]
pub(crate) struct Load {
    clock: Clock,
    requests: AtomicU64,
    next_due: AtomicU64,
}

#[derive(Clone, Copy)]
struct Window {
    since: Instant,
    requests: u64,
    busy: bool,
}

thread_local! {
    static WINDOW_OF_THREAD: Cell<Option<Window>> = const { Cell::new(None) };
}

impl Load {
    pub(crate) fn new(clock: Clock) -> Self {
        Self { clock, requests: AtomicU64::new(0), next_due: AtomicU64::new(u64::MAX) }
    }

    /// Counts requests.
    pub(crate) fn add(&self, requests: u64) {
        self.requests.fetch_add(requests, Ordering::Relaxed);
    }

    /// Says when the hub has to be woken next, so that no pause delays a tick.
    pub(crate) fn set_next_due(&self, due: Timestamp) {
        self.next_due.store(due.as_micros(), Ordering::Relaxed);
    }

    /// To be called by a thread that is about to wait for input.
    pub(crate) fn before_park(&self) {
        let now = Instant::now();
        let requests = self.requests.load(Ordering::Relaxed);
        let mut window =
            WINDOW_OF_THREAD.get().unwrap_or(Window { since: now, requests, busy: false });
        let passed = now.duration_since(window.since);
        if passed >= WINDOW {
            let rate = (requests - window.requests) as f64 / passed.as_secs_f64();
            window = Window { since: now, requests, busy: rate >= BUSY_PER_SECOND };
        }
        WINDOW_OF_THREAD.set(Some(window));
        if window.busy {
            let due = Timestamp::from_micros(self.next_due.load(Ordering::Relaxed));
            let pause = due.since(self.clock.now()).min(PAUSE);
            if pause > Duration::from_micros(50) {
                std::thread::sleep(pause);
            }
        }
    }
}
