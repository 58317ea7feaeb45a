//! From what the lobby has to say to the connections' outboxes.

use std::sync::Arc;

use bytes::Bytes;

use crate::connection::Connection;
use crate::connection::outbox::{Pushed, State};
use crate::lobby::{ConnectionView, Note, Post};
use crate::logging::RateLimitedLog;
use crate::model::{RoomId, SessionId, Timestamp};
use crate::protocol::websocket::CloseReason;

/// Connections that one task writes to, when there are more threads than one.
const CHUNK: usize = 64;

#[derive(Debug)]
struct Place {
    connection: Arc<Connection>,
    dirty: bool,
}

/// The connections, and which of them have something to be written.
#[derive(Debug)]
pub(super) struct Dispatch {
    /// By slot, the lower half of a session's id.
    places: Vec<Option<Place>>,
    len: usize,
    dirty: Vec<u32>,
    overflowed: Vec<SessionId>,
    slow_closed: u64,
    skipped_ticks_of_gone: u64,
    bytes_of_gone: (u64, u64),
    workers: usize,
    pub(super) refusals: RateLimitedLog<u16>,
    /// The time of the turn, for the log.
    pub(super) now: Timestamp,
}

impl Dispatch {
    pub(super) fn new(workers: usize) -> Self {
        Self {
            places: Vec::new(),
            len: 0,
            dirty: Vec::new(),
            overflowed: Vec::new(),
            slow_closed: 0,
            skipped_ticks_of_gone: 0,
            bytes_of_gone: (0, 0),
            workers,
            refusals: RateLimitedLog::default(),
            now: Timestamp::default(),
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
            // What it was sent in this turn is still its own.
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

    /// How many slots there are, taken or not.
    pub(super) fn slots(&self) -> usize {
        self.places.len()
    }

    pub(super) fn at(&self, slot: usize) -> Option<&Arc<Connection>> {
        self.places.get(slot)?.as_ref().map(|place| &place.connection)
    }

    pub(super) fn slow_closed(&self) -> u64 {
        self.slow_closed
    }

    pub(super) fn note_slow_closed(&mut self) {
        self.slow_closed += 1;
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

    fn connections(&self) -> impl Iterator<Item = &Arc<Connection>> {
        self.places.iter().flatten().map(|place| &place.connection)
    }

    pub(super) fn view(&self, id: SessionId, now: Timestamp) -> ConnectionView {
        let Some(connection) = self.get(id) else { return ConnectionView::default() };
        let (heard, pinged) = (connection.liveness.heard(), connection.liveness.pinged());
        ConnectionView {
            peer: Some(connection.peer),
            round_trip: connection.liveness.round_trip(),
            bytes_out: connection.outbox.bytes_out(),
            skipped_ticks: connection.outbox.skipped_ticks(),
            queued_bytes: connection.outbox.waiting().0,
            silent_for: now.since(heard),
            unanswered_ping: (pinged > heard).then(|| now.since(pinged)),
        }
    }

    /// One whose queue overflowed and who is in the lobby still.
    pub(super) fn next_overflowed(&mut self) -> Option<Arc<Connection>> {
        while let Some(id) = self.overflowed.pop() {
            if let Some(connection) = self.get(id) {
                return Some(connection.clone());
            }
        }
        None
    }

    /// Pushes frames that are no answer of the lobby's, such as pings.
    pub(super) fn push(&mut self, id: SessionId, frames: &Bytes) {
        self.hand_over(id, |connection| connection.outbox.push(frames));
    }

    /// Writes to all who were sent something.
    pub(super) fn flush(&mut self) {
        let dirty = std::mem::take(&mut self.dirty);
        let mut chunk: Vec<Arc<Connection>> = Vec::new();
        // A large fan-out takes milliseconds, which are not to hold up the next turn if another
        // core has time for them. Each outbox keeps its own order, whoever writes.
        let shared_out = self.workers > 1 && dirty.len() > CHUNK;
        for slot in &dirty {
            let Some(place) = self.places.get_mut(*slot as usize).and_then(Option::as_mut) else {
                continue;
            };
            if !std::mem::take(&mut place.dirty) {
                continue;
            }
            if !shared_out {
                place.connection.outbox.flush();
                continue;
            }
            chunk.push(place.connection.clone());
            if chunk.len() == CHUNK {
                spawn_flush(std::mem::take(&mut chunk));
            }
        }
        if !chunk.is_empty() {
            spawn_flush(chunk);
        }
        self.dirty = dirty;
        self.dirty.clear();
    }

    pub(super) fn close_all(&mut self, reason: &CloseReason) {
        for place in self.places.iter().flatten() {
            place.connection.outbox.close(reason);
        }
    }

    fn hand_over(&mut self, id: SessionId, push: impl FnOnce(&Connection) -> Pushed) {
        let Some(place) = self.places.get_mut(id.slot()).and_then(Option::as_mut) else { return };
        if place.connection.id != id {
            return;
        }
        match push(&place.connection) {
            Pushed::Taken if !place.dirty => {
                place.dirty = true;
                self.dirty.push(id.slot() as u32);
            }
            Pushed::Taken | Pushed::Written | Pushed::Refused => {}
            Pushed::Overflow => {
                self.slow_closed += 1;
                self.overflowed.push(id);
            }
        }
    }
}

fn spawn_flush(connections: Vec<Arc<Connection>>) {
    tokio::spawn(async move {
        for connection in connections {
            connection.outbox.flush();
        }
    });
}

impl Post for Dispatch {
    fn reliable(&mut self, to: SessionId, frames: &Bytes) {
        self.hand_over(to, |connection| connection.outbox.push(frames));
    }

    fn tick(&mut self, to: SessionId, room: RoomId, frame: &Bytes) {
        if self.workers > 1 {
            self.hand_over(to, |connection| connection.outbox.push_tick(room, frame));
            return;
        }
        // With one thread there is nobody to share the writing with: while the connection is at
        // hand, it is done.
        self.hand_over(to, |connection| connection.outbox.send_tick(room, frame));
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

    fn note(&mut self, note: Note<'_>) {
        match note {
            Note::LoggedIn { user, session } => {
                let peer = self.get(session).map(|connection| connection.peer);
                tracing::info!(%user, peer = peer.map(tracing::field::display), "logged in");
            }
            Note::TookOver { user, old, new } => {
                tracing::info!(%user, %old, %new, "came back and took over its old connection");
            }
            Note::LoggedOut { user, .. } => tracing::info!(%user, "logged out"),
            Note::RoomOpened { room } => tracing::info!(%room, "room opened"),
            Note::RoomGone { room } => tracing::info!(%room, "room gone"),
            Note::Joined { user, room } => tracing::debug!(%user, %room, "joined"),
            Note::Left { user, room } => tracing::debug!(%user, %room, "left"),
            Note::Said { user, room, event } => {
                tracing::trace!(%user, %room, event = &*event.text, "said");
            }
            Note::Refused { session, user, code, reason } => {
                if let Some(more) = self.refusals.admit(code.number(), self.now) {
                    let peer = self.get(session).map(|connection| connection.peer);
                    tracing::debug!(
                        code = code.number(),
                        user = user.map(tracing::field::display),
                        peer = peer.map(tracing::field::display),
                        more = (more > 0).then_some(more),
                        "refused: {reason}"
                    );
                }
            }
        }
    }
}
