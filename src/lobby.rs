//! The state of the world: who is there, which rooms there are, who is in them and where.
//!
//! Pure and synchronous: the time is passed in, and what is to be sent to whom goes to a
//! [`Post`]. A room never looks at another room, so that rooms can one day be shared out among
//! several lobbies.

pub mod meter;
mod operate;
mod room;
#[cfg(test)]
mod tests;
mod view;

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use smallvec::SmallVec;

use self::meter::{Gaps, PerSecond};
use self::room::{Event, Room};
pub use self::view::ConnectionView;
use crate::model::{Limits, Pose, RoomId, RoomName, SessionId, Timestamp, UserName};
use crate::protocol::encode::{self, HELP, json_string};
use crate::protocol::websocket::CloseReason;
use crate::protocol::{Code, EventBody, LOBBY, Password, Refusal, Request};

/// Takes what the lobby has to say to its sessions, in the order it says it.
///
/// All frames are whole WebSocket frames, header included.
pub trait Post {
    /// One or more frames that have to arrive, in order.
    fn reliable(&mut self, to: SessionId, frames: &Bytes);

    /// A room's latest poses; replaces those of the room that are still waiting.
    fn tick(&mut self, to: SessionId, room: RoomId, frame: &Bytes);

    /// Takes back the poses of a room that are still waiting whole; says whether there were any.
    fn retract_tick(&mut self, to: SessionId, room: RoomId) -> bool;

    /// Ends a connection, after all that it was sent.
    fn close(&mut self, to: SessionId, reason: CloseReason);

    /// Tells what has happened, for the log.
    fn note(&mut self, note: Note<'_>);
}

/// Something that has happened.
#[derive(Clone, Copy, Debug)]
#[allow(missing_docs, reason = "the names say it")]
pub enum Note<'a> {
    LoggedIn { user: &'a UserName, session: SessionId },
    TookOver { user: &'a UserName, old: SessionId, new: SessionId },
    LoggedOut { user: &'a UserName, session: SessionId },
    RoomOpened { room: &'a RoomName },
    RoomGone { room: &'a RoomName },
    Joined { user: &'a UserName, room: &'a RoomName },
    Left { user: &'a UserName, room: &'a RoomName },
    Said { user: &'a UserName, room: &'a RoomName, event: &'a EventBody },
    Refused { session: SessionId, user: Option<&'a UserName>, code: Code, reason: &'a str },
}

/// Entries of a user's journal that are kept for the operator, of each kind.
const JOURNAL_LINES: usize = 20;

#[derive(Debug)]
struct Session {
    id: SessionId,
    user: Option<User>,
    rooms: SmallVec<[Membership; 2]>,
    /// Where it came, left or spoke last: what else it did has been handed over.
    last_in: Option<RoomId>,
    connected: Timestamp,
    last_request: Timestamp,
    refusals: u64,
    /// Only for those who stream, so that an idle session costs little.
    stream: Option<Box<Stream>>,
    journal: Option<Box<Journal>>,
}

#[derive(Debug)]
struct User {
    name: UserName,
    json: Arc<str>,
    password: Password,
}

#[derive(Clone, Debug)]
struct Membership {
    room: RoomId,
    name: RoomName,
    /// Index into the room's members.
    place: usize,
}

#[derive(Debug, Default)]
struct Stream {
    per_second: PerSecond,
    gaps: Gaps,
}

#[derive(Debug, Default)]
struct Journal {
    messages: VecDeque<(RoomName, Arc<Event>)>,
    refusals: VecDeque<(Timestamp, Code, Arc<str>)>,
}

/// Totals since the start.
#[derive(Clone, Debug, Default)]
pub struct Totals {
    /// Transforms that were taken.
    pub transforms: u64,
    /// Messages and events that were taken.
    pub messages: u64,
    /// Requests that were refused.
    pub refusals: u64,
}

/// The rooms, and everyone who is connected.
#[derive(Debug)]
pub struct Lobby {
    limits: Limits,
    fps: f64,
    /// By slot, the lower half of a session's id.
    sessions: Vec<Option<Session>>,
    names: HashMap<Arc<str>, SessionId>,
    rooms: Vec<Option<Room>>,
    free_rooms: Vec<u32>,
    by_name: HashMap<RoomName, RoomId>,
    /// Rooms with something to hand to their members at the end of the turn.
    outgoing: Vec<RoomId>,
    /// When rooms with news are due.
    due: BTreeSet<(Timestamp, RoomId)>,
    totals: Totals,
    transforms: PerSecond,
    messages: PerSecond,
}

impl Lobby {
    /// An empty lobby at `fps` ticks a second.
    pub fn new(limits: Limits, fps: f64) -> Self {
        let mut lobby = Self {
            limits,
            fps,
            sessions: Vec::new(),
            names: HashMap::new(),
            rooms: Vec::new(),
            free_rooms: Vec::new(),
            by_name: HashMap::new(),
            outgoing: Vec::new(),
            due: BTreeSet::new(),
            totals: Totals::default(),
            transforms: PerSecond::default(),
            messages: PerSecond::default(),
        };
        if let Ok(name) = RoomName::new(LOBBY) {
            lobby.open(name);
        }
        lobby
    }

    /// The totals since the start.
    pub fn totals(&self) -> &Totals {
        &self.totals
    }

    /// How many are logged in.
    pub fn users(&self) -> usize {
        self.names.len()
    }

    /// The name of who is logged in on this connection.
    pub fn name_of(&self, id: SessionId) -> Option<Arc<str>> {
        self.session(id)?.user.as_ref().map(|user| user.name.shared())
    }

    /// How long a session has been connected; none if it is not known.
    pub fn connected_for(&self, id: SessionId, now: Timestamp) -> Option<Duration> {
        Some(now.since(self.session(id)?.connected))
    }

    /// Someone has connected. The lower 32 bits of `id` are a slot that nobody else has now.
    pub fn connect(&mut self, id: SessionId, now: Timestamp) {
        let slot = id.slot();
        if self.sessions.len() <= slot {
            self.sessions.resize_with(slot + 1, || None);
        }
        self.sessions[slot] = Some(Session {
            id,
            user: None,
            rooms: SmallVec::new(),
            last_in: None,
            connected: now,
            last_request: now,
            refusals: 0,
            stream: None,
            journal: None,
        });
    }

    /// Someone's connection has ended, or is about to: it leaves all its rooms. Does nothing if
    /// it is not known any more.
    pub fn disconnect(&mut self, id: SessionId, now: Timestamp, post: &mut impl Post) {
        if self.session(id).is_none() {
            return;
        }
        while let Some(membership) = self.session(id).and_then(|session| session.rooms.first()) {
            self.leave(id, membership.room, now, post);
        }
        let Some(session) = self.sessions.get_mut(id.slot()).and_then(Option::take) else { return };
        if let Some(user) = session.user {
            self.names.remove(user.name.folded());
            post.note(Note::LoggedOut { user: &user.name, session: id });
        }
    }

    /// Whether someone is logged in on this connection.
    pub fn is_logged_in(&self, id: SessionId) -> bool {
        self.session(id).is_some_and(|session| session.user.is_some())
    }

    /// Carries out a request, or answers what could not even be understood.
    pub fn handle(
        &mut self,
        id: SessionId,
        request: Result<Request, Refusal>,
        now: Timestamp,
        post: &mut impl Post,
    ) {
        let Some(session) = self.session_mut(id) else { return };
        session.last_request = now;
        let logged_in = session.user.is_some();
        let outcome = match request {
            Ok(Request::Transform { room, pose }) if logged_in => {
                self.transform(id, &room, pose, now)
            }
            Ok(Request::Say { room, event }) if logged_in => self.say(id, &room, event, now, post),
            Ok(Request::Login { user, password }) => self.login(id, user, password, now, post),
            Ok(Request::Ping) => {
                self.reply(id, &encode::answer(Code::Pong, now, "{}"), post);
                Ok(())
            }
            Err(refusal) if logged_in || refusal.before_login => Err(refusal),
            Ok(_) | Err(_) if !logged_in => Err(Refusal::new(
                Code::AccessDenied,
                "log in first; only login and ping go before it",
            )),
            Ok(Request::Rooms) => {
                let mut rooms: Vec<&Room> = self.rooms.iter().flatten().collect();
                rooms.sort_by_key(|room| room.name.order());
                let titles =
                    encode::room_titles(rooms.iter().map(|room| (&room.name, &*room.title)));
                self.reply(id, &encode::answer(Code::Listing, now, &titles), post);
                Ok(())
            }
            Ok(Request::Help) => {
                self.reply(id, &encode::answer(Code::Help, now, HELP), post);
                Ok(())
            }
            Ok(Request::Join(room)) => self.join(id, room, None, now, post),
            Ok(Request::Leave(room)) => self.membership(id, &room).map(|(room, _)| {
                self.leave(id, room, now, post);
            }),
            Ok(Request::List(room)) => self.membership(id, &room).map(|(room, _)| {
                if let Some(listing) = self.listing(room) {
                    self.reply(id, &listing, post);
                }
            }),
            Ok(Request::Transform { .. } | Request::Say { .. }) | Err(_) => Ok(()),
        };
        if let Err(refusal) = outcome {
            self.refuse(id, &refusal, now, post);
        }
    }

    /// Hands over all that waits for the end of a turn.
    pub fn flush(&mut self, post: &mut impl Post) {
        for id in std::mem::take(&mut self.outgoing) {
            if let Some(room) = self.room_mut(id) {
                room.flush(post);
            }
        }
    }

    /// When the next tick is due, if any room has news.
    pub fn next_due(&self) -> Option<Timestamp> {
        self.due.first().map(|(due, _)| *due)
    }

    /// Sends the ticks that are due; returns how late the latest of them was, if there was one.
    pub fn tick(&mut self, now: Timestamp, post: &mut impl Post) -> Option<Duration> {
        let mut latest = None;
        while let Some((due, id)) = self.due.first().copied()
            && due <= now
        {
            if latest.is_none() {
                // Who joined is told before it is seen.
                self.flush(post);
                latest = Some(now.since(due));
            }
            self.due.pop_first();
            if let Some(room) = self.room_mut(id) {
                room.cadence.ticked(due);
                room.tick(now, post);
            }
        }
        latest
    }

    fn session(&self, id: SessionId) -> Option<&Session> {
        self.sessions.get(id.slot())?.as_ref().filter(|session| session.id == id)
    }

    fn session_mut(&mut self, id: SessionId) -> Option<&mut Session> {
        self.sessions.get_mut(id.slot())?.as_mut().filter(|session| session.id == id)
    }

    fn room(&self, id: RoomId) -> Option<&Room> {
        self.rooms.get(id.0 as usize)?.as_ref()
    }

    fn room_mut(&mut self, id: RoomId) -> Option<&mut Room> {
        self.rooms.get_mut(id.0 as usize)?.as_mut()
    }

    /// The room and the place in it, for a member.
    fn membership(&self, id: SessionId, name: &RoomName) -> Result<(RoomId, usize), Refusal> {
        self.session(id)
            .and_then(|session| session.rooms.iter().find(|membership| membership.name == *name))
            .map(|membership| (membership.room, membership.place))
            .ok_or_else(|| {
                Refusal::new(
                    Code::Unauthorized,
                    format!("you are not in the room {:?}; join it first", name.as_str()),
                )
            })
    }

    fn open(&mut self, name: RoomName) -> RoomId {
        let id = RoomId(self.free_rooms.pop().unwrap_or(self.rooms.len() as u32));
        if self.rooms.len() <= id.0 as usize {
            self.rooms.push(None);
        }
        self.rooms[id.0 as usize] = Some(Room::new(id, name.clone()));
        self.by_name.insert(name, id);
        id
    }

    /// Forgets a room that has no members and is not to stay.
    fn sweep(&mut self, id: RoomId, post: &mut impl Post) {
        let Some(room) = self.room(id) else { return };
        if !room.members.is_empty() || room.pinned || room.name.as_str() == LOBBY {
            return;
        }
        let Some(room) = self.rooms.get_mut(id.0 as usize).and_then(Option::take) else { return };
        if let Some(due) = room.cadence.next_due {
            self.due.remove(&(due, id));
        }
        self.outgoing.retain(|outgoing| *outgoing != id);
        self.by_name.remove(&room.name);
        self.free_rooms.push(id.0);
        post.note(Note::RoomGone { room: &room.name });
    }

    fn login(
        &mut self,
        id: SessionId,
        name: UserName,
        password: Password,
        now: Timestamp,
        post: &mut impl Post,
    ) -> Result<(), Refusal> {
        if self.is_logged_in(id) {
            return Err(Refusal::new(Code::Conflict, "this connection is logged in already"));
        }
        if let Some(old) = self.names.get(name.folded()).copied() {
            let same = self
                .session(old)
                .and_then(|session| session.user.as_ref())
                .is_some_and(|user| user.password.is_same_person(&password));
            if !same {
                return Err(Refusal::new(
                    Code::Conflict,
                    "that name is in use; take another, or bring the password it logged in with",
                ));
            }
            post.note(Note::TookOver { user: &name, old, new: id });
            let last_left = self.session(old).and_then(|session| {
                session.rooms.last().map(|membership| membership.room).or(session.last_in)
            });
            self.disconnect(old, now, post);
            if let Some(session) = self.session_mut(id) {
                session.last_in = last_left;
            }
            post.close(old, CloseReason::new(CloseReason::POLICY, "you have logged in elsewhere"));
        }
        let Some(lobby) = self.by_name.get(LOBBY).and_then(|id| self.room(*id)) else {
            return Err(Refusal::new(Code::InternalError, "there is no lobby"));
        };
        let lobby = lobby.name.clone();
        let json: Arc<str> = json_string(name.as_str()).into();
        self.names.insert(name.folded().clone(), id);
        post.note(Note::LoggedIn { user: &name, session: id });
        if let Some(session) = self.session_mut(id) {
            session.user = Some(User { name, json, password });
        }
        self.join(id, lobby, Some(encode::answer(Code::AccessGranted, now, "{}")), now, post)
    }

    fn join(
        &mut self,
        id: SessionId,
        name: RoomName,
        greeting: Option<Bytes>,
        now: Timestamp,
        post: &mut impl Post,
    ) -> Result<(), Refusal> {
        let Some(session) = self.session(id) else { return Ok(()) };
        let Some(user) = &session.user else { return Ok(()) };
        if session.rooms.iter().any(|membership| membership.name == name) {
            return Err(Refusal::new(Code::Conflict, "you are in that room already"));
        }
        if session.rooms.len() >= self.limits.max_rooms_per_user {
            return Err(Refusal::new(
                Code::LimitReached,
                format!(
                    "you are in as many rooms as one may be ({}); leave one",
                    session.rooms.len()
                ),
            ));
        }
        let (look, json) = (user.name.folded().clone(), user.json.clone());
        let room_id = match self.by_name.get(&name) {
            Some(id) => *id,
            None if self.rooms.len() - self.free_rooms.len() >= self.limits.max_rooms => {
                return Err(Refusal::new(
                    Code::LimitReached,
                    format!("there are {} rooms, which is the limit", self.limits.max_rooms),
                ));
            }
            None => {
                post.note(Note::RoomOpened { room: &name });
                self.open(name.clone())
            }
        };
        self.flush_earlier(id, room_id, post);
        self.catch_up(id, post);
        let Some(room) = self.room_mut(room_id) else { return Ok(()) };
        let first_outgoing = !room.has_outgoing();
        let place = room.add(id, look, json, now);
        let full = room.is_full();
        if first_outgoing {
            self.outgoing.push(room_id);
        }
        if let Some(session) = self.session_mut(id) {
            session.rooms.push(Membership { room: room_id, name: name.clone(), place });
        }
        if let Some(greeting) = greeting {
            post.reliable(id, &greeting);
        }
        if let Some(listing) = self.listing(room_id) {
            post.reliable(id, &listing);
        }
        if let Some(room) = self.room_mut(room_id) {
            for frame in [room.history(), room.picture()].into_iter().flatten() {
                post.reliable(id, &frame);
            }
            if full {
                room.flush(post);
                self.outgoing.retain(|outgoing| *outgoing != room_id);
            }
        }
        if let Some(user) = self.session(id).and_then(|session| session.user.as_ref()) {
            post.note(Note::Joined { user: &user.name, room: &name });
        }
        Ok(())
    }

    fn leave(&mut self, id: SessionId, room_id: RoomId, now: Timestamp, post: &mut impl Post) {
        self.flush_earlier(id, room_id, post);
        let Some(session) = self.session_mut(id) else { return };
        let Some(index) = session.rooms.iter().position(|membership| membership.room == room_id)
        else {
            return;
        };
        let membership = session.rooms.remove(index);
        let Some(look) = session.user.as_ref().map(|user| user.name.folded().clone()) else {
            return;
        };
        let Some(room) = self.room_mut(room_id) else { return };
        let first_outgoing = !room.has_outgoing();
        let left = room.remove(membership.place, &look, post);
        room.announce_leave(&left, now, post);
        if first_outgoing {
            self.outgoing.push(room_id);
        }
        let moved = self
            .room(room_id)
            .and_then(|room| room.members.get(membership.place))
            .map(|member| member.session);
        if let Some(moved) = moved.and_then(|moved| self.session_mut(moved))
            && let Some(membership_of_moved) =
                moved.rooms.iter_mut().find(|other| other.room == room_id)
        {
            membership_of_moved.place = membership.place;
        }
        if let Some(user) = self.session(id).and_then(|session| session.user.as_ref()) {
            post.note(Note::Left { user: &user.name, room: &membership.name });
        }
        self.flush_if_full(room_id, post);
        self.sweep(room_id, post);
    }

    fn say(
        &mut self,
        id: SessionId,
        name: &RoomName,
        body: EventBody,
        now: Timestamp,
        post: &mut impl Post,
    ) -> Result<(), Refusal> {
        let (room_id, _) = self.membership(id, name)?;
        let Some(user) = self.session(id).and_then(|session| session.user.as_ref()) else {
            return Ok(());
        };
        let (user_name, user_json) = (user.name.shared(), user.json.clone());
        let len = encode::entry_len(&user_json, &body);
        if body.kept && len > self.limits.history_bytes {
            return Err(Refusal::new(
                Code::LimitReached,
                format!(
                    "the message takes {len} bytes; at most {} can be kept in history",
                    self.limits.history_bytes
                ),
            ));
        }
        post.note(Note::Said { user: &user.name, room: name, event: &body });
        let event = Arc::new(Event { time: now, user: user_name, user_json, body });
        self.flush_earlier(id, room_id, post);
        self.tell(room_id, &event, now, post);
        if let Some(session) = self.session_mut(id) {
            let journal = session.journal.get_or_insert_default();
            push_bounded(&mut journal.messages, (name.clone(), excerpt(event)));
        }
        Ok(())
    }

    /// Has an event go out to a room, and keeps it.
    fn tell(&mut self, id: RoomId, event: &Arc<Event>, now: Timestamp, post: &mut impl Post) {
        let (messages, bytes) = (self.limits.history_messages, self.limits.history_bytes);
        let Some(room) = self.room_mut(id) else { return };
        let first_outgoing = !room.has_outgoing();
        room.say(now, &event.user_json, &event.body.text);
        room.keep(event, messages, bytes);
        room.messages.add(now, 1);
        if first_outgoing {
            self.outgoing.push(id);
        }
        self.totals.messages += 1;
        self.messages.add(now, 1);
        self.flush_if_full(id, post);
    }

    fn transform(
        &mut self,
        id: SessionId,
        name: &RoomName,
        pose: Pose,
        now: Timestamp,
    ) -> Result<(), Refusal> {
        let (room_id, place) = self.membership(id, name)?;
        let fps = self.fps;
        let Some(room) = self.room_mut(room_id) else { return Ok(()) };
        let Some(member) = room.members.get_mut(place) else { return Ok(()) };
        member.pose = Some((now, pose));
        room.transforms.add(now, 1);
        if room.cadence.next_due.is_none() {
            let due = room.cadence.due(now, room.cadence.own_fps.unwrap_or(fps));
            room.cadence.next_due = Some(due);
            self.due.insert((due, room_id));
        }
        self.totals.transforms += 1;
        self.transforms.add(now, 1);
        if let Some(session) = self.session_mut(id) {
            let stream = session.stream.get_or_insert_default();
            stream.per_second.add(now, 1);
            stream.gaps.add(now);
        }
        Ok(())
    }

    fn listing(&self, id: RoomId) -> Option<Bytes> {
        let place = |session| {
            let memberships = &self.session(session)?.rooms;
            memberships.iter().find(|membership| membership.room == id).map(|found| found.place)
        };
        self.room(id).map(|room| room.listing(place))
    }

    /// Answers one session, after all that was said before in its rooms.
    fn reply(&mut self, id: SessionId, frame: &Bytes, post: &mut impl Post) {
        if self.session(id).is_some() {
            self.catch_up(id, post);
            post.reliable(id, frame);
        }
    }

    /// Hands one session what was said in its rooms until now.
    fn catch_up(&mut self, id: SessionId, post: &mut impl Post) {
        if self.outgoing.is_empty() {
            return;
        }
        let Some(session) = self.session(id) else { return };
        for membership in session.rooms.clone() {
            if let Some(room) = self.room_mut(membership.room) {
                room.catch_up(membership.place, post);
            }
        }
    }

    /// Before a session does something in a room: hands over what it did in another one, so that
    /// both are seen in that order, also if it has left the other one.
    fn flush_earlier(&mut self, id: SessionId, here: RoomId, post: &mut impl Post) {
        let Some(session) = self.session_mut(id) else { return };
        if let Some(before) = session.last_in.replace(here)
            && before != here
            && let Some(room) = self.room_mut(before)
            && room.has_outgoing()
        {
            room.flush(post);
            self.outgoing.retain(|outgoing| *outgoing != before);
        }
    }

    fn flush_if_full(&mut self, id: RoomId, post: &mut impl Post) {
        if let Some(room) = self.room_mut(id)
            && room.is_full()
        {
            room.flush(post);
            self.outgoing.retain(|outgoing| *outgoing != id);
        }
    }

    fn refuse(&mut self, id: SessionId, refusal: &Refusal, now: Timestamp, post: &mut impl Post) {
        self.totals.refusals += 1;
        self.reply(id, &encode::refusal(refusal.code, now, &refusal.reason), post);
        let Some(session) = self.session_mut(id) else { return };
        session.refusals += 1;
        let journal = session.journal.get_or_insert_default();
        push_bounded(&mut journal.refusals, (now, refusal.code, refusal.reason.as_ref().into()));
        post.note(Note::Refused {
            session: id,
            user: session.user.as_ref().map(|user| &user.name),
            code: refusal.code,
            reason: &refusal.reason,
        });
    }
}

/// A journal holds on to no large message.
fn excerpt(event: Arc<Event>) -> Arc<Event> {
    const LIMIT: usize = 1024;
    if event.body.text.len() <= LIMIT {
        return event;
    }
    let end = (0..=LIMIT).rev().find(|end| event.body.text.is_char_boundary(*end)).unwrap_or(0);
    let body = EventBody { text: event.body.text[..end].into(), kept: event.body.kept };
    Arc::new(Event { body, user: event.user.clone(), user_json: event.user_json.clone(), ..*event })
}

fn push_bounded<T>(lines: &mut VecDeque<T>, line: T) {
    if lines.len() == JOURNAL_LINES {
        lines.pop_front();
    }
    lines.push_back(line);
}
