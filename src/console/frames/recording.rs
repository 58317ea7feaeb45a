//! Frames of a server that records, or is about to.

use std::sync::Arc;
use std::time::{Duration, Instant};

use proptest::prelude::*;
use ratatui::crossterm::event::KeyCode;
use ratatui::style::Modifier;

use super::super::fixtures::{
    busy, empty, end, recording, recording_snapshot, session, user, with_progress,
};
use super::{frame, press, terminal};
use crate::console::input::{Input, Key};
use crate::console::state::{App, Overlay};
use crate::console::theme::{Depth, Theme};
use crate::console::update::{Event, update};
use crate::operator::{Done, OperatorError, RecordedPerson, RecordingStatus};

const DISK_FULL: &str = "the disk of /data/pilot is full (No space left on device, os error 28)";

#[test]
fn recording_80x24() {
    insta::assert_snapshot!(frame(&mut recording(), 80, 24));
}

#[test]
fn recording_120x34() {
    let mut app = recording();
    press(&mut app, "2u");
    insta::assert_snapshot!(frame(&mut app, 120, 34));
}

#[test]
fn recording_200x60() {
    insta::assert_snapshot!(frame(&mut recording(), 200, 60));
}

#[test]
fn recording_in_trouble_80x24() {
    let mut app = recording();
    with_progress(&mut app, |progress| {
        progress.lost = 1234;
        progress.poses_per_s = 14_400.0;
        progress.space_lasts = Some(Duration::from_secs(2530));
    });
    insta::assert_snapshot!(frame(&mut app, 80, 24));
}

#[test]
fn a_disk_that_stalls_is_told() {
    let mut app = recording();
    assert!(!frame(&mut app, 80, 24).contains("behind"));
    with_progress(&mut app, |progress| progress.until = progress.since);
    assert!(frame(&mut app, 80, 24).contains("!! disk 42m10s behind"));
}

/// Whatever else is shown, these are.
#[test]
fn no_width_hides_that_it_records_or_what_is_wrong_with_it() {
    let mut app = recording();
    with_progress(&mut app, |progress| {
        progress.lost = 12_345_678;
        progress.space_lasts = Some(Duration::from_secs(300));
    });
    for width in [80, 100, 131, 132, 150, 180, 200] {
        let top: Vec<String> =
            frame(&mut app, width, 24).lines().take(2).map(String::from).collect();
        let top = top.join("\n");
        for part in ["REC 00:42:10", "!! 12345678 lost", "!! disk full in 5m00s", "LIVE"] {
            assert!(top.contains(part), "{part} is missing at {width} columns:\n{top}");
        }
    }
}

#[test]
fn ended_early_80x24() {
    let mut app = recording();
    end(&mut app, Some(DISK_FULL));
    insta::assert_snapshot!(frame(&mut app, 80, 24));
    // Without colours, it is loud too.
    app.theme = Theme::new(Depth::None);
    let terminal = terminal(&mut app, 80, 24);
    let buffer = terminal.backend().buffer();
    let is_loud = |row| (0..80).all(|x| buffer[(x, row)].modifier.contains(Modifier::REVERSED));
    assert!((2..5).all(is_loud));
}

#[test]
fn ended() {
    let mut app = recording();
    end(&mut app, None);
    let shown = frame(&mut app, 80, 24);
    assert!(shown.lines().nth(1).is_some_and(|line| line.ends_with("not recording")), "{shown}");
}

#[test]
fn form_80x24() {
    let mut app = busy();
    press(&mut app, "4r");
    insta::assert_snapshot!(frame(&mut app, 80, 24));
}

#[test]
fn form_by_hand() {
    let mut app = busy();
    press(&mut app, "4r\n\n\n\n\n\n\t\t \n ");
    insta::assert_snapshot!(frame(&mut app, 100, 34));
}

#[test]
fn form_with_something_wrong() {
    let mut app = busy();
    press(&mut app, "4rpilot-2\n04\nB\nroom\n\n\n\n");
    press(&mut app, "\n\n\n\n\n\n\n\n");
    insta::assert_snapshot!(frame(&mut app, 80, 24));
}

#[test]
fn form_starting_with_nobody() {
    let mut app = empty();
    press(&mut app, "4r\n\n\n\n\n\n\n\n");
    assert!(matches!(&app.overlay, Some(Overlay::Record(form)) if form.starting.is_some()));
    insta::assert_snapshot!(frame(&mut app, 80, 24));
}

#[test]
fn a_form_longer_than_the_screen_scrolls() {
    let mut app = busy();
    press(&mut app, "r");
    let mut seen = String::new();
    for _ in 0..40 {
        seen.push_str(&frame(&mut app, 80, 20));
        press(&mut app, "\t");
    }
    for part in ["study", "consent assumed", "S06", "START"] {
        assert!(seen.contains(part), "{part} is never seen");
    }
}

#[test]
fn stop() {
    let mut app = recording();
    press(&mut app, "4r");
    insta::assert_snapshot!(frame(&mut app, 80, 24));
}

#[test]
fn quit_while_recording() {
    let mut app = recording();
    press(&mut app, "4q");
    insta::assert_snapshot!(frame(&mut app, 80, 24));
}

#[test]
fn interval() {
    let mut app = recording();
    press(&mut app, "Mcond");
    insta::assert_snapshot!(frame(&mut app, 80, 24));
}

#[test]
fn detail_while_recording() {
    let mut app = recording();
    press(&mut app, "2j\n");
    insta::assert_snapshot!(frame(&mut app, 100, 34));
}

#[test]
fn detail_without_a_clock() {
    let mut app = recording();
    press(&mut app, "2G\n");
    let shown = frame(&mut app, 100, 34);
    assert!(shown.contains("none so far, so only the server's times are known"), "{shown}");
}

#[test]
fn who_sends_no_clock_is_marked_where_others_do() {
    let marks = |app: &mut App| frame(app, 120, 34).matches('◷').count();
    let mut app = recording();
    assert_eq!(marks(&mut app), 2, "one user, and the note that counts them");
    let mut snapshot = recording_snapshot();
    snapshot.users.iter_mut().for_each(|user| user.clock = None);
    app.take(Arc::new(snapshot.clone()));
    assert_eq!(marks(&mut app), 1, "the note alone");
    snapshot.recording = RecordingStatus::Off;
    app.take(Arc::new(snapshot));
    assert_eq!(marks(&mut app), 0, "nobody cares");
}

/// Names of files and people come from outside.
#[test]
fn hostile_texts() {
    let mut app = recording();
    let evil = "evil\u{1b}[2J\u{202e}\r\n";
    with_progress(&mut app, |progress| {
        progress.file = format!("/data/{evil}").into();
        progress.open_intervals = vec![evil.to_owned()];
        for person in &mut progress.people {
            person.subject = evil.to_owned();
        }
    });
    let clean = |app: &mut App, keys: &str| {
        press(app, keys);
        let shown = frame(app, 200, 50);
        assert!(shown.contains("evil"), "{shown}");
        assert!(!shown.contains(['\u{1b}', '\u{202e}', '\r']), "{shown}");
    };
    clean(&mut app, "2");
    clean(&mut app, "r");
    clean(&mut app, "nM");
    clean(&mut app, "\x1b\n");
    press(&mut app, "\x1b");
    end(&mut app, Some(evil));
    clean(&mut app, "1");
}

/// What may happen while the operator types anything at all.
#[derive(Clone, Debug)]
enum Step {
    Key(Key),
    Paste(String),
    /// Somebody comes, who is recorded.
    Come(u64),
    Leave(usize),
    Answer(bool),
    End(bool),
    Run,
    Draw(u16),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let code = [
        KeyCode::Tab,
        KeyCode::BackTab,
        KeyCode::Enter,
        KeyCode::Esc,
        KeyCode::Up,
        KeyCode::Down,
        KeyCode::Left,
        KeyCode::Right,
        KeyCode::Backspace,
        KeyCode::Delete,
    ];
    let key = prop_oneof![
        6 => prop::sample::select(code.map(Key::of).to_vec()),
        4 => prop::sample::select("rmMNcyqnx =z 2".chars().map(Key::char).collect::<Vec<_>>()),
    ];
    let step = prop_oneof![
        20 => key.prop_map(Step::Key),
        1 => ".{0,9}".prop_map(Step::Paste),
        1 => (10..15_u64).prop_map(Step::Come),
        1 => (0..9_usize).prop_map(Step::Leave),
        1 => any::<bool>().prop_map(Step::Answer),
        1 => any::<bool>().prop_map(Step::End),
        1 => Just(Step::Run),
        2 => prop_oneof![Just(80), Just(140), Just(200)].prop_map(Step::Draw),
    ];
    prop::collection::vec(step, 1..120)
}

fn take_step(app: &mut App, step: Step) {
    let now = Instant::now();
    match step {
        Step::Key(key) => drop(update(app, Event::Input(Input::Key(key)), now)),
        Step::Paste(text) => drop(update(app, Event::Input(Input::Paste(text)), now)),
        Step::Come(number) => {
            let mut snapshot = (*app.snapshot).clone();
            let name = format!("user{number}");
            snapshot.users.push(user(number, &name, "atrium", None));
            if let RecordingStatus::Running(progress) = &mut snapshot.recording {
                let person = progress.people[0].clone();
                progress.people.push(RecordedPerson { session: session(number), ..person });
            }
            update(app, Event::Snapshot(Arc::new(snapshot)), now);
        }
        Step::Leave(at) => {
            let mut snapshot = (*app.snapshot).clone();
            if at < snapshot.users.len() {
                snapshot.users.remove(at);
            }
            update(app, Event::Snapshot(Arc::new(snapshot)), now);
        }
        Step::Answer(is_done) => {
            let done = Done { message: "done".to_owned(), users: 0 };
            let answer = if is_done { Ok(done) } else { Err(OperatorError::Busy) };
            let answer = Event::Answer(app.tickets, answer);
            update(app, answer, now);
        }
        Step::End(early) => end(app, early.then_some("the disk is full")),
        Step::Run => app.take(Arc::new(recording_snapshot())),
        Step::Draw(columns) => drop(terminal(app, columns, 20)),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Nothing panics, the focus is on a field that is shown, and every user has one line.
    #[test]
    fn any_keys_at_all(steps in steps()) {
        let mut app = busy();
        for step in steps {
            take_step(&mut app, step);
            if let Some(Overlay::Record(form)) = &app.overlay {
                prop_assert!(form.rows().concat().contains(&form.focus()), "{form:?}");
                let mut users: Vec<_> = form.subjects().map(|(user, _)| user.clone()).collect();
                let lines = users.len();
                users.sort();
                users.dedup();
                prop_assert_eq!(users.len(), lines);
                prop_assert!(form.kept().count() <= lines);
            }
        }
    }
}
