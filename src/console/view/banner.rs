//! News that stays below the top line until the operator takes note of it.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::console::state::App;
use crate::console::text::{bytes, cells, clock, left, wrap};

/// Rows that it takes at most.
const ROWS: usize = 4;

/// The news, wrapped for a screen of this width; empty if there is none.
pub(crate) fn lines(app: &App, width: u16) -> Vec<String> {
    let Some((progress, reason)) = app.ended_early() else { return Vec::new() };
    let text = format!(
        "!! REC ended: {}. {} ({}) are kept in {}. Esc takes note of this.",
        reason.trim_end_matches('.'),
        clock(progress.until.since(progress.since)),
        bytes(progress.bytes as f64),
        progress.file.display()
    );
    let mut lines = wrap(&cells(&text), width.saturating_sub(2) as usize);
    lines.truncate(ROWS);
    lines
}

pub(crate) fn draw(area: Rect, buffer: &mut Buffer, app: &App, lines: &[String]) {
    for (row, line) in area.rows().zip(lines) {
        let text = format!(" {} ", left(line, row.width.saturating_sub(2) as usize));
        buffer.set_string(row.x, row.y, text, app.theme.recording());
    }
}
