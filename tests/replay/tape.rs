//! A recording that a test makes, and what a server has seen when it is replayed.

use std::collections::HashMap;
use std::path::PathBuf;

use tempfile::TempDir;
use tokio::sync::mpsc;
use vrlobby::archive::{
    About, Archive, Ending, EventKind as Recorded, EventRow, MarkerRow, PoseRow, Selection, Writer,
};
use vrlobby::events::{EventKind, Interest, LobbyEvent};
use vrlobby::model::{Pose, RecordingFields, SessionId, Timestamp};
use vrlobby::operator::{Command, Done, OperatorError};
use vrlobby::replay::{Player, ReplayError, ReplayOptions};
use vrlobby::{Limits, Server, ServerHandle, Settings};

use super::support::hall::LOOPBACK;
use super::support::within;

/// Microseconds in a millisecond.
pub(crate) const MS: i64 = 1000;

/// How long the usual recording is.
pub(crate) const LENGTH: i64 = 2000 * MS;

pub(crate) struct Tape {
    pub(crate) file: PathBuf,
    folder: TempDir,
}

/// The pose of the user `who` (1 or 2) at a time: numbers that are no short decimals. SQLite keeps no
/// sign of a zero.
pub(crate) fn pose(who: i64, time: i64) -> Pose {
    let t = time as f64 / 1e6 + who as f64;
    Pose { pos: [t / 3.0, 0.1 + 0.2 * t, 0.0], rot: [1e-300 * t, -1e9 / (1.0 + t), t.sin()] }
}

/// When the user `who` sends poses: 20 times a second, not quite evenly.
pub(crate) fn times(who: i64) -> Vec<i64> {
    (0..LENGTH).step_by(50_000).map(|time| time + 10_007 + 4_001 * who).collect()
}

/// All poses of the user `who` from `from` on.
pub(crate) fn poses_from(who: i64, from: i64) -> Vec<Pose> {
    times(who).into_iter().filter(|time| *time >= from).map(|time| pose(who, time)).collect()
}

impl Tape {
    /// A recording of what `write` writes, which is so many microseconds long.
    pub(crate) fn of(length: i64, write: impl FnOnce(&Writer)) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("tape.db");
        let about = About {
            program: "vrlobby test".into(),
            start: Timestamp::from_micros(1_763_000_000_000_000),
            start_local: "2025-11-13T03:13:20+01:00".into(),
            fields: RecordingFields::default(),
            ending: Ending::Interrupted,
            end: 0,
            lost: 0,
        };
        let writer = Writer::create(&file, &about).expect("a new file");
        write(&writer);
        writer.finish(length, None).expect("a whole recording");
        Self { file, folder }
    }

    /// Two users in the lobby and in `atrium`, who move; the first says something at 0.5 s and sends
    /// an event of its own at 0.7 s, the second leaves the atrium at 1.2 s and returns at 1.5 s.
    pub(crate) fn usual() -> Self {
        Self::of(LENGTH, |writer| {
            let rooms = ["lobby", "atrium"].map(|room| writer.room(room).expect("a row"));
            let people = ["S01", "S02"].map(|subject| writer.person(subject, None).expect("a row"));
            let stay = |who: usize, room: usize, at| {
                writer.join(people[who], rooms[room], at).expect("a row")
            };
            let mut stays = Vec::new();
            for who in 0..2 {
                stay(who, 0, 0);
                stays.push(stay(who, 1, 5 * MS));
            }
            writer.leave(stays[1], 1200 * MS).expect("a row");
            let returned = stay(1, 1, 1500 * MS);
            let mut poses: Vec<_> = [1, 2]
                .iter()
                .flat_map(|who| times(*who).into_iter().map(|time| (time, *who)))
                .collect();
            poses.sort_unstable();
            for (time, who) in poses {
                let member = match who {
                    1 => stays[0],
                    _ if time < 1200 * MS => stays[1],
                    _ if time >= 1500 * MS => returned,
                    _ => continue,
                };
                let pose = pose(who, time);
                writer.pose(&PoseRow { time, member, pose, client_time: None }).expect("a row");
            }
            for (time, kind, data) in [
                (500, "msg", r#""Grüße \"an\" alle""#),
                (700, "door", r#"{"open":true,"n":[1.50,null]}"#),
            ] {
                let said = EventRow {
                    person: Some(people[0]),
                    room: Some(rooms[1]),
                    type_: Some(kind.into()),
                    data: Some(data.into()),
                    ..EventRow::new(time * MS, Recorded::Said)
                };
                writer.event(&said).expect("a row");
            }
            for (time, label) in [(400, "begin"), (1600, "end")] {
                let (end, is_interval, label) = (None, false, label.to_owned());
                let mark = MarkerRow {
                    time: time * MS,
                    end,
                    is_interval,
                    label,
                    person: None,
                    room: None,
                };
                writer.marker(&mark).expect("a row");
            }
        })
    }

    /// A file in the tape's folder.
    pub(crate) fn beside(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }
}

/// All poses that a recording has, by subject.
pub(crate) fn recorded_poses(file: &std::path::Path, subject: &str) -> Vec<Pose> {
    let archive = Archive::open(file).expect("a recording");
    let user = Some(subject.to_owned());
    let mut cursor = archive.poses(&Selection { user, ..Selection::default() }).expect("poses");
    let (mut all, mut rows) = (Vec::new(), Vec::new());
    while cursor.fill(&archive, &mut rows).expect("poses") {
        all.extend(rows.iter().map(|row| row.pose));
    }
    all
}

/// Something that the server has seen, without its time.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Seen {
    Joined(String, String),
    Left(String, String),
    /// The body as JSON without braces.
    Said(String, String, String),
    Moved(String, String, Pose),
    LoggedOut(String),
    /// Has answered a ping of the server.
    Answered(String),
}

/// A server, and all that it sees.
pub(crate) struct Theatre {
    handle: ServerHandle,
    events: mpsc::Receiver<LobbyEvent>,
    users: HashMap<SessionId, String>,
    pub(crate) seen: Vec<Seen>,
}

impl Theatre {
    pub(crate) fn open() -> Self {
        Self::limited(Limits::lab())
    }

    pub(crate) fn limited(limits: Limits) -> Self {
        let settings =
            Settings { ip: LOOPBACK, port: 0, fps: 120.0, limits, ..Settings::default() };
        let mut builder = Server::builder().settings(settings);
        let interest = Interest { ticks: false, ..Interest::ALL };
        let events = builder.events(interest, 1 << 16);
        let handle = builder.start().expect("a server on a free port");
        Self { handle, events, users: HashMap::new(), seen: Vec::new() }
    }

    pub(crate) fn addr(&self) -> std::net::SocketAddr {
        self.handle.local_addr()
    }

    pub(crate) fn operator(&self) -> vrlobby::Operator {
        self.handle.operator()
    }

    pub(crate) async fn execute(&self, command: Command) -> Result<Done, OperatorError> {
        within(&format!("{command:?}"), self.operator().execute(command.clone())).await
    }

    pub(crate) fn stop(&self) {
        self.handle.stop();
    }

    pub(crate) fn url(&self) -> String {
        format!("ws://{}", self.addr())
    }

    /// A replay here, with options changed by `change`.
    pub(crate) async fn play(
        &self,
        tape: &Tape,
        change: impl FnOnce(&mut ReplayOptions),
    ) -> Result<Player, ReplayError> {
        let mut options = ReplayOptions::new(&tape.file, self.url());
        change(&mut options);
        let mut player = Player::start(options)?;
        within("the start of the replay", player.started()).await?;
        Ok(player)
    }

    /// Reads events until `condition` holds of what has been seen.
    pub(crate) async fn until(&mut self, what: &str, condition: impl Fn(&[Seen]) -> bool) {
        within(what, async {
            while !condition(&self.seen) {
                let event = self.events.recv().await.expect("the server runs");
                self.take(event);
            }
        })
        .await;
    }

    fn take(&mut self, event: LobbyEvent) {
        let name = |session: &SessionId| self.users[session].clone();
        let seen = match &event.kind {
            EventKind::LoggedIn { session, user } => {
                self.users.insert(*session, user.to_string());
                return;
            }
            EventKind::Joined { user, room, .. } => {
                Seen::Joined(user.to_string(), room.to_string())
            }
            EventKind::Left { user, room, .. } => Seen::Left(user.to_string(), room.to_string()),
            EventKind::Said { session: Some(session), room, message } => {
                Seen::Said(name(session), room.to_string(), message.body.text.to_string())
            }
            EventKind::Moved { session, room, pose, .. } => {
                Seen::Moved(name(session), room.to_string(), *pose)
            }
            EventKind::RoundTrip { session, .. } => Seen::Answered(name(session)),
            EventKind::LoggedOut { user, .. } => Seen::LoggedOut(user.to_string()),
            EventKind::Lost { count } => panic!("{count} events were lost"),
            _ => return,
        };
        self.seen.push(seen);
    }

    /// Waits until everyone of `names` has logged out.
    pub(crate) async fn until_gone(&mut self, names: &[&str]) {
        self.until("the ghosts to leave", |seen| {
            names.iter().all(|name| seen.contains(&Seen::LoggedOut((*name).to_owned())))
        })
        .await;
    }

    /// The poses of one user in a room, in order.
    pub(crate) fn poses(&self, user: &str, room: &str) -> Vec<Pose> {
        let pose = |seen: &Seen| match seen {
            Seen::Moved(who, place, pose) if who == user && place == room => Some(*pose),
            _ => None,
        };
        self.seen.iter().filter_map(pose).collect()
    }

    /// What one user did beside moving.
    pub(crate) fn acts(&self, user: &str) -> Vec<Seen> {
        let is_theirs = |seen: &&Seen| match seen {
            Seen::Joined(who, _) | Seen::Left(who, _) | Seen::Said(who, ..) => who == user,
            Seen::LoggedOut(who) => who == user,
            Seen::Moved(..) | Seen::Answered(_) => false,
        };
        self.seen.iter().filter(is_theirs).cloned().collect()
    }
}

/// Equal to the last bit, the sign of zero included.
pub(crate) fn assert_same(found: &[Pose], expected: &[Pose]) {
    let bits = |pose: &Pose| (pose.pos.map(f64::to_bits), pose.rot.map(f64::to_bits));
    assert_eq!(found.len(), expected.len(), "{found:?}\n{expected:?}");
    for (at, (found, expected)) in found.iter().zip(expected).enumerate() {
        assert_eq!(bits(found), bits(expected), "pose {at}: {found:?} {expected:?}");
    }
}
