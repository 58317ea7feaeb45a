//! `vrlobby inspect`: what it prints, and what it says of files that it can't read.
#![cfg(feature = "recording")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;
use vrlobby::archive::{About, Ending, EventKind, EventRow, PoseRow, Writer};
use vrlobby::model::{Pose, RecordingFields, Timestamp};

/// How long the recordings here are, in microseconds.
const LENGTH: i64 = 60_000_000;

/// Writes a recording of one user, with poses each 20 ms but for a gap of 2 s; not its end.
fn begin(folder: &Path) -> (Writer, PathBuf) {
    let file = folder.join("session.db");
    let about = About {
        program: "vrlobby 0.1.0".into(),
        start: Timestamp::from_micros(1_763_000_000_000_000),
        start_local: "2025-11-13T03:13:20+01:00".into(),
        fields: RecordingFields { study: "Presence".into(), ..RecordingFields::default() },
        ending: Ending::Interrupted,
        end: 0,
        lost: 0,
    };
    let mut writer = Writer::create(&file, &about).expect("a new file");
    let person = writer.person("S01", None).expect("a person");
    let room = writer.room("atrium").expect("a room");
    let member = writer.join(person, room, 0).expect("a stay");
    let login = EventRow { person: Some(person), ..EventRow::new(0, EventKind::LoggedIn) };
    writer.event(&login).expect("an event");
    for time in (0..=LENGTH).step_by(20_000) {
        if !(30_000_001..32_000_000).contains(&time) {
            let pose = Pose { pos: [0.0, 1.7, 0.0], rot: [0.0; 3] };
            writer.pose(&PoseRow { time, member, pose, client_time: None }).expect("a pose");
        }
    }
    writer.commit(LENGTH).expect("a commit");
    (writer, file)
}

fn inspect(arguments: &[&Path]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_vrlobby"));
    command.arg("inspect").args(arguments);
    command
}

/// Exit code, stdout and stderr.
fn run(mut command: Command) -> (Option<i32>, String, String) {
    let Output { status, stdout, stderr } = command.output().expect("a program");
    let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
    (status.code(), text(stdout), text(stderr))
}

#[test]
fn a_recording_is_told_as_text_and_as_one_json_object() {
    let folder = tempfile::tempdir().expect("a folder");
    let (writer, file) = begin(folder.path());
    writer.finish(LENGTH, None).expect("an end");
    let (code, text, stderr) = run(inspect(&[&file]));
    assert_eq!((code, stderr.as_str()), (Some(0), ""));
    for said in [
        "whole; nothing lost",
        "study       Presence",
        "S01         1 gap over 100 ms, longest 2.0 s at 00:00:30; sends no clock",
    ] {
        assert!(text.contains(said), "{said:?} is not in\n{text}");
    }
    let (code, json, stderr) = run(inspect(&[&file, Path::new("--json")]));
    assert_eq!((code, stderr.as_str()), (Some(0), ""));
    assert_eq!(json.lines().count(), 1);
    let json: Value = serde_json::from_str(&json).expect("one JSON object");
    assert_eq!(json["state"], "whole");
    assert_eq!(json["duration"], 60.0);
    assert_eq!(json["conventions"]["euler_order"], "z-x-y");
    let user = &json["users"][0];
    assert_eq!(user["user"], "S01");
    assert_eq!(user["poses"], 2902);
    assert_eq!(user["nominal_rate"], 50.0);
    assert_eq!(user["clock"], Value::Null);
    let gaps = serde_json::json!(
        {"count": 1, "total": 2.0, "longest": 2.0, "longest_at": 30.0}
    );
    assert_eq!(user["gaps"], gaps);
}

/// Every key, so that scripts can rely on them; the README names them.
#[test]
fn keys_of_the_json_stay() {
    let folder = tempfile::tempdir().expect("a folder");
    let (writer, file) = begin(folder.path());
    writer.finish(LENGTH, None).expect("an end");
    let (_, json, _) = run(inspect(&[&file, Path::new("--json")]));
    let json: Value = serde_json::from_str(&json).expect("one JSON object");
    let keys = |value: &Value| {
        let keys = value.as_object().expect("an object").keys().map(String::as_str);
        keys.collect::<Vec<_>>().join(" ")
    };
    assert_eq!(keys(&json), RECORDING_KEYS);
    assert_eq!(keys(&json["users"][0]), USER_KEYS);
    let readme = include_str!("../README.md");
    for key in RECORDING_KEYS.split(' ').chain(USER_KEYS.split(' ')) {
        assert!(readme.contains(&format!("`{key}`")), "the README does not name {key}");
    }
}

/// In the order of the alphabet.
const RECORDING_KEYS: &str = "chat condition conventions duration ended_early events fields file \
    fps late_ticks left_out log_is_missing losses lost markers messages names out_of_order poses \
    program redactions refusals rooms session start_local start_unix state study users verdict";

/// In the order of the alphabet.
const USER_KEYS: &str = "clock connections events gaps messages name nominal_rate poses present \
    rate refusals round_trips silence stays user verdict";

#[test]
fn an_interrupted_recording_opens_as_it_is() {
    let folder = tempfile::tempdir().expect("a folder");
    let (_writer, file) = begin(folder.path());
    let copies = copy_as_after_a_crash(&file);
    let (code, text, stderr) = run(inspect(&[&copies.path().join("session.db")]));
    assert_eq!((code, stderr.as_str()), (Some(0), ""));
    assert!(text.contains("interrupted; complete up to 00:01:00; nothing lost"), "{text}");
    assert!(text.contains("1 gap over 100 ms"), "{text}");
}

fn copy_as_after_a_crash(file: &Path) -> tempfile::TempDir {
    let copies = tempfile::tempdir().expect("a folder");
    for name in ["session.db", "session.db-wal"] {
        fs::copy(file.with_file_name(name), copies.path().join(name)).expect("a copy");
    }
    copies
}

/// Runs the program as a user to whom permissions apply. Root is let in everywhere, and becomes
/// `nobody`, with the files and a copy of the program.
#[cfg(unix)]
fn run_unprivileged(folder: &Path, file: &Path) -> (Option<i32>, String, String) {
    use std::os::unix::fs::{PermissionsExt, chown};
    use std::os::unix::process::CommandExt;

    const NOBODY: u32 = 65_534;
    if !rustix::process::getuid().is_root() {
        return run(inspect(&[file]));
    }
    let programs = tempfile::tempdir().expect("a folder");
    let program = programs.path().join("vrlobby");
    fs::copy(env!("CARGO_BIN_EXE_vrlobby"), &program).expect("a copy");
    fs::set_permissions(programs.path(), fs::Permissions::from_mode(0o755)).expect("permissions");
    for entry in fs::read_dir(folder).expect("a folder") {
        chown(entry.expect("a file").path(), Some(NOBODY), Some(NOBODY)).expect("an owner");
    }
    chown(folder, Some(NOBODY), Some(NOBODY)).expect("an owner");
    let mut command = Command::new(program);
    command.arg("inspect").arg(file).uid(NOBODY).gid(NOBODY);
    run(command)
}

#[cfg(unix)]
fn set_mode(path: &Path, mode: u32) {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("permissions");
}

#[cfg(unix)]
#[test]
fn an_interrupted_recording_opens_in_a_folder_that_cannot_be_written() {
    let folder = tempfile::tempdir().expect("a folder");
    let (_writer, file) = begin(folder.path());
    let copies = copy_as_after_a_crash(&file);
    let files = || fs::read_dir(copies.path()).expect("a folder").count();
    set_mode(copies.path(), 0o555);
    let (code, text, stderr) = run_unprivileged(copies.path(), &copies.path().join("session.db"));
    set_mode(copies.path(), 0o755);
    assert_eq!((code, stderr.as_str()), (Some(0), ""));
    // What stands in the log alone is there too.
    assert!(text.contains("2902 poses"), "{text}");
    assert_eq!(files(), 2, "nothing was added to the folder or removed from it");
}

#[cfg(unix)]
#[test]
fn a_file_without_permission_gets_a_clear_message() {
    let folder = tempfile::tempdir().expect("a folder");
    let (writer, file) = begin(folder.path());
    writer.finish(LENGTH, None).expect("an end");
    set_mode(&file, 0o000);
    let (code, stdout, stderr) = run_unprivileged(folder.path(), &file);
    assert_eq!((code, stdout.as_str()), (Some(1), ""));
    assert!(stderr.contains("session.db: Permission denied"), "{stderr}");
}

#[test]
fn files_that_are_no_recordings_get_a_clear_message() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = |name: &str| folder.path().join(name);
    fs::write(path("empty"), "").expect("a file");
    fs::write(path("text"), "time;user;room\n").expect("a file");
    fs::write(path("noise"), [7; 100_000]).expect("a file");
    let (writer, file) = begin(folder.path());
    writer.finish(LENGTH, None).expect("an end");
    let whole = fs::read(&file).expect("a file");
    fs::write(path("half"), &whole[..whole.len() / 2]).expect("a file");
    // SQLite's user_version, at byte 60, and application_id, at byte 68 of the file.
    let with = |at: usize, value: u32| {
        let mut bytes = whole.clone();
        bytes[at..at + 4].copy_from_slice(&value.to_be_bytes());
        bytes
    };
    fs::write(path("newer"), with(60, 99)).expect("a file");
    fs::write(path("other"), with(68, 7)).expect("a file");
    for (name, said) in [
        ("nothing", "nothing: No such file or directory"),
        ("", "it is a folder"),
        ("empty", "is not a recording made by vrlobby: it is empty"),
        ("text", "is not a recording made by vrlobby: it is no SQLite database"),
        ("noise", "is not a recording made by vrlobby: it is no SQLite database"),
        ("other", "is not a recording made by vrlobby: it is another program's SQLite database"),
        ("newer", "has version 99 of the schema, and this program reads version"),
        ("half", "half is damaged: database disk image is malformed"),
    ] {
        let (code, stdout, stderr) = run(inspect(&[&path(name)]));
        assert_eq!((code, stdout.as_str()), (Some(1), ""), "{name}");
        assert!(stderr.contains(said), "{name}: {stderr}");
        assert!(stderr.starts_with("vrlobby: ") && stderr.lines().count() == 1, "{stderr}");
    }
}
