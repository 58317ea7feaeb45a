//! Marks instants and intervals.

use std::time::Instant;

use super::event::{Effect, send};
use crate::console::state::App;
use crate::model::MarkPhase;
use crate::operator::Command;

/// Why no mark can be set.
pub(crate) const NOT_RECORDING: &str =
    "nothing is being recorded, so nothing would keep a mark; r starts a recording";

/// Marks this instant, with a number for a label.
pub(crate) fn instant(app: &mut App, now: Instant) -> Vec<Effect> {
    let label = app.recording.next_label(&app.snapshot);
    vec![mark(app, label, MarkPhase::Instant, now)]
}

/// Begins an interval, or ends it if it is open.
pub(crate) fn interval(app: &mut App, label: &str, now: Instant) -> Effect {
    let is_open = app.open_intervals().iter().any(|open| open == label);
    let phase = if is_open { MarkPhase::End } else { MarkPhase::Begin };
    labelled(app, label.to_owned(), phase, now)
}

/// Sets a mark with a label that was typed.
pub(crate) fn labelled(app: &mut App, label: String, phase: MarkPhase, now: Instant) -> Effect {
    app.recording.remember(&label);
    mark(app, label, phase, now)
}

fn mark(app: &mut App, label: String, phase: MarkPhase, now: Instant) -> Effect {
    let effect = send(app, Command::Mark { label: label.clone(), phase });
    let time = app.recorded_by(now);
    app.recording.asked(app.tickets, &label, phase, time, now);
    effect
}

/// Labels to offer for a mark: of open intervals first, then those used before.
pub(crate) fn offered(app: &App) -> Vec<String> {
    let mut labels = app.open_intervals();
    let used = app.recording.labels().filter(|label| !labels.contains(label));
    let used: Vec<String> = used.cloned().collect();
    labels.extend(used);
    labels
}
