//! Connections, logins, joins and leaves.

use bytes::Bytes;

use super::Lobby;
use super::actions::RoomsFull;
use super::delivery::{Delivery, tell};
use super::event::EventKind;
use super::invariant::report;
use super::registry::{Membership, User};
use crate::model::{RoomId, RoomName, SessionId, Timestamp, UserName};
use crate::protocol::encode::{self, json_string};
use crate::protocol::websocket::CloseReason;
use crate::protocol::{Code, Password, Refusal};

impl Lobby {
    /// Adds a connection. No other open connection may have the slot of `id`.
    pub(crate) fn connect(&mut self, id: SessionId, now: Timestamp) {
        self.registry.insert(id, now);
    }

    /// Removes a connection that has ended or is about to: its user leaves all rooms. Does nothing
    /// if it has been removed already.
    pub(crate) fn disconnect(&mut self, id: SessionId, now: Timestamp, out: &mut impl Delivery) {
        self.flush(out);
        while let Some(membership) =
            self.registry.get_mut(id).and_then(|session| session.memberships.first().cloned())
        {
            if let Err(broken) = self.leave(id, &membership, now, out) {
                report(&broken);
            }
        }
        if let Some(user) = self.registry.remove(id).and_then(|session| session.user) {
            tell(out, now, || EventKind::LoggedOut { session: id, user: user.name });
        }
    }

    pub(super) fn login(
        &mut self,
        id: SessionId,
        name: UserName,
        password: Password,
        now: Timestamp,
        out: &mut impl Delivery,
    ) -> Result<(), Refusal> {
        if self.registry.known(id)?.user.is_some() {
            return Err(Refusal::new(Code::Conflict, "this connection is logged in already"));
        }
        if let Some(old) = self.registry.find(&name) {
            if !self.registry.known(old)?.user()?.password.is_same_person(&password) {
                return Err(Refusal::new(
                    Code::Conflict,
                    "that name is in use; choose another, or send the password it logged in with",
                ));
            }
            tell(out, now, || EventKind::TookOver { user: name.clone(), old, new: id });
            self.disconnect(old, now, out);
            out.close(
                old,
                CloseReason::new(CloseReason::POLICY, "you logged in on another connection"),
            );
        }
        tell(out, now, || EventKind::LoggedIn { session: id, user: name.clone() });
        let json = json_string(name.as_str()).into();
        self.registry.log_in(id, User { name, json, password })?;
        let greeting = encode::answer(Code::AccessGranted, now, "{}");
        self.join(id, RoomName::lobby(), Some(greeting), now, out)
    }

    pub(super) fn join(
        &mut self,
        id: SessionId,
        name: RoomName,
        greeting: Option<Bytes>,
        now: Timestamp,
        out: &mut impl Delivery,
    ) -> Result<(), Refusal> {
        let session = self.registry.known(id)?;
        let user = session.user()?;
        let (user_name, json) = (user.name.clone(), user.json.clone());
        if session.memberships.iter().any(|membership| membership.name == name) {
            return Err(Refusal::new(Code::Conflict, "you are in that room already"));
        }
        let rooms = session.memberships.len();
        if rooms >= self.limits.max_rooms_per_user {
            return Err(Refusal::new(
                Code::LimitReached,
                format!("you are in {rooms} rooms, which is the limit; leave one first"),
            ));
        }
        let room_id = match self.rooms.find(name.as_str()) {
            Some(room) => room,
            None => self.open_room(name.clone(), now, out).map_err(|RoomsFull(rooms)| {
                Refusal::new(
                    Code::LimitReached,
                    format!("there are {rooms} rooms, which is the limit"),
                )
            })?,
        };
        if let Some(greeting) = greeting {
            out.reliable(id, &greeting);
        }
        let room = self.rooms.get_mut(room_id)?;
        let member = room.join(id, user_name.folded().clone(), json, now, out);
        room.show(id, out);
        // The room's own name, so that all members share it.
        let name = room.name.clone();
        let membership = Membership { room: room_id, name: name.clone(), member };
        self.registry.known(id)?.memberships.push(membership);
        tell(out, now, || EventKind::Joined { session: id, user: user_name, room: name });
        Ok(())
    }

    pub(super) fn leave(
        &mut self,
        id: SessionId,
        membership: &Membership,
        now: Timestamp,
        out: &mut impl Delivery,
    ) -> Result<(), Refusal> {
        let Membership { room, name, member } = membership;
        let session = self.registry.known(id)?;
        session.memberships.retain(|other| other.room != *room);
        let user = session.user()?.name.clone();
        self.rooms
            .get_mut(*room)?
            .leave(*member, now, out)
            .ok_or_else(|| Refusal::internal(format!("{name} has no member of session {id}")))?;
        tell(out, now, || EventKind::Left { session: id, user, room: name.clone() });
        self.sweep(*room, now, out)
    }

    /// Closes a room that is empty and not to be kept.
    pub(super) fn sweep(
        &mut self,
        id: RoomId,
        now: Timestamp,
        out: &mut impl Delivery,
    ) -> Result<(), Refusal> {
        if let Some(room) = self.rooms.sweep(id)? {
            tell(out, now, || EventKind::RoomClosed { room });
        }
        Ok(())
    }
}
