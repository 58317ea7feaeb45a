//! `vrlobby export`: its arguments, what it prints, and what it leaves behind.
#![cfg(feature = "recording")]

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use vrlobby::archive::{About, Ending, EventKind, EventRow, PoseRow, Writer};
use vrlobby::model::{Pose, RecordingFields, Timestamp};

/// How long the recording here is, in microseconds.
const LENGTH: i64 = 10_000_000;

/// Writes a recording of one user with a pose each 20 ms, which lost 5 events and ended early.
fn record(folder: &Path) -> PathBuf {
    let file = folder.join("session.db");
    let about = About {
        program: "vrlobby 0.1.0".into(),
        start: Timestamp::from_micros(1_763_000_000_000_000),
        start_local: "2025-11-13T03:13:20+01:00".into(),
        fields: RecordingFields::default(),
        ending: Ending::Interrupted,
        end: 0,
        lost: 0,
    };
    let mut writer = Writer::create(&file, &about).expect("a new file");
    let person = writer.person("S01", None).expect("a person");
    let room = writer.room("atrium").expect("a room");
    let member = writer.join(person, room, 0).expect("a stay");
    for time in (0..LENGTH).step_by(20_000) {
        let pose = Pose { pos: [0.1, 1.7, time as f64 / 3e6], rot: [0.0, 359.99, 0.0] };
        writer.pose(&PoseRow { time, member, pose, client_time: None }).expect("a pose");
    }
    let lost = EventRow { count: Some(5), ..EventRow::new(5_000_000, EventKind::Lost) };
    writer.event(&lost).expect("an event");
    writer.set_lost(5).expect("a count");
    writer.commit(LENGTH).expect("a commit");
    writer.finish(LENGTH, Some("the disk is full")).expect("an end");
    file
}

/// The program, in `folder`.
fn export(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_vrlobby"));
    command.current_dir(folder).arg("export").args(arguments).stdin(Stdio::null());
    command
}

/// Exit code, stdout and stderr.
fn run(folder: &Path, arguments: &[&str]) -> (Option<i32>, String, String) {
    let Output { status, stdout, stderr } = export(folder, arguments).output().expect("a program");
    let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
    (status.code(), text(stdout), text(stderr))
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).expect("a folder");
    let mut names: Vec<String> = entries
        .map(|entry| entry.expect("an entry").file_name().into_string().expect("UTF-8"))
        .collect();
    names.sort();
    names
}

#[test]
fn the_command_of_the_readme_writes_tables() {
    let folder = tempfile::tempdir().expect("a folder");
    record(folder.path());
    let (code, stdout, stderr) =
        run(folder.path(), &["session.db", "--format", "csv", "--output", "tables"]);
    assert_eq!((code, &*stderr), (Some(0), ""));
    let told = "tables: 500 poses, 0.0 MB; it ended early, at 00:00:10.000: the disk is full; \
                5 events were lost while recording\n";
    assert_eq!(stdout, told);
    let poses = fs::read_to_string(folder.path().join("tables/poses.csv")).expect("a table");
    let mut lines = poses.lines();
    let header =
        "time,user,room,member,client_time,sample_time,pos_x,pos_y,pos_z,rot_x,rot_y,rot_z";
    assert_eq!(lines.next(), Some(header));
    assert_eq!(lines.next(), Some("0.000000,S01,atrium,1,,,0.1,1.7,0,0,359.99,0"));
    assert_eq!(lines.count(), 499);
    let session = fs::read_to_string(folder.path().join("tables/session.csv")).expect("a table");
    assert!(session.contains("\nending,the disk is full\n") && session.contains("\nlost,5\n"));
}

#[test]
fn a_file_gets_the_poses_of_the_selection() {
    let folder = tempfile::tempdir().expect("a folder");
    record(folder.path());
    let arguments = [
        &["session.db", "--format", "csv", "-o", "part.csv", "--room", "atrium"][..],
        &["--user", "S01", "--from", "00:00:01", "--to", "2.5", "--rate", "10"],
    ];
    let (code, stdout, stderr) = run(folder.path(), &arguments.concat());
    assert_eq!((code, &*stderr), (Some(0), ""), "{stdout}");
    let poses = fs::read_to_string(folder.path().join("part.csv")).expect("a table");
    let times: Vec<&str> =
        poses.lines().skip(1).map(|line| line.split(',').next().unwrap_or_default()).collect();
    assert_eq!(times.len(), 15);
    assert_eq!((times[0], times[14]), ("1.000000", "2.400000"));
    assert_eq!(names(folder.path()), ["part.csv", "session.db"]);
}

#[test]
fn what_is_wrong_is_said_and_leaves_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    record(folder.path());
    fs::write(folder.path().join("mine.csv"), "mine").expect("a file");
    let csv = ["session.db", "--format", "csv"];
    for (arguments, code, said) in [
        (&["--user", "S09"][..], 1, "no user \"S09\"; it has S01"),
        (&["--output", "mine.csv"], 1, "mine.csv exists already"),
        (&["--from", "3", "--to", "2"], 1, "--from has to be before --to"),
        (&["--from", "yesterday"], 2, "yesterday"),
        (&["--rate", "0"], 2, "from 0.1 to 1000"),
        (&["--layout", "tall"], 2, "original"),
    ] {
        let (found, stdout, stderr) = run(folder.path(), &[&csv, arguments].concat());
        assert!(stderr.contains(said), "{arguments:?}: {stderr}");
        assert_eq!((found, &*stdout), (Some(code), ""), "{arguments:?}");
    }
    assert_eq!(names(folder.path()), ["mine.csv", "session.db"]);
}

/// An interrupt comes while the export waits for a writer that holds the recording.
#[cfg(target_os = "linux")]
#[test]
fn an_interrupt_leaves_nothing() {
    use rustix::process::{Pid, Signal, kill_process};
    use std::time::{Duration, Instant};

    let folder = tempfile::tempdir().expect("a folder");
    let file = record(folder.path());
    let writer = rusqlite::Connection::open(file).expect("a database");
    writer.execute_batch("BEGIN EXCLUSIVE").expect("a lock");
    let mut command = export(folder.path(), &["session.db", "--format", "csv"]);
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("a program");
    let start = Instant::now();
    // SIGINT is signal 2, the second bit.
    while caught_signals(child.id()) & 2 == 0 {
        assert!(start.elapsed() < Duration::from_secs(10), "it never listens for an interrupt");
        std::thread::yield_now();
    }
    kill_process(Pid::from_child(&child), Signal::INT).expect("a process");
    writer.execute_batch("ROLLBACK").expect("no lock");
    let Output { status, stdout, stderr } = child.wait_with_output().expect("an end");
    let stderr = String::from_utf8_lossy(&stderr);
    assert_eq!((status.code(), &*stderr), (Some(1), "vrlobby: stopped; nothing was written\n"));
    assert!(stdout.is_empty());
    assert_eq!(names(folder.path()), ["session.db"]);
}

/// The signals for which a process has a handler, as a mask.
#[cfg(target_os = "linux")]
fn caught_signals(process: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigCgt:"));
    u64::from_str_radix(mask.unwrap_or("0").trim(), 16).unwrap_or(0)
}

#[cfg(unix)]
#[test]
fn a_terminal_shows_the_progress() {
    use portable_pty::{CommandBuilder, PtySize, native_pty_system};

    let folder = tempfile::tempdir().expect("a folder");
    record(folder.path());
    let size = PtySize { rows: 24, cols: 80, pixel_width: 0, pixel_height: 0 };
    let pair = native_pty_system().openpty(size).expect("a pseudo-terminal");
    let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_vrlobby"));
    command.env("TERM", "xterm-256color");
    command.cwd(folder.path());
    command.args(["export", "session.db", "--format", "csv"]);
    let mut child = pair.slave.spawn_command(command).expect("the program");
    drop(pair.slave);
    let mut shown = Vec::new();
    // A terminal whose last program ended reads as an error on Linux.
    let _ = pair.master.try_clone_reader().expect("a reader").read_to_end(&mut shown);
    assert!(child.wait().expect("an end").success());
    let shown = String::from_utf8_lossy(&shown);
    assert!(shown.contains("% of 500 poses"), "{shown:?}");
}
