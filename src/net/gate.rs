//! Large messages, one after the other.
//!
//! A message of a megabyte goes to everyone in a room, and a client that reads at 50 Mbit/s takes
//! 0.17 s for it. If several senders sent as fast as their quotas allow, that client's queue would
//! overflow, and it would be closed for what others did. So a large message takes space in its
//! room's gate until it has been written to every member. While the gate is full, the sender is
//! held back: its session stops reading, and TCP's flow control stops the sender. A member that
//! reads nothing at all delays nobody for long: if no space is freed for [`PATIENCE`], the message
//! goes in regardless, and in the end that member's queue overflows.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Weak};
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::model::{Hold, RoomName};

/// Messages of more bytes than this go through the gate.
pub(super) const LARGE: usize = 16 << 10;

/// Bytes of large messages that may be on their way to a room's members at once, if a client's
/// queue has space for them.
const SPACE: usize = 1 << 20;

/// How long a sender is held back while no space is freed.
const PATIENCE: Duration = Duration::from_millis(250);

/// The gates of all rooms with large messages on their way.
#[derive(Debug)]
pub(crate) struct Gates {
    gates: Mutex<HashMap<RoomName, Weak<Gate>>>,
    /// Bytes of space in each.
    space: usize,
}

#[derive(Debug)]
struct Gate {
    space: Arc<Semaphore>,
    /// How often space has been freed.
    given_back: AtomicU64,
}

/// Space that a message takes.
struct Pass {
    _space: OwnedSemaphorePermit,
    gate: Arc<Gate>,
}

impl Drop for Pass {
    fn drop(&mut self) {
        self.gate.given_back.fetch_add(1, Ordering::Relaxed);
    }
}

impl Gates {
    /// Gates for clients whose queues hold `queue_bytes`.
    pub(crate) fn new(queue_bytes: usize) -> Self {
        Self { gates: Mutex::default(), space: SPACE.min(queue_bytes) }
    }

    fn of(&self, room: &RoomName) -> Arc<Gate> {
        let mut gates = self.gates.lock();
        if let Some(gate) = gates.get(room).and_then(Weak::upgrade) {
            return gate;
        }
        gates.retain(|_, gate| gate.strong_count() > 0);
        let space = Arc::new(Semaphore::new(self.space));
        let gate = Arc::new(Gate { space, given_back: AtomicU64::new(0) });
        gates.insert(room.clone(), Arc::downgrade(&gate));
        gate
    }

    /// Waits until a message of `bytes` may go to `room`; returns a hold to keep until it has been
    /// written to every member.
    pub(super) async fn enter(&self, room: RoomName, bytes: usize) -> Option<Hold> {
        let gate = self.of(&room);
        let space = bytes.min(self.space) as u32;
        let acquire = gate.space.clone().acquire_many_owned(space);
        tokio::pin!(acquire);
        loop {
            let before = gate.given_back.load(Ordering::Relaxed);
            match tokio::time::timeout(PATIENCE, &mut acquire).await {
                Ok(space) => {
                    let pass = Pass { _space: space.ok()?, gate: gate.clone() };
                    return Some(Box::new(pass));
                }
                Err(_) if gate.given_back.load(Ordering::Relaxed) != before => {}
                Err(_) => return None,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hall() -> RoomName {
        RoomName::new("hall").unwrap()
    }

    #[tokio::test(start_paused = true)]
    async fn large_messages_go_one_after_the_other() {
        let gates = Arc::new(Gates::new(SPACE));
        let first = gates.enter(hall(), SPACE).await.unwrap();
        let second = tokio::spawn({
            let gates = gates.clone();
            async move { gates.enter(hall(), SPACE).await.is_some() }
        });
        tokio::time::sleep(PATIENCE / 2).await;
        assert!(!second.is_finished());
        let elsewhere = RoomName::new("attic").unwrap();
        assert!(gates.enter(elsewhere, SPACE).await.is_some());
        drop(first);
        assert!(second.await.unwrap());
    }

    #[tokio::test(start_paused = true)]
    async fn no_more_goes_in_than_a_queue_holds() {
        let gates = Gates::new(64 << 10);
        let _first = gates.enter(hall(), 40 << 10).await.unwrap();
        assert!(gates.enter(hall(), 40 << 10).await.is_none());
    }

    #[tokio::test(start_paused = true)]
    async fn a_reader_that_takes_nothing_holds_nobody_for_long() {
        let gates = Gates::new(SPACE);
        let _stuck = gates.enter(hall(), SPACE).await;
        assert!(gates.enter(hall(), 100_000).await.is_none());
    }

    #[tokio::test]
    async fn gates_that_nobody_uses_are_forgotten() {
        let gates = Gates::new(SPACE);
        drop(gates.enter(hall(), 1).await);
        drop(gates.enter(RoomName::new("attic").unwrap(), 1).await);
        assert_eq!(gates.gates.lock().len(), 1);
    }
}
