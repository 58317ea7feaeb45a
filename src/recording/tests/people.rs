//! Pseudonyms, consent, and what is left out.

use super::*;
use crate::model::{Consent, Privacy};

fn keeping(privacy: Privacy) -> RecordingFields {
    RecordingFields { privacy, ..RecordingFields::default() }
}

fn given(users: &[&str]) -> Privacy {
    let users = users.iter().map(|user| (*user).to_owned()).collect();
    Privacy { consent: Consent::Given(users), ..Privacy::default() }
}

impl Stage {
    fn consent(&mut self, micros: u64, name: &str, consent: bool) {
        self.running.catch_up(at(micros), &self.clock).unwrap();
        self.running
            .change(at(micros), |scribe, to| {
                scribe.set_consent(&user(name), consent, at(micros), to)
            })
            .unwrap();
    }

    fn subject(&mut self, name: &str, subject: &str) -> bool {
        self.step();
        let now = self.clock.now();
        let set =
            self.running.change(now, |scribe, to| scribe.set_subject(&user(name), subject, to));
        set.unwrap().is_ok()
    }

    fn operated(&mut self, micros: u64, action: &str) {
        self.tell(micros, EventKind::Operated { action: action.into() });
    }
}

/// Everything that is written, as text.
fn bytes_of(folder: &TempDir, names: &[&str]) -> String {
    let bytes = names.iter().flat_map(|name| std::fs::read(folder.path().join(name)).unwrap());
    String::from_utf8_lossy(&bytes.collect::<Vec<_>>()).to_lowercase()
}

#[test]
fn nobody_is_named_in_the_recording_but_in_its_key() {
    let mut stage = Stage::with(&["Adalbert"]);
    stage.come(100, 2, "Zoë, the 2nd");
    stage.tell(
        200,
        EventKind::TookOver { user: user("adalbert"), old: session(1), new: session(3) },
    );
    stage.operated(300, "kicked ADALBERT: too close to zoë,  the 2nd");
    let label = "\"Adalbert\"'s turn";
    stage.tell(400, EventKind::Marked { label: label.into(), phase: MarkPhase::Begin });
    stage.operated(400, &format!("marked {label:?} begins"));
    let reason: Arc<str> = "you are not in the room \"adalbert\"".into();
    let code = Code::Unauthorized;
    stage.tell(500, EventKind::Refused { session: session(2), code, reason, count: 1 });
    stage.moved(600, 2, 0.0);
    stage.step();
    // While it is written, and at the end.
    let live = bytes_of(&stage.folder, &["session.db", "session.db-wal"]);
    let (read, progress, folder) = stage.stop();
    for text in [live, bytes_of(&folder, &["session.db"])] {
        assert!(text.contains("s01"), "there is something to find");
        for secret in ["adalbert", "zoë", "zoe", "10.77."] {
            assert!(!text.contains(secret), "{secret}");
        }
    }
    let operated = read.of_kind(Kind::Operated);
    assert_eq!(operated[0].data.as_deref(), Some("kicked S01: too close to S02"));
    assert_eq!(operated[1].data.as_deref(), Some("marked \"\\\"S01\\\"'s turn\" begins"));
    // The operator ends it by the words that began it.
    assert_eq!(progress.open_intervals, [label]);
    let markers = read.archive.markers(&Selection::default()).unwrap();
    assert_eq!(markers[0].label, "\"S01\"'s turn");
    let key = bytes_of(&folder, &["session.key.csv"]);
    let lines: Vec<_> = key.lines().collect();
    assert_eq!(lines.len(), 3, "{key}");
    assert!(lines[1].starts_with("s01,adalbert,10.77.0.1,2025-11-1"), "{key}");
    assert!(lines[2].starts_with("s02,\"zoë, the 2nd\",10.77.0.2,2025-11-1"), "{key}");
    #[cfg(unix)]
    for name in ["session.db", "session.key.csv"] {
        use std::os::unix::fs::PermissionsExt;
        let mode = folder.path().join(name).metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }
}

#[test]
fn with_names_there_is_no_key() {
    let privacy = Privacy { names: true, ..Privacy::default() };
    let mut stage = Stage::set(keeping(privacy), &["Ada"], QUEUE);
    stage.operated(100, "kicked Ada");
    let (read, _, folder) = stage.stop();
    assert_eq!(read.archive.people()[0].name.as_deref(), Some("Ada"));
    assert_eq!(read.of_kind(Kind::LoggedIn)[0].data.as_deref(), Some("10.77.0.1"));
    assert_eq!(read.of_kind(Kind::Operated)[0].data.as_deref(), Some("kicked Ada"));
    assert_eq!(folder.path().read_dir().unwrap().count(), 1);
}

#[test]
fn those_who_have_not_consented_are_counted_and_not_stored() {
    let privacy = Privacy { names: true, ..given(&["ADA"]) };
    let mut stage = Stage::set(keeping(privacy), &["ada", "bernadette"], QUEUE);
    for n in 0..10 {
        stage.moved(100 + n, 1 + n % 2, 0.0);
    }
    stage.say(200, Some(2), "msg", r#""hi""#);
    stage.say(201, Some(2), "marker", r#""mine""#);
    let reason: Arc<str> = "no".into();
    for (place, count) in [(2, 4), (1, 1), (5, 2)] {
        let (session, reason) = (session(place), reason.clone());
        stage.tell(300, EventKind::Refused { session, code: Code::BadRequest, reason, count });
    }
    let probe = ClockProbe { client: 1.0, received: at(400), sent: at(400) };
    stage.tell(400, EventKind::Probed { session: session(2), probe });
    stage.operated(500, "kicked Bernadette");
    stage.go(600, 2, "bernadette");
    let (read, progress, folder) = stage.stop();
    assert_eq!((read.poses.len(), progress.poses), (5, 5));
    assert_eq!(read.stays(), [("S01", 0, None)]);
    assert_eq!(read.of_kind(Kind::Said).len(), 0);
    assert_eq!(read.archive.markers(&Selection::default()).unwrap().len(), 0);
    assert_eq!(read.of_kind(Kind::Refused).len(), 1);
    assert_eq!(read.of_kind(Kind::Operated)[0].data.as_deref(), Some("kicked somebody"));
    let left_out: Vec<_> = read.left_out.iter().map(|(what, n)| (what.as_str(), *n)).collect();
    assert_eq!(
        left_out,
        [("messages", 2), ("people", 1), ("poses", 5), ("probes", 1), ("requests", 6)]
    );
    assert_eq!(progress.left_out, 14);
    assert!(!bytes_of(&folder, &["session.db"]).contains("bernadette"));
    let consents: Vec<_> = progress.people.iter().map(|p| (&*p.user, p.consent)).collect();
    assert_eq!(consents, [("ada", true), ("bernadette", false)]);
}

#[test]
fn consent_can_be_given_and_withdrawn_in_the_middle() {
    let mut stage = Stage::set(keeping(given(&[])), &["ada", "bea"], QUEUE);
    stage.moved(1000, 1, 0.0);
    stage.consent(2000, "Ada", true);
    stage.moved(3000, 1, 0.0);
    stage.moved(3001, 2, 0.0);
    stage.consent(4000, "ADA", false);
    stage.moved(5000, 1, 0.0);
    stage.go(6000, 1, "ada");
    stage.come(7000, 3, "ada");
    stage.moved(7001, 3, 0.0);
    stage.consent(8000, "ada", true);
    stage.consent(8000, "ada", true);
    // Before they come.
    stage.consent(8000, "cy", true);
    stage.come(9000, 4, "cy");
    let key = std::fs::read_to_string(stage.folder.path().join("session.key.csv")).unwrap();
    assert_eq!(key.lines().count(), 2, "{key}");
    let (read, _, folder) = stage.stop();
    assert_eq!(read.stays(), [("S01", 2000, Some(4000)), ("S01", 8000, None), ("S03", 9000, None)]);
    assert_eq!(read.poses.iter().map(|row| row.time).collect::<Vec<_>>(), [3000]);
    assert_eq!((read.left_out["poses"], read.left_out["people"]), (4, 1));
    let presence: Vec<_> = read
        .events
        .iter()
        .filter(|event| event.person.is_some())
        .map(|event| (event.time, event.kind))
        .collect();
    assert_eq!(
        presence,
        [
            (2000, Kind::LoggedIn),
            (2000, Kind::Joined),
            (4000, Kind::Left),
            (4000, Kind::LoggedOut),
            (8000, Kind::LoggedIn),
            (8000, Kind::Joined),
            (9000, Kind::LoggedIn),
            (9000, Kind::Joined),
        ]
    );
    let key = std::fs::read_to_string(folder.path().join("session.key.csv")).unwrap();
    assert!(!key.contains("bea"), "{key}");
}

#[test]
fn without_chat_only_markers_stay() {
    let privacy = Privacy { chat: false, ..Privacy::default() };
    let mut stage = Stage::set(keeping(privacy), &["ada"], QUEUE);
    stage.say(100, Some(1), "msg", r#""secret""#);
    stage.say(101, None, "msg", r#""secret""#);
    stage.say(102, Some(1), "door", "1");
    stage.say(103, Some(1), "marker", r#""now""#);
    let (read, progress, folder) = stage.stop();
    assert_eq!(read.of_kind(Kind::Said).len(), 1);
    assert_eq!(read.archive.markers(&Selection::default()).unwrap().len(), 1);
    assert_eq!(read.left_out["messages"], 3);
    // Nobody has refused anything.
    assert_eq!(progress.left_out, 0);
    assert!(!bytes_of(&folder, &["session.db"]).contains("secret"));
}

#[test]
fn a_subject_can_be_named_before_during_and_later() {
    let subjects = [("ada".to_owned(), "P07".to_owned()), ("cy".to_owned(), "S01".to_owned())];
    let privacy = Privacy { subjects: subjects.into(), ..Privacy::default() };
    let mut stage = Stage::set(keeping(privacy), &["Ada", "bea"], QUEUE);
    stage.operated(100, "kicked ada, who pushed bea; P071 is a room");
    stage.tell(200, EventKind::Marked { label: "bea".into(), phase: MarkPhase::Begin });
    // S01 is cy's, though cy has not come.
    assert_eq!(stage.read().archive.people()[1].subject, "S02");
    assert!(stage.subject("ADA", "X 1"));
    assert!(stage.subject("bea", "P07"));
    for taken in ["X 1", "S01"] {
        assert!(!stage.subject("bea", taken), "{taken}");
    }
    assert!(stage.subject("dee", "D"));
    stage.come(300, 3, "cy");
    stage.come(400, 4, "dee");
    let (read, progress, folder) = stage.stop();
    let subjects: Vec<_> = read.archive.people().iter().map(|person| &*person.subject).collect();
    assert_eq!(subjects, ["X 1", "P07", "S01", "D"]);
    let operated = read.of_kind(Kind::Operated)[0].data.as_deref();
    assert_eq!(operated, Some("kicked X 1, who pushed P07; P071 is a room"));
    assert_eq!(progress.open_intervals, ["bea"]);
    assert_eq!(read.archive.markers(&Selection::default()).unwrap()[0].label, "P07");
    let key = std::fs::read_to_string(folder.path().join("session.key.csv")).unwrap();
    let lines: Vec<_> =
        key.lines().map(|line| line.split(',').take(2).collect::<Vec<_>>()).collect();
    assert_eq!(lines[1..], [["X 1", "Ada"], ["P07", "bea"], ["S01", "cy"], ["D", "dee"]]);
}
