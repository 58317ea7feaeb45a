//! The bar of a replay that runs, above the footer.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::pieces::{self, Piece};
use crate::console::state::{App, Overlay};
use crate::console::text::{cells, clock, cut, fps};
use crate::model::{ReplayMarker, ReplayProgress};

/// The longest label that is shown, in columns.
const LABEL: usize = 24;

/// Columns of the bar itself.
const BAR: usize = 16;

/// How many rows it takes.
pub(crate) fn height(app: &App) -> u16 {
    u16::from(app.snapshot.replay.running().is_some())
}

pub(crate) fn draw(area: Rect, buffer: &mut Buffer, app: &App) {
    let Some(progress) = app.snapshot.replay.running().filter(|_| area.height > 0) else { return };
    let (mut left, mut right) = (place(app, progress), surroundings(app, progress));
    pieces::fit(&mut left, &mut right, (area.width as usize).saturating_sub(2));
    left.append(&mut right);
    buffer.set_line(area.x + 1, area.y, &Line::from(pieces::spans(left)), area.width - 2);
}

/// Where it is.
fn place(app: &App, progress: &ReplayProgress) -> Vec<Piece> {
    let theme = app.theme;
    let is_steered = app.overlay == Some(Overlay::Replay);
    let badge = if is_steered { theme.selected() } else { theme.badge() };
    let state = match (progress.seeking, progress.paused) {
        (true, _) => "…",
        (false, true) => "⏸",
        (false, false) => "▶",
    };
    let speed = format!(" {}x", fps(progress.speed));
    let position = format!(" {} / {}", clock(progress.position), clock(progress.until));
    vec![
        Piece::new(0, Span::styled(format!(" REPLAY {state} "), badge)),
        Piece::new(0, Span::raw(position)),
        Piece { rank: 4, spans: bar(app, progress) },
        Piece::new(0, Span::styled(speed, theme.accent())),
    ]
}

/// How far it is, as a line.
fn bar(app: &App, progress: &ReplayProgress) -> Vec<Span<'static>> {
    let whole = progress.until.saturating_sub(progress.from).as_secs_f64();
    let done = progress.position.saturating_sub(progress.from).as_secs_f64();
    let filled = (done / whole.max(1e-6) * BAR as f64) as usize;
    let filled = filled.min(BAR);
    vec![
        Span::raw("  "),
        Span::styled("━".repeat(filled), app.theme.accent()),
        Span::styled("─".repeat(BAR - filled), app.theme.faint()),
        Span::raw(" "),
    ]
}

/// Who is there, and what is near.
fn surroundings(app: &App, progress: &ReplayProgress) -> Vec<Piece> {
    let theme = app.theme;
    let ghosts = format!("  {} of {} ghosts", progress.ghosts, progress.people);
    let mut pieces = vec![Piece::new(1, Span::styled(ghosts, theme.good()))];
    let label = |marker: &ReplayMarker| cut(&cells(&marker.label), LABEL).into_owned();
    if let Some(marker) = &progress.marker {
        pieces.push(Piece::new(3, Span::raw(format!("  [{}]", label(marker)))));
    }
    if let Some(marker) = &progress.next_marker {
        let next = format!("  then {} at {}", label(marker), clock(marker.at));
        pieces.push(Piece::new(5, Span::styled(next, theme.dim())));
    }
    if progress.refused > 0 {
        let refused = format!("  ! {} refused", progress.refused);
        pieces.push(Piece::new(2, Span::styled(refused, theme.warn())));
    }
    let name = progress.file.file_name().map(|name| name.to_string_lossy().into_owned());
    let place = match &progress.into {
        Some(room) => format!("  {} into {}", cells(&name.unwrap_or_default()), cells(room)),
        None => format!("  {}", cells(&name.unwrap_or_default())),
    };
    pieces.push(Piece::new(6, Span::styled(place, theme.dim())));
    pieces
}
