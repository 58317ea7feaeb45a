use std::collections::BTreeMap;
use std::fs::File;
use std::ops::ControlFlow;
use std::path::Path;

use ::parquet::basic::Encoding;
use ::parquet::file::reader::{FileReader, SerializedFileReader};
use ::parquet::record::Field;
use proptest::prelude::*;

use super::super::tests::{NASTY, export, nasty, options};
use super::super::{ExportOptions, Format, Selection, run};
use super::file::MAX_GROUP;
use crate::archive::{PoseRow, Writer, sample};
use crate::model::Pose;

type Row = BTreeMap<String, Field>;

fn table(file: &Path) -> Vec<Row> {
    let reader = SerializedFileReader::new(File::open(file).unwrap()).unwrap();
    let rows = reader.get_row_iter(None).unwrap();
    rows.map(|row| row.unwrap().into_columns().into_iter().collect()).collect()
}

fn metadata(file: &Path) -> BTreeMap<String, String> {
    let reader = SerializedFileReader::new(File::open(file).unwrap()).unwrap();
    let entries = reader.metadata().file_metadata().key_value_metadata().unwrap();
    entries.iter().map(|entry| (entry.key.clone(), entry.value.clone().unwrap())).collect()
}

fn text(row: &Row, column: &str) -> String {
    match &row[column] {
        Field::Str(text) => text.clone(),
        other => panic!("{column} is {other:?}"),
    }
}

fn int(row: &Row, column: &str) -> i64 {
    match row[column] {
        Field::Long(value) => value,
        ref other => panic!("{column} is {other:?}"),
    }
}

fn number(row: &Row, column: &str) -> f64 {
    match row[column] {
        Field::Double(value) => value,
        ref other => panic!("{column} is {other:?}"),
    }
}

fn parquet(folder: &Path) -> ExportOptions {
    ExportOptions { output: Some(folder.join("out")), ..options(folder, Format::Parquet) }
}

#[test]
fn every_table_is_there_with_every_row() {
    let folder = tempfile::tempdir().unwrap();
    let out = export(&parquet(folder.path()));
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
        let file = out.join(format!("{name}.parquet"));
        assert_eq!(table(&file).len(), rows, "{name}");
        let about = metadata(&file);
        assert_eq!((&*about["vrlobby.ending"], &*about["vrlobby.lost"]), ("whole", "17"));
        assert_eq!(about["vrlobby.start_unix_us"], "1763000000000042");
    }
    let events = table(&out.join("events.parquet"));
    let lost = events.iter().find(|row| text(row, "kind") == "lost").unwrap();
    assert_eq!((int(lost, "time_us"), int(lost, "count")), (4_200_000, 17));
    assert_eq!((&lost["user"], &lost["code"]), (&Field::Null, &Field::Null));
    let fps = events.iter().find(|row| text(row, "kind") == "fps").unwrap();
    assert_eq!((int(fps, "time_us"), &*text(fps, "data")), (3_000_000, "20"));
    let session = table(&out.join("session.parquet"));
    assert!(session.iter().any(|row| text(row, "key") == "axes"));
}

#[test]
fn poses_have_the_numbers_that_were_sent() {
    let folder = tempfile::tempdir().unwrap();
    let output = Some(folder.path().join("p.parquet"));
    let rows = table(&export(&ExportOptions { output, ..parquet(folder.path()) }));
    assert_eq!(rows.len(), 930);
    // By stay, and each in the order of time.
    assert!(rows.is_sorted_by_key(|row| (int(row, "member"), int(row, "time_us"))));
    for row in rows {
        let person = if text(&row, "user") == "S01" { 1 } else { 2 };
        let pose = sample::pose(person, int(&row, "time_us"));
        assert_eq!(["pos_x", "pos_y", "pos_z"].map(|column| number(&row, column)), pose.pos);
        assert_eq!(["rot_x", "rot_y", "rot_z"].map(|column| number(&row, column)), pose.rot);
        assert_eq!(text(&row, "room"), "atrium");
        assert_eq!(row["client_time"] == Field::Null, person == 2);
        assert_eq!(row["sample_time_us"] == Field::Null, person == 2);
    }
}

#[test]
fn nasty_texts_are_the_same_afterwards() {
    let folder = tempfile::tempdir().unwrap();
    let options = ExportOptions { recording: nasty(folder.path()), ..parquet(folder.path()) };
    let out = run(&options, &mut |_| ControlFlow::Continue(())).unwrap().output;
    let events = table(&out.join("events.parquet"));
    assert_eq!((text(&events[1], "type"), text(&events[1], "room")), (NASTY.into(), NASTY.into()));
    assert_eq!(text(&table(&out.join("people.parquet"))[0], "name"), NASTY);
    let pose = &table(&out.join("poses.parquet"))[0];
    assert_eq!(text(pose, "room"), NASTY);
    assert_eq!((number(pose, "client_time"), int(pose, "sample_time_us")), (101.49, 1_490_000));
    assert_eq!(metadata(&out.join("poses.parquet"))["vrlobby.ending"], "interrupted");
}

#[test]
fn selections_and_rates_hold() {
    let folder = tempfile::tempdir().unwrap();
    let selection = Selection { user: Some("S02".into()), ..Selection::default() };
    let out = export(&ExportOptions { selection, rate: Some(10.0), ..parquet(folder.path()) });
    let poses = table(&out.join("poses.parquet"));
    assert_eq!(poses.len(), 86);
    assert!(poses.iter().all(|row| int(row, "time_us") % 100_000 == 0));
    let about = metadata(&out.join("poses.parquet"));
    assert_eq!(about["vrlobby.selected.user"], "S02");
    assert!(about["vrlobby.poses"].starts_with("resampled to 10 Hz"), "{about:?}");
}

#[test]
fn a_selection_without_poses_is_an_empty_table() {
    let folder = tempfile::tempdir().unwrap();
    let selection = Selection { room: Some("lobby".into()), ..Selection::default() };
    let out = export(&ExportOptions { selection, ..parquet(folder.path()) });
    assert_eq!(table(&out.join("poses.parquet")).len(), 0);
}

/// Makes a recording of two users with these numbers as their poses.
fn recording(folder: &Path, numbers: impl Fn(i64) -> [f64; 6], poses: i64) -> ExportOptions {
    let file = folder.join("numbers.db");
    let mut writer = Writer::create(&file, &sample::about()).unwrap();
    let room = writer.room("hall").unwrap();
    let members = ["S01", "S02"].map(|subject| {
        let person = writer.person(subject, None).unwrap();
        writer.join(person, room, 0).unwrap()
    });
    for time in 0..poses {
        let [px, py, pz, rx, ry, rz] = numbers(time);
        let pose = Pose { pos: [px, py, pz], rot: [rx, ry, rz] };
        let member = members[(time % 2) as usize];
        writer.pose(&PoseRow { time, member, pose, client_time: None }).unwrap();
    }
    writer.commit(poses).unwrap();
    writer.finish(poses, None).unwrap();
    ExportOptions { recording: file, ..parquet(folder) }
}

#[test]
fn numbers_that_repeat_get_a_dictionary() {
    let folder = tempfile::tempdir().unwrap();
    let numbers = |time| {
        let t = time as f64;
        [t / 7.0, (time % 9) as f64 / 10.0, 0.0, t.sin(), -1.5, (time % 100) as f64]
    };
    let options = recording(folder.path(), numbers, 2000);
    let out = run(&options, &mut |_| ControlFlow::Continue(())).unwrap().output;
    let file = out.join("poses.parquet");
    let reader = SerializedFileReader::new(File::open(&file).unwrap()).unwrap();
    let has_dictionary = |column: usize| {
        let chunk = reader.metadata().row_group(0).column(column);
        chunk.encodings().any(|encoding| encoding == Encoding::RLE_DICTIONARY)
    };
    let numbers_from = reader.metadata().row_group(0).num_columns() - 6;
    let dictionaries: Vec<bool> = (numbers_from..).take(6).map(has_dictionary).collect();
    assert_eq!(dictionaries, [false, true, true, false, true, true]);
    let mut rows = table(&file);
    rows.sort_by_key(|row| int(row, "time_us"));
    for (time, row) in (0..).zip(&rows) {
        let [px, py, .., rz] = numbers(time);
        assert_eq!(["pos_x", "pos_y", "rot_z"].map(|column| number(row, column)), [px, py, rz]);
    }
}

#[test]
fn numbers_are_32_bit_floats_if_asked() {
    let folder = tempfile::tempdir().unwrap();
    let options = ExportOptions { float32: true, ..parquet(folder.path()) };
    let file = export(&options).join("poses.parquet");
    for row in table(&file) {
        let person = if text(&row, "user") == "S01" { 1 } else { 2 };
        let pose = sample::pose(person, int(&row, "time_us"));
        assert_eq!(row["pos_z"], Field::Float(pose.pos[2] as f32));
        assert_eq!(row["client_time"] == Field::Null, person == 2);
    }
    assert_eq!(metadata(&file)["vrlobby.numbers"], "rounded to 32-bit floats");
}

#[test]
fn many_poses_take_several_row_groups() {
    let folder = tempfile::tempdir().unwrap();
    let poses = MAX_GROUP as i64 + 10;
    let options = recording(folder.path(), |time| [time as f64; 6], poses);
    let exported = run(&options, &mut |_| ControlFlow::Continue(())).unwrap();
    assert_eq!(exported.poses, poses as u64);
    let file = exported.output.join("poses.parquet");
    let reader = SerializedFileReader::new(File::open(&file).unwrap()).unwrap();
    let sizes: Vec<i64> =
        reader.metadata().row_groups().iter().map(|group| group.num_rows()).collect();
    assert_eq!(sizes, [MAX_GROUP as i64, 10]);
    let mut next = [0, 1];
    for row in table(&file) {
        let next = &mut next[(int(&row, "member") - 1) as usize];
        assert_eq!((int(&row, "time_us"), number(&row, "rot_z")), (*next, *next as f64));
        *next += 2;
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]
    #[test]
    fn any_numbers_come_back_to_the_bit(
        numbers in prop::collection::vec(prop::array::uniform6(-1e9..1e9f64), 1..40)
    ) {
        let folder = tempfile::tempdir().unwrap();
        let all = &numbers;
        let options = recording(folder.path(), |time| all[time as usize], all.len() as i64);
        let options = ExportOptions { output: Some(folder.path().join("p.parquet")), ..options };
        let rows = table(&run(&options, &mut |_| ControlFlow::Continue(())).unwrap().output);
        prop_assert_eq!(rows.len(), numbers.len());
        for row in rows {
            let columns = ["pos_x", "pos_y", "pos_z", "rot_x", "rot_y", "rot_z"];
            let sent = numbers[int(&row, "time_us") as usize];
            prop_assert_eq!(columns.map(|column| number(&row, column).to_bits()), sent.map(f64::to_bits));
        }
    }
}
