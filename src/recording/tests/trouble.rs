//! Losses, full disks, and files that are gone.

use rusqlite::Connection;

use super::*;
use crate::archive::Writer;

fn ended_early((status, _): (RecordingStatus, Option<Writer>)) -> (RecordingProgress, String) {
    match status {
        RecordingStatus::Ended { progress, early: Some(early) } => (progress, early),
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_is_lost_is_counted_where_it_is_missing() {
    let mut stage = Stage::set(RecordingFields::default(), &["ada", "bea"], 4);
    stage.moved(100, 1, 0.0);
    stage.tell(200, EventKind::Lost { count: 7 });
    // Lost was that bea left, and that cy came; ada has joined another room.
    stage.moved(300, 3, 0.0);
    stage.moved(301, 1, 0.0);
    let full = LobbyEvent { time: at(302), kind: EventKind::Lost { count: 1 } };
    assert!(stage.events.try_send(full).is_err(), "the queue is bounded");
    stage.step();
    let mut now = present(&["ada", "cy"]);
    now.users[1].session = session(3);
    now.users[0].rooms.push(room("atrium"));
    now.rooms.push(PresentRoom { name: room("atrium"), own_fps: Some(30.0) });
    stage.tell(400, EventKind::Present(Arc::new(now.clone())));
    stage.moved(500, 3, 0.0);
    // Told again, nothing new.
    stage.tell(600, EventKind::Present(Arc::new(now)));
    let (read, progress, _) = stage.stop();
    assert_eq!(
        read.stays(),
        [("S01", 0, None), ("S02", 0, Some(400)), ("S01", 400, None), ("S03", 400, None)]
    );
    assert_eq!(read.poses.iter().map(|row| row.time).collect::<Vec<_>>(), [100, 301, 500]);
    let lost: Vec<_> = read.of_kind(Kind::Lost).iter().map(|row| (row.time, row.count)).collect();
    assert_eq!(lost, [(200, Some(7)), (301, Some(1))]);
    assert_eq!((read.about().lost, progress.lost), (8, 8));
    let opened = read.of_kind(Kind::RoomOpened);
    assert_eq!(opened.len(), 2);
}

#[test]
fn a_full_disk_ends_it_with_what_was_committed_and_the_reason() {
    let mut stage = Stage::with(&["ada"]);
    for n in 0..100 {
        stage.moved(n, 1, n as f64);
    }
    stage.step();
    let pages = stage.progress().bytes / 4096 + 4;
    stage.running.writer().limit_pages(pages as u32);
    let failure = (1..200)
        .find_map(|round| {
            (0..100).for_each(|n| stage.moved(round * 1000 + n, 1, n as f64));
            stage.running.step(&stage.clock).err()
        })
        .expect("a full disk");
    let (progress, early) = ended_early(stage.running.end_early(&failure));
    assert!(early.contains("full"), "{early}");
    assert!(stage.events.is_closed(), "the hub is not told");
    let read = Read::of(&stage.file);
    assert_eq!(read.about().ending, Ending::Early(early));
    assert_eq!(read.poses.len() as u64 % 100, 0, "a transaction is whole or not there");
    assert!(read.poses.len() >= 100);
    assert_eq!(progress.poses, read.poses.len() as u64);
    let end = read.about().end;
    assert!(read.poses.last().unwrap().time <= end && at(end as u64) == progress.until);
    assert!(!stage.folder.path().join("session.db-wal").exists());
}

#[tokio::test(start_paused = true)]
async fn a_file_that_is_moved_is_told_so_and_one_that_took_its_name_is_not() {
    let mut stage = Stage::with(&["ada"]);
    stage.moved(100, 1, 1.0);
    stage.step();
    let moved = stage.folder.path().join("moved.db");
    std::fs::rename(&stage.file, &moved).unwrap();
    std::fs::write(&stage.file, "another's").unwrap();
    stage.moved(200, 1, 2.0);
    stage.step();
    tokio::time::advance(Duration::from_secs(1)).await;
    let failure = stage.running.step(&stage.clock).unwrap_err();
    assert!(matches!(failure, Failure::Gone(_)), "{failure:?}");
    let (_, early) = ended_early(stage.running.end_early(&failure));
    assert!(early.contains("session.db was removed, moved or replaced"), "{early}");
    assert_eq!(std::fs::read(&stage.file).unwrap(), b"another's");
    std::fs::remove_file(stage.folder.path().join("session.db-wal")).unwrap();
    let read = Read::of(&moved);
    assert_eq!(read.about().ending, Ending::Early(early));
    assert_eq!(read.poses.len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_file_that_is_removed_leaves_no_log() {
    let mut stage = Stage::with(&["ada"]);
    stage.step();
    std::fs::remove_file(&stage.file).unwrap();
    tokio::time::advance(Duration::from_secs(1)).await;
    let failure = stage.running.step(&stage.clock).unwrap_err();
    ended_early(stage.running.end_early(&failure));
    let left = stage.folder.path().read_dir().unwrap().map(|entry| entry.unwrap().file_name());
    assert_eq!(left.collect::<Vec<_>>(), ["session.key.csv"]);
}

#[test]
fn readers_stop_nothing_and_writers_put_it_off() {
    let mut stage = Stage::with(&["ada"]);
    stage.moved(100, 1, 1.0);
    stage.step();
    let reader = Connection::open(&stage.file).unwrap();
    let count = "SELECT count(*) FROM poses";
    let count = |db: &Connection| db.query_row(count, [], |row| row.get::<_, i64>(0)).unwrap();
    reader.execute_batch("BEGIN").unwrap();
    assert_eq!(count(&reader), 1);
    stage.moved(200, 1, 2.0);
    stage.step();
    assert_eq!(count(&reader), 1, "a picture of one moment");

    stage.running.writer().roll_back();
    let writer = Connection::open(&stage.file).unwrap();
    writer.execute_batch("BEGIN IMMEDIATE").unwrap();
    stage.moved(300, 1, 3.0);
    assert_eq!(stage.running.step(&stage.clock).unwrap(), Left::More);
    let now = stage.clock.now();
    let held = stage.running.change(now, |_, _| Ok(())).unwrap_err();
    assert!(matches!(held, Failure::Held(_)), "{held}");
    writer.execute_batch("COMMIT").unwrap();
    stage.step();
    assert_eq!(count(&writer), 3);
    drop(writer);
    let (status, unmerged) = stage.running.finish();
    assert!(matches!(status, RecordingStatus::Ended { early: None, .. }), "{status:?}");
    let unmerged = unmerged.expect("a log that is being read");
    assert!(!unmerged.merge());
    assert_eq!(Read::of(&stage.file).poses.len(), 3);
    reader.execute_batch("COMMIT").unwrap();
    // It has the file open, but reads nothing.
    assert!(!unmerged.merge());
    let log = stage.folder.path().join("session.db-wal");
    assert_eq!(log.metadata().unwrap().len(), 0);
    drop(reader);
    assert!(unmerged.merge());
    assert!(!log.exists());
    assert_eq!(Read::of(&stage.file).poses.len(), 3);
}

#[test]
fn what_can_not_begin_leaves_nothing_behind() {
    let folder = tempfile::tempdir().unwrap();
    let begin = |path: &std::path::Path| {
        let opening = Opening {
            path,
            fields: RecordingFields::default(),
            present: &Present::default(),
            start: START,
            events: mpsc::channel(1).1,
        };
        Running::begin(opening)
    };
    let file = folder.path().join("session.db");
    std::fs::write(folder.path().join("session.reserve"), "").unwrap();
    let error = begin(&file).unwrap_err().to_string();
    assert!(error.contains("session.db"), "{error}");
    assert_eq!(folder.path().read_dir().unwrap().count(), 1);
    std::fs::remove_file(folder.path().join("session.reserve")).unwrap();
    let running = begin(&file).unwrap();
    let error = begin(&file).unwrap_err().to_string();
    assert!(error.contains("exists already"), "{error}");
    drop(running);
    assert!(Archive::open(&file).is_ok(), "the first one stands");
}
