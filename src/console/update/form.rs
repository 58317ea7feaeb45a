//! Fills in the form that starts a recording.

use super::event::Effect;
use super::record;
use crate::console::state::{App, Overlay, RecordForm};

/// Changes the form, unless it has been sent already.
pub(crate) fn change(app: &mut App, change: impl FnOnce(&mut RecordForm)) {
    if let Some(Overlay::Record(form)) = &mut app.overlay
        && form.starting.is_none()
    {
        change(form);
    }
}

/// Goes to the field below or, on the button, starts recording if everything can be used.
pub(crate) fn enter(app: &mut App) -> Vec<Effect> {
    let mut wanted = None;
    change(app, |form| {
        if !form.is_at_start() {
            return form.step_row(true);
        }
        match form.read() {
            Ok(read) => wanted = Some(read),
            Err(problem) => form.complain(problem),
        }
    });
    let Some((path, fields)) = wanted else { return Vec::new() };
    let effect = record::start_with(app, path, fields);
    let ticket = app.tickets;
    change(app, |form| form.starting = Some(ticket));
    vec![effect]
}

/// Clicks a field: gives it the focus, chooses its next option, or presses the button.
pub(crate) fn click(app: &mut App, index: usize) -> Vec<Effect> {
    change(app, |form| {
        form.focus_on(index);
        form.turn(true);
    });
    match &app.overlay {
        Some(Overlay::Record(form)) if form.is_at_start() => enter(app),
        _ => Vec::new(),
    }
}
