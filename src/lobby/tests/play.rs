//! Random sessions, played to the lobby and to the model at once.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use proptest::prelude::*;
use proptest::sample::select;

use super::client::{Client, events};
use super::mail::{Got, Mail};
use super::model::{Model, NAMES, Name, Want, What, quoted};
use super::op::{Op, op};
use crate::hub::operate::operate;
use crate::lobby::Lobby;
use crate::model::{Budget, Limits, SessionId, Timestamp};
use crate::operator::Command;
use crate::protocol::decode::{RoomCache, decode};

fn limits() -> Limits {
    Limits {
        max_rooms_per_user: 4,
        max_rooms: 5,
        history_messages: 5,
        history_bytes: 900,
        ..Limits::lab()
    }
}

pub(super) struct Play {
    pub(super) lobby: Lobby,
    mail: Mail,
    pub(super) model: Model,
    clients: BTreeMap<SessionId, Client>,
    pub(super) now: Timestamp,
    serial: u64,
    gone: Vec<SessionId>,
}

impl Play {
    fn new(fps: f64, seed: u64, slowness: u64) -> Self {
        Self {
            lobby: Lobby::new(limits(), fps, Budget::default()),
            mail: Mail::with_readers(seed, slowness),
            model: Model::new(limits(), fps),
            clients: BTreeMap::new(),
            now: Timestamp::from_micros(1_763_000_000_000_000),
            serial: 0,
            gone: Vec::new(),
        }
    }

    fn someone(&self, who: usize) -> Option<SessionId> {
        let people = &self.model.people;
        people.get(who.checked_rem(people.len())?).map(|person| person.id)
    }

    fn play(&mut self, op: &Op) {
        let now = self.now;
        match op {
            Op::Connect => self.connect(),
            Op::Flush => self.flush(),
            Op::Tick => self.tick(false),
            Op::Wait(micros, ticking) => self.wait(Duration::from_micros(*micros), *ticking),
            Op::Look(room) => self.look(room),
            Op::Ghost => {
                if let Some(ghost) = self.gone.last().copied() {
                    let ping = decode(r#"{"system":"ping"}"#, &mut RoomCache::default());
                    self.lobby.handle(ghost, ping, now, &mut self.mail);
                    self.lobby.disconnect(ghost, now, &mut self.mail);
                }
            }
            Op::Disconnect(who) => {
                if let Some(id) = self.someone(*who) {
                    self.model.disconnect(id, now);
                    self.lobby.disconnect(id, now, &mut self.mail);
                }
            }
            Op::Kick(Name(user, rank)) => {
                let reason = (rank % 2 == 0).then(|| "enough".to_owned());
                let touched = self.model.kick(*rank, now);
                self.operate(Command::Kick { user: (*user).to_owned(), reason }, touched);
            }
            Op::Close(room) => {
                let touched = self.model.close_room(room, now);
                self.operate(Command::CloseRoom { room: (*room).to_owned() }, touched);
            }
            Op::Announce(room, text) => {
                let touched = self.model.announce(*room, text, now);
                let (room, text) = (room.map(str::to_owned), (*text).to_owned());
                self.operate(Command::Announce { room, text }, touched);
            }
            Op::Pin(room, pinned) => {
                let touched = self.model.pin(room, *pinned);
                let (room, pinned) = ((*room).to_owned(), *pinned);
                self.operate(Command::PinRoom { room, pinned }, touched);
            }
            Op::Title(room, title) => {
                let touched = self.model.set_title(room, title);
                let (room, title) = ((*room).to_owned(), (*title).to_owned());
                self.operate(Command::SetTitle { room, title }, touched);
            }
            Op::Fps(room, fps) => {
                let touched = self.model.set_fps(*room, *fps, now);
                let command = Command::SetFps { room: room.map(str::to_owned), fps: *fps };
                self.operate(command, touched);
            }
            Op::Login(who, ..)
            | Op::Join(who, _)
            | Op::Leave(who, _)
            | Op::List(who, _)
            | Op::Say(who, ..)
            | Op::Transform(who, _)
            | Op::Ask(who, _)
            | Op::Nonsense(who, _) => {
                if let Some(id) = self.someone(*who) {
                    self.request(id, op);
                }
            }
        }
        self.check_renewed();
        self.note_gone();
        self.check_due();
    }

    fn connect(&mut self) {
        let taken: BTreeSet<u64> =
            self.model.people.iter().map(|person| person.id.0 & 0xffff_ffff).collect();
        let slot = (0..).find(|slot| !taken.contains(slot)).unwrap();
        self.serial += 1;
        let id = SessionId(self.serial << 32 | slot);
        self.lobby.connect(id, self.now);
        self.model.connect(id, self.now);
        self.clients.insert(id, Client::default());
    }

    fn request(&mut self, id: SessionId, op: &Op) {
        let now = self.now;
        let person = self.model.people.iter_mut().find(|person| person.id == id).unwrap();
        person.last_request = now;
        let logged_in = person.login.is_some();
        let in_room = |room: &str, kind: &str, data: &str| {
            format!(r#"{{"room":{},"type":{},"data":{data}}}"#, quoted(room), quoted(kind))
        };
        let mut left = None;
        let text = match op {
            Op::Login(_, name, pass) => {
                if !logged_in {
                    self.clients.get_mut(&id).unwrap().name = name.0.to_owned();
                }
                self.model.login(id, *name, pass, now);
                let (user, pass) = (quoted(name.0), quoted(pass));
                format!(r#"{{"system":"login","options":{{"user":{user},"pass":{pass}}}}}"#)
            }
            Op::Join(_, room) => {
                self.model.join(id, room, now);
                in_room(room, "join", "\"\"")
            }
            Op::Leave(_, room) => {
                left = self.model.leave(id, room, now).then_some(*room);
                in_room(room, "leave", "\"\"")
            }
            Op::List(_, room) => {
                self.model.list(id, room, now);
                in_room(room, "list", "\"\"")
            }
            Op::Say(_, room, kind, data) => {
                self.model.say(id, room, kind, data, now);
                in_room(room, kind, data)
            }
            Op::Transform(_, room) => {
                self.serial += 1;
                let x = self.serial as f64 / 2.0;
                self.model.transform(id, room, x, now);
                in_room(room, "transform", &format!(r#"{{"pos":{{"x":{x},"w":1}}}}"#))
            }
            Op::Ask(_, what) => {
                match *what {
                    "ping" => self.model.ping(id, now),
                    "rooms" => self.model.rooms(id, now),
                    _ => self.model.help(id, now),
                }
                format!(r#"{{"system":"{what}"}}"#)
            }
            Op::Nonsense(_, (text, after, before)) => {
                self.model.refuse(id, if logged_in { *after } else { *before }, now);
                (*text).to_owned()
            }
            other => panic!("{other:?} is no request"),
        };
        let request = decode(&text, &mut RoomCache::default());
        self.lobby.handle(id, request, now, &mut self.mail);
        if let Some(room) = left {
            self.mail.left(id, room);
        }
    }

    /// Carries out a command that should affect this many users; `None` if it should fail.
    fn operate(&mut self, command: Command, touched: Option<usize>) {
        let outcome = operate(&mut self.lobby, command.clone(), self.now, &mut self.mail);
        assert_eq!(
            outcome.as_ref().ok().map(|done| done.users),
            touched,
            "{command:?} {outcome:?}"
        );
    }

    fn wait(&mut self, by: Duration, ticking: bool) {
        let until = self.now.plus(by);
        while ticking
            && let Some(due) = self.lobby.next_due()
            && due <= until
        {
            let on_time = due >= self.now;
            self.now = self.now.max(due);
            self.tick(on_time);
            self.check_due();
        }
        self.now = until;
    }

    fn tick(&mut self, on_time: bool) {
        assert!(self.mail.posted.is_empty());
        let due = self.lobby.next_due();
        let late = self.lobby.tick(self.now, &mut self.mail);
        assert_eq!(late, due.filter(|due| *due <= self.now).map(|due| self.now.since(due)));
        let mut ticked: BTreeMap<String, BTreeSet<SessionId>> = BTreeMap::new();
        for posted in std::mem::take(&mut self.mail.posted) {
            let name = self.check_picture(posted.to, &posted.text);
            assert!(ticked.entry(name).or_default().insert(posted.to), "one frame a tick");
        }
        for (name, readers) in &ticked {
            let fps =
                self.model.fps_of(self.model.rooms.iter().find(|it| it.name == *name).unwrap());
            let room = self.model.room(name).unwrap();
            let members: BTreeSet<SessionId> = room.members.iter().map(|it| it.id).collect();
            assert_eq!(*readers, members, "the members of {name} get its tick, and nobody else");
            room.ticked(self.now, on_time, fps);
        }
        for room in &self.model.rooms {
            if let Some(deadline) = room.deadline {
                assert!(deadline > self.now, "{} has not ticked by {deadline}", room.name);
            }
        }
    }

    /// The tick is the whole of what the model knows of a room that the reader is in.
    fn check_picture(&mut self, to: SessionId, text: &str) -> String {
        let frame = events(text).unwrap();
        let entries: Vec<String> = frame.payload.iter().map(|it| it.get().to_owned()).collect();
        assert!(self.model.is_member(to, &frame.room), "a tick of {} for {to:?}", frame.room);
        let room = self.model.room(&frame.room).unwrap();
        assert_eq!(entries.len(), room.poses().len());
        assert_eq!(entries.into_iter().collect::<BTreeSet<_>>(), room.poses());
        frame.room
    }

    /// Outside of ticks, poses go out only in place of others that were taken back.
    fn check_renewed(&mut self) {
        for posted in std::mem::take(&mut self.mail.posted) {
            assert!(posted.renewed, "a tick out of turn: {}", posted.text);
            self.check_picture(posted.to, &posted.text);
        }
    }

    fn note_gone(&mut self) {
        let gone: Vec<SessionId> =
            self.clients.keys().copied().filter(|id| self.model.person(*id).is_none()).collect();
        for id in gone {
            self.hear(id, true);
            self.clients.remove(&id);
            self.gone.push(id);
        }
    }

    /// Where there is news, a tick is due within the room's period.
    fn check_due(&self) {
        let due = self.lobby.next_due();
        for deadline in self.model.rooms.iter().filter_map(|room| room.deadline) {
            let latest = deadline.plus(Duration::from_micros(1));
            assert!(due.is_some_and(|due| due <= latest), "due {due:?}, not by {deadline}");
        }
    }

    fn flush(&mut self) {
        self.lobby.flush(&mut self.mail);
        for id in self.clients.keys().copied().collect::<Vec<_>>() {
            self.hear(id, false);
        }
        assert_eq!(self.mail.unread(), [], "someone got something who is gone");
        assert!(self.model.wants.values().all(Vec::is_empty));
        let logged_in = self.model.people.iter().filter(|person| person.login.is_some());
        for person in logged_in.clone() {
            let told = &self.clients[&person.id].rooms;
            let mut rooms = person.rooms.clone();
            rooms.sort();
            assert_eq!(told.keys().cloned().collect::<Vec<_>>(), rooms);
            for (name, users) in told {
                let room = self.model.rooms.iter().find(|room| room.name == *name).unwrap();
                let members = room.members.iter().map(|it| self.model.person(it.id).unwrap());
                let names: BTreeSet<String> =
                    members.map(|it| it.login.unwrap().0.0.to_owned()).collect();
                assert_eq!(*users, names, "who is in {name}");
            }
        }
        assert_eq!(self.lobby.registry().users(), logged_in.count());
    }

    /// Compares what a client got with what it was to get, and has it believe it. Who is gone
    /// gets nothing any more, so that all has to be there.
    fn hear(&mut self, id: SessionId, gone: bool) {
        let mut wanted: Vec<Want> = self.model.wants.remove(&id).unwrap_or_default();
        let client = self.clients.get_mut(&id).unwrap();
        for got in self.mail.take(id) {
            match &got {
                Got::Frame(text) => take_wanted(&mut wanted, |what| fits(what, text), text),
                Got::Closed(code) => take_wanted(
                    &mut wanted,
                    |what| matches!(what, What::Closed(wanted) if wanted == code),
                    "a close",
                ),
                Got::Tick(_) | Got::Left(_) => {}
            }
            client.hear(&got);
        }
        assert!(wanted.is_empty(), "{} did not get {wanted:#?}, gone: {gone}", client.name);
    }
}

/// Whether a text is what a client has to get.
fn fits(what: &What, text: &str) -> bool {
    match what {
        What::Exact(exact) => text == exact,
        What::Refusal(start) => text.strip_prefix(&**start).is_some_and(|rest| {
            rest.strip_prefix("\"reason\":\"").is_some_and(|it| !it.starts_with('"'))
                && serde_json::from_str::<serde_json::Value>(text).is_ok()
        }),
        What::Titles(start, titles) => {
            text.starts_with(&**start) && {
                let value: serde_json::Value = serde_json::from_str(text).unwrap();
                value["response"]["detail"] == serde_json::to_value(titles).unwrap()
            }
        }
        What::Help(start) => text.starts_with(&**start) && text.contains("\"transform\""),
        What::Poses(room, poses) => events(text).is_some_and(|frame| {
            let entries: Vec<String> = frame.payload.iter().map(|it| it.get().to_owned()).collect();
            frame.room == *room
                && entries.len() == poses.len()
                && entries.into_iter().collect::<BTreeSet<_>>() == *poses
        }),
        What::Closed(_) => false,
    }
}

/// Takes out what has come. What was before it and has not come yet may come later only if it is
/// of another room and another sender (or of the same announcement), and neither is an answer.
fn take_wanted(wanted: &mut Vec<Want>, fits: impl Fn(&What) -> bool, text: &str) {
    let Some(place) = wanted.iter().position(|want| fits(&want.what)) else {
        panic!("nobody should get {text}, but {wanted:#?}");
    };
    let came = wanted.remove(place);
    for missed in &wanted[..place] {
        let free = came.room.is_some()
            && missed.room.is_some()
            && came.room != missed.room
            && (came.sender != missed.sender || came.act == missed.act);
        assert!(free, "{came:#?} came before {missed:#?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(CASES) })]

    #[test]
    fn the_lobby_does_what_the_model_says(
        ops in proptest::collection::vec(op(), 1..160),
        fps in select(&[0.5, 10.0, 72.0][..]),
        seed in any::<u64>(),
        slowness in 1..60u64,
    ) {
        let mut play = Play::new(fps, seed, slowness);
        // Some are there from the beginning, or most of what follows would be refused.
        for name in [NAMES[1], NAMES[4], NAMES[5], NAMES[7]] {
            play.play(&Op::Connect);
            let last = play.model.people.len() - 1;
            play.play(&Op::Login(last, name, "a"));
            play.play(&Op::Join(last, "hall"));
        }
        for op in &ops {
            play.play(op);
        }
        play.look("lobby");
        play.mail.read_all();
        play.flush();
    }
}

/// Random sessions that are played.
const CASES: u32 = 200;
