//! The top line: name, addresses, and how the server as a whole is doing.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};

use super::pieces::{self, Piece};
use super::recording;
use crate::console::state::App;
use crate::console::text::{byte_rate, clock, fps, millis};
use crate::operator::RecordingStatus;

/// On narrower screens, the second half gets a line of its own.
const ONE_LINE: u16 = 132;

/// The indent of the second half, to the address above.
const INDENT: usize = 11;

/// How many rows the top line takes.
pub(crate) fn height(app: &App, width: u16) -> u16 {
    let recording = match app.snapshot.recording {
        RecordingStatus::Running(_) => pieces::width(&recording::pieces(app)) as u16 + 2,
        _ => 0,
    };
    if width < ONE_LINE + recording { 2 } else { 1 }
}

pub(crate) fn draw(area: Rect, buffer: &mut Buffer, app: &App) {
    let state = if app.frozen {
        Span::styled(" FROZEN ", app.theme.frozen())
    } else {
        Span::styled(" LIVE ", app.theme.live())
    };
    let (left, mut right) = (session(app), Vec::new());
    if area.height > 1 {
        second(Rect { y: area.y + 1, height: 1, ..area }, buffer, app);
    } else {
        right = health(app);
        let mut recording = recording::pieces(app);
        if let Some(first) = recording.first_mut() {
            first.spans.insert(0, Span::raw("  "));
        }
        right.extend(recording);
    }
    right.push(Piece { rank: 0, spans: vec![Span::raw("  "), state] });
    halves(area, buffer, left, right);
}

/// Draws the second half on a line of its own, with the recording below the state.
fn second(area: Rect, buffer: &mut Buffer, app: &App) {
    let (mut left, right) = (health(app), recording::pieces(app));
    left.insert(0, Piece::gap(3, INDENT));
    halves(area, buffer, left, right);
}

/// Draws what fits of both halves, the right one up to the edge.
fn halves(row: Rect, buffer: &mut Buffer, mut left: Vec<Piece>, mut right: Vec<Piece>) {
    // A blank at either end, and two between them.
    pieces::fit(&mut left, &mut right, (row.width as usize).saturating_sub(4));
    let (left, right) = (Line::from(pieces::spans(left)), Line::from(pieces::spans(right)));
    let taken = right.width() as u16 + 1;
    buffer.set_line(row.x + 1, row.y, &left, row.width.saturating_sub(taken + 1));
    buffer.set_line(row.right().saturating_sub(taken), row.y, &right, taken);
}

fn counted(count: usize, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}

fn session(app: &App) -> Vec<Piece> {
    let theme = app.theme;
    let url = app.info.urls.first().cloned();
    let url = url.unwrap_or_else(|| format!("ws://{}", app.info.listening));
    let snapshot = &app.snapshot;
    let mut pieces = vec![Piece {
        rank: 0,
        spans: vec![Span::styled(" vrlobby ", theme.badge()), Span::raw("  "), Span::raw(url)],
    }];
    for url in app.info.urls.iter().skip(1) {
        pieces.push(Piece::new(8, Span::styled(format!("  {url}"), theme.dim())));
    }
    let rooms = counted(snapshot.rooms.len(), "room", "rooms");
    let users = counted(snapshot.users.len(), "user", "users");
    pieces.push(Piece {
        rank: 0,
        spans: vec![
            Span::raw("  "),
            Span::styled(rooms, theme.good()),
            Span::raw("  "),
            Span::styled(users, theme.good()),
            Span::raw("  "),
            Span::styled(format!("{} fps", fps(snapshot.fps)), theme.accent()),
        ],
    });
    pieces
}

fn health(app: &App) -> Vec<Piece> {
    let theme = app.theme;
    let (tick, traffic) = (app.snapshot.tick, &app.snapshot.traffic);
    let load = tick.longest.as_secs_f64() / tick.budget.as_secs_f64().max(1e-9);
    let (style, mark): (Style, _) = match load {
        _ if tick.budget.is_zero() => (theme.dim(), ""),
        load if load >= 1.0 => (theme.bad(), "!!"),
        load if load >= 0.5 => (theme.warn(), "!"),
        _ => (theme.dim(), ""),
    };
    let ticks = match tick.budget.is_zero() {
        true => "no ticks".to_owned(),
        false => format!("tick {}{mark} of {} ms", millis(tick.longest), millis(tick.budget)),
    };
    let rates = format!(
        "   in {}  out {}",
        byte_rate(traffic.bytes_in_per_s),
        byte_rate(traffic.bytes_out_per_s)
    );
    let mut pieces = vec![
        Piece::new(2, Span::styled(ticks, style)),
        Piece::new(4, Span::styled(rates, theme.dim())),
    ];
    for (count, what) in
        [(traffic.slow_closed, "too slow"), (traffic.connections_refused, "refused")]
    {
        if count > 0 {
            let text = format!("   ! {count} {what}");
            pieces.push(Piece::new(3, Span::styled(text, theme.warn())));
        }
    }
    let up = format!("   up {}", clock(app.snapshot.up_time));
    pieces.push(Piece::new(5, Span::styled(up, theme.dim())));
    pieces
}
