//! The chat pane: the chat of the selected room, newest last.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use crate::console::state::{App, Drawn};
use crate::console::text::{cells, cut, left, width, wrap};
use crate::operator::ChatLine;

/// Names are truncated to this many cells.
const NAME: usize = 14;

pub(crate) fn draw(area: Rect, buffer: &mut Buffer, app: &App, drawn: &mut Drawn) {
    let chat = app.chat();
    if chat.is_empty() {
        let text = "nothing has been said here";
        buffer.set_stringn(area.x, area.y, text, area.width as usize, app.theme.dim());
        return;
    }
    let name = chat.iter().map(|line| width(&cells(&line.user))).max().unwrap_or(0).min(NAME);
    let mut lines: Vec<Line<'static>> = Vec::new();
    for line in chat {
        lines.extend(message(app, line, name, area.width as usize));
    }
    let height = area.height as usize;
    drawn.chat_limit = lines.len().saturating_sub(height);
    let from = drawn.chat_limit.saturating_sub(app.chat_back);
    for (at, line) in lines.iter().skip(from).take(height).enumerate() {
        buffer.set_line(area.x, area.y + at as u16, line, area.width);
    }
}

/// One message, wrapped.
pub(crate) fn message(app: &App, line: &ChatLine, name: usize, limit: usize) -> Vec<Line<'static>> {
    let theme = app.theme;
    let time = super::log::time_of_day(app, line.time);
    let indent = width(&time) + name + 3;
    let server = &*line.user == "*server*";
    let user_style = if server { theme.warn() } else { theme.accent() };
    let mut text = cells(&line.text).into_owned();
    if &*line.kind != "msg" {
        text = format!("[{}] {text}", cells(&line.kind));
    }
    let user = left(&cut(&cells(&line.user), name), name);
    let mut lines = Vec::new();
    for (at, part) in wrap(&text, limit.saturating_sub(indent)).into_iter().enumerate() {
        let head = match at {
            0 => vec![
                Span::styled(time.clone(), theme.dim()),
                Span::raw(" "),
                Span::styled(user.clone(), user_style),
                Span::raw("  "),
            ],
            _ => vec![Span::raw(" ".repeat(indent))],
        };
        let mut spans = head;
        spans.push(Span::raw(part));
        lines.push(Line::from(spans));
    }
    lines
}

/// Which room, or how far it is scrolled back.
pub(crate) fn note(app: &App) -> Vec<Span<'static>> {
    if app.chat_back > 0 {
        return vec![Span::styled(format!("↑ {} lines back", app.chat_back), app.theme.warn())];
    }
    let room = app.rooms.selected.as_deref();
    room.map(|room| Span::styled(cells(room).into_owned(), app.theme.dim())).into_iter().collect()
}
