//! What is read of a recording, in which order.

use super::*;
use crate::archive::sample::{self, LENGTH, POSES, pose};
use crate::archive::{EventRow, Writer};

fn timeline(into: Option<&str>, until: i64) -> (tempfile::TempDir, Timeline) {
    let folder = tempfile::tempdir().unwrap();
    let archive = Archive::open(&sample::whole(folder.path())).unwrap();
    let roster = Arc::new(Roster::of(&archive, into));
    (folder, Timeline::new(archive, roster, until))
}

fn all(timeline: &mut Timeline) -> Vec<TimelineEvent> {
    let mut events = Vec::new();
    while !timeline.read(&mut events).unwrap() {}
    events
}

#[test]
fn everything_is_read_once_and_in_order() {
    let (_folder, mut timeline) = timeline(None, LENGTH);
    let keyframe = timeline.seek(0).unwrap();
    // Both are in the lobby at 0 already, without a pose.
    assert_eq!(keyframe.stays, [(0, None), (2, None)]);
    let events = all(&mut timeline);
    assert!(events.is_sorted_by_key(|event| event.at));
    let poses = events.iter().filter(|event| matches!(event.change, Change::Moved(..))).count();
    assert_eq!(poses as i64, POSES[0] + POSES[1]);
    for event in &events {
        if let Change::Moved(stay, moved) = &event.change {
            assert_eq!(*moved, pose(timeline.roster.stays[*stay].ghost as i64 + 1, event.at));
        }
    }
    let others: Vec<_> =
        events.iter().filter(|event| !matches!(event.change, Change::Moved(..))).collect();
    let what = |at: usize| (others[at].at, &others[at].change);
    assert_eq!(what(0), (1000, &Change::Began(1)));
    assert_eq!(what(1), (1000, &Change::Began(3)));
    let Change::Said(said) = &others[2].change else { panic!("{:?}", others[2]) };
    assert_eq!((others[2].at, said.ghost, said.room, &*said.kind), (1_500_000, 0, 1, "msg"));
    assert_eq!(said.data, r#""Hello, \"S02\"\n你好 🙂""#);
    let Change::Said(said) = &others[3].change else { panic!("{:?}", others[3]) };
    assert_eq!((&*said.kind, &*said.data), ("button", r#"{"id":"door","pressed":true}"#));
    assert!(matches!(what(4).1, Change::Ended(_)));
    assert_eq!(others.len(), 5);
}

#[test]
fn a_position_in_the_middle_has_everyone_with_their_last_pose() {
    let (_folder, mut timeline) = timeline(None, 6_000_000);
    for _ in 0..2 {
        let keyframe = timeline.seek(5_000_000).unwrap();
        let (first, second) = (pose(1, 4_982_000), pose(2, 3_984_000));
        assert_eq!(keyframe.stays, [(0, None), (1, Some(first)), (2, None), (3, Some(second))]);
        let events = all(&mut timeline);
        assert_eq!(events.first().map(|event| event.at), Some(5_002_000));
        assert!(events.iter().all(|event| event.at < 6_000_000));
        // Stays without a pose are not searched again.
        assert_eq!(timeline.silent.len(), 2);
    }
    // What was found to be silent up to a position may have poses after it.
    assert_eq!(timeline.seek(2_001).unwrap().stays[1], (1, Some(pose(1, 2_000))));
    assert_eq!(timeline.seek(2_000).unwrap().stays[1], (1, None));
    assert_eq!(timeline.seek(2_000_000).unwrap().stays[3], (3, Some(pose(2, 1_984_000))));
}

/// A recording with only what is written by `write`.
fn recorded(write: impl FnOnce(&Writer)) -> (tempfile::TempDir, Timeline) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("some.db");
    let writer = Writer::create(&file, &sample::about()).unwrap();
    write(&writer);
    writer.finish(1000, None).unwrap();
    let archive = Archive::open(&file).unwrap();
    let roster = Arc::new(Roster::of(&archive, None));
    (folder, Timeline::new(archive, roster, 1000))
}

#[test]
fn what_happens_at_once_keeps_its_order() {
    let (_folder, mut timeline) = recorded(|writer| {
        let person = writer.person("S01", None).unwrap();
        let room = writer.room("hall").unwrap();
        // Comes back on a new connection at 500, speaks and leaves at 900.
        let old = writer.join(person, room, 100).unwrap();
        writer.leave(old, 500).unwrap();
        let new = writer.join(person, room, 500).unwrap();
        let moved = PoseRow { time: 500, member: new, pose: Pose::default(), client_time: None };
        writer.pose(&moved).unwrap();
        for data in ["1", "2", "not JSON"] {
            let said = EventRow {
                person: Some(person),
                room: Some(room),
                data: Some(data.into()),
                ..EventRow::new(900, EventKind::Said)
            };
            writer.event(&said).unwrap();
        }
        writer.leave(new, 900).unwrap();
    });
    assert_eq!(timeline.seek(0).unwrap(), Keyframe::default());
    let said = |data: &str| {
        Change::Said(Box::new(Saying { ghost: 0, room: 1, kind: "msg".into(), data: data.into() }))
    };
    let events: Vec<_> =
        all(&mut timeline).into_iter().map(|event| (event.at, event.change)).collect();
    assert_eq!(
        events,
        [
            (100, Change::Began(0)),
            (500, Change::Ended(0)),
            (500, Change::Began(1)),
            (500, Change::Moved(1, Pose::default())),
            (900, said("1")),
            (900, said("2")),
            (900, Change::Ended(1)),
        ]
    );
}

#[test]
fn poses_of_one_moment_may_be_in_two_chunks() {
    const MANY: i64 = 40_000;
    let (_folder, mut timeline) = recorded(|writer| {
        let person = writer.person("S01", None).unwrap();
        let member = writer.join(person, writer.room("hall").unwrap(), 0).unwrap();
        for n in 0..MANY {
            let pose = Pose { pos: [n as f64; 3], rot: [0.0; 3] };
            // All in two microseconds.
            let time = 500 + 2 * n / MANY;
            writer.pose(&PoseRow { time, member, pose, client_time: None }).unwrap();
        }
        writer.leave(member, 501).unwrap();
    });
    timeline.seek(0).unwrap();
    let events = all(&mut timeline);
    let x = events.iter().filter_map(|event| match &event.change {
        Change::Moved(_, pose) => Some(pose.pos[0] as i64),
        _ => None,
    });
    assert!(x.eq(0..MANY));
    assert_eq!(events.last().map(|event| &event.change), Some(&Change::Ended(0)));
}
