//! The operator's actions.

use std::collections::HashSet;
use std::sync::Arc;

use super::Lobby;
use super::delivery::{Delivery, tell};
use super::event::{EventKind, LobbyEvent, Message};
use crate::model::{MarkPhase, RoomId, RoomName, SessionId, Timestamp};
use crate::protocol::encode::{self, json_string};
use crate::protocol::websocket::CloseReason;
use crate::protocol::{Code, EventBody, Refusal, SERVER_USER};

/// There are as many rooms as the limit allows, which is this many.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct RoomsFull(pub(crate) usize);

/// What a change of rates has affected.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct FpsChange {
    /// Members of the rooms whose rate was set.
    pub(crate) users: usize,
    /// Rooms that gave up a rate of their own.
    pub(crate) gave_up: usize,
}

impl Lobby {
    /// Disconnects a user: error 403 with the reason `told`, then close 1008.
    pub(crate) fn kick(
        &mut self,
        id: SessionId,
        told: String,
        now: Timestamp,
        out: &mut impl Delivery,
    ) {
        self.flush(out);
        out.reliable(id, &encode::refusal(Code::AccessDenied, now, &told));
        self.disconnect(id, now, out);
        out.close(id, CloseReason::new(CloseReason::POLICY, told));
    }

    /// Opens a room, whose name no other may have.
    ///
    /// # Errors
    /// If there are as many as the limit allows.
    pub(crate) fn open_room(
        &mut self,
        name: RoomName,
        now: Timestamp,
        out: &mut impl Delivery,
    ) -> Result<RoomId, RoomsFull> {
        if self.rooms.len() >= self.limits.max_rooms {
            return Err(RoomsFull(self.rooms.len()));
        }
        tell(out, now, || EventKind::RoomOpened { room: name.clone() });
        Ok(self.rooms.open(name))
    }

    /// Removes everyone from a room, and the room too unless it is pinned; returns how many left.
    ///
    /// # Errors
    /// 500 if an invariant is broken.
    pub(crate) fn close_room(
        &mut self,
        id: RoomId,
        now: Timestamp,
        out: &mut impl Delivery,
    ) -> Result<usize, Refusal> {
        self.flush(out);
        let room = self.rooms.get_mut(id)?;
        let name = room.name.clone();
        let members = room.clear(now, out);
        for member in &members {
            let session = self.registry.known(*member)?;
            session.memberships.retain(|membership| membership.room != id);
            let user = session.user()?.name.clone();
            tell(out, now, || EventKind::Left { session: *member, user, room: name.clone() });
        }
        self.sweep(id, now, out)?;
        Ok(members.len())
    }

    /// Sets how often rooms tick. `None` lets a room follow the server's rate again. A change for
    /// the whole server includes rooms with a rate of their own.
    ///
    /// # Errors
    /// 500 if an invariant is broken.
    pub(crate) fn set_fps(
        &mut self,
        room: Option<RoomId>,
        fps: Option<f64>,
        now: Timestamp,
        out: &mut impl Delivery,
    ) -> Result<FpsChange, Refusal> {
        let ids = self.ids(room);
        if room.is_none() {
            self.fps = fps.unwrap_or(self.fps);
        }
        let mut change = FpsChange::default();
        for id in ids {
            let there = self.rooms.get_mut(id)?;
            let own = room.and(fps);
            if room.is_none() && there.cadence.own_fps.is_some() {
                change.gave_up += 1;
            }
            there.cadence.own_fps = own;
            change.users += there.len();
            if there.cadence.next_due.is_some() {
                self.rooms.schedule(id, now, self.fps)?;
            }
        }
        let name = room.map(|id| self.rooms.get(id).map(|room| room.name.clone())).transpose()?;
        tell(out, now, || EventKind::FpsChanged { room: name, fps });
        Ok(change)
    }

    /// Sends an announcement to one room or to all; returns how many users got it.
    ///
    /// # Errors
    /// 500 if an invariant is broken.
    pub(crate) fn announce(
        &mut self,
        room: Option<RoomId>,
        text: &str,
        now: Timestamp,
        out: &mut impl Delivery,
    ) -> Result<usize, Refusal> {
        let body = EventBody::new("msg", &json_string(text));
        let message = Arc::new(Message {
            time: now,
            user: SERVER_USER.into(),
            user_json: json_string(SERVER_USER).into(),
            _charge: Some(self.budget.charge(body.text.len())),
            body,
        });
        let mut told = HashSet::new();
        for id in self.ids(room) {
            self.send_message(id, &message, None, out)?;
            let room = self.rooms.get(id)?;
            told.extend(room.members().map(|member| member.session));
            if out.interest().messages {
                let (room, message) = (room.name.clone(), message.clone());
                let kind = EventKind::Said { session: None, room, message };
                out.event(LobbyEvent { time: now, kind });
            }
        }
        Ok(told.len())
    }

    /// Sets a mark, which only listeners see.
    pub(crate) fn mark(
        &self,
        label: Arc<str>,
        phase: MarkPhase,
        now: Timestamp,
        out: &mut impl Delivery,
    ) {
        tell(out, now, || EventKind::Marked { label, phase });
    }

    /// Sets whether a room is kept when its last member leaves; returns how many members it has.
    ///
    /// # Errors
    /// 500 if an invariant is broken.
    pub(crate) fn pin(
        &mut self,
        id: RoomId,
        pinned: bool,
        now: Timestamp,
        out: &mut impl Delivery,
    ) -> Result<usize, Refusal> {
        // An empty room that is no longer pinned goes, and what was said there must have gone before.
        self.flush(out);
        let room = self.rooms.get_mut(id)?;
        room.pinned = pinned;
        let users = room.len();
        self.sweep(id, now, out)?;
        Ok(users)
    }

    /// Sets the title that `rooms` lists; returns how many members the room has.
    ///
    /// # Errors
    /// 500 if an invariant is broken.
    pub(crate) fn set_title(&mut self, id: RoomId, title: String) -> Result<usize, Refusal> {
        self.rooms.set_title(id, title)?;
        Ok(self.rooms.get(id)?.len())
    }

    fn ids(&self, room: Option<RoomId>) -> Vec<RoomId> {
        match room {
            Some(room) => vec![room],
            None => self.rooms.iter().map(|room| room.id).collect(),
        }
    }
}
