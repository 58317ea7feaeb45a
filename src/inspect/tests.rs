use std::path::Path;

use unicode_width::UnicodeWidthStr;

use super::*;
use crate::archive::sample::{self, LENGTH};
use crate::archive::{EventKind, EventRow, MarkerRow, PoseRow, ProbeRow, RoundTripRow, Writer};

fn of(file: &Path) -> Inspection {
    Inspection::read(file, || {}).unwrap()
}

#[test]
fn the_sample_is_told_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let seen = of(&sample::whole(folder.path()));
    assert_eq!(seen.verdict, "whole; lost 17 events");
    assert_eq!((seen.state, seen.duration, seen.poses), (State::Whole, 10.0, 930));
    assert_eq!(seen.start_unix, 1_763_000_000.000_042);
    let [first, second] = &seen.users[..] else { panic!("{:?}", seen.users) };
    assert_eq!((first.user.as_str(), first.poses, first.present), ("S01", 500, 10.0));
    assert_eq!((first.rate, first.nominal_rate), (Some(50.0), Some(50.0)));
    assert_eq!(first.gaps, Gaps::default());
    // Its poses end 20 ms before it leaves.
    assert_eq!(first.silence, None);
    let gaps = Gaps { count: 1, total: 1.42, longest: Some(1.42), longest_at: Some(3.984) };
    assert_eq!((second.poses, &second.gaps), (430, &gaps));
    assert_eq!(second.nominal_rate, Some(50.0));
    assert!(second.verdict.starts_with("1 gap over 100 ms, longest 1.4 s at 00:00:03"));
    assert!(second.verdict.ends_with("3 requests refused; sends no clock"), "{}", second.verdict);
    assert_eq!(second.refusals, [(406, 3)].into());
    let trips = &second.round_trips;
    assert_eq!((trips.count, trips.median, trips.max), (10, Some(0.0018), Some(0.0023)));
    assert_eq!((seen.messages, &seen.events), (1, &[("button".to_owned(), 1)].into()));
    assert_eq!(seen.fps, [RateChange { time: 3.0, room: None, fps: Some(20.0) }]);
    assert_eq!(seen.late_ticks.max, Some(0.012345));
    assert_eq!(seen.losses, [Loss { time: 4.2, count: 17 }]);
    assert_eq!(seen.left_out, [("people".to_owned(), 1), ("poses".to_owned(), 500)].into());
    let labels: Vec<_> = seen.markers.iter().map(|m| (&*m.label, m.time, m.end)).collect();
    let expected =
        [("task begins", 2.0, None), ("trial 1", 3.0, Some(7.0)), ("trial 2", 8.0, None)];
    assert_eq!(labels, expected);
}

#[test]
fn a_recording_that_goes_on_is_told_from_one_that_was_interrupted() {
    let folder = tempfile::tempdir().unwrap();
    let (mut writer, file) = sample::begin(folder.path(), "live.db");
    let seen = of(&file);
    assert_eq!(seen.state, State::Interrupted);
    assert_eq!(seen.verdict, "interrupted; complete up to 00:00:10; lost 17 events");
    let seen = Inspection::read(&file, || writer.commit(LENGTH + 200_000).unwrap()).unwrap();
    assert_eq!((seen.state, seen.duration), (State::Recording, 10.0));
    assert!(seen.verdict.starts_with("still being recorded; read up to 00:00:10"));
    // One that ends meanwhile was being recorded.
    let seen = Inspection::read(&file, || {
        writer.finish(LENGTH + 200_000, None).unwrap();
    })
    .unwrap();
    assert_eq!(seen.state, State::Recording);
    assert_eq!(of(&file).state, State::Whole);
}

#[test]
fn one_that_ended_early_says_why() {
    let folder = tempfile::tempdir().unwrap();
    let (writer, file) = sample::begin(folder.path(), "early.db");
    writer.finish(LENGTH, Some("the disk is full")).unwrap();
    let seen = of(&file);
    assert_eq!(seen.verdict, "ended early at 00:00:10: the disk is full; lost 17 events");
    assert_eq!(seen.ended_early.as_deref(), Some("the disk is full"));
}

#[test]
fn gaps_are_counted_within_a_stay() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("stays.db");
    let writer = Writer::create(&file, &sample::about()).unwrap();
    let person = writer.person("S01", None).unwrap();
    let rooms = [writer.room("lobby").unwrap(), writer.room("atrium").unwrap()];
    for room in rooms {
        writer.join(person, room, 0).unwrap();
    }
    let pose = |member, time: i64| {
        let row = PoseRow { time, member, pose: sample::pose(1, time), client_time: None };
        writer.pose(&row).unwrap();
    };
    // 5 s before the first pose, 32 gaps of 150 ms to 1.4 s, and 7 s before leaving.
    let mut time = 5_000_000;
    for n in 0..=32 {
        for _ in 0..50 {
            time += 20_000;
            pose(1, time);
        }
        time += if n == 20 { 1_380_000 } else { 130_000 };
    }
    let end_of_first = time;
    // The next stay begins with poses at once: between the two there is no gap.
    for n in 0..100 {
        pose(2, end_of_first + 30_000_000 + n * 100_000);
    }
    let end = end_of_first + 40_000_000;
    writer.leave(1, end_of_first + 7_000_000).unwrap();
    writer.finish(end, None).unwrap();
    let seen = of(&file);
    let user = &seen.users[0];
    let longest_at = 5.0 + 21.0 + 20.0 * 0.13;
    assert_eq!(user.gaps.count, 32);
    assert_eq!(user.gaps.longest, Some(1.4));
    assert!((user.gaps.longest_at.unwrap() - longest_at).abs() < 1e-9, "{:?}", user.gaps);
    assert!((user.gaps.total - 31.0 * 0.15 - 1.4).abs() < 1e-9, "{:?}", user.gaps);
    let silence = user.silence.as_ref().unwrap();
    assert!((silence.duration - 7.13).abs() < 1e-9 && silence.left, "{silence:?}");
    assert_eq!((user.poses, user.nominal_rate), (33 * 50 + 100, Some(50.0)));
    assert!(user.verdict.starts_with("32 gaps over 100 ms, longest 1.4 s at 00:00:28; silent"));
    assert_eq!(seen.out_of_order, 0);
}

#[test]
fn clocks_are_known_with_their_steps_and_drift() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("clocks.db");
    let writer = Writer::create(&file, &sample::about()).unwrap();
    let people = ["S01", "S02"].map(|subject| writer.person(subject, None).unwrap());
    // 2 s ahead, 50 ppm too fast, and after five minutes set forward by 1.2 s.
    let start = sample::START.as_secs_f64();
    let offset = |time: i64| {
        let t = time as f64 / 1e6;
        2.0 + 50e-6 * t + if t < 300.0 { 0.0 } else { 1.2 }
    };
    for n in 0..600 {
        let time = n * 1_000_000;
        // Between 0.4 and 1 ms each way.
        let delay = 400 + n * 7919 % 600;
        let client = start + time as f64 / 1e6 + offset(time);
        let [received, sent] = [time + delay, time + delay + 50];
        for person in people {
            writer.probe(&ProbeRow { person, client, received, sent }).unwrap();
        }
        // Of the other one no round trip is known.
        let micros = 800 + n * 104_729 % 1200;
        let person = people[0];
        let round_trip = RoundTripRow { time: time + 500_000, person, micros };
        writer.round_trip(&round_trip).unwrap();
    }
    writer.finish(600_000_000, None).unwrap();
    let seen = of(&file);
    let clock = seen.users[0].clock.as_ref().unwrap();
    let bound = clock.bound.unwrap();
    assert!(bound < 0.001, "{bound}");
    assert!((clock.offset.unwrap() - offset(599_000_000)).abs() <= bound, "{clock:?}");
    assert!((clock.drift_ppm.unwrap() - 50.0).abs() < 5.0, "{clock:?}");
    let [step] = &clock.steps[..] else { panic!("{clock:?}") };
    assert!((step.by - 1.2).abs() <= 2.0 * bound && (step.time - 300.0).abs() < 0.01, "{step:?}");
    assert_eq!(clock.segments.len(), 2);
    assert!((clock.segments[0].offset - 2.0).abs() <= clock.segments[0].bound.unwrap());
    let verdict = &seen.users[0].verdict;
    for said in
        ["clock 3.2 s ahead, to ±0.", "drifts by 5", "1 step, the last by +1.2 s at 00:05:00"]
    {
        assert!(verdict.contains(said), "{verdict}");
    }
    let unknown = seen.users[1].clock.as_ref().unwrap();
    assert_eq!((unknown.bound, unknown.probes), (None, 600));
    assert!(seen.users[1].verdict.contains("clock not known, for want of round trips"));
}

#[test]
fn an_empty_recording_has_nothing_to_tell() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("empty.db");
    Writer::create(&file, &sample::about()).unwrap().finish(0, None).unwrap();
    let seen = of(&file);
    assert_eq!(seen.verdict, "whole; nothing lost");
    assert!(seen.users.is_empty() && seen.markers.is_empty());
    let text = seen.to_string();
    assert!(text.contains("0 users in 0 rooms") && !text.contains("marker"), "{text}");
}

#[test]
fn one_that_was_never_confirmed_is_no_recording() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("begun.db");
    let _writer = Writer::create(&file, &sample::about()).unwrap();
    let error = Inspection::read(&file, || {}).unwrap_err().to_string();
    assert!(error.contains("it is empty; its recording was never confirmed"), "{error}");
}

#[test]
fn a_copy_without_its_log_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let (mut writer, file) = sample::begin(folder.path(), "live.db");
    let copy = folder.path().join("copy.db");
    std::fs::copy(&file, &copy).unwrap();
    let error = Inspection::read(&copy, || {}).unwrap_err().to_string();
    assert!(error.contains("copy.db-wal, which is not beside it; copy both files"), "{error}");
    // Enough to make SQLite put a part of the log into the file.
    for n in 0..100_000 {
        let time = LENGTH + n * 1000;
        let pose = sample::pose(1, time);
        writer.pose(&PoseRow { time, member: 2, pose, client_time: None }).unwrap();
        if n % 5000 == 4999 {
            writer.commit(time).unwrap();
        }
    }
    std::fs::remove_file(folder.path().join("copy.db-wal")).unwrap_or_default();
    std::fs::copy(&file, &copy).unwrap();
    let seen = of(&copy);
    assert!(seen.log_is_missing && seen.poses > 930, "{seen}");
    assert!(seen.verdict.contains("is not beside it, so that its end may be missing"));
    assert!(!of(&file).log_is_missing);
}

#[test]
fn what_people_wrote_does_not_reach_the_terminal_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("nasty\u{1b}[2J.db");
    let nasty = "\u{1b}[31m\u{202e}evil\r\n\u{7}".repeat(20) + &"名".repeat(64);
    let mut about = sample::about();
    about.fields.study = nasty.clone();
    about.fields.other = [(nasty.clone(), nasty.clone())].into();
    about.start_local = nasty.clone();
    about.program = nasty.clone();
    let writer = Writer::create(&file, &about).unwrap();
    let person = writer.person(&nasty, Some(&nasty)).unwrap();
    let room = writer.room(&nasty).unwrap();
    writer.join(person, room, 0).unwrap();
    for kind in [EventKind::Said, EventKind::Fps, EventKind::Redacted] {
        let event = EventRow {
            person: Some(person),
            room: Some(room),
            type_: Some(nasty.clone()),
            data: Some(nasty.clone()),
            ..EventRow::new(1, kind)
        };
        writer.event(&event).unwrap();
    }
    writer.left_out(&nasty, 3).unwrap();
    for n in 0..30 {
        let marker = MarkerRow {
            time: n,
            end: Some(n + 1),
            is_interval: true,
            label: nasty.clone(),
            person: Some(person),
            room: Some(room),
        };
        writer.marker(&marker).unwrap();
    }
    writer.finish(100, Some(&nasty)).unwrap();
    let seen = of(&file);
    let text = seen.to_string();
    for line in text.lines() {
        assert!(line.width() <= 80, "{} columns: {line:?}", line.width());
        assert!(line.chars().all(crate::model::text::is_printable), "{line:?}");
    }
    assert!(text.contains("and 10 more, all with --json"), "{text}");
    // JSON has everything, and escapes it by itself.
    let json = serde_json::to_string(&seen).unwrap();
    assert!(!json.chars().any(|c| c.is_ascii_control()));
    let back: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(back["users"][0]["name"], nasty.as_str());
    assert_eq!(back["markers"].as_array().unwrap().len(), 30);
}

#[test]
fn damage_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let file = sample::whole(folder.path());
    let bytes = std::fs::read(&file).unwrap();
    for share in 1..8 {
        let half = folder.path().join(format!("half{share}.db"));
        std::fs::write(&half, &bytes[..bytes.len() * share / 8]).unwrap();
        let error = Inspection::read(&half, || {}).unwrap_err().to_string();
        assert!(error.contains("is damaged"), "{share}: {error}");
    }
}
