//! Recordings that can't go on, or can't start: the session, or its end, is what it would be
//! without.

use std::process::Command as Program;

use rustix::process::Signal;
use vrlobby::model::RecordingFields;
use vrlobby::operator::RecordingStatus;
use vrlobby::{Server, ServerError};

use super::reader::{Db, names_in, recorded};
use crate::support::client::Client;
use crate::support::hall::LOOPBACK;
use crate::support::process::Process;
use crate::support::wire::Received;
use crate::support::{quoted, request, say, within};

#[tokio::test]
async fn a_file_that_is_removed_ends_the_recording_and_not_the_session() {
    let (hall, folder, file) = recorded(RecordingFields::default());
    let [mut ada] = hall.people(["ada"]).await;
    std::fs::remove_file(&file).expect("a file to remove");
    let seen = hall
        .seen("the early end", |snapshot| {
            matches!(snapshot.recording, RecordingStatus::Ended { .. })
        })
        .await;
    let RecordingStatus::Ended { early: Some(early), .. } = &seen.recording else {
        panic!("{:?}", seen.recording);
    };
    assert!(early.contains("session.db was removed"), "{early}");
    ada.send(&say("lobby", "still here")).await;
    ada.hears("lobby", "ada", "still here").await;
    assert_eq!(names_in(folder.path()), ["session.key.csv"]);
    hall.execute(super::reader::record(&folder.path().join("second.db"))).await.expect("another");
    hall.stop();
    hall.stopped().await;
    assert_eq!(Db::open(&folder.path().join("second.db")).ending().as_deref(), Some("whole"));
}

#[test]
fn a_server_that_can_not_record_does_not_start() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("session.db");
    std::fs::write(&file, "mine").expect("a file");
    let start = Server::builder().ip(LOOPBACK).port(0).record(&file).start();
    let error = start.expect_err("an error");
    assert!(matches!(error, ServerError::Recording(_)), "{error}");
    let output = Program::new(env!("CARGO_BIN_EXE_vrlobby"))
        .args(["--headless", "--ip=127.0.0.1", "--port=0", "--record"])
        .arg(&file)
        .output()
        .expect("a program");
    assert_eq!(output.status.code(), Some(1));
    let log = String::from_utf8_lossy(&output.stderr);
    assert!(log.contains("can't record: ") && log.contains("exists already"), "{log}");
    assert!(!log.contains("listening on"), "{log}");
    assert_eq!(std::fs::read(&file).expect("a file"), b"mine");
}

#[test]
fn a_signal_completes_the_recording() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().to_str().expect("text");
    let (process, stream) = Process::start(&["--record", path, "--study=Presence"]);
    process.signal(Signal::TERM);
    let (status, _, log) = process.end();
    assert_eq!(status.code(), Some(0), "{log}");
    drop(stream);
    let names = names_in(folder.path());
    let [name, key] = &names[..] else { panic!("{names:?}\n{log}") };
    assert!(name.starts_with("vrlobby-20") && key.ends_with(".key.csv"), "{names:?}");
    let db = Db::open(&folder.path().join(name));
    assert_eq!(db.ending().as_deref(), Some("whole"));
    assert_eq!(db.one::<String>("SELECT value FROM meta WHERE key = 'study'"), "Presence");
}

/// 10 MiB: the file may fill it, and then the log beside it.
#[cfg(target_os = "linux")]
const BLOCKS: u32 = 20 << 10;

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_disk_that_can_not_be_written_ends_the_recording_and_not_the_session() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("session.db");
    let path = file.to_str().expect("text").to_owned();
    let start = move || Process::start_limited(BLOCKS, &["--record", &path, "--log-level=info"]);
    let (process, _) = tokio::task::spawn_blocking(start).await.expect("a process");
    let mut ada = Client::connect_to(process.addr()).await;
    ada.enter("ada", "").await;
    let large = request("lobby", "button", &quoted(&"x".repeat(200 << 10)));
    let mut ending = None;
    // The file and its log are full after twice 10 MiB.
    for _ in 0..300 {
        ada.send(&large).await;
        assert!(matches!(within("the echo", ada.wire.next()).await, Received::Text(_)));
        ending = Db::open(&file).ending();
        if ending.is_some() {
            break;
        }
    }
    let ending = ending.expect("an early end");
    assert!(ending.contains("session.db: disk I/O error"), "{ending}");
    ada.send(&say("lobby", "still here")).await;
    ada.hears("lobby", "ada", "still here").await;
    process.signal(Signal::TERM);
    let (status, _, log) = tokio::task::spawn_blocking(|| process.end()).await.expect("an end");
    assert_eq!(status.code(), Some(0), "{log}");
    assert!(log.contains("ERROR THE RECORDING") && log.contains("HAS ENDED EARLY"), "{log}");
    let db = Db::open(&file);
    assert_eq!(db.one::<String>("PRAGMA integrity_check"), "ok");
    assert!(db.one::<i64>("SELECT count(*) FROM events WHERE type = 'button'") > 25);
}
