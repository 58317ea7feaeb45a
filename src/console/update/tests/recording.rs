//! What keys, commands and answers do about recordings.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use ratatui::crossterm::event::KeyCode;

use super::{key, last_toast, press, sent};
use crate::console::fixtures::{
    busy, empty, end, recording, recording_snapshot, user, with_progress,
};
use crate::console::input::{Input, Key, MouseKind};
use crate::console::state::{App, Confirm, Overlay, RecordForm, Screen, Tone};
use crate::console::update::{Effect, Event, update};
use crate::console::view::draw;
use crate::model::{Consent, MarkPhase, RecordingFields};
use crate::operator::{Command, Done, OperatorError, RecordingStatus, Snapshot};

fn form(app: &App) -> &RecordForm {
    match &app.overlay {
        Some(Overlay::Record(form)) => form,
        other => panic!("no form but {other:?}"),
    }
}

/// What is wrong, and the label of where.
fn problem(app: &App) -> &str {
    &form(app).problem.as_ref().expect("a problem").text
}

fn started(effects: &[Effect]) -> (Option<PathBuf>, RecordingFields) {
    match &sent(effects)[..] {
        [Command::StartRecording { path, fields }] => (path.clone(), fields.clone()),
        other => panic!("not started but {other:?}"),
    }
}

fn answer(app: &mut App, answer: Result<&str, OperatorError>) {
    let answer = answer.map(|message| Done { message: message.to_owned(), users: 0 });
    update(app, Event::Answer(app.tickets, answer), Instant::now());
}

fn late(app: &mut App) {
    let late = Event::Late(app.tickets);
    update(app, late, Instant::now());
}

/// Another snapshot of the same.
fn again(app: &mut App, now: Instant) {
    let snapshot = Event::Snapshot(app.snapshot.clone());
    update(app, snapshot, now);
}

fn mark(label: &str, phase: MarkPhase) -> Command {
    Command::Mark { label: label.to_owned(), phase }
}

const UP: Key = Key::of(KeyCode::Up);

/// Goes to START, from the first field up, and presses it.
fn start(app: &mut App) -> Vec<Effect> {
    key(app, UP);
    press(app, "\n")
}

#[test]
fn the_form_is_filled_in_and_started() {
    let mut app = busy();
    assert_eq!(press(&mut app, "rpilot-2\n04\nB\nexperimenter=Kim\nroom = lab 2\n\n"), []);
    // The file, then the numbers and the people, then ada's subject.
    assert_eq!(press(&mut app, "/data/p2/\n\n\n"), []);
    let (path, fields) = started(&press(&mut app, "P07\n\n\n\n\n\n\n"));
    assert_eq!(path, Some("/data/p2/".into()));
    assert_eq!([&*fields.study, &fields.session, &fields.condition], ["pilot-2", "04", "B"]);
    let other: Vec<_> = fields.other.iter().map(|(name, value)| (&**name, &**value)).collect();
    assert_eq!(other, [("experimenter", "Kim"), ("room", "lab 2")]);
    assert_eq!(fields.conventions, RecordingFields::default().conventions);
    assert_eq!((fields.privacy.names, fields.privacy.chat), (false, true));
    assert_eq!(fields.privacy.consent, Consent::Assumed);
    let subjects: Vec<_> =
        fields.privacy.subjects.iter().map(|(user, subject)| (&**user, &**subject)).collect();
    assert_eq!(
        subjects,
        [
            ("ada", "P07"),
            ("björn", "S02"),
            ("chloé", "S03"),
            ("eve", "S04"),
            ("noor", "S05"),
            ("李雷", "S06")
        ]
    );
}

#[test]
fn a_start_is_confirmed_only_by_its_answer() {
    let mut app = busy();
    press(&mut app, "r");
    start(&mut app);
    assert!(form(&app).starting.is_some());
    // Nothing can be changed or started again meanwhile.
    assert_eq!(press(&mut app, "\n\tx \n"), []);
    late(&mut app);
    assert_eq!(app.toasts, []);
    answer(&mut app, Ok("recording into x.db"));
    assert_eq!(app.overlay, None);
    assert_eq!(last_toast(&app), (Tone::Done, "recording into x.db"));
}

#[test]
fn typing_replaces_what_was_filled_in() {
    let mut app = busy();
    app.info.recording_path = Some("/data/".into());
    let defaults = &mut app.info.recording_defaults;
    [defaults.study, defaults.session] = ["pilot", "04"].map(str::to_owned);
    press(&mut app, "r");
    // Unless a key goes into it first.
    key(&mut app, Key::of(KeyCode::End));
    press(&mut app, "-2\n05\n\n");
    let paste = Event::Input(Input::Paste("lab=2".to_owned()));
    update(&mut app, paste, Instant::now());
    // A file goes into the folder.
    press(&mut app, "\n\nx.db");
    let (path, fields) = started(&start_from_anywhere(&mut app));
    assert_eq!([&*fields.study, &fields.session, &fields.other["lab"]], ["pilot-2", "05", "2"]);
    assert_eq!(path, Some("/data/x.db".into()));
}

#[test]
fn a_start_that_fails_is_told_in_the_form() {
    let mut app = busy();
    press(&mut app, "rpilot-2");
    start(&mut app);
    answer(&mut app, Err(OperatorError::Recording("/data is read-only".to_owned())));
    assert_eq!(problem(&app), "/data is read-only");
    assert_eq!(app.toasts, []);
    // It can be started again, with what was filled in.
    let (_, fields) = started(&press(&mut app, "\n"));
    assert_eq!(fields.study, "pilot-2");
}

#[test]
fn the_form_may_be_left_while_it_starts() {
    let mut app = busy();
    press(&mut app, "r");
    start(&mut app);
    assert_eq!(press(&mut app, "\x1b"), []);
    assert_eq!(app.overlay, None);
    assert_eq!(press(&mut app, "r"), []);
    assert_eq!(last_toast(&app), (Tone::Failed, "a recording is being started already"));
    answer(&mut app, Err(OperatorError::Recording("/data is read-only".to_owned())));
    assert_eq!(last_toast(&app), (Tone::Failed, "/data is read-only"));
    press(&mut app, "r");
    assert_eq!(form(&app).starting, None);
}

#[test]
fn what_was_typed_survives_a_slip() {
    let mut app = busy();
    press(&mut app, "rpilot-2\n04\x1b");
    assert_eq!(app.overlay, None);
    press(&mut app, "r");
    let (_, fields) = started(&start(&mut app));
    assert_eq!([&*fields.study, &fields.session], ["pilot-2", "04"]);
}

#[test]
fn wrong_values_are_told_before_anything_is_sent() {
    /// Fields from the first to the one that is wrong, what is typed there, and what is told.
    const WRONG: &[(usize, &str, &str)] = &[
        (3, "room", "\"room\" has no =: write a field as name=value, such as experimenter=Kim"),
        (
            3,
            "=lab 2",
            "\"=lab 2\" has no name: write a field as name=value, such as experimenter=Kim",
        ),
        (3, "a=1\na=2", "\"a=2\" is there twice, the first time as \"1\""),
        (4, "~/x.db", "\"~/x.db\" can't be found: write the home folder in full, not ~"),
        (7, "right-up-left", "\"right-up-left\" is not allowed: three of right, left, up"),
        (8, "zxy", "\"zxy\" is not allowed: x, y and z in the order of rotation, as z-x-y"),
        (12, "a\u{ad}b", "\"a\\u{ad}b\" can't be a subject: it has 1 to 64 visible characters"),
        (12, "S02", "\"S02\" is \"ada\" already; \"björn\" needs a subject of its own"),
    ];
    for (fields, typed, told) in WRONG {
        let mut app = busy();
        press(&mut app, "r");
        press(&mut app, &"\t".repeat(*fields));
        key(&mut app, Key::ctrl('u'));
        press(&mut app, typed);
        let wrong = form(&app).focus();
        press(&mut app, "\t");
        while !form(&app).is_at_start() {
            press(&mut app, "\t");
        }
        assert_eq!(press(&mut app, "\n"), [], "{typed}");
        assert!(problem(&app).starts_with(told), "{}", problem(&app));
        let is_duplicate = *typed == "S02";
        assert!(is_duplicate || form(&app).focus() == wrong, "{typed}: the focus is elsewhere");
        // An edit takes it away.
        press(&mut app, "x");
        assert_eq!(form(&app).problem, None);
    }
    let mut app = busy();
    press(&mut app, &format!("r{}", "x".repeat(501)));
    assert_eq!(start(&mut app), []);
    assert_eq!(problem(&app), "a text has at most 500 characters, this one has 501");
}

#[test]
fn settings_prefill_the_form() {
    let mut app = busy();
    app.info.recording_path = Some("/data/".into());
    let defaults = &mut app.info.recording_defaults;
    defaults.study = "pilot".to_owned();
    defaults.other.insert("lab".to_owned(), "2".to_owned());
    defaults.privacy.names = true;
    defaults.privacy.chat = false;
    defaults.privacy.consent = Consent::Given(vec!["Ada".to_owned(), "zoe".to_owned()]);
    let subjects = [("eve", "S01"), ("zoe", "S02")];
    defaults.privacy.subjects =
        subjects.map(|(user, subject)| (user.to_owned(), subject.to_owned())).into();
    press(&mut app, "r");
    let (path, mut fields) = started(&start(&mut app));
    assert_eq!(path, Some("/data/".into()));
    // Numbers that are taken go to nobody else, whether or not their users are here.
    let subjects = std::mem::take(&mut fields.privacy.subjects);
    let subject = |user: &str| subjects[user].as_str();
    assert_eq!(["eve", "zoe", "ada", "björn"].map(subject), ["S01", "S02", "S03", "S04"]);
    // Names are compared as the wire contract compares them; consent of those who are away stays.
    let given = Consent::Given(vec!["zoe".to_owned(), "ada".to_owned()]);
    let mut expected = app.info.recording_defaults.clone();
    expected.privacy.subjects.clear();
    expected.privacy.consent = given;
    assert_eq!(fields, expected);
}

#[test]
fn consent_is_given_by_hand() {
    let mut app = busy();
    // From the choice down to ada's consent below it, and down the column.
    press(&mut app, "r\n\n\n\n\n\n\t\t \n \n\n ");
    let (_, fields) = started(&press(&mut app, "\n\n\n\n\n"));
    let given = Consent::Given(vec!["ada".to_owned(), "chloé".to_owned()]);
    assert_eq!(fields.privacy.consent, given);
}

#[test]
fn people_who_come_meanwhile_get_a_line() {
    let mut app = busy();
    press(&mut app, "r");
    key(&mut app, UP);
    let mut snapshot = (*app.snapshot).clone();
    snapshot.users.remove(0);
    snapshot.users.push(user(77, "zoe", "atrium", None));
    update(&mut app, Event::Snapshot(Arc::new(snapshot)), Instant::now());
    assert!(form(&app).is_at_start());
    let (_, fields) = started(&press(&mut app, "\n"));
    // Who has left keeps the subject, for when they come back.
    assert_eq!(fields.privacy.subjects["ada"], "S01");
    assert_eq!(fields.privacy.subjects["zoe"], "S07");
}

#[test]
fn the_next_recording_starts_from_the_last() {
    let mut app = busy();
    app.info.recording_path = Some("/data".into());
    press(&mut app, "rpilot-2\n04");
    press(&mut app, &"\t".repeat(11));
    start_from_anywhere(&mut app);
    answer(&mut app, Ok("recording"));
    app.take(Arc::new(recording_snapshot()));
    with_progress(&mut app, |progress| progress.people[0].subject = "P07".to_owned());
    end(&mut app, None);
    press(&mut app, "r");
    let (path, fields) = started(&start(&mut app));
    assert_eq!([&*fields.study, &fields.session], ["pilot-2", "04"]);
    assert_eq!(fields.privacy.subjects["ada"], "P07");
    assert_eq!(path, Some("/data".into()));
}

fn start_from_anywhere(app: &mut App) -> Vec<Effect> {
    while !form(app).is_at_start() {
        press(app, "\t");
    }
    press(app, "\n")
}

#[test]
fn the_form_takes_pastes_and_clicks() {
    let mut app = busy();
    press(&mut app, "r");
    let paste = |text: &str| Event::Input(Input::Paste(text.to_owned()));
    update(&mut app, paste("pilot\nrq"), Instant::now());
    assert_eq!(form(&app).focused().entry(), "pilot rq");
    let mut terminal = ratatui::Terminal::new(ratatui::backend::TestBackend::new(120, 34)).unwrap();
    let mut drawn = None;
    terminal.draw(|frame| drawn = Some(draw(frame, &app))).unwrap();
    app.set_drawn(drawn.unwrap());
    let screen = terminal.backend().to_string();
    let click = |app: &mut App, text: &str| {
        let line = screen.lines().position(|line| line.contains(text)).unwrap();
        let before = screen.lines().nth(line).unwrap().split(text).next().unwrap().chars().count();
        let at = Input::Mouse(MouseKind::Click, before as u16, line as u16);
        update(app, Event::Input(at), Instant::now())
    };
    click(&mut app, "chat kept");
    let (_, fields) = started(&click(&mut app, "START"));
    assert!(!fields.privacy.chat);
    assert_eq!(fields.study, "pilot rq");
}

#[test]
fn stopping_asks_first() {
    let mut app = recording();
    assert_eq!(press(&mut app, "r\n"), []);
    assert_eq!(app.overlay, Some(Overlay::Confirm(Confirm::StopRecording)));
    assert_eq!(press(&mut app, "n"), []);
    assert_eq!(sent(&press(&mut app, "ry")), [Command::StopRecording]);
    assert_eq!(press(&mut app, "r"), []);
    assert_eq!(last_toast(&app), (Tone::Failed, "the recording is being stopped already"));
    late(&mut app);
    assert_eq!(last_toast(&app), (Tone::Waiting, "completing the recording…"));
    answer(&mut app, Ok("recorded 00:42:10"));
    assert_eq!(app.recording.stopping, None);
}

#[test]
fn quitting_asks_while_something_is_recorded() {
    let mut app = empty();
    let status = recording_snapshot().recording;
    app.take(Arc::new(Snapshot { recording: status, ..Snapshot::default() }));
    assert_eq!(press(&mut app, "q"), []);
    assert_eq!(app.overlay, Some(Overlay::Confirm(Confirm::Quit)));
    assert_eq!(press(&mut app, "y"), [Effect::Exit]);
}

#[test]
fn an_early_end_stays_until_it_is_noted() {
    let reason = "the disk is full";
    for keys in ["\x1b", "r"] {
        let mut app = recording();
        end(&mut app, Some(reason));
        assert_eq!(app.ended_early().map(|(_, reason)| reason), Some(reason));
        // Other keys, other snapshots and time leave it there.
        press(&mut app, "2jz \n");
        update(&mut app, Event::Clock, Instant::now() + Duration::from_secs(3600));
        // Esc goes back a level first.
        assert_eq!((app.screen, app.maximised), (Screen::Detail, true));
        press(&mut app, "\x1b\x1b");
        assert!(app.ended_early().is_some());
        press(&mut app, keys);
        assert_eq!(app.ended_early(), None);
        let mut snapshot = (*app.snapshot).clone();
        app.take(Arc::new(snapshot.clone()));
        assert_eq!(app.ended_early(), None);
        // The next one is news again.
        if let RecordingStatus::Ended { progress, .. } = &mut snapshot.recording {
            progress.since = progress.since.plus(Duration::from_secs(9000));
        }
        app.take(Arc::new(snapshot));
        assert!(app.ended_early().is_some());
    }
}

#[test]
fn m_marks_at_once_with_a_running_number() {
    let mut app = recording();
    let numbered = |number| mark(&format!("marker {number}"), MarkPhase::Instant);
    assert_eq!(sent(&press(&mut app, "mm")), [numbered(1), numbered(2)]);
    // In every pane and in the detail.
    assert_eq!(sent(&press(&mut app, "2\nm")), [numbered(3)]);
    // The next recording has numbers of its own.
    with_progress(&mut app, |progress| {
        progress.since = progress.since.plus(Duration::from_secs(9))
    });
    assert_eq!(sent(&press(&mut app, "m")), [numbered(1)]);
}

#[test]
fn a_toast_has_the_time_of_the_recording() {
    let mut app = recording();
    let start = Instant::now();
    again(&mut app, start);
    // A frozen screen goes on counting.
    press(&mut app, " ");
    let later = start + Duration::from_secs(60);
    update(&mut app, Event::Input(Input::Key(Key::char('m'))), later);
    answer(&mut app, Ok("marked \"marker 1\""));
    assert_eq!(last_toast(&app), (Tone::Done, "marked \"marker 1\" at 00:43:10"));
}

#[test]
fn nothing_is_marked_while_nothing_is_recorded() {
    let mut app = busy();
    assert_eq!(press(&mut app, "mMN:mark x\n"), []);
    assert!(last_toast(&app).1.starts_with("nothing is being recorded"));
    // While one is being started, it is.
    app.overlay = None;
    press(&mut app, "r");
    start(&mut app);
    press(&mut app, "\x1b");
    assert_eq!(sent(&press(&mut app, "m")), [mark("marker 1", MarkPhase::Instant)]);
}

#[test]
fn an_interval_begins_and_ends() {
    let mut app = recording();
    let trial = |phase| mark("trial 1", phase);
    let keys = "Mtrial 1\n";
    // Without waiting for a snapshot that knows of it.
    assert_eq!(sent(&press(&mut app, keys)), [trial(MarkPhase::Begin)]);
    assert_eq!(app.open_intervals(), ["condition A", "trial 1"]);
    assert_eq!(sent(&press(&mut app, keys)), [trial(MarkPhase::End)]);
    assert_eq!(app.open_intervals(), ["condition A"]);
    assert_eq!(sent(&press(&mut app, keys)), [trial(MarkPhase::Begin)]);
    // One that was refused has not begun.
    answer(&mut app, Err(OperatorError::Busy));
    assert_eq!(app.open_intervals(), ["condition A"]);
    // Tab goes through those that are open, then those used before.
    assert_eq!(sent(&press(&mut app, "M\t\n")), [mark("condition A", MarkPhase::End)]);
    assert_eq!(sent(&press(&mut app, "M\t\t\n")), [mark("trial 1", MarkPhase::Begin)]);
    assert_eq!(press(&mut app, "M \n"), []);
    assert_eq!(last_toast(&app), (Tone::Failed, "nothing was marked: the label is empty"));
}

#[test]
fn snapshots_have_the_last_word_on_intervals() {
    let mut app = recording();
    let now = Instant::now();
    again(&mut app, now);
    press(&mut app, "Mtrial 1\n");
    assert_eq!(app.open_intervals().len(), 2);
    // By then, the recorder has written it, unless somebody else has ended it.
    again(&mut app, now + Duration::from_secs(5));
    assert_eq!(app.open_intervals(), ["condition A"]);
}

#[test]
fn commands_mark_too() {
    let mut app = recording();
    let sent_by = |app: &mut App, line: &str| sent(&press(app, &format!(":{line}\n")));
    let instant = |label| [mark(label, MarkPhase::Instant)];
    assert_eq!(sent_by(&mut app, "mark door opened "), instant("door opened"));
    assert_eq!(sent_by(&mut app, "mark \"a \\\"b\\\"\""), instant("a \"b\""));
    assert_eq!(sent_by(&mut app, "mark \"a\" b"), instant("\"a\" b"));
    assert_eq!(sent_by(&mut app, "begin trial 2"), [mark("trial 2", MarkPhase::Begin)]);
    assert_eq!(sent_by(&mut app, "end condition A"), [mark("condition A", MarkPhase::End)]);
    assert_eq!(sent_by(&mut app, "end condition A"), []);
    assert_eq!(
        last_toast(&app),
        (Tone::Failed, "there is no interval \"condition A\"; open: trial 2")
    );
    press(&mut app, "\x1b");
    assert_eq!(sent(&press(&mut app, ":end \t\n")), [mark("trial 2", MarkPhase::End)]);
    assert_eq!(sent(&press(&mut app, "Nlights out\n")), instant("lights out"));
}

#[test]
fn commands_record_too() {
    let mut app = busy();
    app.info.recording_path = Some("/data/".into());
    let start = |path: &str| Command::StartRecording {
        path: Some(path.into()),
        fields: RecordingFields::default(),
    };
    assert_eq!(press(&mut app, ":record stop\n"), []);
    assert_eq!(last_toast(&app), (Tone::Failed, "nothing is being recorded"));
    press(&mut app, "\x1b");
    assert_eq!(sent(&press(&mut app, ":record\n")), [start("/data/")]);
    assert_eq!(sent(&press(&mut app, ":record \"my file.db\"\n")), [start("my file.db")]);
    assert_eq!(press(&mut app, ":record ~/x.db\n"), []);
    let mut app = recording();
    assert_eq!(press(&mut app, ":record stop\n"), []);
    assert_eq!(sent(&press(&mut app, "y")), [Command::StopRecording]);
}

#[test]
fn consent_and_subjects_change_by_hand() {
    let mut app = recording();
    let consent = |user: &str, consent| Command::SetConsent { user: user.to_owned(), consent };
    assert_eq!(sent(&press(&mut app, "2c")), [consent("ada", false)]);
    assert_eq!(sent(&press(&mut app, "j\nc")), [consent("björn", true)]);
    press(&mut app, "\x1b");
    assert_eq!(sent(&press(&mut app, ":consent ADA no\n")), [consent("ada", false)]);
    assert_eq!(sent(&press(&mut app, ":consent eve \t\n")), [consent("eve", true)]);
    assert_eq!(press(&mut app, ":consent eve maybe\n"), []);
    assert_eq!(last_toast(&app), (Tone::Failed, "\"maybe\" is neither yes nor no"));
    press(&mut app, "\x1b");
    let subject = |user: &str, subject: &str| Command::SetSubject {
        user: user.to_owned(),
        subject: subject.to_owned(),
    };
    assert_eq!(sent(&press(&mut app, ":subject ada P 07\n")), [subject("ada", "P 07")]);
    // Also of somebody who has left.
    let mut snapshot = (*app.snapshot).clone();
    snapshot.users.remove(0);
    app.take(Arc::new(snapshot));
    assert_eq!(sent(&press(&mut app, ":subject ada P08\n")), [subject("ada", "P08")]);
    assert_eq!(press(&mut app, ":subject ada\n"), []);
    assert_eq!(last_toast(&app), (Tone::Failed, "use it as :subject USER SUBJECT"));
    let mut app = busy();
    assert_eq!(press(&mut app, "2c"), []);
    assert_eq!(last_toast(&app), (Tone::Failed, "nothing is being recorded"));
}
