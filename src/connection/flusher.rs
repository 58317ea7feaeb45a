//! Writing for many connections at once, each on the thread that reads it.
//!
//! At the end of its turn the hub has a list of connections with something to be written. Those of
//! its own thread it flushes itself; those of another thread it hands over here, with one wake-up
//! for all of them.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::Poll;

use futures_util::task::AtomicWaker;
use parking_lot::Mutex;

use super::Connection;

/// The connections of one thread that wait to be flushed. Holds each at most once, so that it is
/// bounded by their number.
#[derive(Debug, Default)]
pub(crate) struct Flusher {
    waiting: Mutex<Vec<Arc<Connection>>>,
    waker: AtomicWaker,
}

impl Flusher {
    /// Hands connections over and wakes the thread.
    pub(crate) fn hand_over(&self, connections: impl Iterator<Item = Arc<Connection>>) {
        let mut waiting = self.waiting.lock();
        waiting.extend(
            connections.filter(|connection| !connection.flush_asked.swap(true, Ordering::AcqRel)),
        );
        drop(waiting);
        self.waker.wake();
    }

    /// Flushes whatever is handed over, for ever. Runs on the thread that reads the connections.
    pub(crate) async fn run(&self) {
        std::future::poll_fn(|cx| {
            self.waker.register(cx.waker());
            let waiting = std::mem::take(&mut *self.waiting.lock());
            for connection in &waiting {
                // Before the flush: what is pushed from now on is handed over again.
                connection.flush_asked.store(false, Ordering::Release);
                connection.outbox.flush();
            }
            Poll::<()>::Pending
        })
        .await;
    }
}
