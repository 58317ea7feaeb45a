//! Rules of the contract, one by one.

use std::time::Duration;

use super::client::{entries, events};
use super::mail::{Got, Mail};
use crate::hub::operate::operate;
use crate::hub::view::view;
use crate::lobby::Lobby;
use crate::model::{Budget, Limits, SessionId, Timestamp};
use crate::operator::{Command, Done, Focus, OperatorError, Snapshot, TEXT_LIMIT};
use crate::protocol::decode::{RoomCache, decode};

struct House {
    lobby: Lobby,
    mail: Mail,
    now: Timestamp,
}

impl House {
    fn new(limits: Limits) -> Self {
        let now = Timestamp::from_micros(1_763_000_000_000_000);
        Self { lobby: Lobby::new(limits, 10.0, Budget::default()), mail: Mail::new(), now }
    }

    fn with(users: &[&str]) -> Self {
        let mut house = Self::new(Limits::lab());
        for (slot, user) in users.iter().enumerate() {
            house.login(slot as u64, user, "secret");
        }
        house.lobby.flush(&mut house.mail);
        house.forget();
        house
    }

    fn forget(&mut self) {
        for id in self.mail.unread() {
            self.mail.take(id);
        }
        self.mail.notes.clear();
    }

    fn login(&mut self, slot: u64, user: &str, pass: &str) {
        self.lobby.connect(SessionId(slot), self.now);
        let login =
            format!(r#"{{"system":"login","options":{{"user":"{user}","pass":"{pass}"}}}}"#);
        self.send(slot, &login);
    }

    fn send(&mut self, slot: u64, text: &str) {
        self.now = self.now.plus(Duration::from_micros(10));
        let request = decode(text, &mut RoomCache::default());
        self.lobby.handle(SessionId(slot), request, self.now, &mut self.mail);
    }

    fn say(&mut self, slot: u64, room: &str, kind: &str, data: &str) {
        self.send(slot, &format!(r#"{{"room":"{room}","type":"{kind}","data":{data}}}"#));
    }

    fn operate(&mut self, command: Command) -> Result<Done, OperatorError> {
        operate(&mut self.lobby, command, self.now, &mut self.mail)
    }

    /// What a client got, in short: `room: user type` for each event, or the code of an answer.
    fn got(&mut self, slot: u64) -> Vec<String> {
        self.lobby.flush(&mut self.mail);
        self.mail.read_all();
        let mut lines = Vec::new();
        for got in self.mail.take(SessionId(slot)) {
            match got {
                Got::Frame(text) | Got::Tick(text) => match events(&text) {
                    Some(frame) => lines.extend(
                        entries(&frame)
                            .iter()
                            .map(|it| format!("{}: {} {}", frame.room, it.user, it.r#type)),
                    ),
                    None => {
                        let answer: serde_json::Value = serde_json::from_str(&text).unwrap();
                        lines.push(answer["response"]["code"].to_string());
                    }
                },
                Got::Left(room) => lines.push(format!("{room}: left")),
                Got::Closed(code) => lines.push(format!("closed {code}")),
            }
        }
        lines
    }

    fn view(&self, focus: &Focus) -> Snapshot {
        let mut snapshot = Snapshot::default();
        view(&self.lobby, self.now, focus, |_| None, &mut snapshot);
        snapshot
    }
}

#[test]
fn a_login_is_answered_listed_and_told_to_the_others() {
    let mut house = House::with(&["ben"]);
    house.login(1, "Ada", "");
    assert_eq!(house.got(1), ["202", "lobby: Ada join", "lobby: ben join"]);
    assert_eq!(house.got(0), ["lobby: Ada join"]);
    assert_eq!(house.mail.notes, ["Ada logged in", "Ada joined lobby"]);
}

#[test]
fn a_takeover_leaves_before_it_joins_anew() {
    let mut house = House::with(&["ada", "ben"]);
    house.say(0, "hall", "join", "\"\"");
    house.say(1, "hall", "join", "\"\"");
    house.say(0, "hall", "msg", "1");
    house.got(0);
    house.got(1);
    house.mail.notes.clear();
    house.login(2, "ＡＤＡ", "secret");
    assert_eq!(house.got(0), ["closed 1008"]);
    assert_eq!(house.got(1), ["lobby: ada leave", "hall: ada leave", "lobby: ＡＤＡ join"]);
    assert_eq!(house.got(2), ["202", "lobby: ＡＤＡ join", "lobby: ben join"]);
    assert_eq!(house.lobby.registry().users(), 2);
    // The old connection is nobody any more.
    house.say(0, "lobby", "msg", "1");
    house.lobby.disconnect(SessionId(0), house.now, &mut house.mail);
    assert!(house.got(0).is_empty() && house.got(1).is_empty());
}

#[test]
fn a_name_in_use_is_refused_without_its_password() {
    let mut house = House::with(&["ada"]);
    house.login(1, "ADA", "other");
    house.login(2, "ben", "");
    house.login(3, "Ben", "");
    assert_eq!(house.got(1), ["409"]);
    assert_eq!(house.got(3), ["409"]);
    assert_eq!(house.lobby.registry().users(), 2);
    // A second login on one connection changes nothing, with the right password neither.
    house.got(0);
    house.send(0, r#"{"system":"login","options":{"user":"ada","pass":"secret"}}"#);
    assert_eq!(house.got(0), ["409"]);
}

#[test]
fn a_closed_room_says_one_leave_for_each_to_each() {
    let mut house = House::with(&["cy", "Ada", "ben", "dan"]);
    for slot in 0..3 {
        house.say(slot, "hall", "join", "\"\"");
    }
    house.say(1, "hall", "msg", "\"kept\"");
    for slot in 0..4 {
        house.got(slot);
    }
    let done = house.operate(Command::CloseRoom { room: "hall".into() }).unwrap();
    assert_eq!(done.users, 3);
    for slot in 0..3 {
        assert_eq!(house.got(slot), ["hall: Ada leave", "hall: ben leave", "hall: cy leave"]);
    }
    assert!(house.got(3).is_empty());
    assert_eq!(house.view(&Focus::default()).rooms.len(), 1);
    // A new room, without history.
    house.say(0, "hall", "msg", "1");
    house.say(0, "hall", "join", "\"\"");
    assert_eq!(house.got(0), ["401", "hall: cy join"]);
    assert_eq!(
        house.operate(Command::CloseRoom { room: "lobby".into() }),
        Err(OperatorError::LobbyStays)
    );
    assert_eq!(
        house.operate(Command::CloseRoom { room: "attic".into() }),
        Err(OperatorError::NoSuchRoom("attic".into()))
    );
}

#[test]
fn nothing_of_a_closed_room_is_read_after_its_leaves() {
    for seed in 0..32 {
        let mut house = House::with(&["ada", "ben"]);
        for slot in [0, 1] {
            house.say(slot, "hall", "join", "\"\"");
            house.say(slot, "hall", "transform", "{}");
        }
        let due = house.lobby.next_due().unwrap();
        house.lobby.tick(due, &mut house.mail);
        house.mail.hurry(seed);
        house.operate(Command::CloseRoom { room: "hall".into() }).unwrap();
        for slot in [0, 1] {
            let got = house.got(slot);
            let leave = got.iter().position(|line| line == "hall: ada leave").unwrap();
            assert_eq!(got[leave..], ["hall: ada leave", "hall: ben leave"], "seed {seed}");
        }
    }
}

#[test]
fn a_room_that_is_gone_is_not_due() {
    let mut house = House::with(&["ada"]);
    house.say(0, "hall", "join", "\"\"");
    house.say(0, "hall", "transform", "{}");
    assert!(house.lobby.next_due().is_some());
    house.say(0, "hall", "leave", "\"\"");
    assert_eq!(house.lobby.next_due(), None);
}

#[test]
fn a_kick_is_told_with_its_reason_and_closes() {
    let mut house = House::with(&["ada", "ben"]);
    house.say(0, "lobby", "msg", "1");
    let reason = Some("enough".to_owned());
    assert_eq!(house.operate(Command::Kick { user: "ADA".into(), reason }).unwrap().users, 1);
    assert_eq!(house.got(0), ["lobby: ada msg", "403", "closed 1008"]);
    assert_eq!(house.got(1), ["lobby: ada msg", "lobby: ada leave"]);
    let again = Command::Kick { user: "ada".into(), reason: None };
    assert_eq!(house.operate(again), Err(OperatorError::NoSuchUser("ada".into())));
    let long = Command::Kick { user: "ben".into(), reason: Some("x".repeat(TEXT_LIMIT + 1)) };
    assert_eq!(house.operate(long), Err(OperatorError::TextLength(TEXT_LIMIT + 1)));
    assert!(house.got(1).is_empty());
}

#[test]
fn an_empty_room_may_go_in_the_turn_in_which_something_was_announced_in_it() {
    let mut house = House::new(Limits::lab());
    let pin = |pinned| Command::PinRoom { room: "hall".into(), pinned };
    house.operate(pin(true)).unwrap();
    house.operate(Command::Announce { room: None, text: "hear".into() }).unwrap();
    house.operate(pin(false)).unwrap();
    house.lobby.flush(&mut house.mail);
}

#[test]
fn a_pinned_room_outlives_its_last_member_with_its_history() {
    let mut house = House::with(&["ada"]);
    let pin = |pinned| Command::PinRoom { room: "hall".into(), pinned };
    house.operate(pin(true)).unwrap();
    house.say(0, "hall", "join", "\"\"");
    house.say(0, "hall", "msg", "1");
    house.say(0, "hall", "leave", "\"\"");
    house.got(0);
    house.say(0, "hall", "join", "\"\"");
    assert_eq!(house.got(0), ["hall: ada join", "hall: ada msg"]);
    house.say(0, "hall", "leave", "\"\"");
    house.mail.notes.clear();
    house.operate(pin(false)).unwrap();
    assert_eq!(house.mail.notes, ["hall gone"]);
    assert_eq!(house.operate(pin(false)), Err(OperatorError::NoSuchRoom("hall".into())));
}

#[test]
fn history_is_bounded_in_messages_and_in_bytes() {
    let kept = |limits: Limits, sizes: &[usize]| {
        let mut house = House::new(limits);
        house.login(0, "ada", "");
        for (i, size) in sizes.iter().enumerate() {
            house.say(0, "lobby", &format!("t{i}"), &format!("\"{}\"", "x".repeat(*size)));
        }
        house.say(0, "lobby", "button", "\"not kept\"");
        house.login(1, "ben", "");
        house.got(1).into_iter().filter_map(|it| Some(it.split_once(" t")?.1.to_owned())).collect()
    };
    let few = Limits { history_messages: 3, ..Limits::lab() };
    let got: Vec<String> = kept(few, &[1; 5]);
    assert_eq!(got, ["2", "3", "4"]);
    // Each takes 164 bytes: its text and what is around it.
    let small = Limits { history_bytes: 1000, ..Limits::lab() };
    let got: Vec<String> = kept(small.clone(), &[100; 9]);
    assert_eq!(got, ["3", "4", "5", "6", "7", "8"]);
    let got: Vec<String> = kept(small, &[100, 100, 800]);
    assert_eq!(got, ["2"]);
    let got: Vec<String> = kept(Limits::lab(), &[1; 60]);
    assert_eq!(got, (10..60).map(|i| i.to_string()).collect::<Vec<_>>());
}

#[test]
fn limits_are_answered_with_413_and_change_nothing() {
    let limits =
        Limits { history_bytes: 200, max_rooms_per_user: 2, max_rooms: 3, ..Limits::lab() };
    let mut house = House::new(limits);
    house.login(0, "ada", "");
    house.login(1, "ben", "");
    house.got(0);
    house.got(1);
    let large = format!("\"{}\"", "x".repeat(200));
    house.say(0, "lobby", "msg", &large);
    assert_eq!(house.got(0), ["413"]);
    assert!(house.got(1).is_empty());
    // What is not kept may be as large as a message may be.
    house.say(0, "lobby", "button", &large);
    assert_eq!(house.got(0), ["lobby: ada button"]);
    // Rooms of one user.
    house.say(0, "a", "join", "\"\"");
    house.say(0, "b", "join", "\"\"");
    assert_eq!(house.got(0), ["a: ada join", "413"]);
    // Rooms in all; one that exists may be joined.
    house.operate(Command::PinRoom { room: "c".into(), pinned: true }).unwrap();
    house.got(1);
    house.say(1, "d", "join", "\"\"");
    house.say(1, "c", "join", "\"\"");
    assert_eq!(house.got(1), ["413", "c: ben join"]);
    assert_eq!(
        house.operate(Command::PinRoom { room: "e".into(), pinned: true }),
        Err(OperatorError::TooManyRooms(3))
    );
}

#[test]
fn journals_are_bounded() {
    let mut house = House::with(&["ada"]);
    for i in 0..50 {
        house.say(0, "lobby", "msg", &i.to_string());
        house.say(0, "attic", "msg", "1");
    }
    house.say(0, "lobby", "msg", &format!("\"{}\"", "é".repeat(100_000)));
    let focus = Focus { room: Some("lobby".into()), user: Some(SessionId(0)) };
    let view = house.view(&focus);
    let detail = view.user.unwrap();
    assert_eq!(detail.messages.len(), 20);
    assert_eq!(detail.refusals.len(), 20);
    assert!(detail.refusals.iter().all(|line| line.code == 401));
    let texts: Vec<&str> = detail.messages.iter().map(|(_, line)| &*line.text).collect();
    assert_eq!(texts[..3], ["31", "32", "33"]);
    assert_eq!(texts[19].chars().count(), 500);
    assert_eq!(view.users[0].refusals, 50);
    assert_eq!(view.chat.last().unwrap().text.chars().count(), 500);
    assert_eq!(view.traffic.refusals, 50);
}

#[test]
fn rates_outside_of_the_range_are_refused() {
    let mut house = House::with(&["ada"]);
    let set = |room: Option<&str>, fps| Command::SetFps { room: room.map(str::to_owned), fps };
    for fps in [0.0, 0.099, 240.1, -1.0, f64::INFINITY, f64::NEG_INFINITY] {
        assert_eq!(
            house.operate(set(None, Some(fps))),
            Err(OperatorError::FpsOutOfRange(fps)),
            "{fps}"
        );
    }
    let nan = house.operate(set(Some("lobby"), Some(f64::NAN)));
    assert!(matches!(nan, Err(OperatorError::FpsOutOfRange(_))));
    assert_eq!(house.view(&Focus::default()).fps, 10.0);
    assert_eq!(
        house.operate(set(Some("attic"), Some(5.0))),
        Err(OperatorError::NoSuchRoom("attic".into()))
    );
    house.operate(set(Some("lobby"), Some(0.1))).unwrap();
    house.operate(set(None, Some(240.0))).unwrap();
    let row = &house.view(&Focus::default()).rooms[0];
    assert_eq!((row.fps, row.own_fps), (240.0, false));
}

#[test]
fn announcements_and_titles_are_bounded() {
    let mut house = House::with(&["ada", "ben"]);
    house.say(0, "hall", "join", "\"\"");
    house.got(0);
    house.got(1);
    let announce = |text: &str| Command::Announce { room: None, text: text.to_owned() };
    assert_eq!(house.operate(announce("")), Err(OperatorError::TextLength(0)));
    assert_eq!(house.operate(announce(&"é".repeat(501))), Err(OperatorError::TextLength(501)));
    assert_eq!(house.operate(announce(&"é".repeat(500))).unwrap().users, 2);
    assert_eq!(house.got(0), ["lobby: *server* msg", "hall: *server* msg"]);
    assert_eq!(house.got(1), ["lobby: *server* msg"]);
    let title = |title: String| Command::SetTitle { room: "hall".into(), title };
    assert_eq!(house.operate(title("t".repeat(501))), Err(OperatorError::TextLength(501)));
    house.operate(title("t".repeat(500))).unwrap();
    house.operate(title(String::new())).unwrap();
}

#[test]
fn who_leaves_is_gone_from_ticks_that_wait() {
    let mut house = House::with(&["ada", "ben", "cy"]);
    house.say(0, "lobby", "transform", "{}");
    house.say(1, "lobby", "transform", "{}");
    let due = house.lobby.next_due().unwrap();
    house.lobby.tick(due, &mut house.mail);
    // Who comes in between is told before it is seen.
    house.login(3, "dan", "");
    house.say(3, "lobby", "transform", "{}");
    house.say(0, "lobby", "leave", "\"\"");
    house.mail.read_all();
    let got = house.got(2);
    assert_eq!(got[0], "lobby: dan join");
    assert_eq!(got.iter().filter(|line| *line == "lobby: ada transform").count(), 0);
    assert!(got.contains(&"lobby: ben transform".to_owned()));
    // A rejoin starts with no pose, and with those of the others.
    house.got(0);
    house.say(0, "lobby", "join", "\"\"");
    let mut got = house.got(0);
    got.sort();
    assert_eq!(
        got,
        [
            "lobby: ada join",
            "lobby: ben join",
            "lobby: ben transform",
            "lobby: cy join",
            "lobby: dan join",
            "lobby: dan transform",
        ]
    );
}

#[test]
fn what_a_user_does_in_two_rooms_is_seen_in_that_order() {
    let mut house = House::with(&["ada", "ben"]);
    for slot in [0, 1] {
        house.say(slot, "hall", "join", "\"\"");
    }
    house.got(1);
    // Another's word is waiting in the room that comes second.
    house.say(1, "hall", "msg", "1");
    house.say(0, "lobby", "leave", "\"\"");
    house.say(0, "hall", "msg", "2");
    house.say(0, "hall", "leave", "\"\"");
    house.say(0, "lobby", "join", "\"\"");
    assert_eq!(
        house.got(1),
        [
            "hall: ben msg",
            "lobby: ada leave",
            "hall: ada msg",
            "hall: ada leave",
            "lobby: ada join"
        ]
    );
}
