//! The height bar: how high the heads are.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use super::heads::Head;
use super::scale::multiples;
use crate::console::state::{App, grid_step};
use crate::console::text::right;

/// Draws a dot for every head, and a diamond for the selected one.
pub(crate) fn heights(area: Rect, buffer: &mut Buffer, app: &App, heads: &[Head<'_>]) {
    // Heads farther than this from the median, in metres, are drawn at the ends.
    const NEAR: f64 = 10.0;
    let mut sorted: Vec<f64> = heads.iter().map(|head| head.pose.pos[1]).collect();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.get(sorted.len() / 2).copied().unwrap_or(1.0);
    let near = sorted.iter().copied().filter(|height| (height - middle).abs() <= NEAR);
    let (low, high) = near.fold((middle.min(0.0), middle.max(2.0)), |(low, high), height| {
        (low.min(height), high.max(height))
    });
    let (low, high) = (low.floor(), (high * 2.0).ceil() / 2.0);
    let rows = usize::from(area.height);
    let at = |height: f64| {
        let share = ((high - height) / (high - low)).clamp(0.0, 1.0);
        (share * (rows - 1) as f64).round() as usize
    };
    let mut counts = vec![(0, false, Style::new()); rows];
    for head in heads {
        let (count, selected, style) = &mut counts[at(head.pose.pos[1])];
        *count += 1;
        *selected |= head.selected;
        *style = head.style;
    }
    let step = grid_step((high - low) / (rows as f64 / 3.0).max(1.0));
    let labels: Vec<(usize, f64)> =
        multiples([low, high], step).map(|height| (at(height), height)).collect();
    for (row, (count, selected, style)) in counts.into_iter().enumerate() {
        let y = area.y + row as u16;
        let label = labels.iter().find(|(at, _)| *at == row);
        let text = label.map(|(_, height)| format!("{height:.1}")).unwrap_or_default();
        let line = if label.is_some() { "┤" } else { "│" };
        buffer.set_string(area.x, y, right(&text, 4) + line, app.theme.faint());
        let dots = match (count, selected) {
            (0, _) => continue,
            (1, true) => "◆".to_owned(),
            (1, false) => "●".to_owned(),
            (count, true) => format!("◆{count}"),
            (count, _) => format!("●{count}"),
        };
        buffer.set_stringn(area.x + 5, y, dots, 3, style);
    }
}
