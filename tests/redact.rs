//! `vrlobby redact`: what is left of a person in a recording, and what is left of everybody else.
#![cfg(feature = "recording")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use rusqlite::types::Value;
use rusqlite::{Connection, OpenFlags};
use vrlobby::archive::{
    About, Archive, Ending, EventKind, EventRow, MarkerRow, PoseRow, ProbeRow, RoundTripRow, Writer,
};
use vrlobby::model::{Pose, RecordingFields, Timestamp};

/// What only the person who is taken out has sent.
const SECRET_TEXT: &str = "the zebra crosses at midnight";
const SECRET_NUMBER: f64 = 123.456_789_012_345_6;
const SECRET_PROBE: f64 = 98_765.432_109_876;

const END: i64 = 20_000_000;

fn vrlobby(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_vrlobby"));
    command.args(args).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

fn redact(file: &Path, subject: &str) -> Command {
    vrlobby(&["redact", file.to_str().expect("a path in UTF-8"), "--subject", subject])
}

/// Runs a command to its end: the exit code, and what it prints to stdout and to stderr.
fn run(mut command: Command) -> (i32, String, String) {
    let Output { status, stdout, stderr } = command.output().expect("a program");
    let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
    (status.code().expect("an exit code"), text(stdout), text(stderr))
}

/// Begins a recording of S01, S07 and S08, with `poses` poses of each.
fn begin(file: &Path, poses: i64, names: bool) -> Writer {
    let fields = RecordingFields {
        study: "Anna's study".into(),
        session: "with S07 and S077".into(),
        other: [("seat of anna".into(), "next to BERTA".into())].into(),
        ..RecordingFields::default()
    };
    let about = About {
        program: "vrlobby 0.1.0".into(),
        start: Timestamp::from_micros(1_763_000_000_000_042),
        start_local: "2025-11-13T03:13:20+01:00".into(),
        fields,
        ending: Ending::Interrupted,
        end: 0,
        lost: 0,
    };
    let mut writer = Writer::create(file, &about).expect("an answer");
    let name = |name: &'static str| names.then_some(name);
    let people = [
        writer.person("S01", name("Berta")).expect("a write"),
        writer.person("S07", name("Anna")).expect("a write"),
        writer.person("S08", name("Annabel")).expect("a write"),
    ];
    let rooms =
        [writer.room("lobby").expect("a write"), writer.room("room of Anna").expect("a write")];
    writer.room("room of ANNA").expect("a write");
    let mut members = Vec::new();
    for (n, person) in people.into_iter().enumerate() {
        let joined = |room| EventRow {
            person: Some(person),
            room: Some(room),
            ..EventRow::new(n as i64, EventKind::Joined)
        };
        for room in rooms {
            writer.event(&joined(room)).expect("a write");
            members.push(writer.join(person, room, n as i64).expect("a write"));
        }
    }
    let said = |time, person: usize, type_: &str, data: &str| EventRow {
        person: Some(people[person]),
        room: Some(rooms[0]),
        type_: Some(type_.into()),
        data: Some(data.into()),
        ..EventRow::new(time, EventKind::Said)
    };
    let secret = format!("\"{SECRET_TEXT}\"");
    let sentence = |time, data: &str| EventRow {
        data: Some(data.into()),
        ..EventRow::new(time, EventKind::Operated)
    };
    let events = [
        said(1000, 1, "msg", &secret),
        said(2000, 0, "msg", r#""Hi \u0041nna, is S07 you? banana, S070""#),
        said(3000, 2, "look", r#"{"at":"ANNA","x":1.50,"anna":[1e3]}"#),
        said(4000, 1, "zebra", "1"),
        said(5000, 0, "anna", "{}"),
        sentence(6000, "kicked Anna: asked for it"),
        sentence(7000, "kicked Annabel"),
        EventRow {
            person: Some(people[1]),
            code: Some(406),
            count: Some(2),
            data: Some("a zebra is not JSON".into()),
            ..EventRow::new(8000, EventKind::Refused)
        },
    ];
    for event in &events {
        writer.event(event).expect("a write");
    }
    let marker = |time, label: &str, person: Option<usize>| MarkerRow {
        time,
        end: None,
        is_interval: false,
        label: label.into(),
        person: person.map(|person| people[person]),
        room: None,
    };
    writer.marker(&marker(1, "Anna enters", None)).expect("a write");
    writer.marker(&marker(2, "zebra", Some(1))).expect("a write");
    writer.marker(&marker(3, "trial", Some(0))).expect("a write");
    for n in 0..poses {
        for (m, member) in members.iter().enumerate() {
            let [time, number] = [n * END / poses, n].map(|number| number + m as i64);
            let x = if (2..4).contains(&m) { SECRET_NUMBER } else { number as f64 * 0.1 };
            let pose = Pose { pos: [x, 1.7, 0.0], rot: [0.0, number as f64 / 7.0, 0.0] };
            writer
                .pose(&PoseRow { time, member: *member, pose, client_time: None })
                .expect("a write");
        }
    }
    for person in people {
        let client = if person == people[1] { SECRET_PROBE } else { 1.0 };
        writer.probe(&ProbeRow { person, client, received: 5, sent: 6 }).expect("a write");
        writer.round_trip(&RoundTripRow { time: 5, person, micros: 1234 }).expect("a write");
    }
    writer.commit(END).expect("a write");
    writer
}

const KEY: &str = "subject,name,address,first_seen\n\
    S01,Berta,10.0.0.1,2025-11-13T03:13:20.000042+01:00\n\
    S07,Anna,10.0.0.7,2025-11-13T03:13:20.000042+01:00\n\
    S08,Annabel,10.0.0.8,2025-11-13T03:13:20.000042+01:00\n";

/// A whole recording with its key file, in a folder of its own.
fn recording(folder: &Path, poses: i64) -> PathBuf {
    let file = folder.join("session.db");
    begin(&file, poses, false).finish(END, None).expect("an answer");
    fs::write(folder.join("session.key.csv"), KEY).expect("an answer");
    file
}

/// All rows of all tables.
fn rows(file: &Path) -> BTreeMap<String, Vec<Vec<Value>>> {
    let db =
        Connection::open_with_flags(file, OpenFlags::SQLITE_OPEN_READ_ONLY).expect("an answer");
    let check: String =
        db.query_row("PRAGMA integrity_check", [], |row| row.get(0)).expect("an answer");
    assert_eq!(check, "ok");
    let mut tables =
        db.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'").expect("an answer");
    let tables: Vec<String> = tables
        .query_map([], |row| row.get(0))
        .expect("an answer")
        .map(|row| row.expect("a row"))
        .collect();
    let read = |table: String| {
        let mut select =
            db.prepare(&format!("SELECT * FROM {table} ORDER BY 1")).expect("an answer");
        let columns = select.column_count();
        let row = select.query_map([], |row| (0..columns).map(|n| row.get(n)).collect());
        (table, row.expect("an answer").map(|row| row.expect("a row")).collect())
    };
    tables.into_iter().map(read).collect()
}

fn contains(bytes: &[u8], part: &[u8]) -> bool {
    let mut starts = bytes.split_inclusive(|byte| *byte == part[0]).scan(0, |end, piece| {
        *end += piece.len();
        Some(*end - 1)
    });
    starts.any(|start| bytes[start..].starts_with(part))
}

/// Asserts that nothing of S07 is in any file of a folder.
fn assert_no_trace(folder: &Path) {
    let numbers = [SECRET_NUMBER, SECRET_PROBE].map(|number| number.to_be_bytes().to_vec());
    let texts = [
        SECRET_TEXT,
        "zebra",
        "S07\0",
        "S07,",
        "S07\"",
        " S07 ",
        "Anna ",
        "Anna,",
        "nna:",
        "\\u0041nna",
    ];
    let traces: Vec<Vec<u8>> =
        texts.map(|text| text.as_bytes().to_vec()).into_iter().chain(numbers).collect();
    for entry in folder.read_dir().expect("a folder") {
        let path = entry.expect("an entry").path();
        let bytes = fs::read(&path).expect("a file");
        for trace in &traces {
            let found = contains(&bytes, trace);
            let trace = String::from_utf8_lossy(trace);
            assert!(!found, "{trace:?} is still in {}", path.display());
        }
    }
}

fn files(folder: &Path) -> Vec<String> {
    let names =
        folder.read_dir().expect("a folder").map(|entry| entry.expect("an entry").file_name());
    let mut names: Vec<_> = names.map(|name| name.into_string().expect("UTF-8")).collect();
    names.sort();
    names
}

fn text(value: &str) -> Value {
    Value::Text(value.to_owned())
}

#[test]
fn nothing_of_the_person_is_left_and_everything_of_others() {
    let folder = tempfile::tempdir().unwrap();
    let file = recording(folder.path(), 2000);
    let before = rows(&file);
    let trace = |bytes: &[u8]| contains(bytes, &SECRET_NUMBER.to_be_bytes());
    assert!(trace(&fs::read(&file).unwrap()), "the number is not looked for as it is written");

    let (code, out, err) = run(redact(&file, "S07"));
    assert_eq!((code, err.as_str()), (0, ""), "{out}");
    let counts = "removed 4000 poses, 2 stays, 5 events, 1 marker, 1 clock probe, 1 round trip, \
                  and 12 mentions in what others said";
    assert!(out.contains(counts), "{out}");
    assert!(out.contains("session.key.csv: removed 1 row"), "{out}");
    assert_no_trace(folder.path());
    assert_eq!(files(folder.path()), ["session.db", "session.key.csv"]);
    let key: String = KEY.split_inclusive('\n').filter(|line| !line.contains("S07")).collect();
    assert_eq!(fs::read_to_string(folder.path().join("session.key.csv")).unwrap(), key);

    // What was anyone's but S07's (person 2, members 3 and 4) is as it was.
    let after = rows(&file);
    let person = Value::Integer(2);
    let others = |table: &str, column: usize, of: &[Value]| -> Vec<Vec<Value>> {
        before[table].iter().filter(|row| !of.contains(&row[column])).cloned().collect()
    };
    assert_eq!(after["pose"], others("pose", 2, &[Value::Integer(3), Value::Integer(4)]));
    for (table, column) in [("person", 0), ("member", 1), ("probe", 1), ("round_trip", 2)] {
        assert_eq!(after[table], others(table, column, std::slice::from_ref(&person)), "{table}");
    }
    let mut markers = others("marker", 5, std::slice::from_ref(&person));
    markers[0][4] = text("[redacted] enters");
    assert_eq!(after["marker"], markers);
    let rooms: Vec<&Value> = after["room"].iter().map(|row| &row[1]).collect();
    let names = ["lobby", "room of [redacted]", "room of [redacted] 2"].map(text);
    assert_eq!(rooms, names.iter().collect::<Vec<_>>());

    let mut events = others("event", 3, &[person]);
    let data = |time: i64| move |row: &&mut Vec<Value>| row[1] == Value::Integer(time);
    for (time, column, value) in [
        (2000, 6, r#""Hi [redacted], is [redacted] you? banana, S070""#),
        (3000, 6, r#"{"at":"[redacted]","x":1.50,"[redacted]":[1e3]}"#),
        (5000, 5, "[redacted]"),
        (6000, 6, "kicked [redacted]: asked for it"),
    ] {
        events.iter_mut().find(data(time)).unwrap()[column] = text(value);
    }
    let note = after["event"].last().unwrap();
    assert_eq!(after["event"][..after["event"].len() - 1], events);
    assert_eq!((&note[1], &note[2]), (&Value::Integer(END), &text("redacted")));
    let Value::Text(data) = &note[6] else { panic!("{note:?}") };
    let data: BTreeMap<String, serde_json::Value> = serde_json::from_str(data).unwrap();
    let date = data["date"].as_str().unwrap();
    assert!(date.len() == 10 && date.starts_with("20"), "{date}");
    for (what, count) in [("poses", 4000), ("stays", 2), ("events", 5), ("mentions", 12)] {
        assert_eq!(data[what], count, "{what}");
    }

    let meta = |key: &str| {
        let row = after["meta"].iter().find(|row| row[0] == text(key));
        row.map(|row| row[1].clone())
    };
    assert_eq!(meta("study"), Some(text("[redacted]'s study")));
    assert_eq!(meta("session"), Some(text("with [redacted] and S077")));
    assert_eq!(meta("field.seat of [redacted]"), Some(text("next to BERTA")));
    assert_eq!(meta("redacted"), Some(text("1")));
    assert_eq!(after["meta"].len(), before["meta"].len() + 1);
    let archive = Archive::open(&file).unwrap();
    assert_eq!(archive.about().ending, Ending::Whole);
}

#[test]
fn several_people_can_be_taken_out_one_after_another() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("session.db");
    begin(&file, 100, true).finish(END, None).unwrap();
    for (number, subject) in ["S07", "S01", "S08"].iter().enumerate() {
        let (code, out, err) = run(redact(&file, subject));
        assert_eq!((code, err.as_str()), (0, ""));
        assert!(out.contains("no key file"), "{out}");
        let redacted = [text("redacted"), text(&(number + 1).to_string())];
        assert!(rows(&file)["meta"].iter().any(|row| *row == redacted));
    }
    // Names were recorded, so that mentions by name were found without a key.
    assert_no_trace(folder.path());
    let after = rows(&file);
    assert!(
        ["person", "pose", "member", "probe", "round_trip"]
            .iter()
            .all(|table| after[*table].is_empty())
    );
    assert_eq!(files(folder.path()), ["session.db"]);
    let (code, _, err) = run(redact(&file, "S07"));
    assert_eq!(code, 1);
    assert!(err.contains("no subject \"S07\"; it has none"), "{err}");
}

#[test]
fn an_interrupted_recording_is_redacted_with_its_log() {
    let (folder, copy) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let writer = begin(&folder.path().join("session.db"), 500, true);
    for name in ["session.db", "session.db-wal"] {
        fs::copy(folder.path().join(name), copy.path().join(name)).unwrap();
    }
    drop(writer);
    let file = copy.path().join("session.db");
    assert!(fs::metadata(copy.path().join("session.db-wal")).unwrap().len() > 100_000);
    let (code, out, err) = run(redact(&file, "S07"));
    assert_eq!((code, err.as_str()), (0, ""), "{out}");
    assert_no_trace(copy.path());
    assert_eq!(files(copy.path()), ["session.db"]);
    assert_eq!(Archive::open(&file).unwrap().about().ending, Ending::Interrupted);
    assert_eq!(rows(&file)["pose"].len(), 2000);
}

#[test]
fn what_can_not_be_redacted_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let refused = |file: &Path, subject: &str, reason: &str| {
        let before = fs::read(file).ok();
        let (code, out, err) = run(redact(file, subject));
        assert_eq!((code, out.as_str()), (1, ""), "{err}");
        assert!(err.starts_with("vrlobby: ") && err.contains(reason), "{err}");
        assert_eq!(fs::read(file).ok(), before);
    };
    let whole = recording(folder.path(), 10);
    refused(&whole, "S09", "no subject \"S09\"; it has S01, S07, S08");
    refused(&whole, "s07", "no subject \"s07\"");
    refused(&path("nothing.db"), "S07", "nothing.db: ");
    fs::write(path("text.db"), "time;user\n").unwrap();
    refused(&path("text.db"), "S07", "it is no SQLite database");
    Connection::open(path("other.db")).unwrap().execute_batch("CREATE TABLE t(x)").unwrap();
    refused(&path("other.db"), "S07", "another program's");

    fs::write(path("session.key.csv"), "subject;name\n").unwrap();
    refused(&whole, "S07", "session.key.csv: its first line has no column");
    fs::write(path("session.key.csv"), KEY).unwrap();
    let before = fs::read(&whole).unwrap();
    let reader = Connection::open(&whole).unwrap();
    reader.execute_batch("BEGIN; SELECT * FROM meta").unwrap();
    let (code, _, err) = run(redact(&whole, "S07"));
    assert!(code == 1 && err.contains("close other programs"), "{err}");
    drop(reader);
    assert_eq!(fs::read(&whole).unwrap(), before);
    assert_eq!(run(redact(&whole, "S07")).0, 0);

    let (code, _, err) = run(vrlobby(&["redact", "session.db"]));
    assert_eq!(code, 2, "{err}");
    assert!(err.contains("--subject"), "{err}");
}

#[test]
fn a_running_recording_is_refused_and_loses_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("live.db");
    let writer = begin(&file, 1000, true);
    assert_eq!(Archive::open(&file).unwrap().people().len(), 3);
    // Reading it in the process that records has not ended the recording's lock (of the byte that
    // SQLite's os_unix.c calls SHARED_FIRST), without which others would take its log away.
    #[cfg(target_os = "linux")]
    {
        let inode = std::os::unix::fs::MetadataExt::ino(&file.metadata().unwrap());
        let (locks, lock) =
            (fs::read_to_string("/proc/locks").unwrap(), format!(":{inode} 1073741826 "));
        assert!(locks.contains(&lock), "{lock}: {locks}");
    }
    let (code, _, err) = run(redact(&file, "S07"));
    assert!(code == 1 && err.contains("live.db is being recorded"), "{err}");
    assert!(folder.path().join("live.db-wal").exists());
    writer.finish(END, None).unwrap();
    assert_eq!(rows(&file)["pose"].len(), 6000);
    assert_eq!(files(folder.path()), ["live.db"]);
}

#[test]
fn an_interruption_leaves_the_old_or_the_new() {
    let original = tempfile::tempdir().unwrap();
    recording(original.path(), 5_000);
    let size = fs::metadata(original.path().join("session.db")).unwrap().len();
    let (mut left_old, mut left_new) = (0, 0);
    // The log grows to the size of the file twice: for the removal and for the rewriting.
    for tenth in 0..10 {
        let folder = tempfile::tempdir().unwrap();
        for name in files(original.path()) {
            fs::copy(original.path().join(&name), folder.path().join(&name)).unwrap();
        }
        let file = folder.path().join("session.db");
        let log = folder.path().join("session.db-wal");
        let log_size = || fs::metadata(&log).map_or(0, |log| log.len());
        let (second_time, part) = (tenth >= 5, size * (tenth % 5) / 5);
        let mut child = redact(&file, "S07").spawn().unwrap();
        let (started, mut fell, mut last) = (Instant::now(), !second_time, 0);
        while child.try_wait().unwrap().is_none() {
            let now = log_size();
            fell |= now < last;
            last = now;
            if fell && now > part {
                child.kill().unwrap();
                break;
            }
            assert!(started.elapsed() < Duration::from_secs(60), "it does not come to an end");
            std::thread::yield_now();
        }
        child.wait().unwrap();

        // Readers who can't write see one or the other.
        let archive = Archive::open(&file).unwrap();
        let is_there = archive.people().iter().any(|person| person.subject == "S07");
        let stays = archive.stays().iter().filter(|stay| stay.person == 2).count();
        drop(archive);
        let poses = rows(&file)["pose"].len();
        assert_eq!((stays, poses), if is_there { (2, 30_000) } else { (0, 20_000) });
        left_old += usize::from(is_there);
        left_new += usize::from(!is_there);

        // Another call completes it, whatever was left to do.
        let (code, out, err) = run(redact(&file, "S07"));
        if code != 0 {
            assert!(!is_there && err.contains("no subject \"S07\""), "{out}{err}");
        }
        assert_no_trace(folder.path());
        assert_eq!(files(folder.path()), ["session.db", "session.key.csv"]);
        let after = rows(&file);
        assert_eq!(after["pose"].len(), 20_000);
        assert!(!after["meta"].iter().any(|row| row[0] == text("redaction_unfinished")));
    }
    assert!(left_old > 0 && left_new > 0, "{left_old} old, {left_new} new");
}
