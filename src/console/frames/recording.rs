//! Frames of a server that records, or is about to.

use std::time::Duration;

use ratatui::style::Modifier;

use super::super::fixtures::{busy, empty, end, recording, with_progress};
use super::{frame, press, terminal};
use crate::console::state::{App, Overlay};
use crate::console::theme::{Depth, Theme};

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
    assert!(shown.contains("sends none, so only the server's times are known"), "{shown}");
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
