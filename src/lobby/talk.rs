//! What members send to their rooms: messages, which go out at once, and poses, which wait for a
//! tick.

use std::sync::Arc;

use super::Lobby;
use super::delivery::Delivery;
use super::event::{EventKind, LobbyEvent, Message};
use super::registry::Membership;
use crate::model::{Hold, Pose, RoomId, RoomName, SessionId, Timestamp};
use crate::protocol::encode;
use crate::protocol::{Code, EventBody, Refusal};

impl Lobby {
    pub(super) fn say(
        &mut self,
        id: SessionId,
        name: &RoomName,
        body: EventBody,
        hold: Option<Hold>,
        now: Timestamp,
        out: &mut impl Delivery,
    ) -> Result<(), Refusal> {
        let session = self.registry.known(id)?;
        let room = session.membership(name)?.room;
        let user = session.user()?;
        let len = encode::entry_len(&user.json, &body);
        if body.kept && len > self.limits.history_bytes {
            return Err(Refusal::new(
                Code::LimitReached,
                format!(
                    "the message takes {len} bytes; at most {} can be kept in history",
                    self.limits.history_bytes
                ),
            ));
        }
        let message = Arc::new(Message {
            time: now,
            user: user.name.shared(),
            user_json: user.json.clone(),
            _charge: Some(self.budget.charge(body.text.len())),
            body,
        });
        session.note_message(name.clone(), &message);
        self.send_message(room, &message, hold, out)?;
        if out.interest().messages {
            let kind = EventKind::Said { session: Some(id), room: name.clone(), message };
            out.event(LobbyEvent { time: now, kind });
        }
        Ok(())
    }

    /// Sends a message to a room, in one buffer with those just before it to the same room, and
    /// keeps it.
    pub(super) fn send_message(
        &mut self,
        id: RoomId,
        message: &Arc<Message>,
        hold: Option<Hold>,
        out: &mut impl Delivery,
    ) -> Result<(), Refusal> {
        if self.run.room() != Some(id) || self.run.is_full() {
            self.flush(out);
        }
        let room = self.rooms.get_mut(id)?;
        let content = (&*message.user_json, &*message.body.text);
        self.run.add(id, &room.json, message.time, content, hold);
        room.keep(message, &self.limits);
        room.messages.add(message.time, 1);
        self.totals.messages += 1;
        self.messages.add(message.time, 1);
        Ok(())
    }

    pub(super) fn transform(
        &mut self,
        id: SessionId,
        name: &RoomName,
        pose: Pose,
        client_time: Option<f64>,
        now: Timestamp,
        out: &mut impl Delivery,
    ) -> Result<(), Refusal> {
        let session = self.registry.known(id)?;
        let Membership { room: room_id, member, .. } = *session.membership(name)?;
        let stream = session.stream.get_or_insert_default();
        stream.per_second.add(now, 1);
        stream.gaps.add(now);
        let room = self.rooms.get_mut(room_id)?;
        let member = room
            .member_mut(member)
            .ok_or_else(|| Refusal::internal(format!("{name} has no member of session {id}")))?;
        member.pose = Some((now, pose));
        room.transforms.add(now, 1);
        if room.cadence.next_due.is_none() {
            self.rooms.schedule(room_id, now, self.fps)?;
        }
        self.totals.transforms += 1;
        self.transforms.add(now, 1);
        if out.interest().poses {
            let kind = EventKind::Moved { session: id, room: name.clone(), pose, client_time };
            out.event(LobbyEvent { time: now, kind });
        }
        Ok(())
    }
}
