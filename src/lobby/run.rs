//! Consecutive messages to one room, sent as one buffer.
//!
//! Within one turn of the hub, messages to one room often follow each other. Their frames are
//! gathered in one buffer that all members share, so that a member costs one push and its
//! connection one system call, however many messages there were.
//!
//! Order needs no bookkeeping: there is one run, of one room, and whatever else the lobby does
//! (an answer, a join, a leave, a tick, a message to another room) ends it first. So everything
//! goes out in the order in which it was done.

use bytes::{Bytes, BytesMut};

use crate::model::{Budget, Hold, RoomId, Timestamp};
use crate::protocol::encode::Events;

/// A run is sent once it is longer than this, in bytes, even within a turn.
const LIMIT: usize = 64 << 10;

/// The current run, if any.
#[derive(Default)]
pub(super) struct Run {
    room: Option<RoomId>,
    frames: BytesMut,
    holds: Vec<Hold>,
}

impl Run {
    /// The room that it goes to.
    pub(super) fn room(&self) -> Option<RoomId> {
        self.room
    }

    /// Adds a message. A run to another room has to be taken first.
    pub(super) fn add(
        &mut self,
        room: RoomId,
        room_json: &str,
        now: Timestamp,
        (user_json, body): (&str, &str),
        hold: Option<Hold>,
    ) {
        debug_assert!(self.room.is_none_or(|current| current == room), "one run, one room");
        self.room = Some(room);
        let mut events = Events::after(std::mem::take(&mut self.frames), room_json);
        events.push(now, user_json, body);
        self.frames = events.append();
        self.holds.extend(hold);
    }

    /// Whether it is long enough to be sent now.
    pub(super) fn is_full(&self) -> bool {
        self.frames.len() > LIMIT
    }

    /// The room and its frames, if there is a run.
    pub(super) fn take(&mut self, budget: &Budget) -> Option<(RoomId, Bytes)> {
        let room = self.room.take()?;
        // The buffer is not reused: it lives as long as its slowest reader.
        let frames = std::mem::take(&mut self.frames).freeze();
        Some((room, budget.share(frames, std::mem::take(&mut self.holds))))
    }
}

impl std::fmt::Debug for Run {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Run({:?}, {} bytes)", self.room, self.frames.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gathers_the_messages_of_one_room_in_order() {
        let (budget, hall) = (Budget::default(), RoomId(1));
        let mut run = Run::default();
        assert!(run.take(&budget).is_none());
        for text in ["1", "2"] {
            let body = format!("\"type\":\"msg\",\"data\":{text}");
            run.add(hall, "\"hall\"", Timestamp::default(), ("\"ada\"", &body), None);
        }
        assert_eq!(run.room(), Some(hall));
        let (room, frames) = run.take(&budget).unwrap();
        let text = String::from_utf8_lossy(&frames);
        assert_eq!(room, hall);
        assert!(text.find("\"data\":1").unwrap() < text.find("\"data\":2").unwrap());
        assert_eq!(run.room(), None);
    }

    #[test]
    fn is_full_at_its_limit_and_drops_holds_with_its_last_reader() {
        let budget = Budget::default();
        let mut run = Run::default();
        let held = std::sync::Arc::new(());
        let body = format!("\"type\":\"msg\",\"data\":\"{}\"", "x".repeat(LIMIT));
        let hold: Hold = Box::new(held.clone());
        run.add(RoomId(1), "\"r\"", Timestamp::default(), ("\"ada\"", &body), Some(hold));
        assert!(run.is_full());
        let (_, frames) = run.take(&budget).unwrap();
        let reader = frames.clone();
        drop(frames);
        assert_eq!(std::sync::Arc::strong_count(&held), 2);
        drop(reader);
        assert_eq!(std::sync::Arc::strong_count(&held), 1);
    }
}
