//! Writing for many connections at once, each on the thread that reads it.
//!
//! At the end of its turn the hub has a list of connections with something to write. It flushes
//! those of its own thread itself; those of another thread it queues here, with one wake-up for
//! all of them.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::Poll;

use futures_util::task::AtomicWaker;
use parking_lot::Mutex;

use super::Connection;

/// The connections of one thread that are waiting to be flushed. Holds each at most once, so that
/// it is bounded by their number.
#[derive(Debug, Default)]
pub(crate) struct Flusher {
    waiting: Mutex<Vec<Arc<Connection>>>,
    waker: AtomicWaker,
}

impl Flusher {
    /// Queues connections and wakes their thread.
    pub(crate) fn queue(&self, connections: impl Iterator<Item = Arc<Connection>>) {
        let mut waiting = self.waiting.lock();
        waiting.extend(
            connections.filter(|connection| !connection.flush_queued.swap(true, Ordering::AcqRel)),
        );
        drop(waiting);
        self.waker.wake();
    }

    /// Flushes whatever is queued, forever. Runs on the thread that reads the connections.
    pub(crate) async fn run(&self) {
        std::future::poll_fn(|cx| {
            self.waker.register(cx.waker());
            let waiting = std::mem::take(&mut *self.waiting.lock());
            for connection in &waiting {
                // Before the flush: a frame pushed from now on queues the connection again.
                connection.flush_queued.store(false, Ordering::Release);
                connection.outbox.flush();
            }
            Poll::<()>::Pending
        })
        .await;
    }
}
