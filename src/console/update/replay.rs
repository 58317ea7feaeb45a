//! Starts replays, steers the one that runs, and tells how it ended.

use std::time::Instant;

use super::event::{Effect, send};
use crate::console::state::{App, CommandLine, LOCAL, Overlay, Tone};
use crate::model::ReplayControl;
use crate::operator::{Command, ReplayStatus, Snapshot};

/// Steers the replay that runs, or asks which recording to replay.
pub(crate) fn open(app: &mut App) {
    app.overlay = Some(match app.snapshot.replay {
        ReplayStatus::Running(_) => Overlay::Replay,
        _ => Overlay::Command(CommandLine::with("replay ")),
    });
}

/// Has the replay do something.
pub(crate) fn steer(app: &mut App, control: ReplayControl) -> Vec<Effect> {
    match app.snapshot.replay {
        ReplayStatus::Running(_) => vec![send(app, Command::ControlReplay(control))],
        _ => Vec::new(),
    }
}

/// Tells that the replay has ended by itself, by what the snapshot before showed.
pub(crate) fn watch(app: &mut App, before: &Snapshot, now: Instant) {
    if before.replay.running().is_none() {
        return;
    }
    if app.snapshot.replay.running().is_none() && app.overlay == Some(Overlay::Replay) {
        app.overlay = None;
    }
    match &app.snapshot.replay {
        ReplayStatus::Ended { error: Some(error), .. } => {
            let text = format!("the replay has ended: {error}");
            app.fail(text, now);
        }
        ReplayStatus::Ended { error: None, .. } => {
            app.toast(Tone::Done, "the replay has ended", Some(LOCAL), now);
        }
        ReplayStatus::Off | ReplayStatus::Running(_) => {}
    }
}
