//! One user in detail: plain lines without a frame, so that they can be copied.

use std::time::Duration;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Modifier;
use ratatui::text::{Line, Span};

use super::chat::message;
use super::log::time_of_day;
use super::users::{severity_style, state};
use crate::console::state::{App, Drawn};
use crate::console::text::{
    bytes, cells, left, millis, rate, right, short_millis, span, sparkline, width,
};
use crate::model::HISTORY_SECONDS;
use crate::operator::{PoseRow, RefusalLine};

const LABEL: usize = 14;

pub(crate) fn draw(area: Rect, buffer: &mut Buffer, app: &App, drawn: &mut Drawn) {
    let limit = area.width.saturating_sub(2) as usize;
    let lines = lines(app, limit);
    drawn.scroll_limit = lines.len().saturating_sub(area.height as usize);
    let from = app.detail.scroll.min(drawn.scroll_limit);
    for (at, line) in lines.iter().skip(from).take(area.height as usize).enumerate() {
        buffer.set_line(area.x + 1, area.y + at as u16, line, limit as u16);
    }
    if from < drawn.scroll_limit {
        let more = format!(" ↓ {} more lines ", drawn.scroll_limit - from);
        let x = area.right().saturating_sub(more.chars().count() as u16 + 1);
        buffer.set_string(x, area.bottom() - 1, more, app.theme.accent());
    }
}

fn lines(app: &App, limit: usize) -> Vec<Line<'static>> {
    let mut lines = Vec::new();
    about(app, &mut lines);
    quality(app, &mut lines);
    histories(app, limit, &mut lines);
    rooms(app, &mut lines);
    messages(app, limit, &mut lines);
    refusals(app, &mut lines);
    lines
}

fn labelled(app: &App, label: &str, value: impl Into<String>) -> Line<'static> {
    Line::from(vec![Span::styled(left(label, LABEL), app.theme.dim()), Span::raw(value.into())])
}

fn heading(app: &App, text: &str, lines: &mut Vec<Line<'static>>) {
    lines.push(Line::default());
    lines.push(Line::styled(text.to_owned(), app.theme.heading()));
}

fn about(app: &App, lines: &mut Vec<Line<'static>>) {
    let row = &app.detail.row;
    lines.push(Line::default());
    let name = app.theme.accent().add_modifier(Modifier::BOLD);
    let mut title = vec![Span::styled(cells(&row.name).into_owned(), name)];
    if app.detail.gone {
        title.push(Span::styled("  has left; these are its last values", app.theme.warn()));
    }
    lines.push(Line::from(title));
    let peer = row.peer.map_or_else(|| "unknown".to_owned(), |peer| peer.to_string());
    lines.push(labelled(app, "address", format!("{peer}  connection {}", row.session)));
    let silent = row.silent_for.as_secs_f64();
    let alive = format!(
        "for {}, {}, last heard of {silent:.1} s ago",
        span(row.connected),
        state(row.liveness)
    );
    lines.push(labelled(app, "connected", alive));
    let sent = format!(
        "{} in all, {} waiting, {} ticks skipped",
        bytes(row.bytes_out as f64),
        bytes(row.queued_bytes as f64),
        row.skipped_ticks
    );
    lines.push(labelled(app, "sent to it", sent));
    clock(app, lines);
    recorded(app, lines);
}

/// How far the user's clock is off.
fn clock(app: &App, lines: &mut Vec<Line<'static>>) {
    if !app.has_clocks() {
        return;
    }
    let Some(reading) = app.detail.row.clock else {
        let text = "none so far, so only the server's times are known";
        lines.push(labelled(app, "clock", text));
        return;
    };
    let seconds = |seconds: f64| match seconds.abs() {
        size if size < 1.0 => format!("{:+.2} ms", seconds * 1e3),
        _ => format!("{seconds:+.5} s"),
    };
    let more = &app.detail.more;
    let drift = more.clock_drift_ppm.map(|ppm| format!(", drifts by {ppm:+.1} ppm"));
    let text = format!(
        "{} from the server's, ± {} ms{}",
        seconds(reading.offset),
        millis(reading.bound),
        drift.unwrap_or_default()
    );
    lines.push(labelled(app, "clock", text));
    let newest = reading.newest.as_secs_f64();
    let mut line = labelled(app, "", format!("{} probes, {newest:.1} s ago", reading.probes));
    if reading.steps > 0 {
        let last = more
            .clock_step
            .map(|step| format!(", the last by {} {} ago", seconds(step.by), span(step.ago)));
        let times = if reading.steps == 1 { "once" } else { &format!("{} times", reading.steps) };
        let text = format!("   ! jumped {times}{}", last.unwrap_or_default());
        line.push_span(Span::styled(text, app.theme.warn()));
    }
    lines.push(line);
}

/// How the recording knows this user.
fn recorded(app: &App, lines: &mut Vec<Line<'static>>) {
    let Some(person) = app.person(&app.detail.row) else { return };
    let mut line = labelled(app, "recorded", format!("as {}, ", cells(&person.subject)));
    line.push_span(match person.consent {
        true => Span::styled("data is kept; c stops that", app.theme.text()),
        false => Span::styled("! data is not kept; c keeps it from then on", app.theme.warn()),
    });
    lines.push(line);
}

fn quality(app: &App, lines: &mut Vec<Line<'static>>) {
    let concerns = app.concerns(&app.detail.row);
    if concerns.is_empty() {
        let fine = Span::styled("✓ nothing of concern", app.theme.good());
        lines.push(Line::from(vec![Span::styled(left("quality", LABEL), app.theme.dim()), fine]));
    }
    for (at, concern) in concerns.iter().enumerate() {
        let label = left(if at == 0 { "quality" } else { "" }, LABEL);
        let text =
            format!("{} {}", concern.severity.mark().trim(), concern.reason(&app.detail.row));
        let style = severity_style(app, concern.severity);
        lines.push(Line::from(vec![
            Span::styled(label, app.theme.dim()),
            Span::styled(text, style),
        ]));
    }
}

fn histories(app: &App, limit: usize, lines: &mut Vec<Line<'static>>) {
    let (row, more) = (&app.detail.row, &app.detail.more);
    let wide = limit.saturating_sub(LABEL + 46).clamp(10, HISTORY_SECONDS);
    let ms = |time: Option<Duration>| time.map_or_else(|| "–".to_owned(), short_millis);
    heading(app, "last 60 s, and last round trips", lines);
    let mut chart = |label: &str, bars: String, text: String| {
        lines.push(Line::from(vec![
            Span::styled(left(label, LABEL), app.theme.dim()),
            Span::styled(bars, app.theme.accent()),
            Span::raw(format!("  {text}")),
        ]));
    };
    let bars = sparkline(&more.transforms_history, HISTORY_SECONDS, wide);
    let text = format!(
        "{}/s, gap p95 {} ms, longest {} ms",
        rate(row.transforms_per_s),
        ms(row.gap_p95),
        ms(row.gap_longest)
    );
    chart("transforms", bars, text);
    let trips: Vec<u32> =
        more.round_trips.iter().map(|trip| trip.as_micros().min(u32::MAX.into()) as u32).collect();
    let most = more.round_trips.iter().max().copied();
    // Pings are seconds apart, so each gets a bar of its own.
    let bars = sparkline(&trips, wide, wide);
    chart("round trip", bars, format!("{} ms, at most {} ms", ms(row.round_trip), ms(most)));
}

fn rooms(app: &App, lines: &mut Vec<Line<'static>>) {
    let rooms = &app.detail.row.rooms;
    heading(app, &format!("rooms ({})", rooms.len()), lines);
    let name =
        rooms.iter().map(|presence| width(&cells(&presence.room))).max().unwrap_or(0).clamp(8, 30);
    for presence in rooms {
        let pose = presence.pose.map_or_else(|| "no pose yet".to_owned(), pose);
        lines.push(Line::from(vec![
            Span::raw(left(&cells(&presence.room), name)),
            Span::raw("  "),
            Span::styled(pose, app.theme.text()),
        ]));
    }
}

fn pose(pose: PoseRow) -> String {
    let three = |values: [f64; 3], decimals: usize, wide: usize| {
        let number = |value: f64| {
            if value.abs() >= 1e5 { format!("{value:.1e}") } else { format!("{value:.decimals$}") }
        };
        values.map(|value| right(&number(value), wide)).join(" ")
    };
    let age = pose.age.as_secs_f64();
    format!("pos {} m   rot {}°   {age:.1} s ago", three(pose.pos, 2, 7), three(pose.rot, 0, 4))
}

fn messages(app: &App, limit: usize, lines: &mut Vec<Line<'static>>) {
    let messages = &app.detail.more.messages;
    heading(app, &format!("last messages ({})", messages.len()), lines);
    for (place, line) in messages {
        let mut line = line.clone();
        // Everything here is from one user; what differs is the room, so that is named.
        line.user = place.clone();
        lines.extend(message(app, &line, 14, limit));
    }
}

fn refusals(app: &App, lines: &mut Vec<Line<'static>>) {
    let more = &app.detail.more;
    heading(app, &format!("refusals ({})", app.detail.row.refusals), lines);
    // Clients often repeat the same mistake many times.
    let same = |a: &RefusalLine, b: &RefusalLine| (a.code, &a.reason) == (b.code, &b.reason);
    for alike in more.refusals.chunk_by(same) {
        let Some(last) = alike.last() else { continue };
        let times =
            if alike.len() > 1 { format!("{} times: ", alike.len()) } else { String::new() };
        lines.push(Line::from(vec![
            Span::styled(time_of_day(app, last.time), app.theme.dim()),
            Span::styled(format!(" {} ", last.code), app.theme.warn()),
            Span::raw(format!("{times}{}", cells(&last.reason))),
        ]));
    }
}
