//! What a session leaves behind.

use vrlobby::model::{MarkPhase, RecordingFields};
use vrlobby::operator::{Command, OperatorError, RecordingStatus};

use super::reader::{Db, names_in, record, recorded, running};
use crate::support::client::Client;
use crate::support::hall::Hall;
use crate::support::said::Said;
use crate::support::{join, leave, request, say, stand};

/// Numbers that 32 bits, six digits or two conversions would change.
const X: [f64; 6] = [0.1, -1.0 / 3.0, 1e-300, 123_456_789.123_456_78, -1e9, 5e-324];

fn transform(n: usize, who: usize) -> (String, [f64; 6], Option<f64>) {
    let numbers: [f64; 6] = std::array::from_fn(|axis| {
        let x = X[(n + axis) % X.len()];
        if axis == 5 { n as f64 } else { x }
    });
    let time = (who == 0).then_some(n as f64 / 72.0 + 1e6);
    let [px, py, pz, rx, ry, rz] = numbers;
    let time_json = time.map(|time| format!(r#","time":{time:?}"#)).unwrap_or_default();
    let data = format!(
        r#"{{"pos":{{"x":{px:?},"y":{py:?},"z":{pz:?}}},"rot":{{"x":{rx:?},"y":{ry:?},"z":{rz:?}}}{time_json}}}"#
    );
    (request("lobby", "transform", &data), numbers, time)
}

/// Has everything that was sent handled, and reads away what came meanwhile.
async fn settle(client: &mut Client) {
    client.send(r#"{"system":"help"}"#).await;
    loop {
        if let Said::Answer(answer) = client.said().await
            && answer.code == 214
        {
            return;
        }
    }
}

#[tokio::test]
async fn a_session_is_in_one_file_to_the_last_pose() {
    let fields = RecordingFields {
        study: "Presence".into(),
        other: [("light".into(), "dim, warm".into())].into(),
        ..RecordingFields::default()
    };
    let (hall, folder, file) = recorded(fields);
    let [mut ada, mut bea] = hall.people(["ada", "bea"]).await;
    ada.send(&join("atrium")).await;
    let mut sent = [Vec::new(), Vec::new()];
    for n in 0..300 {
        for (who, client) in [&mut ada, &mut bea].into_iter().enumerate() {
            let (message, numbers, time) = transform(n, who);
            client.send(&message).await;
            sent[who].push((numbers, time));
        }
    }
    settle(&mut ada).await;
    settle(&mut bea).await;
    ada.send(&say("lobby", "Hello, \"bea\"\n你好")).await;
    bea.send(&request("lobby", "door", r#"{"open":true,"by":1.50}"#)).await;
    ada.send(&request("lobby", "marker", r#"{"label":"trial 1","phase":"begin"}"#)).await;
    ada.send(&request("lobby", "marker", r#"{"label":"trial 1","phase":"end"}"#)).await;
    ada.send(&request("vault", "msg", "1")).await;
    ada.send("{").await;
    ada.send(r#"{"system":"ping","options":{"time":5000.25}}"#).await;
    settle(&mut bea).await;
    settle(&mut ada).await;
    hall.execute(Command::SetFps { room: None, fps: Some(29.97) }).await.expect("a rate");
    let label = "calibrated".to_owned();
    hall.execute(Command::Mark { label, phase: MarkPhase::Instant }).await.expect("a mark");
    ada.send(&leave("atrium")).await;
    settle(&mut ada).await;
    ada.wire.close(1000).await;
    while !matches!(bea.said().await, Said::Event(event) if event.entries[0].kind == "leave") {}
    hall.stop();
    hall.stopped().await;

    assert_eq!(names_in(folder.path()), ["session.db", "session.key.csv"]);
    let db = Db::open(&file);
    assert_eq!(db.ending().as_deref(), Some("whole"));
    for (who, sent) in sent.iter().enumerate() {
        let subject = ["S01", "S02"][who];
        let received =
            db.rows(&format!("SELECT * FROM poses WHERE user = '{subject}' ORDER BY id"), |row| {
                let number = |name| row.get::<_, f64>(name);
                let numbers = [
                    number("pos_x")?,
                    number("pos_y")?,
                    number("pos_z")?,
                    number("rot_x")?,
                    number("rot_y")?,
                    number("rot_z")?,
                ];
                Ok((numbers, row.get::<_, Option<f64>>("client_time")?))
            });
        assert_eq!(received, *sent, "{subject}");
    }
    assert_eq!(db.one::<i64>("SELECT count(*) FROM poses"), 600);
    let times: Vec<i64> = db.column("SELECT time_us FROM poses ORDER BY id");
    assert!(times.is_sorted());
    let stays = db.rows("SELECT user, room, \"left\" IS NULL FROM stays ORDER BY member", |row| {
        Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?, row.get::<_, bool>(2)?))
    });
    let stay = |user: &str, room: &str, lasts| (user.to_owned(), room.to_owned(), lasts);
    assert_eq!(
        stays,
        [stay("S01", "lobby", false), stay("S02", "lobby", true), stay("S01", "atrium", false)]
    );
    let said: Vec<String> = db.column("SELECT data FROM events WHERE kind = 'said' ORDER BY id");
    assert_eq!(said.len(), 4);
    assert_eq!(
        serde_json::from_str::<String>(&db.one::<String>("SELECT data FROM chat")).expect("text"),
        "Hello, \"bea\"\n你好"
    );
    assert!(said.contains(&r#"{"open":true,"by":1.50}"#.to_owned()), "{said:?}");
    let codes: Vec<i64> = db.column("SELECT code FROM events WHERE kind = 'refused' ORDER BY id");
    assert_eq!(codes, [401, 406]);
    let fps: Vec<String> = db.column("SELECT data FROM events WHERE kind = 'fps' ORDER BY id");
    assert_eq!(fps, ["60", "29.97"]);
    let markers = db.rows("SELECT label, user, end_time > time FROM markers ORDER BY id", |row| {
        Ok((
            row.get::<_, String>(0)?,
            row.get::<_, Option<String>>(1)?,
            row.get::<_, Option<bool>>(2)?,
        ))
    });
    assert_eq!(
        markers,
        [
            ("trial 1".to_owned(), Some("S01".to_owned()), Some(true)),
            ("calibrated".to_owned(), None, None)
        ]
    );
    assert_eq!(db.one::<f64>("SELECT client_time FROM probes"), 5000.25);
    let about =
        |key: &str| db.one::<String>(&format!("SELECT value FROM meta WHERE key = '{key}'"));
    assert_eq!((about("study"), about("field.light")), ("Presence".into(), "dim, warm".into()));
    assert_eq!(about("lost"), "0");
}

#[tokio::test]
async fn it_starts_and_stops_while_people_are_there() {
    let hall = Hall::start();
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("session.db");
    let [mut ada, mut bea] = hall.people(["ada", "bea"]).await;
    for n in 0..10 {
        ada.send(&stand("lobby", f64::from(n))).await;
    }
    settle(&mut ada).await;
    assert_eq!(hall.execute(Command::StopRecording).await, Err(OperatorError::NotRecording));
    let done = hall.execute(record(&file)).await.expect("a recording");
    assert_eq!(done.users, 2);
    assert!(done.message.starts_with(&format!("recording into {}", file.display())), "{done:?}");
    // Confirmed is what is on disk.
    assert_eq!(Db::open(&file).one::<i64>("SELECT count(*) FROM stays"), 2);
    for n in 10..30 {
        ada.send(&stand("lobby", f64::from(n))).await;
        bea.send(&say("lobby", &n.to_string())).await;
    }
    settle(&mut ada).await;
    settle(&mut bea).await;
    let error = hall.execute(record(&file)).await.expect_err("one at a time");
    assert_eq!(error, OperatorError::RecordingRuns(file.clone()));
    let seen = hall
        .seen("poses in the snapshot", |snapshot| {
            running(&snapshot.recording).is_some_and(|progress| progress.poses == 20)
        })
        .await;
    let progress = running(&seen.recording).expect("a recording that runs");
    assert_eq!((progress.file.as_path(), progress.lost), (file.as_path(), 0));
    assert!(progress.bytes > 4096 && progress.events >= 20, "{progress:?}");
    let people: Vec<_> =
        progress.people.iter().map(|person| (&*person.user, &*person.subject)).collect();
    assert_eq!(people, [("ada", "S01"), ("bea", "S02")]);
    // What was answered before STOP is in it, and what comes after is not.
    ada.send(&stand("lobby", 30.0)).await;
    settle(&mut ada).await;
    hall.execute(Command::StopRecording).await.expect("an end");
    ada.send(&stand("lobby", 31.0)).await;
    settle(&mut ada).await;
    assert_eq!(names_in(folder.path()), ["session.db", "session.key.csv"]);
    let db = Db::open(&file);
    let xs: Vec<f64> = db.column("SELECT pos_x FROM poses ORDER BY id");
    assert_eq!(xs, (10..=30).map(f64::from).collect::<Vec<_>>());
    assert_eq!(db.one::<i64>("SELECT count(*) FROM chat"), 20);
    assert_eq!(db.ending().as_deref(), Some("whole"));
    hall.seen("the end in the snapshot", |snapshot| {
        matches!(&snapshot.recording, RecordingStatus::Ended { early: None, .. })
    })
    .await;
    // A file is never overwritten; a folder gives a name with the date.
    let error = hall.execute(record(&file)).await.expect_err("a file that is there");
    assert!(error.to_string().contains("exists already"), "{error}");
    let error = hall.execute(record(&folder.path().join("no/x.db"))).await.expect_err("no folder");
    assert!(error.to_string().contains("there is no folder"), "{error}");
    hall.execute(record(folder.path())).await.expect("another recording");
    let names = names_in(folder.path());
    assert!(names.iter().any(|name| name.starts_with("vrlobby-20") && name.ends_with(".db")));
    // A recording that runs is completed by the server's end.
    hall.stop();
    hall.stopped().await;
    let dated = names.iter().find(|name| name.starts_with("vrlobby-20") && name.ends_with(".db"));
    let dated = Db::open(&folder.path().join(dated.expect("a name")));
    assert_eq!(dated.ending().as_deref(), Some("whole"));
    assert_eq!(names_in(folder.path()).len(), 4);
}

#[tokio::test]
async fn it_can_be_read_while_it_is_written() {
    let (hall, _folder, file) = recorded(RecordingFields::default());
    let [mut ada] = hall.people(["ada"]).await;
    let db = Db::open(&file);
    let mut poses = 0;
    for n in 0..50 {
        ada.send(&stand("lobby", f64::from(n))).await;
        settle(&mut ada).await;
        let now: i64 = db.one("SELECT count(*) FROM poses");
        assert!(now >= poses);
        poses = now;
    }
    crate::support::within("the poses on disk", async {
        while db.one::<i64>("SELECT count(*) FROM poses") < 50 {
            settle(&mut ada).await;
        }
    })
    .await;
    assert_eq!(db.ending(), None);
    drop(db);
    hall.stop();
    hall.stopped().await;
    assert_eq!(Db::open(&file).ending().as_deref(), Some("whole"));
}
