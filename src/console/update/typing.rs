//! Edits the line being typed: the command line, a filter or a prompt.

use super::{confirm, filter};
use crate::console::input::Key;
use crate::console::keymap;
use crate::console::state::{App, LineInput, Overlay, Pane, Prompt};
use crate::console::verbs::completions;

/// Edits by a key.
pub(crate) fn key(app: &mut App, key: Key) {
    edit(app, |input| keymap::edit(input, key));
}

/// Inserts a paste.
pub(crate) fn paste(app: &mut App, text: &str) {
    edit(app, |input| {
        input.insert(text);
        true
    });
}

/// Applies `change`, which returns whether it was an edit, to the line being typed.
fn edit(app: &mut App, change: impl FnOnce(&mut LineInput) -> bool) {
    match &mut app.overlay {
        Some(Overlay::Command(line)) => {
            if change(&mut line.input) {
                line.edited();
            }
        }
        Some(Overlay::Prompt(_, input)) => {
            change(input);
        }
        Some(Overlay::Filter(pane, input, _)) => {
            change(input);
            let (pane, text) = (*pane, input.text().to_owned());
            filter::set(app, pane, text);
        }
        Some(Overlay::Confirm(_)) | None => {}
    }
}

/// Completes a command, or a log target.
pub(crate) fn complete(app: &mut App) {
    match app.overlay.take() {
        Some(Overlay::Command(mut line)) => {
            line.complete(|text| completions(app, text));
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
            filter::set(app, Pane::Log, text);
        }
        other => app.overlay = other,
    }
}

/// Steps through the command line's history.
pub(crate) fn recall(app: &mut App, older: bool) {
    if let Some(Overlay::Command(line)) = &mut app.overlay {
        line.recall(&app.history, older);
    }
}

/// Closes the dialog or input line, restoring what it had replaced.
pub(crate) fn cancel(app: &mut App) {
    match app.overlay.take() {
        Some(Overlay::Filter(pane, _, before)) => filter::set(app, pane, before),
        Some(Overlay::Prompt(Prompt::Reason(confirm), _)) => confirm::ask(app, confirm),
        _ => {}
    }
}
