use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use super::super::tests::{NASTY, export, nasty, options};
use super::super::{ExportOptions, Exported, Format, Layout, Selection, run};
use super::record::read_records;
use crate::archive::sample;

/// The rows of a table, each by column.
fn table(file: &Path) -> Vec<BTreeMap<String, String>> {
    let mut records = read_records(&fs::read_to_string(file).unwrap(), ',').into_iter();
    let columns = records.next().unwrap();
    records
        .map(|record| {
            assert_eq!(record.len(), columns.len(), "{record:?}");
            columns.iter().cloned().zip(record).collect()
        })
        .collect()
}

fn csv(folder: &Path) -> ExportOptions {
    ExportOptions { output: Some(folder.join("out")), ..options(folder, Format::Csv) }
}

fn export_nasty(folder: &Path, layout: Layout) -> Exported {
    let (recording, output) = (nasty(folder), Some(folder.join("out")));
    let options = ExportOptions { recording, output, layout, ..csv(folder) };
    run(&options, &mut |_| std::ops::ControlFlow::Continue(())).unwrap()
}

#[test]
fn every_table_is_there_with_every_row() {
    let folder = tempfile::tempdir().unwrap();
    let out = export(&csv(folder.path()));
    for (name, rows) in [
        ("poses", 930),
        ("events", 12),
        ("markers", 3),
        ("stays", 4),
        ("people", 2),
        ("probes", 10),
        ("round_trips", 20),
        ("late_ticks", 1),
        ("clocks", 1),
    ] {
        assert_eq!(table(&out.join(format!("{name}.csv"))).len(), rows, "{name}");
    }
    let session = table(&out.join("session.csv"));
    let value = |key: &str| {
        let row = session.iter().find(|row| row["key"] == key);
        row.map(|row| row["value"].as_str())
    };
    assert_eq!(value("condition"), Some("mirror, on"));
    assert_eq!(value("field.room temperature"), Some("21 °C"));
    assert_eq!(value("euler_order"), Some("z-x-y"));
    assert_eq!((value("ending"), value("lost")), (Some("whole"), Some("17")));
    assert_eq!(value("left_out.poses"), Some("500"));
    assert_eq!(value("poses"), Some("as received"));
    let events = table(&out.join("events.csv"));
    let lost = events.iter().find(|row| row["kind"] == "lost").unwrap();
    assert_eq!((&*lost["time"], &*lost["count"]), ("4.200000", "17"));
    let fps = events.iter().find(|row| row["kind"] == "fps").unwrap();
    assert_eq!((&*fps["time"], &*fps["data"], &*fps["room"]), ("3.000000", "20", ""));
    let markers = table(&out.join("markers.csv"));
    assert_eq!((&*markers[1]["time"], &*markers[1]["end_time"]), ("3.000000", "7.000000"));
    assert_eq!((&*markers[2]["is_interval"], &*markers[2]["end_time"]), ("1", ""));
    assert_eq!(table(&out.join("late_ticks.csv"))[0]["late"], "0.012345");
}

#[test]
fn poses_have_the_numbers_that_were_sent() {
    let folder = tempfile::tempdir().unwrap();
    let options = ExportOptions { output: Some(folder.path().join("p.csv")), ..csv(folder.path()) };
    let out = export(&options);
    assert_eq!(out, folder.path().join("p.csv"));
    let poses = table(&out);
    assert_eq!(poses.len(), 930);
    for row in poses {
        let number = |column: &str| row[column].parse::<f64>().unwrap();
        let time: i64 = row["time"].replace('.', "").parse().unwrap();
        let person = if row["user"] == "S01" { 1 } else { 2 };
        let pose = sample::pose(person, time);
        assert_eq!(["pos_x", "pos_y", "pos_z"].map(number), pose.pos);
        assert_eq!(["rot_x", "rot_y", "rot_z"].map(number), pose.rot);
        assert_eq!(row["room"], "atrium");
        assert_eq!(row["client_time"].is_empty(), person == 2);
        assert_eq!(row["sample_time"].is_empty(), person == 2);
    }
}

#[test]
fn a_selection_holds_for_every_table() {
    let folder = tempfile::tempdir().unwrap();
    let selection = Selection {
        user: Some("S02".into()),
        from: Some(2_000_000),
        until: Some(6_000_000),
        ..Selection::default()
    };
    let out = export(&ExportOptions { selection, ..csv(folder.path()) });
    let poses = table(&out.join("poses.csv"));
    assert_eq!(poses.len(), 130);
    let in_time =
        |row: &BTreeMap<String, String>| (2.0..6.0).contains(&row["time"].parse::<f64>().unwrap());
    for name in ["poses", "events", "round_trips", "late_ticks", "markers"] {
        let rows = table(&out.join(format!("{name}.csv")));
        assert!(!rows.is_empty() && rows.iter().all(in_time), "{name}");
    }
    for name in ["poses", "round_trips", "people", "stays"] {
        let rows = table(&out.join(format!("{name}.csv")));
        assert!(!rows.is_empty() && rows.iter().all(|row| row["user"] == "S02"), "{name}");
    }
    assert_eq!(table(&out.join("probes.csv")).len(), 0);
    // What concerns everyone is still there.
    let events = table(&out.join("events.csv"));
    let kinds: Vec<&str> = events.iter().map(|row| &*row["kind"]).collect();
    assert_eq!(kinds, ["said", "fps", "refused", "lost"]);
    let session = table(&out.join("session.csv"));
    assert!(session.iter().any(|row| row["key"] == "selected.user" && row["value"] == "S02"));
}

#[test]
fn a_rate_is_written_into_the_session() {
    let folder = tempfile::tempdir().unwrap();
    let out = export(&ExportOptions { rate: Some(10.0), ..csv(folder.path()) });
    let poses = table(&out.join("poses.csv"));
    assert!(poses.iter().all(|row| row["time"].ends_with("00000")), "{poses:?}");
    // S02 has none in its gap, from 4.1 s to 5.4 s, and S01 leaves just before 10.0 s.
    let count = |user: &str| poses.iter().filter(|row| row["user"] == user).count();
    assert_eq!((count("S01"), count("S02")), (99, 86));
    let session = table(&out.join("session.csv"));
    let how = session.iter().find(|row| row["key"] == "poses").unwrap();
    assert!(how["value"].starts_with("resampled to 10 Hz"), "{how:?}");
}

#[test]
fn nasty_texts_are_the_same_afterwards() {
    let folder = tempfile::tempdir().unwrap();
    let exported = export_nasty(folder.path(), Layout::Tidy);
    assert!(exported.to_string().contains("interrupted at 00:00:02.000"), "{exported}");
    assert!(exported.to_string().contains("3 events were lost"), "{exported}");
    let out = exported.output;
    let events = table(&out.join("events.csv"));
    assert_eq!(events.len(), 4);
    assert_eq!((&*events[1]["type"], &*events[1]["room"]), (NASTY, NASTY));
    let data: serde_json::Value = serde_json::from_str(&events[1]["data"]).unwrap();
    assert_eq!(data["a"], NASTY);
    assert_eq!(table(&out.join("markers.csv"))[0]["label"], NASTY);
    assert_eq!(table(&out.join("people.csv"))[0]["name"], NASTY);
    let pose = &table(&out.join("poses.csv"))[0];
    assert_eq!((&*pose["pos_x"], &*pose["pos_z"]), ("0.1", "1000000000"));
    assert_eq!(pose["pos_y"].parse(), Ok(1e-7));
    assert_eq!((&*pose["client_time"], &*pose["sample_time"]), ("101.49", "1.490000"));
    let session = table(&out.join("session.csv"));
    let ending = session.iter().find(|row| row["key"] == "ending").unwrap();
    assert_eq!(ending["value"], "interrupted");
    let clock = &table(&out.join("clocks.csv"))[0];
    assert_eq!((&*clock["from"], &*clock["to"]), ("1.000000", "1.020000"));
}

#[test]
fn the_original_layout_is_a_log_of_everything() {
    let folder = tempfile::tempdir().unwrap();
    let out = export_nasty(folder.path(), Layout::Original).output;
    let text = fs::read_to_string(out).unwrap();
    assert!(text.starts_with("timestamp;ip;nick;room;action;message;\n"));
    let log = read_records(&text, ';');
    assert!(log.iter().all(|record| record.len() == 7 && record[6].is_empty()), "{log:?}");
    let actions: Vec<&str> = log.iter().map(|record| &*record[4]).collect();
    let probes = ["probe", "round_trip", "probe", "round_trip", "probe", "round_trip"];
    let expected = [
        &["action", "session", "login"][..],
        &probes,
        &["transform", NASTY, "msg", "lost", "marker", "end"],
    ];
    assert_eq!(actions, expected.concat());
    let find = |action: &str| log.iter().find(|record| record[4] == action).unwrap();
    let message = |action: &str| serde_json::from_str(&find(action)[5]).unwrap();
    let who = |action: &str| [0, 1, 2, 3].map(|place| find(action)[place].as_str());
    assert_eq!(who("login"), ["1763000000.900042", "[::1]:9", NASTY, ""]);
    assert_eq!(who("transform"), ["1763000001.500042", "[::1]:9", NASTY, NASTY]);
    assert_eq!(who("msg"), ["1763000001.700042", "", "*server*", NASTY]);
    let transform: serde_json::Value = message("transform");
    assert_eq!(transform["pos"]["x"], 0.1);
    assert_eq!(transform["rot"]["z"], 0);
    assert_eq!(transform["time"], 101.49);
    let said: serde_json::Value = message(NASTY);
    assert_eq!(said["a"], NASTY);
    let lost: serde_json::Value = message("lost");
    assert_eq!(lost["count"], 3);
    let session: serde_json::Value = message("session");
    assert_eq!(session["lost"], "3");
    let end: serde_json::Value = message("end");
    assert_eq!((&end["ending"], &end["poses"]), (&"interrupted".into(), &1.into()));
}

#[test]
fn the_original_log_knows_addresses_from_before_the_selection() {
    let folder = tempfile::tempdir().unwrap();
    let selection = Selection { from: Some(1_500_000), ..Selection::default() };
    let options = ExportOptions {
        recording: nasty(folder.path()),
        layout: Layout::Original,
        selection,
        ..csv(folder.path())
    };
    let out = run(&options, &mut |_| std::ops::ControlFlow::Continue(())).unwrap().output;
    let log = read_records(&fs::read_to_string(out).unwrap(), ';');
    assert_eq!((&*log[2][4], &*log[2][1]), ("transform", "[::1]:9"));
}
