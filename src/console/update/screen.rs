//! What is shown, as opposed to what the server does.

use std::time::Instant;

use crate::console::state::{App, LOCAL, Tone};
use crate::model::LogLevel;

/// Freezes the screen, or thaws it.
pub(crate) fn freeze(app: &mut App, now: Instant) {
    app.frozen = !app.frozen;
    let text = if app.frozen { "frozen; the server goes on" } else { "live again" };
    app.toast(Tone::Done, text, Some(LOCAL), now);
}

/// Filters the log by another level, including the lines already there.
pub(crate) fn show_level(app: &mut App, level: LogLevel, now: Instant) {
    app.log.show(level);
    let captured = app.snapshot.log_level;
    let text = match captured.filter(|captured| *captured < level) {
        Some(captured) => {
            format!(
                "log shown down to {level}, but only captured down to {captured}; L changes that"
            )
        }
        None => format!("log shown down to {level}"),
    };
    app.toast(Tone::Done, text, Some(LOCAL), now);
}
