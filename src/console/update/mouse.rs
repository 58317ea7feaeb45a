//! Clicks and the wheel.

use std::sync::Arc;
use std::time::Instant;

use super::event::Effect;
use super::perform::perform;
use super::{form, navigate};
use crate::console::state::{App, Hit, Overlay, Pane, Screen};

/// Does what a click on something means.
pub(crate) fn click(app: &mut App, hit: Hit, now: Instant) -> Vec<Effect> {
    if let Hit::Key(action) = hit {
        return perform(app, action, now);
    }
    if let Hit::Field(index) = hit {
        return form::click(app, index);
    }
    if app.overlay.is_some() || app.screen != Screen::Main {
        return Vec::new();
    }
    match hit {
        Hit::Pane(pane) => navigate::go(app, pane),
        Hit::Room(room) => {
            navigate::go(app, Pane::Rooms);
            select_room(app, room);
        }
        Hit::User(session) => {
            if app.users.selected == Some(session) && app.pane == Pane::Users {
                app.show_detail(session);
            }
            navigate::go(app, Pane::Users);
            app.users.selected = Some(session);
            app.settle();
        }
        Hit::Head(session) => {
            navigate::go(app, Pane::Map);
            app.users.selected = Some(session);
            app.settle();
        }
        Hit::Key(_) | Hit::Field(_) => {}
    }
    Vec::new()
}

fn select_room(app: &mut App, room: Arc<str>) {
    if app.rooms.selected.as_ref() != Some(&room) {
        app.rooms.selected = Some(room);
        app.room_chosen();
    }
}

/// Scrolls whatever is under the pointer, without moving the focus.
pub(crate) fn wheel(app: &mut App, hit: &Hit, up: bool) {
    if let Some(Overlay::Record(_)) = &app.overlay {
        return form::change(app, |form| form.step_row(!up));
    }
    if app.overlay.is_some() {
        return;
    }
    let by = if up { -1 } else { 1 };
    if app.screen != Screen::Main {
        return navigate::step(app, by * 3);
    }
    match hit {
        Hit::Pane(Pane::Rooms) | Hit::Room(_) => navigate::step_room(app, by),
        Hit::Pane(Pane::Users) | Hit::User(_) => navigate::step_user(app, by),
        Hit::Pane(Pane::Map) | Hit::Head(_) => navigate::zoom(app, up),
        Hit::Pane(Pane::Chat) => navigate::scroll_chat(app, by * 3),
        Hit::Pane(Pane::Log) => navigate::scroll_log(app, up),
        Hit::Key(_) | Hit::Field(_) => {}
    }
}
