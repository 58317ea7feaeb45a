//! Hand-made consoles and snapshots, for tests.

use std::net::SocketAddr;
use std::sync::{Arc, Once};
use std::time::Duration;

use jiff::tz::TimeZone;

use super::state::{App, LogView};
use super::theme::{Depth, Theme};
use crate::model::{LogLevel, RecordingFields, SessionId, Timestamp};
use crate::operator::{
    ChatLine, ClockReading, ClockStep, Focus, Liveness, PoseRow, Presence, RecordedPerson,
    RecordingProgress, RecordingStatus, RefusalLine, ReplayStatus, RoomRow, ServerInfo, Snapshot,
    TickTiming, Traffic, UserDetail, UserRow,
};

/// All tests of a process share one log, so frames show only this target.
const LOG_TARGET: &str = "session";

/// 2025-11-13 12:00:00 UTC.
const NOON: Timestamp = Timestamp::from_micros(1_763_035_200_000_000);

pub(crate) fn session(number: u64) -> SessionId {
    SessionId(number << 32)
}

fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

pub(crate) fn info() -> ServerInfo {
    ServerInfo {
        listening: SocketAddr::from(([0, 0, 0, 0], 42069)),
        urls: vec!["ws://192.168.1.20:42069".to_owned(), "ws://10.0.0.5:42069".to_owned()],
        started: NOON,
        recording_defaults: RecordingFields::default(),
        recording_path: None,
    }
}

fn wave(from: f64, height: f64, offset: f64) -> Vec<u32> {
    let value = |at: i32| from + height * ((f64::from(at) + offset) / 9.0).sin();
    (0..60).map(|at| value(at).max(0.0) as u32).collect()
}

fn room(name: &str, users: usize, fps: f64, load: f64, offset: f64) -> RoomRow {
    RoomRow {
        name: name.into(),
        users,
        fps,
        transforms_per_s: load,
        ticks_per_s: if load > 0.0 { fps } else { 0.0 },
        messages_per_s: load / 300.0,
        transforms_history: wave(load, load / 2.0, offset),
        ..RoomRow::default()
    }
}

fn pose(x: f64, y: f64, z: f64, yaw: f64) -> PoseRow {
    PoseRow { pos: [x, y, z], rot: [0.0, yaw, 0.0], age: ms(30) }
}

pub(crate) fn user(number: u64, name: &str, room: &str, pose: Option<PoseRow>) -> UserRow {
    UserRow {
        session: session(number),
        name: name.into(),
        peer: Some(SocketAddr::from(([10, 0, 0, 20 + number as u8], 51044))),
        connected: Duration::from_secs(number * 431),
        rooms: vec![Presence { room: room.into(), pose }],
        transforms_per_s: 30.0,
        gap_p95: Some(ms(36)),
        gap_longest: Some(ms(41)),
        round_trip: Some(ms(9 + number)),
        bytes_out: number * 1_234_567,
        ..UserRow::default()
    }
}

fn users() -> Vec<UserRow> {
    let mut ada = user(1, "ada", "atrium", Some(pose(-2.0, 1.7, 1.0, 90.0)));
    ada.rooms.push(Presence { room: "main hall".into(), pose: None });
    let mut bjorn = user(2, "björn", "atrium", Some(pose(1.5, 1.8, 2.0, 200.0)));
    bjorn.liveness = Liveness::Idle;
    let chloe = user(3, "chloé", "atrium", Some(pose(0.0, 1.2, -2.0, 0.0)));
    let eve = user(5, "eve", "main hall", Some(pose(4.0, 1.6, 3.0, 45.0)));
    let mut lei = user(4, "李雷", "atrium", Some(pose(3.0, 1.75, -1.0, 270.0)));
    lei.transforms_per_s = 12.4;
    lei.gap_longest = Some(ms(612));
    lei.round_trip = Some(ms(184));
    lei.skipped_ticks = 37;
    lei.refusals = 1;
    lei.queued_bytes = 96 << 10;
    let mut noor = user(6, "noor", "atrium", Some(pose(-1.0, 0.4, -1.0, 315.0)));
    noor.liveness = Liveness::Asleep;
    noor.silent_for = Duration::from_secs(12);
    noor.transforms_per_s = 0.0;
    noor.gap_longest = None;
    vec![ada, bjorn, chloe, eve, noor, lei]
}

pub(crate) fn said(second: u64, user: &str, text: &str) -> ChatLine {
    ChatLine {
        time: NOON.plus(Duration::from_secs(second)),
        user: user.into(),
        kind: "msg".into(),
        text: text.into(),
    }
}

/// A server with rooms, people and trouble.
pub(crate) fn busy_snapshot() -> Snapshot {
    let mut pinned = room("日本語ルーム", 0, 20.0, 0.0, 0.0);
    pinned.pinned = true;
    let mut own = room("main hall", 2, 12.5, 58.2, 20.0);
    own.own_fps = true;
    own.title = "Monday's rehearsal".to_owned();
    let mut emote = said(11, "chloé", "{\"emote\":\"wave\",\"hand\":\"left\"}");
    emote.kind = "emote".into();
    Snapshot {
        recording: RecordingStatus::Off,
        replay: ReplayStatus::Off,
        taken_at: NOON.plus(Duration::from_secs(60)),
        serial: 600,
        focus: Focus { room: Some("atrium".to_owned()), user: Some(session(4)) },
        up_time: Duration::from_secs(8047),
        fps: 30.0,
        tick: TickTiming {
            longest: Duration::from_micros(410),
            mean: Duration::from_micros(300),
            latest: Duration::from_micros(90),
            budget: Duration::from_micros(33_333),
        },
        traffic: Traffic {
            connections: 7,
            transforms_per_s: 150.0,
            bytes_in_per_s: 42_300.0,
            bytes_out_per_s: 1_240_000.0,
            ..Traffic::default()
        },
        rooms: vec![
            room("lobby", 6, 30.0, 0.0, 0.0),
            room("atrium", 5, 30.0, 138.1, 0.0),
            own,
            pinned,
        ],
        users: users(),
        chat: vec![
            said(3, "ada", "hello everyone"),
            said(
                7,
                "李雷",
                "你好！ can you hear me? my sound comes and goes, and I see all of you jump",
            ),
            emote,
            said(20, "*server*", "we start in five minutes"),
        ],
        user: Some(UserDetail {
            session: session(4),
            transforms_history: wave(20.0, 12.0, 3.0),
            round_trips: wave(150.0, 60.0, 8.0).into_iter().map(|at| ms(at.into())).collect(),
            messages: vec![("atrium".into(), said(7, "李雷", "你好！ can you hear me?"))],
            refusals: vec![RefusalLine {
                time: NOON.plus(Duration::from_secs(9)),
                code: 406,
                reason: "pos.x is not a number".into(),
            }],
            ..UserDetail::default()
        }),
        log_level: Some(LogLevel::Debug),
    }
}

/// A recording of the busy server, 42 minutes in; björn has not consented.
pub(crate) fn recording_snapshot() -> Snapshot {
    let person = |number, user: &str, subject: &str| RecordedPerson {
        session: session(number),
        user: user.to_owned(),
        subject: subject.to_owned(),
        consent: number != 2,
    };
    let names = ["ada", "björn", "chloé", "李雷", "eve", "noor"];
    let people = names.iter().zip(1..);
    let people = people.map(|(name, number)| person(number, name, &format!("S{number:02}")));
    let progress = RecordingProgress {
        file: "/data/pilot/2025-11-13-1200.db".into(),
        since: NOON,
        until: NOON.plus(Duration::from_millis(2_529_900)),
        bytes: 128_400_000,
        poses: 1_734_112,
        poses_per_s: 138.1,
        events: 412,
        markers: 3,
        lost: 0,
        left_out: 288_140,
        space_lasts: Some(Duration::from_secs(90 * 3600)),
        open_intervals: vec!["condition A".to_owned()],
        people: people.collect(),
    };
    let mut snapshot = busy_snapshot();
    snapshot.taken_at = NOON.plus(Duration::from_secs(2530));
    snapshot.recording = RecordingStatus::Running(progress);
    let reading = ClockReading {
        offset: 0.012_34,
        bound: Duration::from_micros(410),
        steps: 0,
        probes: 504,
        newest: ms(3200),
    };
    for (user, offset) in snapshot.users.iter_mut().zip([0.012_34, -3.5, 0.0, 1.7e9, -0.000_2]) {
        user.clock = Some(ClockReading { offset, ..reading });
    }
    if let Some(clock) = &mut snapshot.users[1].clock {
        clock.steps = 2;
    }
    snapshot.user = Some(UserDetail {
        session: session(2),
        clock_drift_ppm: Some(-12.34),
        clock_step: Some(ClockStep { ago: Duration::from_secs(312), by: -3.51 }),
        ..UserDetail::default()
    });
    snapshot
}

/// A console on a server that records.
pub(crate) fn recording() -> App {
    let mut app = busy();
    app.take(Arc::new(recording_snapshot()));
    app
}

/// Changes how the recording is doing.
pub(crate) fn with_progress(app: &mut App, change: impl FnOnce(&mut RecordingProgress)) {
    let mut snapshot = (*app.snapshot).clone();
    if let RecordingStatus::Running(progress) = &mut snapshot.recording {
        change(progress);
    }
    app.take(Arc::new(snapshot));
}

/// Ends the recording, early if there is a reason.
pub(crate) fn end(app: &mut App, early: Option<&str>) {
    let mut snapshot = (*app.snapshot).clone();
    if let RecordingStatus::Running(progress) = snapshot.recording {
        let early = early.map(str::to_owned);
        snapshot.recording = RecordingStatus::Ended { progress, early };
    }
    app.take(Arc::new(snapshot));
}

/// A console without a snapshot so far, with 24-bit colours, in UTC.
pub(crate) fn fresh() -> App {
    let mut app = App::new(info(), Theme::new(Depth::True), TimeZone::UTC);
    app.log = LogView::only(LogLevel::Info, LOG_TARGET);
    app
}

/// A console on an empty server.
pub(crate) fn empty() -> App {
    let mut app = fresh();
    let lobby = RoomRow { name: "lobby".into(), fps: 1.0, ..RoomRow::default() };
    app.take(Arc::new(Snapshot {
        serial: 1,
        fps: 1.0,
        rooms: vec![lobby],
        focus: Focus { room: Some("lobby".to_owned()), user: None },
        log_level: Some(LogLevel::Debug),
        up_time: Duration::from_secs(4),
        ..Snapshot::default()
    }));
    app
}

/// A console on a busy server, with the atrium selected.
pub(crate) fn busy() -> App {
    log_lines();
    let mut app = fresh();
    app.rooms.selected = Some("atrium".into());
    let mut before = busy_snapshot();
    before.users[5].skipped_ticks = 20;
    app.take(Arc::new(before));
    app.take(Arc::new(busy_snapshot()));
    app
}

/// Logs a few lines, once per process.
fn log_lines() {
    static LOGGED: Once = Once::new();
    LOGGED.call_once(|| {
        let lines = [
            (log::Level::Info, "listening on 0.0.0.0:42069"),
            (log::Level::Info, "joined user=ada room=atrium"),
            (log::Level::Debug, "pong user=ada round_trip=10ms"),
            (log::Level::Warn, "slow reader user=李雷 skipped=37"),
            (log::Level::Error, "handshake failed peer=10.0.0.99:51044: the request line is longer than 16 KiB, so the connection was closed"),
            (log::Level::Info, "fps 20 -> 30"),
        ];
        for (level, text) in lines {
            let mut record = log::RecordBuilder::new();
            let record = record.level(level).target(LOG_TARGET);
            tui_logger::Drain::new().log(&record.args(format_args!("{text}")).build());
        }
        tui_logger::move_events();
    });
}
