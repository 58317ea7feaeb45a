//! Comings and goings.

use std::collections::{HashMap, HashSet};

use super::{Connection, Scribe, Stay, Whose, Written};
use crate::archive::{EventKind as Kind, EventRow, Writer};
use crate::lobby::event::{Present, PresentUser};
use crate::model::{RoomName, SessionId, Timestamp, UserName};
use crate::recording::failure::Failure;

impl Scribe {
    /// Brings what is known in line with what is there: everything at the start, and after a loss
    /// what has changed unseen.
    ///
    /// # Errors
    /// If it can't be written.
    pub(in crate::recording) fn sync(
        &mut self,
        present: &Present,
        time: Timestamp,
        to: &Writer,
    ) -> Written {
        let users: HashMap<SessionId, &PresentUser> =
            present.users.iter().map(|user| (user.session, user)).collect();
        let others: HashMap<SessionId, _> = present.connections.iter().copied().collect();
        let mut known: Vec<SessionId> = self.connections.keys().copied().collect();
        known.sort_unstable();
        for session in known {
            let there = users.get(&session);
            let is_same = self.connections.get(&session).and_then(|known| known.user.as_ref())
                == there.map(|there| &there.user);
            if !is_same {
                self.log_out(session, time, to)?;
            }
            match there {
                Some(there) => self.leave_all_but(session, &there.rooms, time, to)?,
                None if !others.contains_key(&session) => drop(self.connections.remove(&session)),
                None => {}
            }
        }
        let rooms: HashSet<&RoomName> = present.rooms.iter().map(|room| &room.name).collect();
        let mut closed: Vec<RoomName> =
            self.rooms.keys().filter(|room| !rooms.contains(room)).cloned().collect();
        closed.sort_unstable();
        for room in &closed {
            self.close_room(room, time, to)?;
        }
        for room in &present.rooms {
            if !self.rooms.contains_key(&room.name) {
                self.open_room(&room.name, time, to)?;
            }
        }
        self.set_fps(None, Some(present.fps), time, to)?;
        for room in present.rooms.iter().filter(|room| room.own_fps.is_some()) {
            self.set_fps(Some(&room.name), room.own_fps, time, to)?;
        }
        for (session, peer) in others {
            self.connections.entry(session).or_default().address = Some(peer);
        }
        for there in &present.users {
            self.connections.entry(there.session).or_default().address = Some(there.peer);
            self.log_in(there.session, &there.user, time, to)?;
            for room in &there.rooms {
                self.join(there.session, room, time, to)?;
            }
        }
        Ok(())
    }

    /// A user has logged in, unless that is known.
    pub(super) fn log_in(
        &mut self,
        session: SessionId,
        user: &UserName,
        time: Timestamp,
        to: &Writer,
    ) -> Written {
        let connection = self.connections.entry(session).or_default();
        if connection.user.as_ref() == Some(user) {
            return Ok(());
        }
        let address = connection.address;
        connection.user = Some(user.clone());
        self.people.came(user, session, address);
        self.write_login(session, time, to)
    }

    fn write_login(&mut self, session: SessionId, time: Timestamp, to: &Writer) -> Written {
        let Some(Connection { address, user: Some(user), .. }) = self.connections.get(&session)
        else {
            return Ok(());
        };
        let address = address.filter(|_| self.people.has_names());
        let Some(person) = self.people.row_of(user, time, to)? else { return Ok(()) };
        let data = address.map(|address| address.ip().to_string());
        let row = EventRow { person: Some(person), data, ..self.row(time, Kind::LoggedIn) };
        self.event(row, to)
    }

    /// A user has logged out, unless that is known.
    pub(super) fn log_out(&mut self, session: SessionId, time: Timestamp, to: &Writer) -> Written {
        self.leave_all_but(session, &[], time, to)?;
        self.write_logout(session, time, to)?;
        let Some(connection) = self.connections.get_mut(&session) else { return Ok(()) };
        if let Some(user) = connection.user.take() {
            self.people.went(&user);
        }
        Ok(())
    }

    fn write_logout(&mut self, session: SessionId, time: Timestamp, to: &Writer) -> Written {
        let Whose::Kept(person) = self.whose(session) else { return Ok(()) };
        self.event(EventRow { person: Some(person), ..self.row(time, Kind::LoggedOut) }, to)
    }

    /// A user has joined a room, unless that is known.
    pub(super) fn join(
        &mut self,
        session: SessionId,
        room: &RoomName,
        time: Timestamp,
        to: &Writer,
    ) -> Written {
        let Some(connection) = self.connections.get(&session) else { return Ok(()) };
        if connection.stays.iter().any(|stay| stay.room == *room) {
            return Ok(());
        }
        let row = self.write_join(session, room, time, to)?;
        if let Some(connection) = self.connections.get_mut(&session) {
            connection.stays.push(Stay { room: room.clone(), row });
        }
        Ok(())
    }

    /// Writes that a stay begins; returns its number, if the user's data is kept.
    fn write_join(
        &mut self,
        session: SessionId,
        room: &RoomName,
        time: Timestamp,
        to: &Writer,
    ) -> Result<Option<i64>, Failure> {
        let Whose::Kept(person) = self.whose(session) else { return Ok(None) };
        let room = self.room(room, to)?;
        let (person_, room_) = (Some(person), Some(room));
        let row = EventRow { person: person_, room: room_, ..self.row(time, Kind::Joined) };
        self.event(row, to)?;
        Ok(Some(to.join(person, room, self.micros(time))?))
    }

    /// A user has left a room, unless that is known.
    pub(super) fn leave(
        &mut self,
        session: SessionId,
        room: &RoomName,
        time: Timestamp,
        to: &Writer,
    ) -> Written {
        let Some(connection) = self.connections.get_mut(&session) else { return Ok(()) };
        let Some(place) = connection.stays.iter().position(|stay| stay.room == *room) else {
            return Ok(());
        };
        let stay = connection.stays.remove(place);
        self.write_leave(session, &stay, time, to)
    }

    fn write_leave(
        &mut self,
        session: SessionId,
        stay: &Stay,
        time: Timestamp,
        to: &Writer,
    ) -> Written {
        let (Some(member), Whose::Kept(person)) = (stay.row, self.whose(session)) else {
            return Ok(());
        };
        let (person, room) = (Some(person), Some(self.room(&stay.room, to)?));
        self.event(EventRow { person, room, ..self.row(time, Kind::Left) }, to)?;
        Ok(to.leave(member, self.micros(time))?)
    }

    fn leave_all_but(
        &mut self,
        session: SessionId,
        rooms: &[RoomName],
        time: Timestamp,
        to: &Writer,
    ) -> Written {
        let Some(connection) = self.connections.get_mut(&session) else { return Ok(()) };
        let gone = connection.stays.extract_if(.., |stay| !rooms.contains(&stay.room));
        for stay in gone.collect::<Vec<_>>() {
            self.write_leave(session, &stay, time, to)?;
        }
        Ok(())
    }

    pub(super) fn open_room(&mut self, room: &RoomName, time: Timestamp, to: &Writer) -> Written {
        let room = Some(self.room(room, to)?);
        self.event(EventRow { room, ..self.row(time, Kind::RoomOpened) }, to)
    }

    pub(super) fn close_room(&mut self, room: &RoomName, time: Timestamp, to: &Writer) -> Written {
        let number = self.room(room, to)?;
        self.rooms.remove(room);
        self.event(EventRow { room: Some(number), ..self.row(time, Kind::RoomClosed) }, to)
    }

    /// The number of a room.
    pub(super) fn room(&mut self, room: &RoomName, to: &Writer) -> Result<i64, Failure> {
        if let Some(number) = self.rooms.get(room) {
            return Ok(*number);
        }
        let number = to.room(room.as_str())?;
        self.rooms.insert(room.clone(), number);
        Ok(number)
    }

    /// Writes that a user is there, who has been left out until now.
    pub(super) fn appear(&mut self, user: &UserName, time: Timestamp, to: &Writer) -> Written {
        for session in self.sessions_of(user) {
            self.write_login(session, time, to)?;
            for mut stay in self.take_stays(session) {
                stay.row = self.write_join(session, &stay.room, time, to)?;
                self.put_stay(session, stay);
            }
        }
        Ok(())
    }

    /// Writes that a user is not there any more, who is left out from now on.
    pub(super) fn vanish(&mut self, user: &UserName, time: Timestamp, to: &Writer) -> Written {
        for session in self.sessions_of(user) {
            for stay in self.take_stays(session) {
                self.write_leave(session, &stay, time, to)?;
                self.put_stay(session, Stay { row: None, ..stay });
            }
            self.write_logout(session, time, to)?;
        }
        Ok(())
    }

    fn sessions_of(&self, user: &UserName) -> Vec<SessionId> {
        let of_user =
            self.connections.iter().filter(|(_, known)| known.user.as_ref() == Some(user));
        of_user.map(|(session, _)| *session).collect()
    }

    fn take_stays(&mut self, session: SessionId) -> Vec<Stay> {
        let known = self.connections.get_mut(&session);
        known.map(|known| std::mem::take(&mut known.stays)).unwrap_or_default()
    }

    fn put_stay(&mut self, session: SessionId, stay: Stay) {
        if let Some(known) = self.connections.get_mut(&session) {
            known.stays.push(stay);
        }
    }
}
