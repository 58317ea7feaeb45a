//! Frames of a server on which a recording is replayed.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::super::fixtures::{busy, busy_snapshot, recording};
use super::{frame, press};
use crate::console::state::{App, Overlay, Tone};
use crate::console::update::{Effect, Event, update};
use crate::model::{ReplayControl, ReplayMarker, ReplayProgress};
use crate::operator::{Command, ReplayStatus};

fn progress() -> ReplayProgress {
    let marker = |seconds, label: &str| {
        Some(ReplayMarker { at: Duration::from_secs(seconds), label: label.to_owned() })
    };
    ReplayProgress {
        file: "/data/pilot 3.db".into(),
        until: Duration::from_secs(3600),
        position: Duration::from_millis(1_351_400),
        speed: 1.0,
        people: 20,
        ghosts: 18,
        marker: marker(1200, "trial 3\u{1b}[2J"),
        next_marker: marker(1500, "a pause that has a very long label indeed"),
        ..ReplayProgress::default()
    }
}

/// Shows a snapshot with this replay in it.
fn show(app: &mut App, replay: ReplayStatus) {
    let mut snapshot = busy_snapshot();
    snapshot.serial = app.snapshot.serial + 1;
    snapshot.recording = app.snapshot.recording.clone();
    snapshot.replay = replay;
    update(app, Event::Snapshot(Arc::new(snapshot)), Instant::now());
}

fn replaying() -> App {
    let mut app = busy();
    show(&mut app, ReplayStatus::Running(progress()));
    app
}

fn sent(app: &mut App, key: char) -> Vec<Command> {
    let key = crate::console::input::Key::char(key);
    let effects = update(app, Event::Input(crate::console::input::Input::Key(key)), Instant::now());
    let command = |effect| match effect {
        Effect::Send(_, command) => Some(command),
        _ => None,
    };
    effects.into_iter().filter_map(command).collect()
}

#[test]
fn replaying_120x34() {
    insta::assert_snapshot!(frame(&mut replaying(), 120, 34));
}

#[test]
fn steering_80x24() {
    let mut app = replaying();
    press(&mut app, "R");
    let paused =
        ReplayProgress { paused: true, refused: 3, into: Some("hall".into()), ..progress() };
    show(&mut app, ReplayStatus::Running(paused));
    insta::assert_snapshot!(frame(&mut app, 80, 24));
}

#[test]
fn steering_while_recording_160x24() {
    let mut app = recording();
    show(&mut app, ReplayStatus::Running(progress()));
    press(&mut app, "R");
    insta::assert_snapshot!(frame(&mut app, 160, 24));
}

#[test]
fn keys_steer_it_until_the_operator_leaves_it() {
    let mut app = replaying();
    // Not yet: this freezes the screen, and thaws it.
    assert_eq!(sent(&mut app, ' '), []);
    assert_eq!(sent(&mut app, ' '), []);
    press(&mut app, "R");
    for (key, control) in [
        (' ', ReplayControl::TogglePause),
        ('7', ReplayControl::SeekToTenth(7)),
        (']', ReplayControl::NextMarker),
        ('.', ReplayControl::Step),
        ('+', ReplayControl::Faster),
    ] {
        assert_eq!(sent(&mut app, key), [Command::ControlReplay(control)]);
    }
    press(&mut app, "\x1b");
    assert_eq!(app.overlay, None);
    assert!(app.snapshot.replay.running().is_some());
}

#[test]
fn its_end_is_told() {
    let mut app = replaying();
    press(&mut app, "R");
    let error = Some("nothing listens".to_owned());
    show(&mut app, ReplayStatus::Ended { progress: progress(), error });
    assert_eq!(app.overlay, None);
    let toast = app.toasts.last().expect("a toast");
    assert_eq!((toast.tone, &*toast.text), (Tone::Failed, "the replay has ended: nothing listens"));
    assert!(!frame(&mut app, 120, 34).contains("REPLAY"));
    // Without one, the key asks which recording to replay.
    press(&mut app, "R");
    assert!(matches!(&app.overlay, Some(Overlay::Command(line)) if line.input.text() == "replay "));
}
