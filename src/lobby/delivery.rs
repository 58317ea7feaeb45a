//! Where a lobby's frames and events go.

use bytes::Bytes;

use super::event::{EventKind, Interest, LobbyEvent};
use crate::model::{RoomId, SessionId, Timestamp};
use crate::protocol::websocket::CloseReason;

/// Receives what the lobby sends to sessions, in order.
///
/// All frames are whole WebSocket frames, header included.
pub(crate) trait Delivery {
    /// One or more frames that must arrive, and in order.
    fn reliable(&mut self, to: SessionId, frames: &Bytes);

    /// An answer that is much larger than its request, such as a listing or a history. Its size is
    /// charged to the session.
    fn costly(&mut self, to: SessionId, frames: &Bytes) {
        self.reliable(to, frames);
    }

    /// A room's latest poses, in place of those that are still queued.
    fn tick(&mut self, to: SessionId, room: RoomId, frame: &Bytes);

    /// Drops a room's queued poses unless they have been written in part; returns whether there were
    /// any.
    fn retract_tick(&mut self, to: SessionId, room: RoomId) -> bool;

    /// Closes a connection, after everything it was sent.
    fn close(&mut self, to: SessionId, reason: CloseReason);

    /// Which events to build.
    fn interest(&self) -> Interest;

    /// An event. Called only for those that [`Self::interest`] asks for.
    fn event(&mut self, event: LobbyEvent);
}

/// Sends an event of presence, if anybody listens.
pub(super) fn tell(out: &mut impl Delivery, time: Timestamp, kind: impl FnOnce() -> EventKind) {
    if out.interest().presence {
        out.event(LobbyEvent { time, kind: kind() });
    }
}
