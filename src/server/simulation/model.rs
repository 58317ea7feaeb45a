//! What the hub's events say: the members of each room at each moment, and what each connection
//! has to be sent, in which order.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use super::checker::{Violation, ensure};
use super::history::{Entry, Heads, History, pose_of};
use crate::lobby::event::{EventKind, LobbyEvent};
use crate::model::{RoomName, SessionId, Timestamp, UserName};

/// A tick may be so late, in the simulation's time.
const LATE: Duration = Duration::from_millis(25);

/// Something that a connection has to be sent, or that one of its requests has to have come to
/// without an answer.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Expect {
    /// 202.
    Greeting,
    /// The members of a room that was joined, sorted; `by_login` if nobody asked for it.
    Listing {
        room: String,
        members: Vec<Entry>,
        by_login: bool,
    },
    History {
        room: String,
        entries: Vec<Entry>,
    },
    /// The poses in a room that was joined.
    Picture {
        room: String,
        heads: Heads,
    },
    /// An event; `own` if the connection has sent it.
    Event {
        room: String,
        entry: Entry,
        own: bool,
    },
    /// A request was refused.
    Error {
        code: u16,
        reason: String,
    },
    /// A pose was taken; nothing is sent.
    Posed {
        room: String,
        mark: u64,
    },
    /// A room was left, by request or because the connection has ended; nothing is sent.
    Left {
        room: String,
    },
    /// Nothing more.
    End,
}

/// A complete picture of a room, as a tick shows it.
#[derive(Debug)]
pub(super) struct Picture {
    /// The event that it came with.
    pub(super) at: usize,
    pub(super) time: Timestamp,
    pub(super) heads: Heads,
}

/// What the events say of one connection.
#[derive(Debug, Default)]
pub(super) struct Session {
    pub(super) user: Option<UserName>,
    /// In order, each with the number of its event.
    pub(super) expected: Vec<(usize, Expect)>,
    pub(super) disconnected: bool,
    pub(super) taken_over: bool,
}

#[derive(Debug)]
struct Member {
    session: SessionId,
    name: String,
    joined: Timestamp,
    pose: Option<(Timestamp, u64)>,
}

#[derive(Debug, Default)]
struct Room {
    /// By folded name.
    members: BTreeMap<String, Member>,
    history: VecDeque<Entry>,
    fps: Option<f64>,
    /// When the last tick was due.
    last_due: Option<Timestamp>,
    /// Since when there is news.
    news: Option<Timestamp>,
}

impl Room {
    fn change_fps(&mut self, fps: Option<f64>, now: Timestamp) {
        self.fps = fps;
        // The tick is put off, or brought forward.
        self.news = self.news.map(|_| now);
    }

    fn heads(&self) -> Heads {
        let posed = self.members.values().filter_map(|member| Some((member, member.pose?)));
        posed.map(|(member, pose)| (member.name.clone(), pose)).collect()
    }
}

/// All that the events of a run say.
#[derive(Debug, Default)]
pub(super) struct Model {
    pub(super) sessions: BTreeMap<SessionId, Session>,
    rooms: BTreeMap<String, Room>,
    /// The pictures of each room, in order.
    pub(super) pictures: BTreeMap<String, Vec<Picture>>,
    /// Which rooms there were from an event on.
    pub(super) room_names: Vec<(usize, BTreeSet<String>)>,
    fps: f64,
    history_messages: usize,
}

/// Why someone left a room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Why {
    /// The user has asked for it, or its connection has ended.
    Single,
    /// The operator has closed the room. The first of the leaves speaks for all.
    Closed { first: bool },
}

/// Why each `Left` event has happened: the hub tells the cause after its effects.
fn causes(events: &[LobbyEvent]) -> BTreeMap<usize, Why> {
    let mut causes = BTreeMap::new();
    for (at, event) in events.iter().enumerate() {
        let EventKind::Operated { action } = &event.kind else { continue };
        let Some((name, mut left)) = closed(action) else { continue };
        for before in (0..at).rev() {
            match &events[before].kind {
                EventKind::RoomClosed { .. } => {}
                EventKind::Left { room, .. } if room.as_str() == name && left > 0 => {
                    left -= 1;
                    causes.insert(before, Why::Closed { first: left == 0 });
                }
                _ => break,
            }
        }
    }
    causes
}

/// The room that an action has closed, and how many were in it.
fn closed(action: &str) -> Option<(&str, usize)> {
    let (name, rest) = action.strip_prefix("closed ")?.split_once("; ")?;
    Some((name, rest.split(' ').next()?.parse().ok()?))
}

impl Model {
    /// Follows the events; fails if they contradict each other.
    pub(super) fn new(history: &History) -> Result<Self, Violation> {
        let mut model = Self {
            fps: history.fps,
            history_messages: history.history_messages,
            ..Self::default()
        };
        model.rooms.insert("lobby".into(), Room::default());
        model.note_rooms(0);
        let causes = causes(&history.events);
        let mut now = Timestamp::default();
        for (at, event) in history.events.iter().enumerate() {
            ensure!(event.time >= now, "time runs back at event {at}, {event:?}");
            now = event.time;
            let cause = causes.get(&at).copied().unwrap_or(Why::Single);
            model.follow(at, event, cause, &history.events).map_err(|violation| {
                Violation::new(None, format!("event {at}, {event:?}: {}", violation.what))
            })?;
        }
        let last = history.stopped;
        for (name, room) in &model.rooms {
            let period = Duration::from_secs_f64(1.0 / room.fps.unwrap_or(model.fps));
            let due = room.news.map(|since| since.plus(period * 2 + LATE));
            ensure!(due.is_none_or(|due| due > last), "{name} never ticked for its last pose");
        }
        Ok(model)
    }

    fn note_rooms(&mut self, at: usize) {
        self.room_names.push((at, self.rooms.keys().cloned().collect()));
    }

    fn session(&mut self, id: SessionId) -> Result<&mut Session, Violation> {
        let session = self.sessions.get_mut(&id).filter(|session| !session.disconnected);
        session.ok_or_else(|| Violation::new(None, format!("{id} is not connected")))
    }

    fn expect(&mut self, id: SessionId, at: usize, expect: Expect) -> Result<(), Violation> {
        self.session(id)?.expected.push((at, expect));
        Ok(())
    }

    fn room(&mut self, name: &RoomName) -> Result<&mut Room, Violation> {
        let room = self.rooms.get_mut(name.as_str());
        room.ok_or_else(|| Violation::new(None, "there is no such room"))
    }

    fn tell_room(
        &mut self,
        room: &RoomName,
        at: usize,
        entry: &Entry,
        sender: Option<SessionId>,
    ) -> Result<(), Violation> {
        let members: Vec<_> =
            self.room(room)?.members.values().map(|member| member.session).collect();
        for member in members {
            let (room, entry) = (room.as_str().to_owned(), entry.clone());
            let own = sender == Some(member);
            self.expect(member, at, Expect::Event { room, entry, own })?;
        }
        Ok(())
    }

    fn follow(
        &mut self,
        at: usize,
        event: &LobbyEvent,
        cause: Why,
        events: &[LobbyEvent],
    ) -> Result<(), Violation> {
        let time = event.time;
        match &event.kind {
            EventKind::Connected { session, .. } => {
                let fresh = Session::default();
                ensure!(self.sessions.insert(*session, fresh).is_none(), "connected twice");
            }
            EventKind::Disconnected { session } => {
                self.session(*session)?.disconnected = true;
                let member = self
                    .rooms
                    .values()
                    .flat_map(|room| room.members.values())
                    .any(|member| member.session == *session);
                ensure!(!member, "its user is still in a room");
            }
            EventKind::TookOver { user, old, .. } => {
                let session = self.session(*old)?;
                ensure!(
                    session.user.as_ref().is_some_and(|old| old.folded() == user.folded()),
                    "nobody of that name was there"
                );
                session.taken_over = true;
            }
            EventKind::LoggedIn { session, user } => {
                let twice = self.sessions.values().any(|session| {
                    session.user.as_ref().is_some_and(|other| other.folded() == user.folded())
                });
                ensure!(!twice, "that name is in use");
                let session = self.session(*session)?;
                ensure!(session.user.is_none(), "it was logged in");
                session.user = Some(user.clone());
                session.expected.push((at, Expect::Greeting));
            }
            EventKind::LoggedOut { session, .. } => {
                let session = self.session(*session)?;
                ensure!(session.user.take().is_some(), "it was not logged in");
                session.expected.push((at, Expect::End));
            }
            EventKind::RoomOpened { room } => {
                let twice = self.rooms.insert(room.as_str().into(), Room::default());
                ensure!(twice.is_none(), "it was open");
                self.note_rooms(at);
            }
            EventKind::RoomClosed { room } => {
                let room = self.rooms.remove(room.as_str());
                ensure!(room.is_some_and(|room| room.members.is_empty()), "there is someone in it");
                self.note_rooms(at);
            }
            EventKind::Joined { session, user, room } => {
                let by_login = matches!(
                    at.checked_sub(1).map(|before| &events[before].kind),
                    Some(EventKind::LoggedIn { session: other, .. }) if other == session
                );
                self.join(at, time, *session, user, room, by_login)?;
            }
            EventKind::Left { session, user, room } => {
                self.leave(at, event.time, (*session, user, room), cause)?;
            }
            EventKind::Said { session, room, message } => {
                let (kind, data) = message.body.parts();
                let data = data.to_owned();
                let entry = Entry {
                    time: message.time,
                    user: message.user.to_string(),
                    kind: kind.into_owned(),
                    data,
                };
                ensure!(message.time == time, "its time differs");
                if let Some(sender) = session {
                    let members = &self.room(room)?.members;
                    ensure!(
                        members.values().any(|member| {
                            member.session == *sender && *member.name == *message.user
                        }),
                        "its sender is no member"
                    );
                }
                self.tell_room(room, at, &entry, *session)?;
                let most = self.history_messages;
                let room = self.room(room)?;
                if entry.kind != "button" {
                    room.history.push_back(entry);
                    if room.history.len() > most {
                        room.history.pop_front();
                    }
                }
            }
            EventKind::Moved { session, room, pose, .. } => {
                let mark = pose.pos[0] as u64;
                let whole = [pose.pos, pose.rot].concat() == pose_of(mark);
                ensure!(whole, "that is no pose that was sent");
                let name = room.as_str().to_owned();
                let room = self.room(room)?;
                room.news.get_or_insert(time);
                let member = room.members.values_mut().find(|member| member.session == *session);
                let Some(member) = member else {
                    return Err(Violation::new(None, "it is no member"));
                };
                member.pose = Some((time, mark));
                self.expect(*session, at, Expect::Posed { room: name, mark })?;
            }
            EventKind::Ticked { room, members, late } => {
                self.tick(at, time, room, *members, *late)?
            }
            EventKind::FpsChanged { room: None, fps } => {
                self.fps = fps.unwrap_or(self.fps);
                for room in self.rooms.values_mut() {
                    room.change_fps(None, time);
                }
            }
            EventKind::FpsChanged { room: Some(room), fps } => {
                self.room(room)?.change_fps(*fps, time);
            }
            EventKind::Operated { action } => {
                if let Some(room) = closed(action).and_then(|(name, _)| self.rooms.get_mut(name)) {
                    ensure!(room.members.is_empty(), "not everyone has left");
                    room.history.clear();
                }
            }
            EventKind::Refused { session, code, reason, count } => {
                for _ in 0..*count {
                    let (code, reason) = (code.number(), reason.to_string());
                    ensure!(code != 500, "an error of the server's own");
                    self.expect(*session, at, Expect::Error { code, reason })?;
                }
            }
            EventKind::Probed { .. } | EventKind::RoundTrip { .. } | EventKind::Marked { .. } => {}
            EventKind::Present(_) => return Err(Violation::new(None, "nobody subscribed late")),
            EventKind::Lost { .. } => return Err(Violation::new(None, "events were lost")),
        }
        Ok(())
    }

    fn join(
        &mut self,
        at: usize,
        time: Timestamp,
        session: SessionId,
        user: &UserName,
        room_name: &RoomName,
        by_login: bool,
    ) -> Result<(), Violation> {
        let known = self.session(session)?.user.as_ref().map(UserName::as_str);
        ensure!(known == Some(user.as_str()), "{known:?} is logged in there");
        self.tell_room(room_name, at, &presence(time, user.as_str(), "join"), None)?;
        let room = self.room(room_name)?;
        let name = user.as_str().to_owned();
        let member = Member { session, name, joined: time, pose: None };
        let twice = room.members.insert(user.folded().to_string(), member);
        ensure!(twice.is_none(), "it was a member");
        let members = room.members.values();
        let members = members.map(|member| presence(member.joined, &member.name, "join")).collect();
        let (entries, heads) = (Vec::from(room.history.clone()), room.heads());
        let room = room_name.as_str().to_owned();
        self.expect(session, at, Expect::Listing { room: room.clone(), members, by_login })?;
        if !entries.is_empty() {
            self.expect(session, at, Expect::History { room: room.clone(), entries })?;
        }
        if !heads.is_empty() {
            self.expect(session, at, Expect::Picture { room, heads })?;
        }
        Ok(())
    }

    fn leave(
        &mut self,
        at: usize,
        time: Timestamp,
        (session, user, room_name): (SessionId, &UserName, &RoomName),
        cause: Why,
    ) -> Result<(), Violation> {
        if cause == (Why::Closed { first: true }) {
            // All are told of all, sorted, before anybody is out.
            let names: Vec<String> =
                self.room(room_name)?.members.values().map(|member| member.name.clone()).collect();
            for name in names {
                self.tell_room(room_name, at, &presence(time, &name, "leave"), None)?;
            }
        }
        let room = self.room(room_name)?;
        let left = room.members.remove(&**user.folded());
        let Some(left) = left.filter(|left| left.session == session) else {
            return Err(Violation::new(None, "it was no member"));
        };
        let heads = room.heads();
        if !matches!(cause, Why::Closed { .. }) {
            self.tell_room(room_name, at, &presence(time, user.as_str(), "leave"), None)?;
            if left.pose.is_some() {
                // Who had a tick waiting gets one without whoever has left.
                self.pictures.entry(room_name.as_str().into()).or_default().push(Picture {
                    at,
                    time,
                    heads,
                });
            }
        }
        if cause == Why::Single {
            let room = room_name.as_str().to_owned();
            self.expect(session, at, Expect::Left { room })?;
        }
        Ok(())
    }

    fn tick(
        &mut self,
        at: usize,
        time: Timestamp,
        room_name: &RoomName,
        members: usize,
        late: Duration,
    ) -> Result<(), Violation> {
        let fps = self.fps;
        let room = self.room(room_name)?;
        let period = Duration::from_secs_f64(1.0 / room.fps.unwrap_or(fps));
        let due = Timestamp::from_micros(time.as_micros() - late.as_micros() as u64);
        ensure!(late <= LATE, "it was late by {late:?}");
        let Some(news) = room.news.take() else {
            return Err(Violation::new(None, "a room without news has ticked"));
        };
        ensure!(due <= news.plus(period * 2), "it was due too long after {news}");
        if let Some(last) = room.last_due.replace(due) {
            let earliest = last.plus(period.saturating_sub(Duration::from_micros(4)));
            ensure!(due >= earliest, "more than {} ticks a second", room.fps.unwrap_or(fps));
        }
        let heads = room.heads();
        let shown = if heads.is_empty() { 0 } else { room.members.len() };
        ensure!(members == shown, "there are {shown} to be told");
        if !heads.is_empty() {
            let pictures = self.pictures.entry(room_name.as_str().into()).or_default();
            pictures.push(Picture { at, time, heads });
        }
        Ok(())
    }

    /// The poses in a room, at the end.
    pub(super) fn heads(&self, room: &str) -> Heads {
        self.rooms.get(room).map(Room::heads).unwrap_or_default()
    }

    /// What an operator has to see at the end.
    pub(super) fn sight(&self) -> super::history::Sight {
        let mut sight = super::history::Sight::default();
        for (id, session) in &self.sessions {
            if let Some(user) = &session.user {
                sight.users.insert(user.as_str().into(), (*id, Vec::new()));
            }
        }
        for (name, room) in &self.rooms {
            sight.rooms.insert(name.clone(), room.members.len());
            for member in room.members.values() {
                if let Some((_, rooms)) = sight.users.get_mut(&member.name) {
                    rooms.push(name.clone());
                }
            }
        }
        sight
    }
}

fn presence(time: Timestamp, user: &str, kind: &str) -> Entry {
    Entry { time, user: user.into(), kind: kind.into(), data: "\"\"".into() }
}
