//! The map pane: a room from above, with its heads, where they look, and how high they are.

mod dots;
mod floor;
mod heads;
mod height_bar;
mod names;
mod scale;

use ratatui::buffer::Buffer;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::text::Span;

use self::heads::heads;
use self::scale::Scale;
use crate::console::state::{App, Drawn};
use crate::console::text::cells;

/// The width of the height bar, in cells.
const BAR: u16 = 8;

pub(crate) fn draw(area: Rect, buffer: &mut Buffer, app: &App, drawn: &mut Drawn) {
    if area.width < 12 || area.height < 4 {
        return;
    }
    let bar = if area.width >= 36 { BAR } else { 0 };
    let [floor, side] =
        area.layout(&Layout::horizontal([Constraint::Fill(1), Constraint::Length(bar)]));
    let heads = heads(app);
    let scale = Scale::new(floor, app);
    floor::grid(&scale, buffer, app);
    dots::paint(&scale, buffer, app, &heads);
    names::label(&scale, buffer, app, &heads, drawn);
    floor::rule(&scale, buffer, app);
    if bar > 0 {
        height_bar::heights(side, buffer, app, &heads);
    }
    if heads.is_empty() {
        let text = "no poses yet";
        let x = floor.x + floor.width.saturating_sub(text.len() as u16) / 2;
        buffer.set_string(x, floor.y + floor.height / 2, text, app.theme.dim());
    }
}

/// The room's title, or what the map doesn't show.
pub(crate) fn note(app: &App) -> Vec<Span<'static>> {
    let theme = app.theme;
    let mut spans = Vec::new();
    let heads = heads(app);
    let view = app.map.view();
    let outside = heads.iter().filter(|head| {
        (head.pose.pos[0] - view.x).abs() > view.reach * 2.0
            || (head.pose.pos[2] - view.z).abs() > view.reach * 2.0
    });
    let outside = outside.count();
    if app.map.is_manual() {
        spans.push(Span::styled("by hand, 0 fits", theme.warn()));
    }
    if outside > 0 {
        spans.push(Span::styled(format!(" ! {outside} outside"), theme.warn()));
    }
    if spans.is_empty()
        && let Some(room) = app.selected_room()
    {
        let title = if room.title.is_empty() { &*room.name } else { &*room.title };
        spans.push(Span::styled(cells(title).into_owned(), theme.dim()));
    }
    spans
}
