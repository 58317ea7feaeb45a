//! The rooms pane.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::Span;

use super::table::{Cell, Column, headings, offset, plan, row};
use crate::console::state::{App, Column as _, Drawn, Hit, Pane};
use crate::console::text::{cells, cut, fps, rate, sparkline, width};
use crate::model::HISTORY_SECONDS;
use crate::operator::RoomRow;

const COLUMNS: &[Column] = &[
    Column { title: "users", width: 5, rank: 0, number: true },
    Column { title: "fps", width: 4, rank: 1, number: true },
    Column { title: "rx/s", width: 5, rank: 3, number: true },
    Column { title: "ticks/s", width: 7, rank: 4, number: true },
    Column { title: "msg/s", width: 5, rank: 5, number: true },
    Column { title: "60 s", width: SPARK, rank: 2, number: false },
];

/// The narrowest sparkline.
const SPARK: usize = 6;

pub(crate) fn draw(area: Rect, buffer: &mut Buffer, app: &App, drawn: &mut Drawn) {
    if area.height < 2 {
        return;
    }
    // Whatever a wide screen has left over goes to the sparkline.
    let name = (area.width as usize / 3).clamp(10, 24);
    let plan = plan(COLUMNS, area.width as usize, 10..=name);
    let sorted = (app.rooms.sort.name(), app.rooms.descending);
    let sorted = if sorted.0 == "name" { ("room", sorted.1) } else { sorted };
    headings(area, buffer, app.theme, &plan, COLUMNS, "room", sorted);
    let rows = app.shown_rooms();
    let height = area.height as usize - 1;
    drawn.set_page(Pane::Rooms, height);
    drawn.rooms_offset = offset(drawn.rooms_offset, app.rooms.index, rows.len(), height);
    let visible = rows.iter().skip(drawn.rooms_offset).take(height);
    for (at, room) in visible.enumerate() {
        let line = Rect::new(area.x, area.y + 1 + at as u16, area.width, 1);
        let style = if room.users == 0 { app.theme.dim() } else { app.theme.text() };
        let pin = if room.pinned { "◆" } else { "" };
        let shown = cells(&room.name);
        let shown = cut(&shown, plan.name.saturating_sub(width(pin)));
        let name = Cell::new(format!("{shown}{pin}"), style);
        let end = row(line, buffer, &plan, COLUMNS, name, |column| cell(app, room, column));
        let has_spark = plan.columns.contains(&(COLUMNS.len() - 1));
        let spark = if has_spark { SPARK as u16 } else { 0 };
        if app.rooms.selected.as_ref() == Some(&room.name) {
            let focused = app.pane == Pane::Rooms;
            let style = if focused { app.theme.selected() } else { app.theme.selected_elsewhere() };
            // Reversed, bars would look like the gaps between them, so they keep their colour.
            let marked = (end - line.x).saturating_sub(spark + u16::from(has_spark));
            let marked = if has_spark { marked } else { line.width };
            buffer.set_style(Rect { width: marked, ..line }, style);
        }
        if has_spark {
            let wide = SPARK + plan.rest.min(HISTORY_SECONDS - SPARK);
            let bars = sparkline(&room.transforms_history, HISTORY_SECONDS, wide);
            buffer.set_stringn(end - spark, line.y, bars, wide, app.theme.accent());
        }
        drawn.hit(line, Hit::Room(room.name.clone()));
    }
    if rows.is_empty() {
        let text = if app.rooms.filter.is_empty() { "no rooms" } else { "no room matches" };
        buffer.set_stringn(area.x, area.y + 1, text, area.width as usize, app.theme.dim());
    }
}

fn cell(app: &App, room: &RoomRow, column: usize) -> Cell {
    let style = if room.users == 0 { app.theme.dim() } else { app.theme.text() };
    let text = match column {
        0 => room.users.to_string(),
        1 => fps(room.fps),
        2 => rate(room.transforms_per_s),
        3 => rate(room.ticks_per_s),
        4 => rate(room.messages_per_s),
        _ => String::new(),
    };
    let mut cell = Cell::new(text, style);
    if column == 1 && room.own_fps {
        cell.mark = '*';
        cell.style = app.theme.accent();
    }
    cell
}

/// The filter, if one is set.
pub(crate) fn note(app: &App) -> Vec<Span<'static>> {
    if !app.rooms.filter.is_empty() {
        let text = format!("/{}", cells(&app.rooms.filter));
        return vec![Span::styled(text, app.theme.warn())];
    }
    Vec::new()
}
