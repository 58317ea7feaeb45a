//! Performs actions: what keys and footer buttons stand for.

use std::time::Instant;

use super::event::{Effect, send};
use super::{
    confirm, filter, form, line, mark, navigate, prompt, rates, record, replay, screen, typing,
};
use crate::console::state::{
    Action, App, CommandLine, LOCAL, Overlay, Pane, Screen, Tone, is_available, next_level,
};
use crate::operator::Command;

/// Performs an action, or reports why it can't be done.
pub(crate) fn perform(app: &mut App, action: Action, now: Instant) -> Vec<Effect> {
    if let Some(reason) = refusal(app, action) {
        app.fail(reason, now);
        return Vec::new();
    }
    match action {
        Action::Help => {
            app.screen = Screen::Help;
            app.help_scroll = 0;
        }
        Action::Quit => return confirm::quit(app),
        Action::Command => app.overlay = Some(Overlay::Command(CommandLine::default())),
        Action::NextPane => navigate::next_pane(app, 1),
        Action::PreviousPane => navigate::next_pane(app, Pane::ALL.len() - 1),
        Action::Go(pane) => navigate::go(app, pane),
        Action::Maximise => app.maximised = !app.maximised,
        Action::Freeze => screen::freeze(app, now),
        Action::Redraw => return vec![Effect::Redraw],
        Action::Up => navigate::step(app, -1),
        Action::Down => navigate::step(app, 1),
        Action::PageUp => navigate::page(app, true),
        Action::PageDown => navigate::page(app, false),
        Action::First => navigate::end(app, true),
        Action::Last => navigate::end(app, false),
        Action::Left => navigate::pan(app, -1),
        Action::Right => navigate::pan(app, 1),
        Action::ZoomIn => navigate::zoom(app, true),
        Action::ZoomOut => navigate::zoom(app, false),
        Action::Fit => {
            app.map.automatic();
            app.follow();
        }
        Action::Names => app.map.hide_names = !app.map.hide_names,
        Action::Open => navigate::open(app),
        Action::Back => navigate::back(app),
        Action::Filter => filter::open(app),
        Action::Sort => {
            filter::next_sort(app);
            let order = if app.pane == Pane::Rooms { app.rooms.order() } else { app.users.order() };
            app.toast(Tone::Done, order, Some(LOCAL), now);
        }
        Action::Reverse => filter::reverse(app),
        Action::AllUsers => {
            app.all_users = !app.all_users;
            app.settle();
        }
        Action::Kick => confirm::kick(app),
        Action::Consent => return record::consent(app),
        Action::Record => record::toggle(app, now),
        Action::Mark => return mark::instant(app, now),
        Action::Interval => prompt::interval(app),
        Action::Note => prompt::note(app),
        Action::CloseRoom => confirm::close_room(app),
        Action::Pin => {
            let room = app.selected_room().map(|room| (room.name.to_string(), !room.pinned));
            if let Some((room, pinned)) = room {
                return vec![send(app, Command::PinRoom { room, pinned })];
            }
        }
        Action::Title => prompt::title(app),
        Action::Announce => prompt::announce(app, app.rooms.selected.clone()),
        Action::AnnounceAll => prompt::announce(app, None),
        Action::FpsUp => return rates::step(app, true, now),
        Action::FpsDown => return rates::step(app, false, now),
        Action::TypeFps => prompt::fps(app),
        Action::RoomFps => prompt::room_fps(app),
        Action::ShowLevel => screen::show_level(app, next_level(app.log.shown()), now),
        Action::CaptureLevel => {
            if let Some(level) = app.snapshot.log_level.map(next_level) {
                return vec![send(app, Command::SetLogLevel { level })];
            }
        }
        Action::Yes => return confirm::confirmed(app, now),
        Action::No => typing::cancel(app),
        Action::Reason => prompt::reason(app),
        Action::Complete => typing::complete(app),
        Action::Older => typing::recall(app, true),
        Action::Newer => typing::recall(app, false),
        Action::Enter => return line::enter(app, now),
        Action::NextField => form::change(app, |form| form.step(true)),
        Action::PreviousField => form::change(app, |form| form.step(false)),
        Action::FieldBelow => form::change(app, |form| form.step_row(true)),
        Action::FieldAbove => form::change(app, |form| form.step_row(false)),
        Action::NextOption => form::change(app, |form| form.turn(true)),
        Action::PreviousOption => form::change(app, |form| form.turn(false)),
        Action::EnterField => return form::enter(app),
        Action::Replay => replay::open(app),
        Action::Steer(control) => return replay::steer(app, control),
    }
    Vec::new()
}

/// Why an action can't be done now, for keys whose silence would puzzle the operator.
fn refusal(app: &App, action: Action) -> Option<&'static str> {
    if is_available(app, action) {
        return None;
    }
    match action {
        Action::Kick => Some("no user is selected"),
        Action::Mark | Action::Interval | Action::Note => Some(mark::NOT_RECORDING),
        Action::Consent if app.running().is_none() => Some("nothing is being recorded"),
        Action::Consent if app.subject().is_none() => Some("no user is selected"),
        Action::Consent => Some("the recording has not met this user yet"),
        Action::CloseRoom if app.selected_room().is_some() => {
            Some("lobby always exists and can't be closed")
        }
        Action::CloseRoom | Action::Pin | Action::Title | Action::RoomFps | Action::Announce => {
            Some("no room is selected")
        }
        Action::CaptureLevel => Some("what is captured can't be changed in this process"),
        _ => None,
    }
}
