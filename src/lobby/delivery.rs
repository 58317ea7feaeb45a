//! What a lobby sends, and to whom.

use bytes::Bytes;

use super::event::{EventKind, Interest, LobbyEvent};
use crate::model::{RoomId, SessionId, Timestamp};
use crate::protocol::websocket::CloseReason;

/// Receives what the lobby sends to sessions, in order.
///
/// All frames are whole WebSocket frames, header included.
pub(crate) trait Delivery {
    /// One or more frames that must arrive, in order.
    fn reliable(&mut self, to: SessionId, frames: &Bytes);

    /// An answer to one session that is much larger than its request: a listing, a history. Its
    /// size counts against whoever asked.
    fn costly(&mut self, to: SessionId, frames: &Bytes) {
        self.reliable(to, frames);
    }

    /// A room's latest poses; replaces those of the room that still wait.
    fn tick(&mut self, to: SessionId, room: RoomId, frame: &Bytes);

    /// Takes back the poses of a room that still wait whole; returns whether there were any.
    fn retract_tick(&mut self, to: SessionId, room: RoomId) -> bool;

    /// Ends a connection, after all that it was sent.
    fn close(&mut self, to: SessionId, reason: CloseReason);

    /// What is worth building events for.
    fn interest(&self) -> Interest;

    /// Something has happened. Called only for what [`Self::interest`] asks for.
    fn event(&mut self, event: LobbyEvent);
}

/// Tells of something that has happened, if anybody listens.
pub(super) fn tell(out: &mut impl Delivery, time: Timestamp, kind: impl FnOnce() -> EventKind) {
    if out.interest().presence {
        out.event(LobbyEvent { time, kind: kind() });
    }
}
