//! Frames, drawn from the state alone.
//!
//! Wide screens show everything at once; on small ones, map, chat and log share a place:
//!
//! ```text
//! ┌ top line ────────────────────────┐   ┌ top lines ───────┐
//! │ news that has to be noted, if any│   │ news             │
//! │ 1 rooms │ 2 users                │   │ 1 rooms │ 2 users│
//! │         ├────────────────────────┤   │         │        │
//! ├─────────┤ 4 chat                 │   ├─────────┴────────┤
//! │ 3 map   ├────────────────────────┤   │ 3 map, 4 chat or │
//! │         │ 5 log                  │   │ 5 log            │
//! └ footer ──────────────────────────┘   └ footer ──────────┘
//! ```

mod banner;
mod chat;
mod detail;
mod dialog;
mod footer;
mod form;
mod form_hints;
mod help;
mod log;
mod map;
mod pieces;
mod recording;
mod replay;
mod rooms;
mod table;
mod toasts;
mod top_line;
mod typed;
mod users;

use ratatui::Frame;
use ratatui::buffer::Buffer;
use ratatui::layout::{Constraint, Layout, Margin, Rect};
use ratatui::style::Color;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, BorderType, Paragraph, Widget};

use super::state::{App, Drawn, Hit, Overlay, Pane, Screen};
use super::text::width;

/// The smallest usable screen, in columns and rows.
const SMALLEST: (u16, u16) = (80, 20);

/// From this size on, everything is visible at once.
const WIDE: (u16, u16) = (110, 30);

/// Draws a frame; returns where it put things.
pub(crate) fn draw(frame: &mut Frame<'_>, app: &App) -> Drawn {
    let area = frame.area();
    let mut drawn = app.drawn.next();
    let buffer = frame.buffer_mut();
    if area.width < SMALLEST.0 || area.height < SMALLEST.1 {
        too_small(area, buffer, app);
    } else {
        fill(area, buffer, app, &mut drawn);
    }
    if app.theme.is_plain() {
        // NO_COLOR: no colour may be sent, whichever widget drew the cell.
        for cell in &mut buffer.content {
            cell.fg = Color::Reset;
            cell.bg = Color::Reset;
        }
    }
    drawn
}

fn fill(area: Rect, buffer: &mut Buffer, app: &App, drawn: &mut Drawn) {
    let news = banner::lines(app, area.width);
    let [head, banner, body, replayed, foot] = area.layout(&Layout::vertical([
        Constraint::Length(top_line::height(app, area.width)),
        Constraint::Length(news.len() as u16),
        Constraint::Fill(1),
        Constraint::Length(replay::height(app)),
        Constraint::Length(1),
    ]));
    top_line::draw(head, buffer, app);
    banner::draw(banner, buffer, app, &news);
    match app.screen {
        Screen::Main => panes(body, buffer, app, drawn),
        Screen::Detail => detail::draw(body, buffer, app, drawn),
        Screen::Help => help::draw(body, buffer, app, drawn),
    }
    toasts::draw(body, buffer, app);
    replay::draw(replayed, buffer, app);
    footer::draw(foot, buffer, app, drawn);
    match &app.overlay {
        Some(Overlay::Confirm(confirm)) => dialog::draw(body, buffer, app, confirm),
        Some(Overlay::Record(record)) => form::draw(body, buffer, app, record, drawn),
        _ => {}
    }
}

fn too_small(area: Rect, buffer: &mut Buffer, app: &App) {
    let (columns, rows) = SMALLEST;
    let lines = vec![
        Line::styled("This terminal is too small.", app.theme.accent()),
        Line::raw(format!("needed {columns} x {rows}")),
        Line::raw(format!("here   {} x {}", area.width, area.height)),
    ];
    let height = (lines.len() as u16).min(area.height);
    let middle = area.centered_vertically(Constraint::Length(height));
    Paragraph::new(lines).centered().render(middle, buffer);
}

/// Where each pane is, if it is visible.
fn places(body: Rect, app: &App) -> [Option<Rect>; 5] {
    let mut places = [None; 5];
    let mut put = |pane: Pane, area: Rect| places[pane as usize] = Some(area);
    if app.maximised {
        put(app.pane, body);
    } else if body.width >= WIDE.0 && body.height + 2 >= WIDE.1 {
        let share = (body.width * 39 / 100).min(80);
        let [left, right] =
            body.layout(&Layout::horizontal([Constraint::Length(share), Constraint::Fill(1)]));
        let [rooms, map] =
            left.layout(&Layout::vertical([Constraint::Percentage(34), Constraint::Fill(1)]));
        let [users, chat, log] = right.layout(&Layout::vertical([
            Constraint::Percentage(42),
            Constraint::Percentage(22),
            Constraint::Fill(1),
        ]));
        put(Pane::Rooms, rooms);
        put(Pane::Map, map);
        put(Pane::Users, users);
        put(Pane::Chat, chat);
        put(Pane::Log, log);
    } else {
        let [tables, front] =
            body.layout(&Layout::vertical([Constraint::Percentage(50), Constraint::Fill(1)]));
        let [rooms, users] =
            tables.layout(&Layout::horizontal([Constraint::Percentage(44), Constraint::Fill(1)]));
        put(Pane::Rooms, rooms);
        put(Pane::Users, users);
        put(app.front, front);
    }
    places
}

fn panes(body: Rect, buffer: &mut Buffer, app: &App, drawn: &mut Drawn) {
    let places = places(body, app);
    let shared = places[2..].iter().flatten().count() == 1 && !app.maximised;
    for pane in Pane::ALL {
        let Some(area) = places[pane as usize] else { continue };
        drawn.hit(area, Hit::Pane(pane));
        let focused = app.pane == pane;
        let block = Block::bordered()
            .border_type(BorderType::Rounded)
            .border_style(app.theme.border(focused));
        let inner = block.inner(area);
        block.render(area, buffer);
        if shared && pane == app.front {
            tabs(area, buffer, app, drawn);
        } else {
            let name = match pane {
                Pane::Users => users::title(app),
                _ => pane.name().to_owned(),
            };
            let style = if focused { app.theme.accent() } else { app.theme.dim() };
            let title = format!(" {} {name} ", pane.number());
            buffer.set_stringn(area.x + 1, area.y, title, area.width as usize - 2, style);
        }
        let inner = inner.inner(Margin { horizontal: u16::from(pane != Pane::Map), vertical: 0 });
        drawn.set_page(pane, inner.height as usize);
        match pane {
            Pane::Rooms => rooms::draw(inner, buffer, app, drawn),
            Pane::Users => users::draw(inner, buffer, app, drawn),
            Pane::Map => map::draw(inner, buffer, app, drawn),
            Pane::Chat => chat::draw(inner, buffer, app, drawn),
            Pane::Log => log::draw(inner, buffer, app, drawn),
        }
        let note = match pane {
            Pane::Rooms => rooms::note(app),
            Pane::Users => users::note(app),
            Pane::Map => map::note(app),
            Pane::Chat => chat::note(app),
            Pane::Log => log::note(app),
        };
        note_on_border(area, buffer, note, shared && pane == app.front);
    }
}

/// Draws the titles of the panes that share a place, marking the one in front.
fn tabs(area: Rect, buffer: &mut Buffer, app: &App, drawn: &mut Drawn) {
    let mut x = area.x + 1;
    for pane in [Pane::Map, Pane::Chat, Pane::Log] {
        let front = pane == app.front;
        let title = if front {
            format!("[{} {}]", pane.number(), pane.name())
        } else {
            format!(" {} {} ", pane.number(), pane.name())
        };
        let style = if front { app.theme.accent() } else { app.theme.dim() };
        let wide = width(&title) as u16;
        buffer.set_stringn(x, area.y, &title, area.right().saturating_sub(x) as usize, style);
        drawn.hit(Rect::new(x, area.y, wide, 1), Hit::Pane(pane));
        x += wide;
    }
}

/// Puts a short note on the right of the top border; parts that don't fit are left out, but for
/// the first.
fn note_on_border(area: Rect, buffer: &mut Buffer, mut note: Vec<Span<'static>>, tabbed: bool) {
    let taken = if tabbed { 30 } else { 20 };
    let free = (area.width as usize).saturating_sub(taken);
    while note.len() > 1 && note.iter().map(Span::width).sum::<usize>() > free {
        note.pop();
    }
    let wide: usize = note.iter().map(Span::width).sum();
    if wide == 0 || free < 8 {
        return;
    }
    let line = Line::from(note);
    let shown = wide.min(free) as u16;
    let x = area.right() - 2 - shown - 1;
    buffer.set_string(x, area.y, " ", ratatui::style::Style::new());
    buffer.set_line(x + 1, area.y, &line, shown);
    buffer.set_string(x + 1 + shown, area.y, " ", ratatui::style::Style::new());
}
