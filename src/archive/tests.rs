use rusqlite::Connection;

use super::sample::{self, LENGTH, POSES};
use super::*;

fn all_poses(archive: &Archive, selection: &Selection) -> Vec<PoseRow> {
    let mut cursor = archive.poses(selection).unwrap();
    let (mut all, mut rows) = (Vec::new(), Vec::new());
    while cursor.fill(archive, &mut rows).unwrap() {
        all.append(&mut rows);
    }
    all
}

#[test]
fn what_was_written_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let file = sample::whole(folder.path());
    let archive = Archive::open(&file).unwrap();
    let about = About { ending: Ending::Whole, end: LENGTH, lost: 17, ..sample::about() };
    assert_eq!(*archive.about(), about);
    let poses = all_poses(&archive, &Selection::default());
    assert_eq!(poses.len() as i64, POSES[0] + POSES[1]);
    assert!(poses.is_sorted_by_key(|row| row.time));
    for row in &poses {
        let person = archive.stays().iter().find(|stay| stay.id == row.member).unwrap().person;
        assert_eq!(row.pose, sample::pose(person, row.time));
        assert_eq!(row.client_time.is_some(), person == 1);
    }
    assert_eq!(archive.probes().unwrap().len(), 10);
    assert_eq!(archive.round_trips().unwrap().len(), 20);
    assert_eq!(archive.late_ticks().unwrap().len(), 1);
    assert_eq!(archive.markers(&Selection::default()).unwrap().len(), 3);
    assert_eq!(archive.left_out().unwrap()[0], LeftOut { what: "people".into(), count: 1 });
    assert!(!folder.path().join("sample.db-wal").exists());
    assert!(!folder.path().join("sample.db-shm").exists());
}

#[test]
fn a_selection_is_by_room_user_and_time() {
    let folder = tempfile::tempdir().unwrap();
    let archive = Archive::open(&sample::whole(folder.path())).unwrap();
    let count = |selection: &Selection| all_poses(&archive, selection).len() as i64;
    let user = |name: &str| Selection { user: Some(name.into()), ..Selection::default() };
    assert_eq!(count(&user("S01")), POSES[0]);
    assert_eq!(count(&user("S02")), POSES[1]);
    let room = |name: &str| Selection { room: Some(name.into()), ..Selection::default() };
    assert_eq!((count(&room("lobby")), count(&room("atrium"))), (0, POSES[0] + POSES[1]));
    for (from, until) in
        [(0, 1), (2000, 2001), (3_999_999, 5_400_001), (0, LENGTH), (LENGTH, LENGTH)]
    {
        let selection = Selection { from: Some(from), until: Some(until), ..Selection::default() };
        let expected = all_poses(&archive, &Selection::default());
        let expected = expected.into_iter().filter(|row| selection.covers(row.time));
        assert_eq!(count(&selection), expected.count() as i64, "{from} {until}");
    }
    let error = archive.poses(&user("S07")).unwrap_err().to_string();
    assert!(error.contains("no user \"S07\"; it has S01, S02"), "{error}");
    let mut kinds = Vec::new();
    archive
        .for_each_event(&user("S02"), |event| {
            kinds.push(event.kind);
            Ok::<_, ArchiveError>(())
        })
        .unwrap();
    // The rate, the loss and the operator's action concern everyone.
    assert!(kinds.contains(&EventKind::Fps) && kinds.contains(&EventKind::Lost));
    assert_eq!(kinds.iter().filter(|kind| **kind == EventKind::Said).count(), 1);
}

#[test]
fn it_can_be_read_while_it_is_written_and_after_an_interruption() {
    let folder = tempfile::tempdir().unwrap();
    let (writer, file) = sample::begin(folder.path(), "live.db");
    let archive = Archive::open(&file).unwrap();
    assert_eq!(archive.about().ending, Ending::Interrupted);
    assert_eq!(archive.about().end, LENGTH);
    assert_eq!(all_poses(&archive, &Selection::default()).len() as i64, POSES[0] + POSES[1]);
    drop(archive);
    // As after a crash: the log stays beside the file.
    let copy = tempfile::tempdir().unwrap();
    for name in ["live.db", "live.db-wal"] {
        std::fs::copy(folder.path().join(name), copy.path().join(name)).unwrap();
    }
    writer.finish(LENGTH, Some("the disk is full")).unwrap();
    let archive = Archive::open(&copy.path().join("live.db")).unwrap();
    assert_eq!(archive.about().ending, Ending::Interrupted);
    let archive = Archive::open(&file).unwrap();
    assert_eq!(archive.about().ending, Ending::Early("the disk is full".into()));
}

#[test]
fn a_change_that_was_interrupted_is_undone_for_readers() {
    let (folder, copy) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let db = Connection::open(sample::whole(folder.path())).unwrap();
    // Too much for the cache: a part of the change is in the file before its end.
    db.execute_batch("PRAGMA cache_size=2; BEGIN; UPDATE pose SET pos_x = 99.5").unwrap();
    let (file, journal) = (copy.path().join("sample.db"), copy.path().join("sample.db-journal"));
    std::fs::copy(folder.path().join("sample.db"), &file).unwrap();
    std::fs::copy(folder.path().join("sample.db-journal"), &journal).unwrap();
    let bytes = std::fs::read(&file).unwrap();
    assert!(bytes.windows(8).any(|bytes| bytes == 99.5f64.to_be_bytes()), "nothing to undo");
    let archive = Archive::open(&file).unwrap();
    let poses = all_poses(&archive, &Selection::default());
    assert!(poses.iter().all(|row| row.pose.pos[0].abs() <= 1.0));
    assert!(!journal.exists());
}

#[test]
fn views_answer_one_select() {
    let folder = tempfile::tempdir().unwrap();
    let db = Connection::open(sample::whole(folder.path())).unwrap();
    let one = |sql: &str| db.query_row(sql, [], |row| row.get::<_, f64>(0)).unwrap();
    assert_eq!(one("SELECT count(*) FROM poses WHERE user = 'S02' AND room = 'atrium'"), 430.0);
    assert!(one("SELECT min(unix_time) - 1763000000.002042 FROM poses").abs() < 1e-6);
    assert_eq!(one("SELECT count(*) FROM chat"), 1.0);
    assert_eq!(one("SELECT end_time - time FROM markers WHERE label = 'trial 1'"), 4.0);
    assert_eq!(one("SELECT count(*) FROM stays WHERE \"left\" IS NULL"), 3.0);
    assert_eq!(one("SELECT count(*) FROM probes"), 10.0);
    assert_eq!(one("SELECT max(round_trip) FROM round_trips"), 0.0023);
    for view in ["poses", "events"] {
        let plan: Vec<String> = db
            .prepare(&format!("EXPLAIN QUERY PLAN SELECT * FROM {view}"))
            .unwrap()
            .query_map([], |row| row.get(3))
            .unwrap()
            .map(Result::unwrap)
            .collect();
        // In the order of time, without sorting.
        assert!(plan[0].starts_with("SCAN"), "{plan:?}");
        assert!(plan.iter().all(|step| !step.contains("TEMP B-TREE")), "{plan:?}");
    }
}

#[test]
fn what_is_no_recording_is_refused_with_the_reason() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let error = |name: &str| Archive::open(&path(name)).unwrap_err().to_string();
    std::fs::write(path("empty"), "").unwrap();
    std::fs::write(path("text"), "time;user\n").unwrap();
    Connection::open(path("other")).unwrap().execute_batch("CREATE TABLE t(x)").unwrap();
    let newer = sample::whole(folder.path());
    Connection::open(&newer).unwrap().execute_batch("PRAGMA user_version=99").unwrap();
    assert!(error("nothing").contains("nothing: "));
    assert!(error("empty").contains("empty"));
    assert!(error("text").contains("it is no SQLite database"));
    assert!(error("other").contains("another program's"));
    assert!(error("sample.db").contains("version 99"));
    let half = std::fs::read(&newer).unwrap();
    std::fs::write(path("half"), &half[..half.len() / 2]).unwrap();
    assert!(Archive::open(&path("half")).is_err());
}

#[test]
fn a_recording_never_overwrites_a_file() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("mine.db"), "mine").unwrap();
    let error = Writer::create(&folder.path().join("mine.db"), &sample::about()).unwrap_err();
    assert!(matches!(error, ArchiveError::Exists(_)), "{error}");
    assert_eq!(std::fs::read(folder.path().join("mine.db")).unwrap(), b"mine");
}
