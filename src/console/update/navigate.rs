//! Moves through panes, lists and screens.

use super::filter;
use crate::console::state::{App, Pane, Screen, active_filter};

/// The factor of one zoom step.
const ZOOM: f64 = 1.25;

/// The share of the view that one step pans.
const PAN: f64 = 0.2;

/// Gives a pane the focus and brings it to the front.
pub(crate) fn go(app: &mut App, pane: Pane) {
    app.pane = pane;
    if !matches!(pane, Pane::Rooms | Pane::Users) {
        app.front = pane;
    }
}

/// Moves the focus on by a number of panes.
pub(crate) fn next_pane(app: &mut App, by: usize) {
    go(app, Pane::ALL[(app.pane as usize + by) % Pane::ALL.len()]);
}

/// Moves the selection or scrolls, by rows.
pub(crate) fn step(app: &mut App, by: isize) {
    match (app.screen, app.pane) {
        (Screen::Help, _) => app.help_scroll = app.help_scroll.saturating_add_signed(by),
        (Screen::Detail, _) => app.detail.scroll = app.detail.scroll.saturating_add_signed(by),
        (Screen::Main, Pane::Rooms) => step_room(app, by),
        (Screen::Main, Pane::Users) => step_user(app, by),
        (Screen::Main, Pane::Map) => app.map.pan(0.0, -PAN * by as f64),
        (Screen::Main, Pane::Chat) => scroll_chat(app, by),
        (Screen::Main, Pane::Log) => scroll_log(app, by < 0),
    }
}

/// Moves by a page: on the map, zooms.
pub(crate) fn page(app: &mut App, up: bool) {
    match (app.screen, app.pane) {
        (Screen::Main, Pane::Log) => scroll_log(app, up),
        (Screen::Main, Pane::Map) => zoom(app, up),
        _ => {
            let rows = app.drawn.page(app.pane).saturating_sub(1).max(1) as isize;
            step(app, if up { -rows } else { rows });
        }
    }
}

/// Goes to the first or last row.
pub(crate) fn end(app: &mut App, first: bool) {
    // More rows than any list has; lists stop at their ends.
    const FAR: isize = 1 << 20;
    // The log has no first line to go to: its oldest lines keep dropping out.
    const PAGES: usize = 20;
    match (app.screen, app.pane) {
        (Screen::Main, Pane::Log) if !first => app.log.newest(),
        (Screen::Main, Pane::Log) => (0..PAGES).for_each(|_| app.log.back()),
        (Screen::Main, Pane::Map) => {}
        _ => step(app, if first { -FAR } else { FAR }),
    }
}

pub(crate) fn step_room(app: &mut App, by: isize) {
    let ids = app.room_ids();
    app.rooms.step(&ids, by);
    app.room_chosen();
}

pub(crate) fn step_user(app: &mut App, by: isize) {
    let ids = app.user_ids();
    app.users.step(&ids, by);
}

/// Scrolls the chat by lines, down if positive.
pub(crate) fn scroll_chat(app: &mut App, by: isize) {
    app.chat_back = app.chat_back.saturating_add_signed(-by);
}

/// Scrolls the log by a page.
pub(crate) fn scroll_log(app: &mut App, up: bool) {
    if up { app.log.back() } else { app.log.forward() }
}

pub(crate) fn zoom(app: &mut App, closer: bool) {
    app.map.zoom(if closer { 1.0 / ZOOM } else { ZOOM });
}

/// Moves the map sideways, to the right if positive.
pub(crate) fn pan(app: &mut App, by: i8) {
    app.map.pan(PAN * f64::from(by), 0.0);
}

/// Opens the selected row.
pub(crate) fn open(app: &mut App) {
    match app.pane {
        Pane::Rooms => go(app, Pane::Users),
        Pane::Users | Pane::Map => {
            if let Some(session) = app.users.selected {
                app.show_detail(session);
            }
        }
        Pane::Chat | Pane::Log => {}
    }
}

/// Goes back one level: out of a screen, a maximised pane, scrolling or a filter; then takes note
/// of what was reported.
pub(crate) fn back(app: &mut App) {
    if app.screen != Screen::Main {
        app.screen = Screen::Main;
    } else if app.maximised {
        app.maximised = false;
    } else if app.pane == Pane::Chat && app.chat_back > 0 {
        app.chat_back = 0;
    } else if app.log.is_scrolled() {
        app.log.newest();
    } else if active_filter(app).is_some() {
        filter::set(app, app.pane, String::new());
    } else if app.ended_early().is_some() {
        app.recording.take_note(&app.snapshot);
    } else {
        app.chat_back = 0;
        app.toasts.clear();
    }
}
