//! The state of the world: who is there, which rooms there are, who is in them and where.
//!
//! Pure and synchronous: the time is passed in, and what is to be sent to whom goes to a
//! [`Delivery`]. [`registry`] knows who is who, a [`room`] knows its members by number; this
//! module carries out requests on both, and [`actions`] what an operator wants.

mod actions;
pub(crate) mod cadence;
pub(crate) mod delivery;
pub(crate) mod event;
mod history;
pub(crate) mod meter;
pub(crate) mod registry;
pub(crate) mod room;
mod rooms;
mod run;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

pub(crate) use self::actions::{FpsChange, RoomsFull};
pub(crate) use self::delivery::Delivery;
use self::event::{EventKind, LobbyEvent, Message};
use self::meter::PerSecond;
use self::registry::{Membership, Registry, User};
use self::rooms::Rooms;
use self::run::Run;
use crate::model::{Budget, Hold, Limits, Pose, RoomId, RoomName, SessionId, Timestamp, UserName};
use crate::protocol::encode::{self, HELP, json_string};
use crate::protocol::websocket::CloseReason;
use crate::protocol::{Code, EventBody, Password, Refusal, Request};

/// Totals since the start.
#[derive(Clone, Debug, Default)]
pub(crate) struct Totals {
    /// Transforms that were taken.
    pub(crate) transforms: u64,
    /// Messages and events that were taken.
    pub(crate) messages: u64,
    /// Requests that were refused.
    pub(crate) refusals: u64,
}

/// The rooms, and everyone who is connected.
#[derive(Debug)]
pub(crate) struct Lobby {
    limits: Limits,
    /// Ticks a second of rooms that have no rate of their own.
    fps: f64,
    budget: Budget,
    registry: Registry,
    rooms: Rooms,
    run: Run,
    totals: Totals,
    transforms: PerSecond,
    messages: PerSecond,
}

impl Lobby {
    /// An empty lobby at `fps` ticks a second, whose frames and histories count in `budget`.
    pub(crate) fn new(limits: Limits, fps: f64, budget: Budget) -> Self {
        Self {
            limits,
            fps,
            registry: Registry::default(),
            rooms: Rooms::new(budget.clone()),
            budget,
            run: Run::default(),
            totals: Totals::default(),
            transforms: PerSecond::default(),
            messages: PerSecond::default(),
        }
    }

    /// The totals since the start.
    pub(crate) fn totals(&self) -> &Totals {
        &self.totals
    }

    /// Ticks a second of rooms that have no rate of their own.
    pub(crate) fn fps(&self) -> f64 {
        self.fps
    }

    /// Who is who.
    pub(crate) fn registry(&self) -> &Registry {
        &self.registry
    }

    /// All rooms.
    pub(crate) fn rooms(&self) -> &Rooms {
        &self.rooms
    }

    /// Transforms and messages a second, of the whole server.
    pub(crate) fn rates(&self) -> (&PerSecond, &PerSecond) {
        (&self.transforms, &self.messages)
    }

    /// The name of who is logged in on this connection.
    pub(crate) fn name_of(&self, id: SessionId) -> Option<Arc<str>> {
        self.registry.get(id)?.user.as_ref().map(|user| user.name.shared())
    }

    /// Someone has connected. No other connection has the slot of `id` now.
    pub(crate) fn connect(&mut self, id: SessionId, now: Timestamp) {
        self.registry.insert(id, now);
    }

    /// A connection has ended, or is about to: its user leaves all rooms. Does nothing if it is
    /// not known any more.
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

    /// Carries out a request, or answers one that could not even be understood. Does nothing if
    /// the connection has ended.
    #[cfg(test)]
    pub(crate) fn handle(
        &mut self,
        id: SessionId,
        request: Result<Request, Refusal>,
        now: Timestamp,
        out: &mut impl Delivery,
    ) {
        self.handle_holding(id, request, None, now, out);
    }

    /// Carries out a request, or answers one that could not even be understood. Does nothing if
    /// the connection has ended. `hold` is dropped when every reader has what came of it.
    pub(crate) fn handle_holding(
        &mut self,
        id: SessionId,
        request: Result<Request, Refusal>,
        hold: Option<Hold>,
        now: Timestamp,
        out: &mut impl Delivery,
    ) {
        let Some(session) = self.registry.get_mut(id) else { return };
        session.last_request = now;
        let outcome = match (request, session.user.is_some()) {
            (Ok(Request::Transform { room, pose }), true) => {
                self.transform(id, &room, pose, now, out)
            }
            (Ok(Request::Say { room, event }), true) => self.say(id, &room, event, hold, now, out),
            (request, logged_in) => {
                // Whatever is sent from here on comes after all that was said before.
                self.flush(out);
                self.carry_out(id, request, logged_in, now, out)
            }
        };
        if let Err(refusal) = outcome {
            self.refuse(id, &refusal, now, out);
        }
    }

    fn carry_out(
        &mut self,
        id: SessionId,
        request: Result<Request, Refusal>,
        logged_in: bool,
        now: Timestamp,
        out: &mut impl Delivery,
    ) -> Result<(), Refusal> {
        match request {
            Ok(Request::Login { user, password }) => self.login(id, user, password, now, out),
            Ok(Request::Ping) => {
                out.reliable(id, &encode::answer(Code::Pong, now, "{}"));
                Ok(())
            }
            Err(refusal) if logged_in || refusal.before_login => Err(refusal),
            _ if !logged_in => Err(Refusal::new(
                Code::AccessDenied,
                "log in first; only login and ping go before it",
            )),
            Ok(Request::Rooms) => {
                let titles = self.rooms.titles();
                let answer = encode::answer(Code::Listing, now, &titles);
                out.costly(id, &self.budget.share(answer, Vec::new()));
                Ok(())
            }
            Ok(Request::Help) => {
                out.reliable(id, &encode::answer(Code::Help, now, HELP));
                Ok(())
            }
            Ok(Request::Join(room)) => self.join(id, room, None, now, out),
            Ok(Request::Leave(room)) => {
                let membership = self.registry.known(id)?.membership(&room)?.clone();
                self.leave(id, &membership, now, out)
            }
            Ok(Request::List(room)) => {
                let room = self.registry.known(id)?.membership(&room)?.room;
                out.costly(id, &self.rooms.get(room)?.listing());
                Ok(())
            }
            Ok(Request::Transform { .. } | Request::Say { .. }) | Err(_) => {
                Err(Refusal::internal("a request was taken for another"))
            }
        }
    }

    /// Sends what was gathered: to be called at the end of a turn.
    pub(crate) fn flush(&mut self, out: &mut impl Delivery) {
        let Some((room, frames)) = self.run.take(&self.budget) else { return };
        match self.rooms.get(room) {
            Ok(room) => room.send(&frames, out),
            Err(broken) => report(&broken),
        }
    }

    /// When the next tick is due, if any room has news.
    pub(crate) fn next_due(&self) -> Option<Timestamp> {
        self.rooms.next_due()
    }

    /// Sends the ticks that are due; returns how late the latest of them was, if there was one.
    pub(crate) fn tick(&mut self, now: Timestamp, out: &mut impl Delivery) -> Option<Duration> {
        let mut latest = None;
        while let Some((due, id)) = self.rooms.take_due(now) {
            // Those who joined are announced before they are seen.
            self.flush(out);
            let late = now.since(due);
            latest.get_or_insert(late);
            let room = match self.rooms.get_mut(id) {
                Ok(room) => room,
                Err(broken) => {
                    report(&broken);
                    continue;
                }
            };
            room.cadence.ticked(due);
            let members = room.tick(now, out);
            if out.interest().ticks {
                let kind = EventKind::Ticked { room: room.name.clone(), members, late };
                out.event(LobbyEvent { time: now, kind });
            }
        }
        latest
    }

    fn login(
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
                    "that name is in use; take another, or bring the password it logged in with",
                ));
            }
            tell(out, now, || EventKind::TookOver { user: name.clone(), old, new: id });
            self.disconnect(old, now, out);
            out.close(old, CloseReason::new(CloseReason::POLICY, "you have logged in elsewhere"));
        }
        tell(out, now, || EventKind::LoggedIn { session: id, user: name.clone() });
        let json = json_string(name.as_str()).into();
        self.registry.log_in(id, User { name, json, password })?;
        let greeting = encode::answer(Code::AccessGranted, now, "{}");
        self.join(id, RoomName::lobby(), Some(greeting), now, out)
    }

    fn join(
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
                format!("you are in as many rooms as one may be ({rooms}); leave one"),
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
        let membership = Membership { room: room_id, name: name.clone(), member };
        self.registry.known(id)?.memberships.push(membership);
        tell(out, now, || EventKind::Joined { session: id, user: user_name, room: name });
        Ok(())
    }

    fn leave(
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

    /// Forgets a room that has no members and is not to stay.
    fn sweep(
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

    fn say(
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

    /// Sends a message to a room, with those before it if they were to the same, and keeps it.
    fn send_message(
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

    fn transform(
        &mut self,
        id: SessionId,
        name: &RoomName,
        pose: Pose,
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
            let kind = EventKind::Moved { session: id, room: name.clone(), pose };
            out.event(LobbyEvent { time: now, kind });
        }
        Ok(())
    }

    fn refuse(
        &mut self,
        id: SessionId,
        refusal: &Refusal,
        now: Timestamp,
        out: &mut impl Delivery,
    ) {
        if refusal.code == Code::InternalError {
            report(refusal);
        }
        let answer = encode::refusal(refusal.code, now, &refusal.reason);
        self.answer_refused(id, refusal, (&answer, 1), now, out);
    }

    /// Passes on the answers to `count` requests of one session that were refused before they came
    /// here, for the reason that `refusal` gives.
    pub(crate) fn answer_refused(
        &mut self,
        id: SessionId,
        refusal: &Refusal,
        (answers, count): (&Bytes, u32),
        now: Timestamp,
        out: &mut impl Delivery,
    ) {
        self.flush(out);
        let Some(session) = self.registry.get_mut(id) else { return };
        let reason: Arc<str> = refusal.reason.as_ref().into();
        session.note_refusals(count, (now, refusal.code, reason.clone()));
        self.totals.refusals += u64::from(count);
        out.reliable(id, answers);
        let code = refusal.code;
        tell(out, now, || EventKind::Refused { session: id, code, reason, count });
    }
}

/// Tells of something that has happened, if anybody listens.
fn tell(out: &mut impl Delivery, time: Timestamp, kind: impl FnOnce() -> EventKind) {
    if out.interest().presence {
        out.event(LobbyEvent { time, kind: kind() });
    }
}

/// A broken invariant: the log says so, and a test fails.
fn report(broken: &Refusal) {
    tracing::error!("this is a fault of vrlobby's own, please report it: {}", broken.reason);
    debug_assert!(false, "{}", broken.reason);
}
