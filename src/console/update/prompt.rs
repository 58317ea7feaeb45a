//! Prompts: asks for a text, a rate or a reason, and uses the answer.

use std::sync::Arc;
use std::time::Instant;

use super::event::{Effect, send};
use super::{confirm, mark};
use crate::console::state::{App, Confirm, LineInput, Overlay, Prompt};
use crate::console::text;
use crate::console::verbs::set_fps;
use crate::model::MarkPhase;
use crate::operator::Command;

/// Asks for the announcement to one room, or to all.
pub(crate) fn announce(app: &mut App, room: Option<Arc<str>>) {
    open(app, Prompt::Announce(room), LineInput::default());
}

/// Asks for the selected room's title.
pub(crate) fn title(app: &mut App) {
    if let Some(room) = app.selected_room() {
        let (name, title) = (room.name.clone(), room.title.clone());
        open(app, Prompt::Title(name), LineInput::with(title));
    }
}

/// Asks for the rate of all rooms.
pub(crate) fn fps(app: &mut App) {
    open(app, Prompt::Fps(None), LineInput::with(text::fps(app.snapshot.fps)));
}

/// Asks for the selected room's rate.
pub(crate) fn room_fps(app: &mut App) {
    if let Some(room) = app.selected_room() {
        let (name, rate) = (room.name.clone(), text::fps(room.fps));
        open(app, Prompt::Fps(Some(name)), LineInput::with(rate));
    }
}

/// Asks for the reason of the kick being confirmed.
pub(crate) fn reason(app: &mut App) {
    if let Some(Overlay::Confirm(confirm)) = app.overlay.take() {
        let reason = match &confirm {
            Confirm::Kick { reason, .. } => reason.clone().unwrap_or_default(),
            _ => String::new(),
        };
        open(app, Prompt::Reason(confirm), LineInput::with(reason));
    }
}

/// Asks for the label of an interval.
pub(crate) fn interval(app: &mut App) {
    open(app, Prompt::Interval, LineInput::default());
}

/// Asks for the label of an instant.
pub(crate) fn note(app: &mut App) {
    open(app, Prompt::Note, LineInput::default());
}

fn open(app: &mut App, prompt: Prompt, line: LineInput) {
    app.overlay = Some(Overlay::Prompt(prompt, line));
}

/// Does what was asked for, with the text that was typed.
pub(crate) fn answered(app: &mut App, prompt: Prompt, text: &str, now: Instant) -> Vec<Effect> {
    let name = |room: &Arc<str>| room.to_string();
    let command = match prompt {
        Prompt::Announce(_) if text.is_empty() => {
            app.fail("nothing was announced: the text is empty", now);
            return Vec::new();
        }
        Prompt::Interval | Prompt::Note if text.is_empty() => {
            app.fail("nothing was marked: the label is empty", now);
            return Vec::new();
        }
        Prompt::Interval => return vec![mark::interval(app, text, now)],
        Prompt::Note => {
            return vec![mark::labelled(app, text.to_owned(), MarkPhase::Instant, now)];
        }
        Prompt::Announce(room) => {
            Command::Announce { room: room.as_ref().map(name), text: text.to_owned() }
        }
        Prompt::Title(room) => Command::SetTitle { room: name(&room), title: text.to_owned() },
        Prompt::Fps(room) => match set_fps(text, room.as_ref().map(name)) {
            Ok(command) => command,
            Err(reason) => {
                app.fail(reason, now);
                return Vec::new();
            }
        },
        Prompt::Reason(mut confirm) => {
            if let Confirm::Kick { reason, .. } = &mut confirm {
                *reason = (!text.is_empty()).then(|| text.to_owned());
            }
            confirm::ask(app, confirm);
            return Vec::new();
        }
    };
    vec![send(app, command)]
}
