//! What users send: poses, messages, marks, and requests that were refused.

use super::{Scribe, Stay, Whose, Written};
use crate::archive::{EventKind as Kind, EventRow, PoseRow, Writer};
use crate::lobby::event::Message;
use crate::model::{Pose, RoomName, SessionId, Timestamp};
use crate::protocol::Code;
use crate::recording::marks::{MARKER, Mark};

impl Scribe {
    pub(super) fn moved(
        &mut self,
        time: Timestamp,
        session: SessionId,
        (room, pose, client_time): (&RoomName, Pose, Option<f64>),
        to: &Writer,
    ) -> Written {
        let stays = self.connections.get(&session).map(|connection| &connection.stays);
        match stays.and_then(|stays| stays.iter().find(|stay| stay.room == *room)) {
            Some(Stay { row: Some(member), .. }) => {
                self.counts.poses += 1;
                let time = self.micros(time);
                Ok(to.pose(&PoseRow { time, member: *member, pose, client_time })?)
            }
            Some(Stay { row: None, .. }) => {
                self.left_out.poses += 1;
                Ok(())
            }
            None => {
                self.unplaced += 1;
                Ok(())
            }
        }
    }

    pub(super) fn said(
        &mut self,
        time: Timestamp,
        session: Option<SessionId>,
        room: &RoomName,
        message: &Message,
        to: &Writer,
    ) -> Written {
        let person = match session {
            None => None,
            Some(session) => match self.kept(session, |left_out| &mut left_out.messages) {
                None => return Ok(()),
                person => person,
            },
        };
        let (kind, data) = message.body.parts();
        let is_marker = kind == MARKER && person.is_some();
        if !self.has_chat && !is_marker {
            self.left_out.chat += 1;
            return Ok(());
        }
        let room = Some(self.room(room, to)?);
        let row = EventRow {
            person,
            room,
            type_: Some(kind.into_owned()),
            data: Some(data.to_owned()),
            ..self.row(time, Kind::Said)
        };
        self.event(row, to)?;
        if is_marker {
            let mark = Mark::of(data);
            let label = mark.label.clone();
            self.mark((mark, label), time, (person, room), to)?;
        }
        Ok(())
    }

    /// Writes a mark, and what its label is in the file.
    pub(super) fn mark(
        &mut self,
        (mark, label): (Mark, String),
        time: Timestamp,
        of: (Option<i64>, Option<i64>),
        to: &Writer,
    ) -> Written {
        let is_new = self.intervals.set(mark, label, self.micros(time), of, to)?;
        self.counts.markers += u64::from(is_new);
        Ok(())
    }

    pub(super) fn refused(
        &mut self,
        time: Timestamp,
        session: SessionId,
        (code, reason): (Code, &str),
        count: u32,
        to: &Writer,
    ) -> Written {
        let person = match self.whose(session) {
            Whose::Kept(person) => Some(person),
            Whose::Nobody | Whose::Unknown if self.people.assumes_consent() => None,
            _ => {
                self.left_out.requests += u64::from(count);
                return Ok(());
            }
        };
        let row = EventRow {
            person,
            data: Some(self.people.mask(reason).into_owned()),
            code: Some(code.number().into()),
            count: Some(count.into()),
            ..self.row(time, Kind::Refused)
        };
        self.event(row, to)
    }
}
