//! The heads themselves: dots with a line in the direction they look.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Color;
use ratatui::symbols::Marker;
use ratatui::widgets::Widget;
use ratatui::widgets::canvas::{Canvas, Circle, Line, Points};

use super::heads::{Head, heading};
use super::scale::Scale;
use crate::console::state::App;

/// Draws heads over the grid, with a ring around the selected one.
pub(crate) fn paint(scale: &Scale, buffer: &mut Buffer, app: &App, heads: &[Head<'_>]) {
    let dot = scale.dot;
    let canvas = Canvas::default()
        .marker(Marker::Braille)
        .x_bounds(scale.x_bounds())
        .y_bounds(scale.z_bounds())
        .paint(|context| {
            for head in heads {
                if head.selected {
                    // A layer of its own, so that no other head recolours it.
                    context.layer();
                }
                let color = head.style.fg.unwrap_or(Color::Reset);
                let [x, _, z] = head.pose.pos;
                let (east, north) = heading(&head.pose);
                let reach = dot * 7.0;
                let (x2, y2) = (x + east * reach, z + north * reach);
                context.draw(&Line { x1: x, y1: z, x2, y2, color });
                let mut blob = Vec::with_capacity(13);
                for right in -2..=2_i32 {
                    for up in -2..=2_i32 {
                        if right.abs() + up.abs() <= 2 {
                            blob.push((x + f64::from(right) * dot, z + f64::from(up) * dot));
                        }
                    }
                }
                context.draw(&Points { coords: &blob, color });
                if head.selected {
                    context.draw(&Circle { x, y: z, radius: dot * 6.0, color });
                }
            }
        });
    // Only painted cells may cover the grid.
    let mut layer = Buffer::empty(scale.area);
    canvas.render(scale.area, &mut layer);
    for position in scale.area.positions() {
        let cell = &layer[position];
        if !matches!(cell.symbol(), " " | "\u{2800}") {
            buffer[position] = cell.clone();
        }
    }
    if app.theme.is_plain() {
        for head in heads.iter().filter(|head| head.selected) {
            if let Some((x, y)) = scale.cell(&head.pose) {
                buffer.set_style(Rect::new(x, y, 1, 1), app.theme.selected());
            }
        }
    }
}
