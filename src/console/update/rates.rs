//! Steps the server's rate up and down.

use std::time::{Duration, Instant};

use super::event::{Effect, send};
use crate::console::state::App;
use crate::console::text::fps;
use crate::operator::Command;

/// The rates that `+` and `-` step through: those usual for headsets, and slower ones.
const RATES: &[f64] = &[
    0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 15.0, 20.0, 24.0, 30.0, 45.0, 60.0, 72.0, 90.0, 120.0,
    144.0, 240.0,
];

/// How long a requested rate counts as the current one, until a snapshot shows it.
const ASKED_FOR: Duration = Duration::from_secs(1);

/// Requests the next higher or lower rate.
pub(crate) fn step(app: &mut App, up: bool, now: Instant) -> Vec<Effect> {
    let asked = app.asked_fps.as_ref().filter(|(room, _, when)| {
        room.is_none() && now.saturating_duration_since(*when) < ASKED_FOR
    });
    let current = asked.map_or(app.snapshot.fps, |(_, rate, _)| *rate);
    let next = if up {
        RATES.iter().find(|rate| **rate > current)
    } else {
        RATES.iter().rev().find(|rate| **rate < current)
    };
    let Some(rate) = next.copied() else {
        app.fail(format!("{} fps is as far as it goes", fps(current)), now);
        return Vec::new();
    };
    app.asked_fps = Some((None, rate, now));
    vec![send(app, Command::SetFps { room: None, fps: Some(rate) })]
}
