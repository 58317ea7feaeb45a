//! Passes what the lobby sends to the connections' outboxes.
//!
//! Frames are pushed as they come, and written at the end of the turn: each connection once, by
//! the thread that reads it. The hub's own thread writes to its connections itself, the others
//! are handed theirs with one wake-up. What comes last in a turn, its last messages and its ticks,
//! is written to the hub's own connections as it comes, while they are in the processor's cache.

use std::sync::Arc;

use bytes::Bytes;

use super::events::Events;
use crate::connection::outbox::{Pushed, State};
use crate::connection::{Connection, Flusher, Outbox};
use crate::lobby::Delivery;
use crate::lobby::event::{Interest, LobbyEvent};
use crate::model::{RoomId, SessionId};
use crate::protocol::websocket::CloseReason;

/// The thread that the hub itself runs on, an index into the server's threads.
pub(crate) const HUB_THREAD: usize = 0;

#[derive(Debug)]
struct Place {
    connection: Arc<Connection>,
    /// Something was pushed to it in this turn.
    dirty: bool,
}

/// The connections, and which of them have to be flushed.
#[derive(Debug)]
pub(super) struct Dispatch {
    /// By slot.
    places: Vec<Option<Place>>,
    len: usize,
    /// Slots of dirty places, by thread.
    dirty: Vec<Vec<u32>>,
    flushers: Vec<Arc<Flusher>>,
    overflowed: Vec<SessionId>,
    pub(super) slow_closed: u64,
    skipped_ticks_of_gone: u64,
    bytes_of_gone: (u64, u64),
    /// Nothing will follow in this turn.
    pub(super) comes_last: bool,
    pub(super) events: Events,
}

impl Dispatch {
    /// With a flusher for each of the server's threads.
    pub(super) fn new(flushers: Vec<Arc<Flusher>>, events: Events) -> Self {
        Self {
            places: Vec::new(),
            len: 0,
            dirty: vec![Vec::new(); flushers.len()],
            flushers,
            overflowed: Vec::new(),
            slow_closed: 0,
            skipped_ticks_of_gone: 0,
            bytes_of_gone: (0, 0),
            comes_last: false,
            events,
        }
    }

    pub(super) fn insert(&mut self, connection: Arc<Connection>) {
        let slot = connection.id.slot();
        if self.places.len() <= slot {
            self.places.resize_with(slot + 1, || None);
        }
        self.places[slot] = Some(Place { connection, dirty: false });
        self.len += 1;
    }

    pub(super) fn remove(&mut self, id: SessionId) -> Option<Arc<Connection>> {
        self.get(id)?;
        let place = self.places.get_mut(id.slot())?.take()?;
        self.len -= 1;
        let connection = place.connection;
        self.skipped_ticks_of_gone += connection.outbox.skipped_ticks();
        self.bytes_of_gone.0 += connection.liveness.bytes_in();
        self.bytes_of_gone.1 += connection.outbox.bytes_out();
        if place.dirty {
            // What it was sent in this turn still has to be written.
            connection.outbox.flush();
        }
        Some(connection)
    }

    pub(super) fn get(&self, id: SessionId) -> Option<&Arc<Connection>> {
        let place = self.places.get(id.slot())?.as_ref()?;
        (place.connection.id == id).then_some(&place.connection)
    }

    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// How many slots there are, used or not.
    pub(super) fn slots(&self) -> usize {
        self.places.len()
    }

    pub(super) fn at(&self, slot: usize) -> Option<&Arc<Connection>> {
        self.places.get(slot)?.as_ref().map(|place| &place.connection)
    }

    pub(super) fn connections(&self) -> impl Iterator<Item = &Arc<Connection>> {
        self.places.iter().flatten().map(|place| &place.connection)
    }

    pub(super) fn skipped_ticks(&self) -> u64 {
        let open: u64 = self.connections().map(|open| open.outbox.skipped_ticks()).sum();
        open + self.skipped_ticks_of_gone
    }

    /// Bytes in and out since the start.
    pub(super) fn bytes(&self) -> (u64, u64) {
        self.connections().fold(self.bytes_of_gone, |(bytes_in, bytes_out), open| {
            (bytes_in + open.liveness.bytes_in(), bytes_out + open.outbox.bytes_out())
        })
    }

    /// A connection whose reliable lane was full and that is still in the lobby.
    pub(super) fn next_overflowed(&mut self) -> Option<Arc<Connection>> {
        while let Some(id) = self.overflowed.pop() {
            if let Some(connection) = self.get(id) {
                return Some(connection.clone());
            }
        }
        None
    }

    /// Flushes every connection that something was pushed to.
    pub(super) fn flush(&mut self) {
        for thread in (0..self.dirty.len()).filter(|thread| *thread != HUB_THREAD) {
            if !self.dirty[thread].is_empty() {
                let slots = std::mem::take(&mut self.dirty[thread]);
                let flusher = self.flushers[thread].clone();
                flusher.queue(slots.iter().filter_map(|slot| self.take_dirty(*slot)));
                self.recycle(thread, slots);
            }
        }
        let slots = std::mem::take(&mut self.dirty[HUB_THREAD]);
        for slot in &slots {
            let Some(Some(place)) = self.places.get_mut(*slot as usize) else { continue };
            if std::mem::take(&mut place.dirty) {
                place.connection.outbox.flush();
            }
        }
        self.recycle(HUB_THREAD, slots);
    }

    fn take_dirty(&mut self, slot: u32) -> Option<Arc<Connection>> {
        let place = self.places.get_mut(slot as usize)?.as_mut()?;
        std::mem::take(&mut place.dirty).then(|| place.connection.clone())
    }

    fn recycle(&mut self, thread: usize, mut slots: Vec<u32>) {
        slots.clear();
        self.dirty[thread] = slots;
    }

    /// Closes every connection.
    pub(super) fn close_all(&mut self, reason: &CloseReason) {
        for place in self.places.iter().flatten() {
            place.connection.outbox.close(reason);
        }
    }

    /// Sends with `now` what can be written now, and pushes with `later` what is to be written at
    /// the end of the turn.
    fn send(
        &mut self,
        id: SessionId,
        now: impl FnOnce(&Outbox) -> Pushed,
        later: impl FnOnce(&Outbox) -> Pushed,
    ) {
        let Some(Some(place)) = self.places.get_mut(id.slot()) else { return };
        let connection = &place.connection;
        if connection.id != id {
            return;
        }
        let is_written = self.comes_last && !place.dirty && connection.thread == HUB_THREAD;
        let pushed = if is_written { now(&connection.outbox) } else { later(&connection.outbox) };
        match pushed {
            Pushed::Taken if !is_written && !place.dirty => {
                place.dirty = true;
                self.dirty[connection.thread].push(id.slot() as u32);
            }
            Pushed::Taken | Pushed::Refused => {}
            Pushed::Overflow => {
                self.slow_closed += 1;
                self.overflowed.push(id);
            }
        }
    }
}

impl Delivery for Dispatch {
    fn reliable(&mut self, to: SessionId, frames: &Bytes) {
        self.send(to, |outbox| outbox.send(frames), |outbox| outbox.push(frames));
    }

    fn costly(&mut self, to: SessionId, frames: &Bytes) {
        if let Some(connection) = self.get(to) {
            connection.owe(frames.len());
        }
        self.reliable(to, frames);
    }

    fn tick(&mut self, to: SessionId, room: RoomId, frame: &Bytes) {
        self.send(
            to,
            |outbox| outbox.send_tick(room, frame),
            |outbox| outbox.push_tick(room, frame),
        );
    }

    fn retract_tick(&mut self, to: SessionId, room: RoomId) -> bool {
        self.get(to).is_some_and(|connection| connection.outbox.retract_tick(room))
    }

    fn close(&mut self, to: SessionId, reason: CloseReason) {
        if let Some(connection) = self.get(to)
            && connection.outbox.state() == State::Open
        {
            connection.outbox.close(&reason);
        }
    }

    fn interest(&self) -> Interest {
        self.events.interest()
    }

    fn event(&mut self, event: LobbyEvent) {
        self.events.tell(event);
    }
}
