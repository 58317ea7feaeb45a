//! What a recording keeps of people, as the operator says.

use vrlobby::model::{Consent, Privacy, RecordingFields};
use vrlobby::operator::{Command, OperatorError};

use super::reader::{Db, recorded, running};
use crate::support::client::Client;
use crate::support::said::Said;
use crate::support::{request, say, stand};

fn consent(user: &str, consent: bool) -> Command {
    Command::SetConsent { user: user.into(), consent }
}

fn subject(user: &str, subject: &str) -> Command {
    Command::SetSubject { user: user.into(), subject: subject.into() }
}

/// Waits until the server has carried out all that a client has sent.
async fn is_heard(client: &mut Client) {
    client.send(r#"{"system":"ping"}"#).await;
    while !matches!(client.said().await, Said::Answer(_)) {}
}

#[tokio::test]
async fn the_operator_decides_about_people_while_it_records() {
    let privacy =
        Privacy { consent: Consent::Given(vec!["Adalbert".into()]), ..Privacy::default() };
    let (hall, folder, file) = recorded(RecordingFields { privacy, ..RecordingFields::default() });
    let [mut adalbert, mut bernadette] = hall.people(["adalbert", "bernadette"]).await;
    for client in [&mut adalbert, &mut bernadette] {
        client.send(&stand("lobby", 1.0)).await;
        is_heard(client).await;
    }
    hall.execute(consent("BERNADETTE", true)).await.expect("consent");
    bernadette.send(&stand("lobby", 2.0)).await;
    bernadette.send(&say("lobby", "I may")).await;
    loop {
        if let Said::Event(event) = bernadette.said().await
            && !event.is_tick()
        {
            break;
        }
    }
    hall.execute(consent("bernadette", false)).await.expect("consent");
    bernadette.send(&stand("lobby", 3.0)).await;
    is_heard(&mut bernadette).await;
    hall.execute(subject("adalbert", "P 7")).await.expect("a subject");
    for (user, wrong) in [("bernadette", "P 7"), ("bernadette", ""), ("x\u{200b}", "P 8")] {
        let error = hall.execute(subject(user, wrong)).await.expect_err("no subject");
        assert!(matches!(error, OperatorError::Recording(_)), "{error}");
    }
    let kick = Command::Kick { user: "ADALBERT".into(), reason: Some("enough".into()) };
    hall.execute(kick).await.expect("a kick");
    let seen = hall
        .seen("people in the snapshot", |snapshot| {
            running(&snapshot.recording).is_some_and(|progress| {
                progress.people.iter().any(|person| person.subject == "P 7")
            })
        })
        .await;
    let people = &running(&seen.recording).expect("a recording").people;
    let shown: Vec<_> = people.iter().map(|person| (&*person.user, person.consent)).collect();
    assert_eq!(shown, [("adalbert", true), ("bernadette", false)]);
    hall.stop();
    hall.stopped().await;

    let db = Db::open(&file);
    let poses = db.rows("SELECT user, pos_x FROM poses ORDER BY id", |row| {
        Ok((row.get::<_, String>(0)?, row.get::<_, f64>(1)?))
    });
    assert_eq!(poses, [("P 7".to_owned(), 1.0), ("S02".to_owned(), 2.0)]);
    let left_out: Vec<i64> = db.column("SELECT count FROM left_out WHERE what = 'poses'");
    assert_eq!(left_out, [2]);
    let stays = "SELECT count(*) FROM stays WHERE user = 'S02' AND \"left\" > joined";
    assert_eq!(db.one::<i64>(stays), 1);
    let operated: Vec<String> = db.column("SELECT data FROM events WHERE kind = 'operated'");
    assert_eq!(operated, ["kicked P 7: enough"]);
    let bytes = std::fs::read(&file).expect("a file");
    let text = String::from_utf8_lossy(&bytes).to_lowercase();
    for secret in ["adalbert", "bernadette", "127.0.0.1"] {
        assert!(!text.contains(secret), "{secret}");
    }
    let key = std::fs::read_to_string(folder.path().join("session.key.csv")).expect("a key");
    assert!(key.contains("\nP 7,adalbert,127.0.0.1,20") && key.contains("\nS02,bernadette,"));
}

#[tokio::test]
async fn without_chat_only_markers_are_kept() {
    let privacy = Privacy { chat: false, names: true, ..Privacy::default() };
    let (hall, folder, file) = recorded(RecordingFields { privacy, ..RecordingFields::default() });
    let [mut ada] = hall.people(["ada"]).await;
    for message in [say("lobby", "secret"), request("lobby", "marker", r#""seen""#)] {
        ada.send(&message).await;
        ada.event().await;
    }
    hall.stop();
    hall.stopped().await;
    let db = Db::open(&file);
    assert_eq!(db.column::<String>("SELECT data FROM events WHERE kind = 'said'"), [r#""seen""#]);
    assert_eq!(db.column::<String>("SELECT label FROM markers"), ["seen"]);
    assert_eq!(db.one::<i64>("SELECT count FROM left_out WHERE what = 'messages'"), 1);
    assert_eq!(db.one::<String>("SELECT name FROM person"), "ada");
    assert_eq!(folder.path().read_dir().expect("a folder").count(), 1, "a key");
}

#[tokio::test]
async fn a_recording_that_does_not_run_can_not_be_changed() {
    let hall = crate::support::hall::Hall::start();
    for command in [consent("ada", true), subject("ada", "P07")] {
        assert_eq!(hall.execute(command).await, Err(OperatorError::NotRecording));
    }
}
