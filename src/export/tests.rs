use std::fs;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use serde_json::Value;
use serde_json::value::RawValue;

use super::*;
use crate::archive::{
    About, EventKind, EventRow, MarkerRow, PoseRow, ProbeRow, RoundTripRow, Writer, sample,
};
use crate::model::Pose;

/// Options for the sample recording, made in `folder`.
pub(super) fn options(folder: &Path, format: Format) -> ExportOptions {
    let recording = folder.join("sample.db");
    if !recording.exists() {
        sample::whole(folder);
    }
    ExportOptions {
        recording,
        format,
        layout: Layout::Tidy,
        output: None,
        force: true,
        selection: Selection::default(),
        rate: None,
        float32: false,
    }
}

/// Text with all that formats trip over.
pub(super) const NASTY: &str = "=a,b;c\t\"d\"\r\n'e' \u{feff}🙂\0";

/// When `S01`'s clock shows nothing but this many seconds more.
const AHEAD: f64 = 100.0;

/// A recording with names, nasty texts and a client's clock, as it stands after an interruption at
/// 2 s. Its one pose, at 1.5 s, was sampled at 1.49 s.
pub(super) fn nasty(folder: &Path) -> PathBuf {
    let file = folder.join("nasty.db");
    let mut about = About { lost: 3, ..sample::about() };
    about.fields.privacy.names = true;
    let mut writer = Writer::create(&file, &about).unwrap();
    let person = writer.person("S01", Some(NASTY)).unwrap();
    let room = writer.room(NASTY).unwrap();
    let member = writer.join(person, room, 1_000_000).unwrap();
    let event = |time, kind, type_: Option<&str>, data: &str| EventRow {
        person: Some(person),
        room: Some(room),
        type_: type_.map(str::to_owned),
        data: Some(data.to_owned()),
        ..EventRow::new(time, kind)
    };
    let json = serde_json::to_string(NASTY).unwrap();
    let logged_in = EventRow { room: None, ..event(900_000, EventKind::LoggedIn, None, "[::1]:9") };
    let announced =
        EventRow { person: None, ..event(1_700_000, EventKind::Said, Some("msg"), &json) };
    for event in [
        logged_in,
        event(1_600_000, EventKind::Said, Some(NASTY), &format!("{{\n\"a\": {json}}}")),
        announced,
        EventRow { count: Some(3), ..EventRow::new(1_800_000, EventKind::Lost) },
    ] {
        writer.event(&event).unwrap();
    }
    let (label, is_interval) = (NASTY.to_owned(), false);
    let marker =
        MarkerRow { time: 1_900_000, end: None, is_interval, label, person: None, room: None };
    writer.marker(&marker).unwrap();
    let (pose, client_time) = (Pose { pos: [0.1, 1e-7, 1e9], rot: [0.0; 3] }, Some(1.49 + AHEAD));
    writer.pose(&PoseRow { time: 1_500_000, member, pose, client_time }).unwrap();
    for time in [1_000_000, 1_010_000, 1_020_000] {
        let client = time as f64 / 1e6 + AHEAD - 0.001;
        let probe = ProbeRow { person, client, received: time, sent: time + 50 };
        writer.probe(&probe).unwrap();
        writer.round_trip(&RoundTripRow { time, person, micros: 2000 }).unwrap();
    }
    writer.set_lost(3).unwrap();
    writer.commit(2_000_000).unwrap();
    // Dropped without an end, as by a crash.
    file
}

pub(super) fn export(options: &ExportOptions) -> PathBuf {
    let mut last = None;
    let exported = run(options, &mut |progress| {
        last = Some(progress);
        ControlFlow::Continue(())
    });
    let exported = exported.unwrap();
    let last = last.unwrap();
    assert_eq!(last.done, last.total);
    assert_eq!((exported.end, exported.lost), (sample::LENGTH, 17));
    exported.output
}

fn lines(options: &ExportOptions) -> Vec<Value> {
    let text = fs::read_to_string(export(options)).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn count(lines: &[Value], kind: &str) -> usize {
    lines.iter().filter(|line| line["kind"] == kind).count()
}

#[test]
fn jsonl_has_everything_in_the_order_of_time() {
    let folder = tempfile::tempdir().unwrap();
    let lines = lines(&options(folder.path(), Format::Jsonl));
    let (session, end) = (&lines[0], lines.last().unwrap());
    assert_eq!(session["meta"]["condition"], "mirror, on");
    assert_eq!(session["meta"]["lost"], "17");
    assert_eq!(session["meta"]["poses"], "as received");
    assert_eq!(session["stays"].as_array().unwrap().len(), 4);
    assert_eq!(end["kind"], "end");
    assert_eq!(end["ending"], "whole");
    assert_eq!(end["lost"], 17);
    let times: Vec<f64> = lines[1..].iter().map(|line| line["time"].as_f64().unwrap()).collect();
    assert!(times.is_sorted());
    for (kind, number) in [
        ("pose", 930),
        ("joined", 4),
        ("said", 2),
        ("fps", 1),
        ("lost", 1),
        ("marker", 3),
        ("marker_end", 1),
        ("probe", 10),
        ("round_trip", 20),
        ("late_tick", 1),
    ] {
        assert_eq!(count(&lines, kind), number, "{kind}");
    }
    let said: Vec<&Value> = lines.iter().filter(|line| line["kind"] == "said").collect();
    assert_eq!(said[0]["data"], "Hello, \"S02\"\n你好 🙂");
    assert_eq!(said[1]["data"]["pressed"], true);
}

/// The numbers of a pose. serde_json's own may be off by the last bit.
#[derive(serde::Deserialize)]
struct PoseLine<'a> {
    time: f64,
    user: &'a str,
    #[serde(borrow)]
    client_time: Option<&'a RawValue>,
    pos_x: &'a RawValue,
    pos_z: &'a RawValue,
    rot_y: &'a RawValue,
    rot_z: &'a RawValue,
}

#[test]
fn jsonl_has_the_numbers_that_were_sent() {
    let folder = tempfile::tempdir().unwrap();
    let text = fs::read_to_string(export(&options(folder.path(), Format::Jsonl))).unwrap();
    let number = |text: &RawValue| text.get().parse::<f64>().unwrap();
    for line in text.lines().filter(|line| line.contains(r#""kind":"pose""#)) {
        let line: PoseLine<'_> = serde_json::from_str(line).unwrap();
        let time = (line.time * 1e6).round() as i64;
        let person = if line.user == "S01" { 1 } else { 2 };
        let expected = sample::pose(person, time);
        assert_eq!(number(line.pos_x), expected.pos[0]);
        assert_eq!(number(line.pos_z), expected.pos[2]);
        assert_eq!(number(line.rot_y), expected.rot[1]);
        // SQLite has no negative zero.
        assert_eq!(line.rot_z.get(), "0");
        let client_time = (person == 1).then_some(time as f64 / 1e6 + 5000.25);
        assert_eq!(line.client_time.map(number), client_time);
    }
}
