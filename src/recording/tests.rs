//! Recordings of events made by hand.

mod people;
mod trouble;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tempfile::TempDir;
use tokio::sync::mpsc;

use super::failure::Failure;
use super::running::{Left, Opening, QUEUE, Running};
use crate::archive::{
    About, Archive, Ending, EventKind as Kind, EventRow, PoseRow, Selection, Stay,
};
use crate::clock::Clock;
use crate::lobby::event::{EventKind, LobbyEvent, Message, Present, PresentRoom, PresentUser};
use crate::model::{
    ClockProbe, MarkPhase, Pose, RecordingFields, RoomName, SessionId, Timestamp, UserName,
};
use crate::operator::{RecordingProgress, RecordingStatus};
use crate::protocol::Code;

const START: Timestamp = Timestamp::from_micros(1_763_000_000_000_042);

/// A recording, and the hub's end of its queue.
struct Stage {
    folder: TempDir,
    file: PathBuf,
    events: mpsc::Sender<LobbyEvent>,
    running: Running,
    clock: Clock,
}

fn user(name: &str) -> UserName {
    UserName::new(name).unwrap()
}

fn room(name: &str) -> RoomName {
    RoomName::new(name).unwrap()
}

fn session(number: u64) -> SessionId {
    SessionId(number << 32 | number)
}

fn address(number: u64) -> std::net::SocketAddr {
    ([10, 77, 0, number as u8], 50_000).into()
}

fn at(micros: u64) -> Timestamp {
    START.plus(Duration::from_micros(micros))
}

/// A server with `lobby` and these users, each in `lobby` and on the connection with its place.
fn present(users: &[&str]) -> Present {
    let users = users.iter().enumerate().map(|(place, name)| PresentUser {
        session: session(place as u64 + 1),
        user: user(name),
        peer: address(place as u64 + 1),
        rooms: vec![RoomName::lobby()],
    });
    Present {
        fps: 20.0,
        rooms: vec![PresentRoom { name: RoomName::lobby(), own_fps: None }],
        users: users.collect(),
        connections: Vec::new(),
    }
}

fn pose(x: f64) -> Pose {
    // 0.1 and its like are no 32-bit numbers; what loses digits fails.
    Pose { pos: [x, 0.1, -1e9], rot: [1.0 / 3.0, -0.0, 1e-300] }
}

impl Stage {
    fn set(fields: RecordingFields, users: &[&str], queue: usize) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (events, receiver) = mpsc::channel(queue);
        let running = Running::begin(Opening {
            path: &folder.path().join("session.db"),
            fields,
            present: &present(users),
            start: START,
            events: receiver,
        });
        let running = running.unwrap();
        let file = running.file().to_owned();
        Self { folder, file, events, running, clock: Clock::starting_at(START) }
    }

    fn with(users: &[&str]) -> Self {
        Self::set(RecordingFields::default(), users, QUEUE)
    }

    fn tell(&mut self, micros: u64, kind: EventKind) {
        self.events.try_send(LobbyEvent { time: at(micros), kind }).unwrap();
    }

    fn join(&mut self, micros: u64, place: u64, name: &str, to: &str) {
        self.tell(
            micros,
            EventKind::Joined { session: session(place), user: user(name), room: room(to) },
        );
    }

    fn leave(&mut self, micros: u64, place: u64, name: &str, from: &str) {
        self.tell(
            micros,
            EventKind::Left { session: session(place), user: user(name), room: room(from) },
        );
    }

    /// Somebody connects, logs in and joins `lobby`.
    fn come(&mut self, micros: u64, place: u64, name: &str) {
        self.tell(micros, EventKind::Connected { session: session(place), peer: address(place) });
        self.tell(micros, EventKind::LoggedIn { session: session(place), user: user(name) });
        self.join(micros, place, name, "lobby");
    }

    fn go(&mut self, micros: u64, place: u64, name: &str) {
        self.leave(micros, place, name, "lobby");
        self.tell(micros, EventKind::LoggedOut { session: session(place), user: user(name) });
        self.tell(micros, EventKind::Disconnected { session: session(place) });
    }

    fn moved(&mut self, micros: u64, place: u64, x: f64) {
        let (session, room) = (session(place), RoomName::lobby());
        let client_time = (x > 0.0).then_some(x + 0.125);
        self.tell(micros, EventKind::Moved { session, room, pose: pose(x), client_time });
    }

    fn say(&mut self, micros: u64, place: Option<u64>, kind: &str, data: &str) {
        let message = Message::sample(at(micros), kind, data);
        let (session, room) = (place.map(session), RoomName::lobby());
        self.tell(micros, EventKind::Said { session, room, message: Arc::new(message) });
    }

    /// Takes and commits all that has been told.
    fn step(&mut self) {
        while self.running.step(&self.clock).unwrap() == Left::More {}
    }

    fn progress(&mut self) -> RecordingProgress {
        match self.running.status() {
            RecordingStatus::Running(progress) => progress,
            other => panic!("{other:?}"),
        }
    }

    /// What is on disk now, while it runs.
    fn read(&mut self) -> Read {
        self.step();
        Read::of(&self.file)
    }

    /// Stops it, and reads the file.
    fn stop(mut self) -> (Read, RecordingProgress, TempDir) {
        self.step();
        let (RecordingStatus::Ended { progress, early: None }, None) = self.running.finish() else {
            panic!("it has not ended well");
        };
        let names: Vec<_> = self
            .folder
            .path()
            .read_dir()
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .filter(|name| name.starts_with("session.db"))
            .collect();
        assert_eq!(names, ["session.db"], "a log is left");
        (Read::of(&self.file), progress, self.folder)
    }
}

/// What a reader finds in a recording.
struct Read {
    archive: Archive,
    poses: Vec<PoseRow>,
    events: Vec<EventRow>,
    left_out: BTreeMap<String, u64>,
}

impl Read {
    fn of(file: &std::path::Path) -> Self {
        let archive = Archive::open(file).unwrap();
        let mut cursor = archive.poses(&Selection::default()).unwrap();
        let (mut poses, mut rows) = (Vec::new(), Vec::new());
        while cursor.fill(&archive, &mut rows).unwrap() {
            poses.append(&mut rows);
        }
        let mut events = Vec::new();
        archive
            .for_each_event(&Selection::default(), |event| {
                events.push(event);
                Ok::<_, crate::archive::ArchiveError>(())
            })
            .unwrap();
        let left_out = archive.left_out().unwrap();
        let left_out = left_out.into_iter().map(|left_out| (left_out.what, left_out.count));
        Self { left_out: left_out.collect(), archive, poses, events }
    }

    fn of_kind(&self, kind: Kind) -> Vec<&EventRow> {
        self.events.iter().filter(|event| event.kind == kind).collect()
    }

    fn subject(&self, person: Option<i64>) -> &str {
        let people = self.archive.people();
        people.iter().find(|known| Some(known.id) == person).map_or("", |known| &known.subject)
    }

    /// Subject, begin and end of each stay.
    fn stays(&self) -> Vec<(&str, i64, Option<i64>)> {
        let stays = self.archive.stays().iter();
        stays
            .map(|Stay { person, joined, left, .. }| (self.subject(Some(*person)), *joined, *left))
            .collect()
    }

    fn about(&self) -> &About {
        self.archive.about()
    }
}

#[test]
fn what_happens_becomes_rows() {
    let mut stage = Stage::with(&["ada"]);
    stage.come(100, 2, "Bea");
    for n in 0..5 {
        stage.moved(200 + n, 1 + n % 2, n as f64);
    }
    stage.say(300, Some(1), "msg", r#""Hello, \"Bea\"""#);
    stage.say(301, None, "msg", r#""welcome""#);
    stage.say(302, Some(2), "door", r#"{"open":1.50}"#);
    let lobby = Some(RoomName::lobby());
    stage.tell(400, EventKind::FpsChanged { room: lobby.clone(), fps: Some(29.97) });
    stage.tell(401, EventKind::FpsChanged { room: lobby, fps: None });
    stage.tell(402, EventKind::FpsChanged { room: None, fps: Some(72.0) });
    let reason: Arc<str> = "the message is not JSON".into();
    let code = Code::InvalidStructure;
    stage.tell(500, EventKind::Refused { session: session(2), code, reason, count: 3 });
    let probe = ClockProbe { client: 5000.25, received: at(600), sent: at(610) };
    stage.tell(610, EventKind::Probed { session: session(1), probe });
    let round_trip = Duration::from_micros(1400);
    stage.tell(620, EventKind::RoundTrip { session: session(1), round_trip });
    for late in [999, 1000] {
        let (room, late) = (RoomName::lobby(), Duration::from_micros(late));
        stage.tell(700, EventKind::Ticked { room, members: 2, late });
    }
    stage.tell(800, EventKind::RoomOpened { room: room("atrium") });
    stage.join(800, 1, "ada", "atrium");
    stage.leave(900, 1, "ada", "atrium");
    stage.tell(900, EventKind::RoomClosed { room: room("atrium") });
    stage.go(1000, 2, "Bea");
    let (read, progress, _) = stage.stop();
    let archive = &read.archive;
    assert_eq!(read.about().ending, Ending::Whole);
    assert_eq!(read.about().start, START);

    assert_eq!(read.poses.len(), 5);
    for (n, row) in read.poses.iter().enumerate() {
        assert_eq!(row.time, 200 + n as i64);
        assert_eq!(row.pose, pose(n as f64));
        assert_eq!(row.client_time, (n > 0).then_some(n as f64 + 0.125));
        let stay = archive.stays().iter().find(|stay| stay.id == row.member).unwrap();
        assert_eq!(read.subject(Some(stay.person)), ["S01", "S02"][n % 2]);
    }
    assert_eq!(read.stays(), [("S01", 0, None), ("S02", 100, Some(1000)), ("S01", 800, Some(900))]);
    let said: Vec<_> = read
        .of_kind(Kind::Said)
        .into_iter()
        .map(|row| {
            (read.subject(row.person), row.type_.as_deref().unwrap(), row.data.as_deref().unwrap())
        })
        .collect();
    assert_eq!(
        said,
        [
            ("S01", "msg", r#""Hello, \"Bea\"""#),
            ("", "msg", r#""welcome""#),
            ("S02", "door", r#"{"open":1.50}"#)
        ]
    );
    let fps: Vec<_> = read
        .of_kind(Kind::Fps)
        .iter()
        .map(|row| (row.room.is_some(), row.data.as_deref()))
        .collect();
    assert_eq!(
        fps,
        [(false, Some("20")), (true, Some("29.97")), (true, None), (false, Some("72"))]
    );
    let [refused] = read.of_kind(Kind::Refused)[..] else { panic!("{:?}", read.events) };
    assert_eq!((refused.code, refused.count), (Some(406), Some(3)));
    assert_eq!(
        (read.subject(refused.person), refused.data.as_deref()),
        ("S02", Some("the message is not JSON"))
    );
    let [probe] = archive.probes().unwrap()[..] else { panic!("one probe") };
    assert_eq!((probe.client, probe.received, probe.sent), (5000.25, 600, 610));
    let [round_trip] = archive.round_trips().unwrap()[..] else { panic!("one round trip") };
    assert_eq!((round_trip.time, round_trip.micros), (620, 1400));
    let [late] = archive.late_ticks().unwrap()[..] else { panic!("one late tick") };
    assert_eq!((late.time, late.micros), (700, 1000));
    let kinds = |kind| read.of_kind(kind).len();
    assert_eq!((kinds(Kind::LoggedIn), kinds(Kind::LoggedOut)), (2, 1));
    assert_eq!((kinds(Kind::Joined), kinds(Kind::Left)), (3, 2));
    assert_eq!((kinds(Kind::RoomOpened), kinds(Kind::RoomClosed)), (2, 1));
    assert!(read.events.is_sorted_by_key(|event| event.time));
    assert_eq!((progress.poses, progress.lost, progress.left_out), (5, 0, 0));
    assert_eq!(progress.events, read.events.len() as u64 + 3);
}

#[test]
fn markers_are_instants_and_intervals() {
    let mut stage = Stage::with(&["ada", "bea"]);
    let marked = |label: &str, phase| EventKind::Marked { label: label.into(), phase };
    stage.tell(100, marked("begin", MarkPhase::Instant));
    stage.tell(200, marked("trial", MarkPhase::Begin));
    stage.say(300, Some(1), "marker", r#"{"label":"trial","phase":"begin"}"#);
    stage.say(301, Some(2), "marker", r#"{"label":"trial","phase":"end"}"#);
    stage.tell(400, marked("trial", MarkPhase::Begin));
    assert_eq!(stage.read().archive.markers(&Selection::default()).unwrap().len(), 5);
    assert_eq!(stage.progress().open_intervals, ["trial", "trial"]);
    stage.tell(500, marked("trial", MarkPhase::End));
    stage.say(600, Some(1), "marker", r#"{"label":"trial","phase":"end"}"#);
    stage.say(700, Some(1), "marker", r#""found it""#);
    assert_eq!(stage.read().archive.markers(&Selection::default()).unwrap().len(), 6);
    assert_eq!(stage.progress().open_intervals, ["trial"]);
    let (read, progress, _) = stage.stop();
    let markers = read.archive.markers(&Selection::default()).unwrap();
    let shown: Vec<_> = markers
        .iter()
        .map(|marker| {
            (
                marker.time,
                marker.end,
                marker.is_interval,
                &*marker.label,
                read.subject(marker.person),
            )
        })
        .collect();
    assert_eq!(
        shown,
        [
            (100, None, false, "begin", ""),
            (200, None, true, "trial", ""),
            (300, Some(600), true, "trial", "S01"),
            // An end without a begin.
            (301, None, false, "trial", "S02"),
            (400, Some(500), true, "trial", ""),
            (700, None, false, "found it", "S01"),
        ]
    );
    assert!(markers.iter().all(|marker| marker.room.is_some() == marker.person.is_some()));
    // They are events too.
    assert_eq!(read.of_kind(Kind::Said).len(), 4);
    assert_eq!(progress.markers, 6);
}

#[test]
fn who_returns_is_the_same_person() {
    let mut stage = Stage::with(&["ada"]);
    stage.go(100, 1, "ada");
    stage.come(200, 7, "bea");
    stage.come(300, 8, "ADA");
    stage.tell(400, EventKind::TookOver { user: user("Ada"), old: session(8), new: session(9) });
    stage.go(400, 8, "ADA");
    stage.tell(400, EventKind::LoggedIn { session: session(9), user: user("Ada") });
    stage.join(400, 9, "Ada", "lobby");
    stage.moved(500, 9, 1.0);
    let (read, progress, _) = stage.stop();
    assert_eq!(
        read.stays(),
        [("S01", 0, Some(100)), ("S02", 200, None), ("S01", 300, Some(400)), ("S01", 400, None)]
    );
    assert_eq!(read.poses[0].member, 4);
    let [took_over] = read.of_kind(Kind::TookOver)[..] else { panic!("{:?}", read.events) };
    assert_eq!(read.subject(took_over.person), "S01");
    let people: Vec<_> = progress.people.iter().map(|p| (&*p.subject, p.session)).collect();
    assert_eq!(people, [("S01", session(9)), ("S02", session(7))]);
}

#[test]
fn what_is_committed_is_complete_up_to_its_end() {
    let mut stage = Stage::with(&["ada"]);
    for n in 0..2000 {
        stage.moved(n, 1, n as f64);
    }
    stage.step();
    let end = stage.progress().until;
    assert!(end >= at(1999));
    let read = stage.read();
    assert_eq!(read.about().ending, Ending::Interrupted);
    assert_eq!(read.poses.len(), 2000);
    assert!(read.about().end >= 1999);
    // Up to a moment, and no further.
    stage.moved(10_000_000, 1, 1.0);
    stage.moved(10_000_001, 1, 2.0);
    stage.running.catch_up(at(10_000_000), &stage.clock).unwrap();
    assert_eq!(stage.progress().until, at(10_000_000));
    assert_eq!(Read::of(&stage.file).poses.len(), 2001);
    assert_eq!(stage.read().poses.len(), 2002);
}

#[test]
fn an_event_in_the_queue_is_as_large_as_said() {
    assert!(size_of::<LobbyEvent>() <= 112, "{}", size_of::<LobbyEvent>());
}
