use std::fs;
use std::path::{Path, PathBuf};

use proptest::prelude::*;
use serde_json::Value;

use super::super::tests::{export, options};
use super::super::{ExportOptions, Format};
use super::event::push_text;
use super::label::labels;
use crate::archive::{Selection, sample};

const SESSION: &str = "ses-pilot+1";

/// The start of the names of a user's files in room atrium.
fn start(user: &str) -> String {
    format!("sub-{user}/{SESSION}/motion/sub-{user}_{SESSION}_task-mirror+on")
}

fn file(dataset: &Path, user: &str, suffix: &str) -> PathBuf {
    let system = if suffix.starts_with("events") { "" } else { "_tracksys-vrlobby" };
    dataset.join(format!("{}{system}_acq-atrium_{suffix}", start(user)))
}

fn table(path: &Path) -> Vec<Vec<String>> {
    let text = fs::read_to_string(path).unwrap();
    let rows = text.lines().map(|line| line.split('\t').map(str::to_owned).collect());
    let rows: Vec<Vec<String>> = rows.collect();
    assert!(rows.iter().all(|row| row.len() == rows[0].len()), "{text}");
    rows
}

fn json(path: &Path) -> Value {
    serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

/// The files of a folder and those below it.
fn files(folder: &Path) -> Vec<String> {
    let mut names = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        if path.is_dir() {
            names.extend(files(&path).iter().map(|below| format!("{name}/{below}")));
        } else {
            names.push(name);
        }
    }
    names.sort();
    names
}

#[test]
fn files_have_the_names_of_the_standard() {
    let folder = tempfile::tempdir().unwrap();
    let dataset = export(&options(folder.path(), Format::Bids));
    let mut expected: Vec<String> =
        ["README", "dataset_description.json", "participants.json", "participants.tsv"]
            .map(str::to_owned)
            .into();
    for user in ["S01", "S02"] {
        for suffix in [
            "channels.json",
            "channels.tsv",
            "events.json",
            "events.tsv",
            "motion.json",
            "motion.tsv",
        ] {
            expected.push(file(Path::new(""), user, suffix).to_str().unwrap().to_owned());
        }
        for extension in ["json", "tsv"] {
            expected.push(format!("sub-{user}/{SESSION}/sub-{user}_{SESSION}_scans.{extension}"));
        }
    }
    expected.sort();
    assert_eq!(files(&dataset), expected);
    assert_eq!(
        table(&dataset.join("participants.tsv")),
        [["participant_id", "subject"], ["sub-S01", "S01"], ["sub-S02", "S02"],]
    );
    assert_eq!(json(&dataset.join("dataset_description.json"))["Name"], "Presence");
    let readme = fs::read_to_string(dataset.join("README")).unwrap();
    assert!(readme.contains("lost: 17\n") && readme.contains("field.room temperature: 21 °C\n"));
}

#[test]
fn motion_files_have_the_numbers_and_times() {
    let folder = tempfile::tempdir().unwrap();
    let dataset = export(&options(folder.path(), Format::Bids));
    for (person, first) in [(1i64, 2000i64), (2, 4000)] {
        let user = format!("S0{person}");
        let rows = table(&file(&dataset, &user, "motion.tsv"));
        assert_eq!(rows.len() as i64, sample::POSES[person as usize - 1]);
        for row in &rows {
            let numbers: Vec<f64> = row.iter().map(|cell| cell.parse().unwrap()).collect();
            let time = first + (numbers[0] * 1e6).round() as i64;
            let expected = sample::pose(person, time);
            assert_eq!((&numbers[1..4], &numbers[4..7]), (&expected.pos[..], &expected.rot[..]));
            if person == 1 {
                assert_eq!(numbers[7], time as f64 / 1e6 + 5000.25);
                assert!((numbers[8] - numbers[0]).abs() < 0.001, "{numbers:?}");
            }
        }
        let channels = table(&file(&dataset, &user, "channels.tsv"));
        assert_eq!(channels.len(), rows[0].len() + 1);
        assert_eq!(channels[1], ["latency", "n/a", "LATENCY", "n/a", "s", "n/a", "n/a"]);
        assert_eq!(channels[5], ["head_rot_x", "x", "ORNT", "head", "deg", "head", "atrium"]);
        let motion = json(&file(&dataset, &user, "motion.json"));
        assert_eq!(motion["SamplingFrequency"], 50.0);
        assert_eq!(motion["MotionChannelCount"], rows[0].len());
        let effective = (rows.len() - 1) as f64 / 9.98;
        assert!((motion["SamplingFrequencyEffective"].as_f64().unwrap() - effective).abs() < 1e-9);
        for described in [
            &motion,
            &json(&file(&dataset, &user, "channels.json"))["reference_frame"]["Levels"]["atrium"],
        ] {
            assert_eq!(described["SpatialAxes"], "RSA");
            assert_eq!(described["RotationOrder"], "ZXY");
            assert_eq!(described["RotationRule"], "left-hand");
        }
        let scans = format!("sub-{user}/{SESSION}/sub-{user}_{SESSION}_scans.tsv");
        let scans = table(&dataset.join(scans));
        let motion = file(Path::new(""), &user, "motion.tsv");
        assert!(motion.to_str().unwrap().ends_with(&scans[1][0]), "{scans:?}");
        assert_eq!(scans[1][1], format!("2025-11-13T02:13:20.00{}042Z", first / 1000));
        assert_eq!(scans[1][2], format!("0.00{first}"));
    }
}

#[test]
fn events_are_in_time_of_the_motion_file() {
    let folder = tempfile::tempdir().unwrap();
    let dataset = export(&options(folder.path(), Format::Bids));
    let events = table(&file(&dataset, "S01", "events.tsv"));
    assert_eq!(events[0][..4], ["onset", "duration", "trial_type", "kind"]);
    let onsets: Vec<f64> = events[1..].iter().map(|row| row[0].parse().unwrap()).collect();
    assert!(onsets.is_sorted());
    let has = |row: &[&str]| assert!(events.iter().any(|event| event == row), "{row:?}");
    // The first pose came at 0.002 s.
    has(&[
        "1.998000",
        "0.000000",
        "task begins",
        "marker",
        "n/a",
        "n/a",
        "n/a",
        "n/a",
        "n/a",
        "n/a",
    ]);
    has(&["2.998000", "4.000000", "trial 1", "marker", "n/a", "n/a", "n/a", "n/a", "n/a", "n/a"]);
    has(&["2.998000", "0.000000", "fps", "fps", "n/a", "n/a", "n/a", "20", "n/a", "n/a"]);
    has(&["4.198000", "0.000000", "lost", "lost", "n/a", "n/a", "n/a", "n/a", "n/a", "17"]);
    let hello = "\"\"\"Hello, \\\"\"S02\\\"\"\\n你好 🙂\"\"\"";
    has(&["1.498000", "0.000000", "said", "said", "S01", "atrium", "msg", hello, "n/a", "n/a"]);
    // What another user did elsewhere, or was refused, is not here.
    assert!(!events.iter().any(|row| row[3] == "refused" || row[5] == "lobby"));
}

#[test]
fn a_selection_has_its_part() {
    let folder = tempfile::tempdir().unwrap();
    let mut options = options(folder.path(), Format::Bids);
    options.selection = Selection {
        user: Some("S02".into()),
        from: Some(3_900_000),
        until: Some(6_000_000),
        ..Selection::default()
    };
    let dataset = export(&options);
    assert_eq!(table(&file(&dataset, "S02", "motion.tsv")).len(), 5 + 30);
    assert!(!dataset.join("sub-S01").exists());
    let output = Some(folder.path().join("other"));
    let dataset = export(&ExportOptions { output, rate: Some(10.0), ..options });
    let motion = json(&file(&dataset, "S02", "motion.json"));
    assert_eq!(motion["SamplingFrequency"], 10.0);
}

#[test]
fn an_interruption_is_an_event() {
    let folder = tempfile::tempdir().unwrap();
    let (writer, recording) = sample::begin(folder.path(), "sample.db");
    writer.finish(sample::LENGTH, Some("the disk is full")).unwrap();
    let options = ExportOptions { recording, ..options(folder.path(), Format::Bids) };
    let events = table(&file(&export(&options), "S02", "events.tsv"));
    let last = events.last().unwrap();
    assert_eq!(last[0], "9.996000");
    assert_eq!(last[7], "the recording ended early: the disk is full");
}

proptest! {
    #[test]
    fn labels_are_labels_and_no_two_are_the_same(names in prop::collection::vec(".{0,8}", 0..20)) {
        let labels = labels((1..).zip(names.iter().map(String::as_str)), "room");
        prop_assert_eq!(labels.len(), names.len());
        let allowed = |char: char| char.is_ascii_alphanumeric() || char == '+';
        for label in labels.values() {
            prop_assert!(!label.is_empty() && label.chars().all(allowed), "{}", label);
        }
        let mut unique: Vec<String> =
            labels.values().map(|label| label.to_ascii_lowercase()).collect();
        unique.sort();
        unique.dedup();
        prop_assert_eq!(unique.len(), names.len());
    }

    #[test]
    fn a_cell_stays_a_cell(text in "(.|[\t\r\n\"]){0,30}") {
        let mut cell = Vec::new();
        push_text(&mut cell, Some(&text));
        let cell = String::from_utf8(cell).unwrap();
        prop_assert!(!cell.contains(|char: char| char.is_ascii_control()) && !cell.is_empty());
        let plain = text.replace(|char: char| char.is_ascii_control(), " ");
        match cell.strip_prefix('"') {
            Some(quoted) => {
                let inside = quoted.strip_suffix('"').unwrap();
                prop_assert_eq!(inside.replace("\"\"", "\""), plain);
            }
            None if text.is_empty() => prop_assert_eq!(cell, "n/a"),
            None => prop_assert_eq!(cell, plain),
        }
    }
}
