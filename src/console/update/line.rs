//! Uses the line that was entered: runs a command, answers a prompt, keeps a filter.

use std::time::Instant;

use super::event::{Effect, send};
use super::{confirm, filter, mark, prompt, record, screen};
use crate::console::state::{App, CommandLine, Confirm, Overlay, Screen};
use crate::console::verbs::{Intent, parse};

/// How many commands the history keeps.
const HISTORY: usize = 100;

/// Uses what was typed.
pub(crate) fn enter(app: &mut App, now: Instant) -> Vec<Effect> {
    match app.overlay.take() {
        Some(Overlay::Command(line)) => run(app, line.input.text(), now),
        Some(Overlay::Prompt(prompt, input)) => {
            prompt::answered(app, prompt, input.text().trim(), now)
        }
        Some(Overlay::Filter(..)) => Vec::new(),
        other @ (Some(Overlay::Confirm(_) | Overlay::Record(_) | Overlay::Replay) | None) => {
            app.overlay = other;
            Vec::new()
        }
    }
}

fn run(app: &mut App, line: &str, now: Instant) -> Vec<Effect> {
    let line = line.trim();
    if line.is_empty() {
        return Vec::new();
    }
    remember(app, line);
    let intent = match parse(line, app) {
        Ok(intent) => intent,
        Err(reason) => {
            app.fail(reason, now);
            // Keep what was typed, so that it can be corrected.
            app.overlay = Some(Overlay::Command(CommandLine::with(line)));
            return Vec::new();
        }
    };
    match intent {
        Intent::Send(command) => return vec![send(app, command)],
        Intent::Kick { session, user, reason } => {
            confirm::ask(app, Confirm::Kick { session, user, reason });
        }
        Intent::Mark(..) if !app.may_mark() => app.fail(mark::NOT_RECORDING, now),
        Intent::Mark(label, phase) => return vec![mark::labelled(app, label, phase, now)],
        Intent::Record(path) => return vec![record::start(app, path)],
        Intent::StopRecording => confirm::ask(app, Confirm::StopRecording),
        Intent::Close(room) => confirm::ask(app, Confirm::Close { room }),
        Intent::Show(level) => screen::show_level(app, level, now),
        Intent::Target(target) => app.log.show_target(target),
        Intent::Room(room) => {
            app.rooms.filter.clear();
            app.rooms.selected = Some(room);
            app.room_chosen();
        }
        Intent::User(session) => app.show_detail(session),
        Intent::Filter(text) => filter::set(app, app.pane, text),
        Intent::SortRooms(sort) => {
            app.rooms.sort_by(sort);
            app.settle();
        }
        Intent::SortUsers(sort) => {
            app.users.sort_by(sort);
            app.settle();
        }
        Intent::Freeze => screen::freeze(app, now),
        Intent::Help => app.screen = Screen::Help,
        Intent::Quit => return confirm::quit(app),
    }
    Vec::new()
}

fn remember(app: &mut App, line: &str) {
    app.history.retain(|other| other != line);
    if app.history.len() >= HISTORY {
        app.history.remove(0);
    }
    app.history.push(line.to_owned());
}
