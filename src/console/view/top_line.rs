//! The top line: name, addresses, and how the server as a whole is doing.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};

use crate::console::state::App;
use crate::console::text::{byte_rate, clock, fps, millis};

/// On narrower screens, the second half gets a line of its own.
const ONE_LINE: u16 = 132;

/// How many rows the top line takes.
pub(crate) fn height(width: u16) -> u16 {
    if width < ONE_LINE { 2 } else { 1 }
}

pub(crate) fn draw(area: Rect, buffer: &mut Buffer, app: &App) {
    let state = if app.frozen {
        Span::styled(" FROZEN ", app.theme.frozen())
    } else {
        Span::styled(" LIVE ", app.theme.live())
    };
    let one = area.height == 1;
    let mut left = session(app);
    let mut right = health(app);
    let mut rows = vec![area.rows().next().unwrap_or(area)];
    if !one {
        let second = Rect { y: area.y + 1, height: 1, ..area };
        // Aligned with the address above.
        right.insert(0, Span::raw(" ".repeat(12)));
        buffer.set_line(second.x, second.y, &Line::from(std::mem::take(&mut right)), second.width);
        rows.push(second);
    }
    right.push(Span::raw("  "));
    right.push(state);
    let right = Line::from(right);
    let taken = right.width() as u16 + 1;
    let free = area.width.saturating_sub(taken + 1);
    add_addresses(app, &mut left, free as usize);
    buffer.set_line(area.x + 1, area.y, &Line::from(left), free);
    buffer.set_line(area.right().saturating_sub(taken), area.y, &right, taken);
}

fn counted(count: usize, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}

fn session(app: &App) -> Vec<Span<'static>> {
    let theme = app.theme;
    let url = app.info.urls.first().cloned();
    let url = url.unwrap_or_else(|| format!("ws://{}", app.info.listening));
    let snapshot = &app.snapshot;
    vec![
        Span::styled(" vrlobby ", theme.badge()),
        Span::raw("  "),
        Span::raw(url),
        Span::raw("  "),
        Span::styled(counted(snapshot.rooms.len(), "room", "rooms"), theme.good()),
        Span::raw("  "),
        Span::styled(counted(snapshot.users.len(), "user", "users"), theme.good()),
        Span::raw("  "),
        Span::styled(format!("{} fps", fps(snapshot.fps)), theme.accent()),
    ]
}

/// Adds further addresses while they fit.
fn add_addresses(app: &App, line: &mut Vec<Span<'static>>, limit: usize) {
    let mut used = line.iter().map(Span::width).sum::<usize>();
    // They follow the first one.
    for (at, url) in (3..).zip(app.info.urls.iter().skip(1)) {
        let more = Span::styled(format!("  {url}"), app.theme.dim());
        used += more.width();
        if used > limit {
            break;
        }
        line.insert(at, more);
    }
}

fn health(app: &App) -> Vec<Span<'static>> {
    let theme = app.theme;
    let (tick, traffic) = (app.snapshot.tick, &app.snapshot.traffic);
    let load = tick.longest.as_secs_f64() / tick.budget.as_secs_f64().max(1e-9);
    let (style, mark): (Style, _) = match load {
        _ if tick.budget.is_zero() => (theme.dim(), ""),
        load if load >= 1.0 => (theme.bad(), "!!"),
        load if load >= 0.5 => (theme.warn(), "!"),
        _ => (theme.dim(), ""),
    };
    let mut spans = vec![
        Span::styled(
            match tick.budget.is_zero() {
                true => "no ticks".to_owned(),
                false => {
                    format!("tick {}{mark} of {} ms", millis(tick.longest), millis(tick.budget))
                }
            },
            style,
        ),
        Span::styled(
            format!(
                "   in {}  out {}",
                byte_rate(traffic.bytes_in_per_s),
                byte_rate(traffic.bytes_out_per_s)
            ),
            theme.dim(),
        ),
    ];
    for (count, what) in
        [(traffic.slow_closed, "too slow"), (traffic.connections_refused, "refused")]
    {
        if count > 0 {
            spans.push(Span::styled(format!("   ! {count} {what}"), theme.warn()));
        }
    }
    spans.push(Span::styled(format!("   up {}", clock(app.snapshot.up_time)), theme.dim()));
    spans
}
