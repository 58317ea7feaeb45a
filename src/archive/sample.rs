//! A small recording with something of everything, for tests.

use std::path::{Path, PathBuf};

use super::about::{About, Ending};
use super::row::{EventKind, EventRow, LateTick, MarkerRow, PoseRow, ProbeRow, RoundTripRow};
use super::write::Writer;
use crate::model::{Pose, RecordingFields, Timestamp};

/// When it started.
pub(crate) const START: Timestamp = Timestamp::from_micros(1_763_000_000_000_042);

/// How long it is, in microseconds.
pub(crate) const LENGTH: i64 = 10_000_000;

/// Poses of each of its two users, at 50 Hz; `S02` has a gap of 1.4 s from 4.0 s on.
pub(crate) const POSES: [i64; 2] = [500, 430];

pub(crate) fn about() -> About {
    let fields = RecordingFields {
        study: "Presence".into(),
        session: "pilot 1".into(),
        condition: "mirror, on".into(),
        other: [("room temperature".into(), "21 °C".into())].into(),
        ..RecordingFields::default()
    };
    About {
        program: "vrlobby 0.1.0".into(),
        start: START,
        start_local: "2025-11-13T03:13:20+01:00".into(),
        fields,
        ending: Ending::Interrupted,
        end: 0,
        lost: 0,
    }
}

/// The pose of user `person` (1 or 2) at `time`.
pub(crate) fn pose(person: i64, time: i64) -> Pose {
    let t = time as f64 / 1e6;
    let side = if person == 1 { 1.0 } else { -1.0 };
    // 0.1 and its like are no 32-bit numbers; a test that loses digits fails.
    Pose {
        pos: [side * (t * 0.1).sin(), 1.7 + 0.1 * t, t / 3.0],
        rot: [0.0, side * 36.0 * t, -0.0],
    }
}

/// Makes the file `name` in `folder` and writes all but its end.
pub(crate) fn begin(folder: &Path, name: &str) -> (Writer, PathBuf) {
    let file = folder.join(name);
    let mut writer = Writer::create(&file, &about()).unwrap();
    let people = [writer.person("S01", None).unwrap(), writer.person("S02", None).unwrap()];
    let rooms = [writer.room("lobby").unwrap(), writer.room("atrium").unwrap()];
    let event = |time, kind, person: usize, room: Option<usize>| EventRow {
        person: Some(people[person]),
        room: room.map(|room| rooms[room]),
        ..EventRow::new(time, kind)
    };
    let mut members = Vec::new();
    for (person, id) in people.into_iter().enumerate() {
        writer.event(&event(0, EventKind::LoggedIn, person, None)).unwrap();
        writer.event(&event(0, EventKind::Joined, person, Some(0))).unwrap();
        writer.join(id, rooms[0], 0).unwrap();
        writer.event(&event(1000, EventKind::Joined, person, Some(1))).unwrap();
        members.push(writer.join(id, rooms[1], 1000).unwrap());
    }
    let said = |time, person: usize, type_: &str, data: &str| EventRow {
        type_: Some(type_.into()),
        data: Some(data.into()),
        ..event(time, EventKind::Said, person, Some(1))
    };
    let mut later = vec![
        said(1_500_000, 0, "msg", r#""Hello, \"S02\"\n你好 🙂""#),
        said(2_500_000, 1, "button", r#"{"id":"door","pressed":true}"#),
        EventRow { data: Some("20".into()), ..EventRow::new(3_000_000, EventKind::Fps) },
        EventRow {
            code: Some(406),
            count: Some(3),
            data: Some("the message is not JSON".into()),
            ..event(3_500_000, EventKind::Refused, 1, None)
        },
        EventRow { count: Some(17), ..EventRow::new(4_200_000, EventKind::Lost) },
        EventRow {
            data: Some("told 2 users".into()),
            ..EventRow::new(6_000_000, EventKind::Operated)
        },
    ];
    later.reverse();
    for time in (0..LENGTH).step_by(20_000) {
        while later.last().is_some_and(|event| event.time <= time) {
            writer.event(&later.pop().unwrap()).unwrap();
        }
        for person in [1, 2] {
            let time = time + 2000 * person;
            if person == 2 && (4_000_000..5_400_000).contains(&time) {
                continue;
            }
            let client_time = (person == 1).then_some(time as f64 / 1e6 + 5000.25);
            let member = members[person as usize - 1];
            let pose = pose(person, time);
            writer.pose(&PoseRow { time, member, pose, client_time }).unwrap();
        }
    }
    for (n, time) in (0..LENGTH).step_by(1_000_000).enumerate() {
        let (received, sent) = (time + 700, time + 760);
        let client = time as f64 / 1e6 + 5000.25;
        writer.probe(&ProbeRow { person: people[0], client, received, sent }).unwrap();
        for person in people {
            let micros = 1400 + 100 * n as i64;
            writer.round_trip(&RoundTripRow { time, person, micros }).unwrap();
        }
    }
    writer.late_tick(&LateTick { time: 5_000_000, room: rooms[1], micros: 12_345 }).unwrap();
    let marker = |time, end, is_interval, label: &str, person| MarkerRow {
        time,
        end,
        is_interval,
        label: label.into(),
        person,
        room: None,
    };
    writer.marker(&marker(2_000_000, None, false, "task begins", None)).unwrap();
    writer.marker(&marker(3_000_000, Some(7_000_000), true, "trial 1", None)).unwrap();
    writer.marker(&marker(8_000_000, None, true, "trial 2", Some(people[1]))).unwrap();
    writer.set_lost(17).unwrap();
    writer.left_out("people", 1).unwrap();
    writer.left_out("poses", 500).unwrap();
    writer.leave(members[0], LENGTH - 1000).unwrap();
    writer.commit(LENGTH).unwrap();
    (writer, file)
}

/// Makes a whole recording.
pub(crate) fn whole(folder: &Path) -> PathBuf {
    let (writer, file) = begin(folder, "sample.db");
    writer.finish(LENGTH, None).unwrap();
    file
}
