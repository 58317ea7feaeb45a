//! What each key and click does.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::app::{App, Confirm, Detail, LOCAL, Overlay, Pane, Prompt, Screen, Tone};
use super::command_line::CommandLine;
use super::keymap::{self, Action};
use super::line_input::LineInput;
use super::log::next_level;
use super::text::fps;
use super::update::{Effect, cancel, confirmed, enter, open_filter, send};
use super::view::Hit;
use crate::model::{LogLevel, SessionId};
use crate::operator::Command;

/// Rates that `+` and `-` go through: the usual of headsets and of slower rooms.
const RATES: &[f64] = &[
    0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 15.0, 20.0, 24.0, 30.0, 45.0, 60.0, 72.0, 90.0, 120.0,
    144.0, 240.0,
];

/// How long a rate that was asked for counts as the present one, until a snapshot has it.
const ASKED_FOR: Duration = Duration::from_secs(1);

const ZOOM: f64 = 1.25;
const PAN: f64 = 0.2;

/// Does what a key stands for.
pub(super) fn perform(app: &mut App, action: Action, now: Instant) -> Vec<Effect> {
    if let Some(reason) = refusal(app, action) {
        app.toast(Tone::Failed, reason, None, now);
        return Vec::new();
    }
    match action {
        Action::Help => {
            app.screen = Screen::Help;
            app.help_scroll = 0;
        }
        Action::Quit => return quit(app),
        Action::Command => app.overlay = Some(Overlay::Command(CommandLine::default())),
        Action::NextPane => go(app, neighbour(app.pane, 1)),
        Action::PreviousPane => go(app, neighbour(app.pane, Pane::ALL.len() - 1)),
        Action::Go(pane) => go(app, pane),
        Action::Maximise => app.maximised = !app.maximised,
        Action::Freeze => {
            app.frozen = !app.frozen;
            let text = if app.frozen { "frozen; the server goes on" } else { "live again" };
            app.toast(Tone::Done, text, Some(LOCAL), now);
        }
        Action::Redraw => return vec![Effect::Redraw],
        Action::Up => step(app, -1),
        Action::Down => step(app, 1),
        Action::PageUp => page(app, true),
        Action::PageDown => page(app, false),
        Action::First => end(app, true),
        Action::Last => end(app, false),
        Action::Left => app.map.pan(-PAN, 0.0),
        Action::Right => app.map.pan(PAN, 0.0),
        Action::ZoomIn => app.map.zoom(1.0 / ZOOM),
        Action::ZoomOut => app.map.zoom(ZOOM),
        Action::Fit => {
            app.map.automatic();
            app.follow();
        }
        Action::Names => app.map.hide_names = !app.map.hide_names,
        Action::Open => open(app),
        Action::Back => back(app),
        Action::Filter => open_filter(app),
        Action::Sort => {
            sort(app, false);
            let order = if app.pane == Pane::Rooms { app.rooms.order() } else { app.users.order() };
            app.toast(Tone::Done, order, Some(LOCAL), now);
        }
        Action::Reverse => sort(app, true),
        Action::AllUsers => {
            app.all_users = !app.all_users;
            app.settle();
        }
        Action::Kick => kick(app),
        Action::CloseRoom => {
            if let Some(room) = app.rooms.selected.clone() {
                app.overlay = Some(Overlay::Confirm(Confirm::Close { room }));
            }
        }
        Action::Pin => {
            let room = app.selected_room().map(|room| (room.name.to_string(), !room.pinned));
            if let Some((room, pinned)) = room {
                return vec![send(app, Command::PinRoom { room, pinned })];
            }
        }
        Action::Title => {
            let room = app.selected_room().map(|room| (room.name.clone(), room.title.clone()));
            if let Some((room, title)) = room {
                app.overlay = Some(Overlay::Prompt(Prompt::Title(room), LineInput::with(title)));
            }
        }
        Action::Announce => {
            let prompt = Prompt::Announce(app.rooms.selected.clone());
            app.overlay = Some(Overlay::Prompt(prompt, LineInput::default()));
        }
        Action::AnnounceAll => {
            app.overlay = Some(Overlay::Prompt(Prompt::Announce(None), LineInput::default()));
        }
        Action::FpsUp => return step_fps(app, true, now),
        Action::FpsDown => return step_fps(app, false, now),
        Action::TypeFps => {
            let line = LineInput::with(fps(app.snapshot.fps));
            app.overlay = Some(Overlay::Prompt(Prompt::Fps(None), line));
        }
        Action::RoomFps => {
            let room = app.selected_room().map(|room| (room.name.clone(), room.fps));
            if let Some((room, rate)) = room {
                let line = LineInput::with(fps(rate));
                app.overlay = Some(Overlay::Prompt(Prompt::Fps(Some(room)), line));
            }
        }
        Action::ShowLevel => show_level(app, next_level(app.log.shown()), now),
        Action::CaptureLevel => {
            if let Some(level) = app.snapshot.log_level.map(next_level) {
                return vec![send(app, Command::SetLogLevel { level })];
            }
        }
        Action::Yes => return confirmed(app, now),
        Action::No => cancel(app),
        Action::Reason => {
            if let Some(Overlay::Confirm(confirm)) = app.overlay.take() {
                let reason = match &confirm {
                    Confirm::Kick { reason, .. } => reason.clone().unwrap_or_default(),
                    _ => String::new(),
                };
                let prompt = Prompt::Reason(confirm);
                app.overlay = Some(Overlay::Prompt(prompt, LineInput::with(reason)));
            }
        }
        Action::Complete => complete(app),
        Action::Older => recall(app, true),
        Action::Newer => recall(app, false),
        Action::Enter => return enter(app, now),
    }
    Vec::new()
}

/// Why an action can't be done now, where a key that does nothing would be a riddle.
fn refusal(app: &App, action: Action) -> Option<&'static str> {
    if keymap::is_available(app, action) {
        return None;
    }
    match action {
        Action::Kick => Some("no user is selected"),
        Action::CloseRoom if app.selected_room().is_some() => {
            Some("lobby always stands and can't be closed")
        }
        Action::CloseRoom | Action::Pin | Action::Title | Action::RoomFps | Action::Announce => {
            Some("no room is selected")
        }
        Action::CaptureLevel => Some("what is captured can't be changed in this process"),
        _ => None,
    }
}

fn quit(app: &mut App) -> Vec<Effect> {
    if app.snapshot.users.is_empty() {
        return vec![Effect::Exit];
    }
    app.overlay = Some(Overlay::Confirm(Confirm::Quit));
    Vec::new()
}

fn neighbour(pane: Pane, by: usize) -> Pane {
    Pane::ALL[(pane as usize + by) % Pane::ALL.len()]
}

fn go(app: &mut App, pane: Pane) {
    app.pane = pane;
    if !matches!(pane, Pane::Rooms | Pane::Users) {
        app.front = pane;
    }
}

fn step(app: &mut App, by: isize) {
    match (app.screen, app.pane) {
        (Screen::Help, _) => app.help_scroll = app.help_scroll.saturating_add_signed(by),
        (Screen::Detail, _) => app.detail.scroll = app.detail.scroll.saturating_add_signed(by),
        (Screen::Main, Pane::Rooms) => step_room(app, by),
        (Screen::Main, Pane::Users) => step_user(app, by),
        (Screen::Main, Pane::Map) => app.map.pan(0.0, -PAN * by as f64),
        (Screen::Main, Pane::Chat) => app.chat_back = app.chat_back.saturating_add_signed(-by),
        (Screen::Main, Pane::Log) if by < 0 => app.log.back(),
        (Screen::Main, Pane::Log) => app.log.forward(),
    }
}

fn page(app: &mut App, up: bool) {
    if app.screen == Screen::Main && app.pane == Pane::Log {
        return if up { app.log.back() } else { app.log.forward() };
    }
    if app.screen == Screen::Main && app.pane == Pane::Map {
        return app.map.zoom(if up { 1.0 / ZOOM } else { ZOOM });
    }
    let rows = app.drawn.page(app.pane).saturating_sub(1).max(1) as isize;
    step(app, if up { -rows } else { rows });
}

fn end(app: &mut App, first: bool) {
    // Far enough for any list; every one of them stops at its ends.
    const FAR: isize = 1 << 20;
    match (app.screen, app.pane) {
        (Screen::Main, Pane::Log) if !first => app.log.newest(),
        (Screen::Main, Pane::Log) => {
            for _ in 0..20 {
                app.log.back();
            }
        }
        (Screen::Main, Pane::Map) => {}
        _ => step(app, if first { -FAR } else { FAR }),
    }
}

fn step_room(app: &mut App, by: isize) {
    let ids = app.room_ids();
    app.rooms.step(&ids, by);
    room_changed(app);
}

fn step_user(app: &mut App, by: isize) {
    let ids = app.user_ids();
    app.users.step(&ids, by);
}

/// Another room is selected, so its users, chat and floor are shown.
pub(super) fn room_changed(app: &mut App) {
    app.chosen = true;
    app.settle();
    app.chat_back = 0;
    app.map.automatic();
    app.follow();
}

fn open(app: &mut App) {
    match app.pane {
        Pane::Rooms => go(app, Pane::Users),
        Pane::Users | Pane::Map => {
            if let Some(session) = app.users.selected {
                open_detail(app, session);
            }
        }
        Pane::Chat | Pane::Log => {}
    }
}

/// Looks at one user closely.
pub(super) fn open_detail(app: &mut App, session: SessionId) {
    let Some(row) = app.user(session).cloned() else { return };
    app.detail = Detail { row, ..Detail::default() };
    app.users.selected = Some(session);
    app.screen = Screen::Detail;
    app.refresh_detail();
}

/// One level back: from the screen, from what was zoomed, scrolled or filtered.
fn back(app: &mut App) {
    if app.screen != Screen::Main {
        app.screen = Screen::Main;
    } else if app.maximised {
        app.maximised = false;
    } else if app.pane == Pane::Chat && app.chat_back > 0 {
        app.chat_back = 0;
    } else if app.log.is_scrolled() {
        app.log.newest();
    } else if keymap::filter_of(app).is_some() {
        set_filter(app, app.pane, String::new());
    } else {
        app.chat_back = 0;
        app.toasts.clear();
    }
}

fn sort(app: &mut App, reverse: bool) {
    match (app.pane, reverse) {
        (Pane::Rooms, false) => app.rooms.next_sort(),
        (Pane::Rooms, true) => app.rooms.descending = !app.rooms.descending,
        (_, false) => app.users.next_sort(),
        (_, true) => app.users.descending = !app.users.descending,
    }
    app.settle();
}

fn kick(app: &mut App) {
    if let Some(user) = app.subject() {
        let confirm =
            Confirm::Kick { session: user.session, user: user.name.clone(), reason: None };
        app.overlay = Some(Overlay::Confirm(confirm));
    }
}

fn step_fps(app: &mut App, up: bool, now: Instant) -> Vec<Effect> {
    let asked = app.asked_fps.as_ref().filter(|(room, _, when)| {
        room.is_none() && now.saturating_duration_since(*when) < ASKED_FOR
    });
    let present = asked.map_or(app.snapshot.fps, |(_, rate, _)| *rate);
    let next = if up {
        RATES.iter().find(|rate| **rate > present)
    } else {
        RATES.iter().rev().find(|rate| **rate < present)
    };
    let Some(rate) = next.copied() else {
        let text = format!("{} fps is as far as it goes", fps(present));
        app.toast(Tone::Failed, text, None, now);
        return Vec::new();
    };
    app.asked_fps = Some((None, rate, now));
    vec![send(app, Command::SetFps { room: None, fps: Some(rate) })]
}

/// Filters the log's lines, those that are there too, by another level.
pub(super) fn show_level(app: &mut App, level: LogLevel, now: Instant) {
    app.log.show(level);
    let captured = app.snapshot.log_level;
    let text = match captured.filter(|captured| *captured < level) {
        Some(captured) => {
            format!(
                "log shown down to {level}, but only captured down to {captured}; L changes that"
            )
        }
        None => format!("log shown down to {level}"),
    };
    app.toast(Tone::Done, text, Some(LOCAL), now);
}

/// Sets the filter of a pane.
pub(super) fn set_filter(app: &mut App, pane: Pane, text: String) {
    match pane {
        Pane::Rooms => {
            app.rooms.filter = text;
            room_changed(app);
        }
        Pane::Users | Pane::Map | Pane::Chat => {
            app.users.filter = text;
            app.settle();
        }
        Pane::Log => app.log.aim((!text.is_empty()).then_some(text)),
    }
}

fn complete(app: &mut App) {
    match app.overlay.take() {
        Some(Overlay::Command(mut line)) => {
            line.complete(app);
            app.overlay = Some(Overlay::Command(line));
        }
        Some(Overlay::Filter(Pane::Log, input, before)) => {
            let typed = input.text();
            let targets = app.log.targets();
            let at = targets.iter().position(|target| target == typed);
            let next = match at {
                Some(at) => targets.get((at + 1) % targets.len()),
                None => targets.iter().find(|target| target.contains(typed)),
            };
            let text = next.cloned().unwrap_or_else(|| typed.to_owned());
            app.overlay = Some(Overlay::Filter(Pane::Log, LineInput::with(text.clone()), before));
            set_filter(app, Pane::Log, text);
        }
        other => app.overlay = other,
    }
}

fn recall(app: &mut App, older: bool) {
    if let Some(Overlay::Command(line)) = &mut app.overlay {
        line.recall(&app.history, older);
    }
}

/// Does what a click on something means.
pub(super) fn click(app: &mut App, hit: Hit, now: Instant) -> Vec<Effect> {
    if let Hit::Key(action) = hit {
        return perform(app, action, now);
    }
    if app.overlay.is_some() || app.screen != Screen::Main {
        return Vec::new();
    }
    match hit {
        Hit::Pane(pane) => go(app, pane),
        Hit::Room(room) => {
            go(app, Pane::Rooms);
            select_room(app, room);
        }
        Hit::User(session) => {
            if app.users.selected == Some(session) && app.pane == Pane::Users {
                open_detail(app, session);
            }
            go(app, Pane::Users);
            app.users.selected = Some(session);
            app.settle();
        }
        Hit::Head(session) => {
            go(app, Pane::Map);
            app.users.selected = Some(session);
            app.settle();
        }
        Hit::Key(_) => {}
    }
    Vec::new()
}

fn select_room(app: &mut App, room: Arc<str>) {
    if app.rooms.selected.as_ref() != Some(&room) {
        app.rooms.selected = Some(room);
        room_changed(app);
    }
}

/// Scrolls what is under the pointer, without moving the focus.
pub(super) fn wheel(app: &mut App, hit: &Hit, up: bool) -> Vec<Effect> {
    if app.overlay.is_some() {
        return Vec::new();
    }
    let by = if up { -1 } else { 1 };
    if app.screen != Screen::Main {
        step(app, by * 3);
        return Vec::new();
    }
    match hit {
        Hit::Pane(Pane::Rooms) | Hit::Room(_) => step_room(app, by),
        Hit::Pane(Pane::Users) | Hit::User(_) => step_user(app, by),
        Hit::Pane(Pane::Map) | Hit::Head(_) => app.map.zoom(if up { 1.0 / ZOOM } else { ZOOM }),
        Hit::Pane(Pane::Chat) => app.chat_back = app.chat_back.saturating_add_signed(-by * 3),
        Hit::Pane(Pane::Log) if up => app.log.back(),
        Hit::Pane(Pane::Log) => app.log.forward(),
        Hit::Key(_) => {}
    }
    Vec::new()
}
