//! The floor: a grid with its coordinates, and a scale bar.

use ratatui::buffer::Buffer;

use super::scale::{Scale, multiples};
use crate::console::state::App;
use crate::console::text::width;

/// Draws dots where grid lines cross, and coordinates along two sides.
pub(crate) fn grid(scale: &Scale, buffer: &mut Buffer, app: &App) {
    let step = scale.grid();
    let style = app.theme.faint();
    let columns: Vec<(f64, u16)> = multiples(scale.x_bounds(), step)
        .filter_map(|x| Some((x, scale.column(x + scale.dot)?)))
        .collect();
    let rows: Vec<(f64, u16)> = multiples(scale.z_bounds(), step)
        .filter_map(|z| Some((z, scale.row(z - scale.dot)?)))
        .collect();
    for (z, y) in &rows {
        for (x, column) in &columns {
            let origin = x.abs() < step / 2.0 && z.abs() < step / 2.0;
            buffer.set_string(*column, *y, if origin { "+" } else { "·" }, style);
        }
    }
    let decimals = usize::from(step < 1.0);
    for (z, y) in &rows {
        let text = format!("{z:.decimals$}");
        buffer.set_stringn(scale.area.x, *y, text, 6, style);
    }
    let bottom = scale.area.bottom() - 1;
    for (x, column) in &columns {
        let text = format!("{x:.decimals$}");
        let free = scale.area.right().saturating_sub(*column) as usize;
        if text.len() <= free {
            buffer.set_string(*column, bottom, text, style);
        }
    }
}

/// Draws the distance between two grid lines, to scale.
pub(crate) fn rule(scale: &Scale, buffer: &mut Buffer, app: &App) {
    let step = scale.grid();
    let wide = (step / (2.0 * scale.dot)).round().clamp(2.0, 200.0) as usize;
    let text = format!("├{}┤ {step} m", "─".repeat(wide.saturating_sub(1)));
    let length = width(&text) as u16;
    if length + 2 <= scale.area.width {
        let x = scale.area.right() - length - 1;
        buffer.set_string(x, scale.area.y, text, app.theme.dim());
    }
}
