//! Destructive actions: asked about first, then carried out.

use std::time::Instant;

use super::event::{Effect, send};
use super::record;
use crate::console::state::{App, Confirm, Overlay};
use crate::console::text::cells;
use crate::operator::Command;

/// Asks whether to kick the user that actions apply to.
pub(crate) fn kick(app: &mut App) {
    if let Some(user) = app.subject() {
        let (session, user) = (user.session, user.name.clone());
        ask(app, Confirm::Kick { session, user, reason: None });
    }
}

/// Asks whether to close the selected room.
pub(crate) fn close_room(app: &mut App) {
    if let Some(room) = app.rooms.selected.clone() {
        ask(app, Confirm::Close { room });
    }
}

/// Quits at once if nobody is connected and nothing is recorded, else asks.
pub(crate) fn quit(app: &mut App) -> Vec<Effect> {
    let is_recording = app.running().is_some() || app.recording.starting.is_some();
    if app.snapshot.users.is_empty() && !is_recording {
        return vec![Effect::Exit];
    }
    ask(app, Confirm::Quit);
    Vec::new()
}

pub(crate) fn ask(app: &mut App, confirm: Confirm) {
    app.overlay = Some(Overlay::Confirm(confirm));
}

/// Carries out what has been confirmed.
pub(crate) fn confirmed(app: &mut App, now: Instant) -> Vec<Effect> {
    let Some(Overlay::Confirm(confirm)) = app.overlay.take() else { return Vec::new() };
    match confirm {
        Confirm::Kick { session, user, reason } => {
            if !app.frozen && app.user(session).is_none() {
                app.fail(format!("{} has left in the meantime", cells(&user)), now);
                return Vec::new();
            }
            vec![send(app, Command::KickSession { session, reason })]
        }
        Confirm::Close { room } => vec![send(app, Command::CloseRoom { room: room.to_string() })],
        Confirm::StopRecording => vec![record::stop(app)],
        Confirm::Quit => vec![Effect::Exit],
    }
}
