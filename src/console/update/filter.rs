//! Filters and sorts the lists, and filters the log by target.

use crate::console::state::{App, LineInput, Overlay, Pane, active_filter};

/// Opens the line in which the focused pane's filter is typed.
pub(crate) fn open(app: &mut App) {
    let pane = if app.pane == Pane::Chat || app.pane == Pane::Map { Pane::Users } else { app.pane };
    let before = active_filter(app).unwrap_or_default().to_owned();
    app.overlay = Some(Overlay::Filter(pane, LineInput::with(before.clone()), before));
}

/// Sets a pane's filter.
pub(crate) fn set(app: &mut App, pane: Pane, text: String) {
    match pane {
        Pane::Rooms => {
            app.rooms.filter = text;
            app.room_chosen();
        }
        Pane::Users | Pane::Map | Pane::Chat => {
            app.users.filter = text;
            app.settle();
        }
        Pane::Log => app.log.show_target((!text.is_empty()).then_some(text)),
    }
}

/// Sorts the focused list by its next column.
pub(crate) fn next_sort(app: &mut App) {
    match app.pane {
        Pane::Rooms => app.rooms.next_sort(),
        _ => app.users.next_sort(),
    }
    app.settle();
}

/// Reverses the order of the focused list.
pub(crate) fn reverse(app: &mut App) {
    let descending = match app.pane {
        Pane::Rooms => &mut app.rooms.descending,
        _ => &mut app.users.descending,
    };
    *descending = !*descending;
    app.settle();
}
