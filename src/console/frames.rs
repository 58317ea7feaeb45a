//! Whole frames, as they are drawn.

mod recording;
mod replay;

use std::sync::Arc;
use std::time::Instant;

use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::crossterm::event::KeyCode;
use ratatui::style::{Color, Modifier};

use super::fixtures::{busy, busy_snapshot, empty, said, user};
use super::input::{Input, Key};
use super::state::{Action, App, Hit};
use super::theme::{Depth, Theme};
use super::update::{Event, update};
use super::view::draw;

fn terminal(app: &mut App, columns: u16, rows: u16) -> Terminal<TestBackend> {
    let mut terminal = Terminal::new(TestBackend::new(columns, rows)).unwrap();
    let mut drawn = None;
    terminal.draw(|frame| drawn = Some(draw(frame, app))).unwrap();
    app.set_drawn(drawn.unwrap());
    terminal
}

/// The frame as text; times in the log depend on when the test runs, so they become zeros.
fn frame(app: &mut App, columns: u16, rows: u16) -> String {
    let text = terminal(app, columns, rows).backend().to_string();
    let lines = text.lines().map(|line| {
        // After the closing quote, TestBackend lists the cells hidden by wide characters.
        let inner = &line[1..line.rfind("\" Hidden").unwrap_or(line.len() - 1)];
        let mut chars: Vec<char> = inner.chars().collect();
        for at in 0..chars.len().saturating_sub(10) {
            let time =
                chars[at..at + 8].iter().map(|ch| if ch.is_ascii_digit() { '0' } else { *ch });
            let is_time = time.eq("00:00:00".chars());
            let is_log = matches!(&chars[at + 8..at + 11], [' ', 'E' | 'W' | 'I' | 'D' | 'T', ' ']);
            if is_time && is_log {
                chars[at..at + 8].copy_from_slice(&['0', '0', ':', '0', '0', ':', '0', '0']);
            }
        }
        chars.into_iter().collect::<String>().trim_end().to_owned()
    });
    lines.collect::<Vec<_>>().join("\n")
}

fn press(app: &mut App, keys: &str) {
    for ch in keys.chars() {
        let key = match ch {
            '\n' => Key::of(KeyCode::Enter),
            '\t' => Key::of(KeyCode::Tab),
            '\x1b' => Key::of(KeyCode::Esc),
            ch => Key::char(ch),
        };
        update(app, Event::Input(Input::Key(key)), Instant::now());
    }
}

#[test]
fn empty_server() {
    insta::assert_snapshot!(frame(&mut empty(), 120, 34));
}

#[test]
fn busy_server() {
    insta::assert_snapshot!(frame(&mut busy(), 120, 34));
}

#[test]
fn busy_server_80x24() {
    insta::assert_snapshot!(frame(&mut busy(), 80, 24));
}

#[test]
fn busy_server_200x60() {
    insta::assert_snapshot!(frame(&mut busy(), 200, 60));
}

#[test]
fn map_80x24() {
    let mut app = busy();
    press(&mut app, "3");
    insta::assert_snapshot!(frame(&mut app, 80, 24));
}

#[test]
fn all_users() {
    let mut app = busy();
    press(&mut app, "2uzs");
    insta::assert_snapshot!(frame(&mut app, 160, 20));
}

#[test]
fn detail() {
    let mut app = busy();
    press(&mut app, "2G\n");
    insta::assert_snapshot!(frame(&mut app, 100, 34));
}

#[test]
fn confirm_kick() {
    let mut app = busy();
    press(&mut app, "2xrplease mind the furniture\n");
    insta::assert_snapshot!(frame(&mut app, 80, 24));
}

#[test]
fn confirm_close() {
    let mut app = busy();
    press(&mut app, "X");
    insta::assert_snapshot!(frame(&mut app, 80, 24));
}

#[test]
fn confirm_quit() {
    let mut app = busy();
    press(&mut app, "q");
    insta::assert_snapshot!(frame(&mut app, 80, 24));
}

#[test]
fn prompt_and_toasts() {
    let mut app = busy();
    press(&mut app, "sLXna");
    press(&mut app, "we go on in 5 minutes");
    insta::assert_snapshot!(frame(&mut app, 100, 24));
}

#[test]
fn command_line() {
    let mut app = busy();
    press(&mut app, ":kick \t");
    insta::assert_snapshot!(frame(&mut app, 100, 24));
}

#[test]
fn help() {
    let mut app = busy();
    press(&mut app, "?");
    insta::assert_snapshot!(frame(&mut app, 120, 50));
}

#[test]
fn log_of_errors_only() {
    let mut app = busy();
    press(&mut app, "5lll");
    insta::assert_snapshot!(frame(&mut app, 80, 24));
}

#[test]
fn too_small() {
    insta::assert_snapshot!(frame(&mut busy(), 60, 12));
}

#[test]
fn wide_and_hostile_names() {
    let mut app = busy();
    let mut snapshot = busy_snapshot();
    let names = [
        "日本語の長い名前のユーザー",
        "a\u{301}\u{302}\u{303}\u{304}e\u{301}",
        "evil\u{1b}[2J\u{202e}",
        "👩\u{200d}🚀 👍🏽 🇫🇷",
        "שלום עולם",
        "नमस्ते",
    ];
    snapshot.users =
        names.iter().zip(1..).map(|(name, at)| user(at, name, "atrium", None)).collect();
    snapshot.chat = names
        .iter()
        .zip(1..)
        .map(|(name, at)| said(at, name, &format!("{name}\r\n\u{1b}]0;x\u{7}")))
        .collect();
    app.take(Arc::new(snapshot));
    let shown = frame(&mut app, 120, 34);
    assert!(!shown.contains(['\u{1b}', '\u{202e}', '\u{200d}', '\u{7}', '\r']));
    insta::assert_snapshot!(shown);
}

#[test]
fn no_color() {
    let mut app = busy();
    app.theme = Theme::new(Depth::None);
    press(&mut app, "2");
    let terminal = terminal(&mut app, 120, 34);
    let buffer = terminal.backend().buffer();
    assert!(buffer.content.iter().all(|cell| cell.fg == Color::Reset && cell.bg == Color::Reset));
    let reversed = |row: u16| {
        (0..buffer.area.width)
            .filter(|x| buffer[(*x, row)].modifier.contains(Modifier::REVERSED))
            .count()
    };
    let rows: Vec<u16> = (2..32).filter(|row| reversed(*row) > 40).collect();
    assert_eq!(rows.len(), 1, "the selected user, and nothing else, is reversed");
    insta::assert_snapshot!(frame(&mut app, 120, 34));
}

#[test]
fn a_click_on_a_footer_key_is_that_key() {
    let mut app = busy();
    let text = frame(&mut app, 120, 34);
    let footer = text.lines().last().unwrap();
    let at = footer.chars().position(|ch| ch == '?').unwrap() as u16;
    assert_eq!(app.drawn.at(at, 33), Some(&Hit::Key(Action::Help)));
}

#[test]
fn a_frozen_log_stays_as_it_was() {
    let mut app = busy();
    press(&mut app, " ");
    let before = frame(&mut app, 120, 34);
    app.log.state().transition(tui_logger::TuiWidgetEvent::PrevPageKey);
    assert_eq!(frame(&mut app, 120, 34), before);
}
