//! Edits the line being typed: the command line, a filter or a prompt.

use super::{confirm, filter, form, mark};
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
fn edit(app: &mut App, change: impl Fn(&mut LineInput) -> bool) {
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
        Some(Overlay::Record(_)) => form::change(app, |form| form.edit(change)),
        Some(Overlay::Confirm(_) | Overlay::Replay) | None => {}
    }
}

/// Completes a command, a log target or a label.
pub(crate) fn complete(app: &mut App) {
    match app.overlay.take() {
        Some(Overlay::Command(mut line)) => {
            line.complete(|text| completions(app, text));
            app.overlay = Some(Overlay::Command(line));
        }
        Some(Overlay::Filter(Pane::Log, input, before)) => {
            let text = next_of(&app.log.targets(), input.text());
            app.overlay = Some(Overlay::Filter(Pane::Log, LineInput::with(text.clone()), before));
            filter::set(app, Pane::Log, text);
        }
        Some(Overlay::Prompt(prompt @ (Prompt::Interval | Prompt::Note), input)) => {
            let text = next_of(&mark::offered(app), input.text());
            app.overlay = Some(Overlay::Prompt(prompt, LineInput::with(text)));
        }
        other => app.overlay = other,
    }
}

/// The word after the one that was typed in full, or the first that contains what was typed.
fn next_of(words: &[String], typed: &str) -> String {
    let at = words.iter().position(|word| word == typed);
    let next = match at {
        Some(at) => words.get((at + 1) % words.len()),
        None => words.iter().find(|word| word.contains(typed)),
    };
    next.cloned().unwrap_or_else(|| typed.to_owned())
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
        // So that a slip does not cost what was typed. Once it is started, there is no need.
        Some(Overlay::Record(form)) if form.starting.is_none() => app.recording.draft = Some(form),
        _ => {}
    }
}
