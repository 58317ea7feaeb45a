//! The wire contract as plain as can be: vectors that are searched, texts that are put together
//! afresh each time, no sharing and no batching. Nothing of the lobby is used here.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{Limits, SessionId, Timestamp};
use crate::operator::CHAT_LINES;

/// A name as it may be typed, and the rank of all names that look like it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Name(pub(super) &'static str, pub(super) usize);

/// Names of users; those of one rank look the same, and ranks are the order of listings.
pub(super) const NAMES: [Name; 11] = [
    Name("*x*", 0),
    Name("ada", 1),
    Name("ADA", 1),
    Name("ａｄａ", 1),
    Name("Bob \"b\"", 3),
    Name("björn", 2),
    Name("BJO\u{308}RN", 2),
    Name("straße", 4),
    Name("STRASSE", 4),
    Name("Zoe", 5),
    Name("李雷", 6),
];

pub(super) const ROOMS: [&str; 6] = ["lobby", "hall", "Hall", "the \\ \"yard\"", "Ω", "pit"];

/// Something that a client has to get.
#[derive(Clone, Debug)]
pub(super) struct Want {
    pub(super) what: What,
    /// The room whose order it is part of; none for what comes after all that was before.
    pub(super) room: Option<String>,
    /// Whose order it is part of.
    pub(super) sender: Sender,
    /// What its sender did; one announcement to all rooms is one act.
    pub(super) act: u64,
}

#[derive(Clone, Debug)]
pub(super) enum What {
    Exact(String),
    /// An answer that starts so, with words of its own in it.
    Refusal(String),
    Titles(String, BTreeMap<String, String>),
    Help(String),
    /// Poses of a room, in any order.
    Poses(String, BTreeSet<String>),
    Closed(u16),
}

/// A user's connection, or who took it over; the operator is 0.
pub(super) type Sender = u64;

pub(super) const OPERATOR: Sender = 0;

#[derive(Clone, Debug)]
pub(super) struct Person {
    pub(super) id: SessionId,
    pub(super) login: Option<(Name, &'static str)>,
    pub(super) sender: Sender,
    /// In the order of joining.
    pub(super) rooms: Vec<String>,
    pub(super) connected: Timestamp,
    pub(super) last_request: Timestamp,
    pub(super) refusals: u64,
}

#[derive(Clone, Debug)]
pub(super) struct PoseAt {
    pub(super) time: Timestamp,
    pub(super) x: f64,
    /// The whole entry of a tick.
    entry: String,
}

#[derive(Clone, Debug)]
pub(super) struct Member {
    pub(super) id: SessionId,
    name: Name,
    joined: Timestamp,
    pub(super) pose: Option<PoseAt>,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) struct Said {
    pub(super) time: Timestamp,
    pub(super) user: String,
    pub(super) kind: String,
    pub(super) data: String,
}

#[derive(Clone, Debug, Default)]
pub(super) struct Room {
    pub(super) name: String,
    pub(super) title: String,
    pub(super) pinned: bool,
    pub(super) own_fps: Option<f64>,
    pub(super) members: Vec<Member>,
    history: Vec<Said>,
    pub(super) recent: Vec<Said>,
    /// By when the next tick has to be, if there is news.
    pub(super) deadline: Option<Timestamp>,
    /// When it ticked, whether on time, and at which rate.
    ticks: Vec<(Timestamp, bool, f64)>,
}

#[derive(Debug)]
pub(super) struct Model {
    limits: Limits,
    pub(super) fps: f64,
    pub(super) people: Vec<Person>,
    pub(super) rooms: Vec<Room>,
    pub(super) wants: BTreeMap<SessionId, Vec<Want>>,
    pub(super) messages: u64,
    pub(super) transforms: u64,
    pub(super) refusals: u64,
    senders: Sender,
    acts: u64,
}

pub(super) fn quoted(text: &str) -> String {
    serde_json::to_string(text).unwrap()
}

fn entry(time: Timestamp, user: &str, kind: &str, data: &str) -> String {
    let (user, kind) = (quoted(user), quoted(kind));
    format!(r#"{{"time":{time},"user":{user},"type":{kind},"data":{data}}}"#)
}

fn frame(room: &str, entries: &[String]) -> String {
    let room = quoted(room);
    format!(r#"{{"info":"user","room":{room},"payload":[{}]}}"#, entries.join(","))
}

/// An answer up to its detail.
fn answer(time: Timestamp, code: u16) -> String {
    let info = if code >= 400 { "error" } else { "system" };
    let message = match code {
        202 => "Access granted.",
        212 => "Listing information.",
        214 => "Help message.",
        220 => "Pong.",
        400 => "Bad request.",
        401 => "User unauthorized.",
        403 => "Access denied.",
        406 => "Data object has invalid structure.",
        409 => "Request conflicts current status.",
        413 => "Limit reached.",
        501 => "Command not recognized.",
        other => panic!("{other} is no answer of the lobby's"),
    };
    format!(
        r#"{{"info":"{info}","response":{{"time":{time},"code":{code},"msg":"{message}","detail":{{"#
    )
}

impl Said {
    fn entry(&self) -> String {
        entry(self.time, &self.user, &self.kind, &self.data)
    }

    /// What it counts for in a history's bytes: its entry, a comma, and up to two more digits.
    fn len(&self) -> usize {
        self.entry().len() + 3
    }
}

fn drop_oldest(said: &mut Vec<Said>, messages: usize, bytes: usize) {
    while said.len() > messages || said.iter().map(Said::len).sum::<usize>() > bytes {
        said.remove(0);
    }
}

impl Room {
    pub(super) fn poses(&self) -> BTreeSet<String> {
        let poses = self.members.iter().filter_map(|member| member.pose.as_ref());
        poses.map(|pose| pose.entry.clone()).collect()
    }

    fn listing(&self) -> String {
        let mut members: Vec<&Member> = self.members.iter().collect();
        members.sort_by_key(|member| member.name.1);
        let entries: Vec<String> = members
            .iter()
            .map(|member| entry(member.joined, member.name.0, "join", "\"\""))
            .collect();
        frame(&self.name, &entries)
    }

    /// The room has ticked: checks that it was not too soon.
    pub(super) fn ticked(&mut self, now: Timestamp, on_time: bool, fps: f64) {
        assert!(self.deadline.take().is_some(), "{} ticked without news", self.name);
        if let Some((last, true, _)) = self.ticks.last()
            && on_time
        {
            let gap = now.since(*last).as_secs_f64();
            assert!(gap >= 1.0 / fps - 3e-6, "{} ticked {gap} s after its last, {fps}", self.name);
        }
        self.ticks.push((now, on_time, fps));
        let second: Vec<f64> = (self.ticks.iter().rev())
            .take_while(|(time, ..)| now.since(*time).as_micros() < 1_000_000)
            .map(|(.., fps)| *fps)
            .collect();
        let most = second.iter().copied().fold(0.0, f64::max).ceil() as usize;
        // A late tick may be followed by one that is on time.
        assert!(second.len() <= most + 1, "{} ticks in a second: {second:?}", second.len());
    }
}

impl Model {
    pub(super) fn new(limits: Limits, fps: f64) -> Self {
        let lobby = Room { name: "lobby".to_owned(), ..Room::default() };
        Self {
            limits,
            fps,
            people: Vec::new(),
            rooms: vec![lobby],
            wants: BTreeMap::new(),
            messages: 0,
            transforms: 0,
            refusals: 0,
            senders: OPERATOR,
            acts: 0,
        }
    }

    pub(super) fn connect(&mut self, id: SessionId, now: Timestamp) {
        self.senders += 1;
        self.people.push(Person {
            id,
            login: None,
            sender: self.senders,
            rooms: Vec::new(),
            connected: now,
            last_request: now,
            refusals: 0,
        });
    }

    pub(super) fn person(&self, id: SessionId) -> Option<&Person> {
        self.people.iter().find(|person| person.id == id)
    }

    fn person_mut(&mut self, id: SessionId) -> &mut Person {
        self.people.iter_mut().find(|person| person.id == id).unwrap()
    }

    pub(super) fn room(&mut self, name: &str) -> Option<&mut Room> {
        self.rooms.iter_mut().find(|room| room.name == name)
    }

    pub(super) fn fps_of(&self, room: &Room) -> f64 {
        room.own_fps.unwrap_or(self.fps)
    }

    fn period(&self, name: &str) -> std::time::Duration {
        let room = self.rooms.iter().find(|room| room.name == name).unwrap();
        std::time::Duration::from_secs_f64(1.0 / self.fps_of(room))
    }

    pub(super) fn is_member(&self, id: SessionId, room: &str) -> bool {
        self.person(id).is_some_and(|person| person.rooms.iter().any(|name| name == room))
    }

    fn want(&mut self, to: SessionId, what: What, room: Option<&str>, sender: Sender) {
        let want = Want { what, room: room.map(str::to_owned), sender, act: self.acts };
        self.wants.entry(to).or_default().push(want);
    }

    fn reply(&mut self, to: SessionId, what: What) {
        self.want(to, what, None, OPERATOR);
    }

    pub(super) fn refuse(&mut self, id: SessionId, code: u16, now: Timestamp) {
        self.refusals += 1;
        self.person_mut(id).refusals += 1;
        self.reply(id, What::Refusal(answer(now, code)));
    }

    /// Whether a request may go on: it came from someone who is logged in.
    pub(super) fn admit(&mut self, id: SessionId, now: Timestamp) -> bool {
        let logged_in = self.person(id).unwrap().login.is_some();
        if !logged_in {
            self.refuse(id, 403, now);
        }
        logged_in
    }

    /// Whether a request may go on: it came from a member.
    fn admit_member(&mut self, id: SessionId, room: &str, now: Timestamp) -> bool {
        if !self.admit(id, now) {
            return false;
        }
        let member = self.is_member(id, room);
        if !member {
            self.refuse(id, 401, now);
        }
        member
    }

    pub(super) fn ping(&mut self, id: SessionId, now: Timestamp) {
        self.reply(id, What::Exact(answer(now, 220) + "}}}"));
    }

    pub(super) fn rooms(&mut self, id: SessionId, now: Timestamp) {
        if self.admit(id, now) {
            let rooms = self.rooms.iter();
            let titles = rooms.map(|room| (room.name.clone(), room.title.clone())).collect();
            self.reply(id, What::Titles(answer(now, 212), titles));
        }
    }

    pub(super) fn help(&mut self, id: SessionId, now: Timestamp) {
        if self.admit(id, now) {
            self.reply(id, What::Help(answer(now, 214)));
        }
    }

    pub(super) fn named(&self, rank: usize) -> Option<SessionId> {
        let mut people = self.people.iter();
        people.find(|person| person.login.is_some_and(|(name, _)| name.1 == rank)).map(|it| it.id)
    }

    pub(super) fn login(
        &mut self,
        id: SessionId,
        name: Name,
        password: &'static str,
        now: Timestamp,
    ) {
        if self.person(id).unwrap().login.is_some() {
            return self.refuse(id, 409, now);
        }
        if let Some(old) = self.named(name.1) {
            let known = self.person(old).unwrap().login.unwrap().1;
            if password.is_empty() || password != known {
                return self.refuse(id, 409, now);
            }
            self.person_mut(id).sender = self.person(old).unwrap().sender;
            self.disconnect(old, now);
            self.reply(old, What::Closed(1008));
        }
        self.person_mut(id).login = Some((name, password));
        self.reply(id, What::Exact(answer(now, 202) + "}}}"));
        self.enter(id, "lobby", now);
    }

    pub(super) fn join(&mut self, id: SessionId, name: &str, now: Timestamp) {
        if !self.admit(id, now) {
            return;
        }
        if self.is_member(id, name) {
            return self.refuse(id, 409, now);
        }
        let new = self.room(name).is_none();
        if self.person(id).unwrap().rooms.len() >= self.limits.max_rooms_per_user
            || new && self.rooms.len() >= self.limits.max_rooms
        {
            return self.refuse(id, 413, now);
        }
        if new {
            self.rooms.push(Room { name: name.to_owned(), ..Room::default() });
        }
        self.enter(id, name, now);
    }

    fn enter(&mut self, id: SessionId, name: &str, now: Timestamp) {
        let (user, sender) = {
            let person = self.person_mut(id);
            person.rooms.push(name.to_owned());
            (person.login.unwrap().0, person.sender)
        };
        self.acts += 1;
        self.tell(name, &entry(now, user.0, "join", "\"\""), sender);
        let room = self.room(name).unwrap();
        room.members.push(Member { id, name: user, joined: now, pose: None });
        let (listing, poses) = (room.listing(), room.poses());
        let history: Vec<String> = room.history.iter().map(Said::entry).collect();
        self.want(id, What::Exact(listing), None, sender);
        if !history.is_empty() {
            self.want(id, What::Exact(frame(name, &history)), None, sender);
        }
        if !poses.is_empty() {
            self.want(id, What::Poses(name.to_owned(), poses), None, sender);
        }
    }

    /// Everyone in a room is to get an event.
    fn tell(&mut self, name: &str, entry: &str, sender: Sender) {
        let text = frame(name, &[entry.to_owned()]);
        let members: Vec<SessionId> =
            self.room(name).unwrap().members.iter().map(|member| member.id).collect();
        for member in members {
            self.want(member, What::Exact(text.clone()), Some(name), sender);
        }
    }

    /// Whether the leave was carried out.
    pub(super) fn leave(&mut self, id: SessionId, name: &str, now: Timestamp) -> bool {
        let admitted = self.admit_member(id, name, now);
        if admitted {
            self.exit(id, name, now);
        }
        admitted
    }

    fn exit(&mut self, id: SessionId, name: &str, now: Timestamp) {
        let person = self.person_mut(id);
        person.rooms.retain(|room| room != name);
        let (user, sender) = (person.login.unwrap().0, person.sender);
        let room = self.room(name).unwrap();
        room.members.retain(|member| member.id != id);
        if room.members.iter().all(|member| member.pose.is_none()) {
            room.deadline = None;
        }
        self.acts += 1;
        self.tell(name, &entry(now, user.0, "leave", "\"\""), sender);
        self.sweep(name);
    }

    fn sweep(&mut self, name: &str) {
        self.rooms.retain(|room| {
            room.name != name || room.pinned || name == "lobby" || !room.members.is_empty()
        });
    }

    pub(super) fn list(&mut self, id: SessionId, name: &str, now: Timestamp) {
        if self.admit_member(id, name, now) {
            let listing = self.room(name).unwrap().listing();
            self.reply(id, What::Exact(listing));
        }
    }

    pub(super) fn say(
        &mut self,
        id: SessionId,
        name: &str,
        kind: &str,
        data: &str,
        now: Timestamp,
    ) {
        if !self.admit_member(id, name, now) {
            return;
        }
        let person = self.person(id).unwrap();
        let (user, sender) = (person.login.unwrap().0.0.to_owned(), person.sender);
        let said = Said { time: now, user, kind: kind.to_owned(), data: data.to_owned() };
        if kind != "button" && said.len() > self.limits.history_bytes {
            return self.refuse(id, 413, now);
        }
        self.acts += 1;
        self.keep(name, said, sender);
    }

    fn keep(&mut self, name: &str, said: Said, sender: Sender) {
        self.messages += 1;
        self.tell(name, &said.entry(), sender);
        let (messages, bytes) = (self.limits.history_messages, self.limits.history_bytes);
        let room = self.room(name).unwrap();
        if said.kind != "button" {
            room.history.push(said.clone());
            drop_oldest(&mut room.history, messages, bytes);
        }
        room.recent.push(said);
        drop_oldest(&mut room.recent, CHAT_LINES, bytes);
    }

    pub(super) fn transform(&mut self, id: SessionId, name: &str, x: f64, now: Timestamp) {
        if !self.admit_member(id, name, now) {
            return;
        }
        self.transforms += 1;
        let by = now.plus(self.period(name));
        let room = self.room(name).unwrap();
        room.deadline.get_or_insert(by);
        let member = room.members.iter_mut().find(|member| member.id == id).unwrap();
        let data = format!(r#"{{"pos":{{"x":{x},"y":0,"z":0}},"rot":{{"x":0,"y":0,"z":0}}}}"#);
        let entry = entry(now, member.name.0, "transform", &data);
        member.pose = Some(PoseAt { time: now, x, entry });
    }

    pub(super) fn disconnect(&mut self, id: SessionId, now: Timestamp) {
        let Some(person) = self.person(id) else { return };
        for room in person.rooms.clone() {
            self.exit(id, &room, now);
        }
        self.people.retain(|person| person.id != id);
    }

    pub(super) fn kick(&mut self, rank: usize, now: Timestamp) -> Option<usize> {
        let id = self.named(rank)?;
        self.reply(id, What::Refusal(answer(now, 403)));
        self.disconnect(id, now);
        self.reply(id, What::Closed(1008));
        Some(1)
    }

    pub(super) fn close_room(&mut self, name: &str, now: Timestamp) -> Option<usize> {
        if name == "lobby" {
            return None;
        }
        let mut members = self.room(name)?.members.clone();
        members.sort_by_key(|member| member.name.1);
        for member in &members {
            let sender = self.person(member.id)?.sender;
            self.acts += 1;
            self.tell(name, &entry(now, member.name.0, "leave", "\"\""), sender);
        }
        for member in &members {
            self.person_mut(member.id).rooms.retain(|room| room != name);
        }
        let room = self.room(name)?;
        room.members.clear();
        room.history.clear();
        room.recent.clear();
        room.deadline = None;
        self.sweep(name);
        Some(members.len())
    }

    /// How many heard it; `None` if there is no such room.
    pub(super) fn announce(
        &mut self,
        name: Option<&str>,
        text: &str,
        now: Timestamp,
    ) -> Option<usize> {
        let rooms: Vec<String> = match name {
            Some(name) => vec![self.room(name)?.name.clone()],
            None => self.rooms.iter().map(|room| room.name.clone()).collect(),
        };
        let mut heard = BTreeSet::new();
        self.acts += 1;
        for name in rooms {
            let (user, kind) = ("*server*".to_owned(), "msg".to_owned());
            self.keep(&name, Said { time: now, user, kind, data: quoted(text) }, OPERATOR);
            heard.extend(self.room(&name)?.members.iter().map(|member| member.id));
        }
        Some(heard.len())
    }

    pub(super) fn pin(&mut self, name: &str, pinned: bool) -> Option<usize> {
        if self.room(name).is_none() {
            if !pinned || self.rooms.len() >= self.limits.max_rooms {
                return None;
            }
            self.rooms.push(Room { name: name.to_owned(), ..Room::default() });
        }
        let room = self.room(name)?;
        room.pinned = pinned;
        let users = room.members.len();
        self.sweep(name);
        Some(users)
    }

    pub(super) fn set_title(&mut self, name: &str, title: &str) -> Option<usize> {
        let room = self.room(name)?;
        room.title = title.to_owned();
        Some(room.members.len())
    }

    pub(super) fn set_fps(
        &mut self,
        name: Option<&str>,
        fps: Option<f64>,
        now: Timestamp,
    ) -> Option<usize> {
        if fps.is_some_and(|fps| !(0.1..=240.0).contains(&fps)) {
            return None;
        }
        let touched: Vec<String> = match name {
            Some(name) => vec![self.room(name)?.name.clone()],
            None => {
                self.fps = fps.unwrap_or(self.fps);
                self.rooms.iter().map(|room| room.name.clone()).collect()
            }
        };
        let mut users = 0;
        for touched in touched {
            let room = self.room(&touched)?;
            room.own_fps = name.and(fps);
            users += room.members.len();
            let by = now.plus(self.period(&touched));
            let room = self.room(&touched)?;
            room.deadline = room.deadline.and(Some(by));
        }
        Some(users)
    }
}
