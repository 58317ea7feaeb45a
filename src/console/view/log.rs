//! The log pane: tui-logger's lines, newest last.

use jiff::Timestamp as JiffTimestamp;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use ratatui::widgets::Widget;
use tui_logger::{ExtLogRecord, LogFormatter, TuiLoggerWidget};

use crate::console::state::{App, Drawn, SeenTargets};
use crate::console::text::{cells, left, width, wrap};
use crate::console::theme::Theme;
use crate::model::Timestamp;

/// Cells for the target; most targets are one short word.
const TARGET: usize = 8;

pub(crate) fn draw(area: Rect, buffer: &mut Buffer, app: &App, drawn: &mut Drawn) {
    if app.frozen {
        let kept = app.drawn.frozen_log.as_ref();
        let kept =
            kept.filter(|(changes, kept)| *changes == app.log.changes() && kept.area == area);
        if let Some((_, kept)) = kept {
            for position in area.positions() {
                buffer[position] = kept[position].clone();
            }
            drawn.frozen_log = app.drawn.frozen_log.clone();
            return;
        }
    }
    let lines = Lines { theme: app.theme, seen: app.log.seen_targets() };
    TuiLoggerWidget::default()
        .formatter(Box::new(lines))
        .state(app.log.state())
        .render(area, buffer);
    if app.frozen {
        let mut kept = Buffer::empty(area);
        for position in area.positions() {
            kept[position] = buffer[position].clone();
        }
        drawn.frozen_log = Some((app.log.changes(), kept));
    }
}

/// Formats records: time, level, target, message.
struct Lines {
    theme: Theme,
    seen: SeenTargets,
}

impl Lines {
    fn level(&self, level: log::Level) -> (&'static str, Style) {
        match level {
            log::Level::Error => ("E", self.theme.bad()),
            log::Level::Warn => ("W", self.theme.warn()),
            log::Level::Info => ("I", self.theme.text()),
            log::Level::Debug => ("D", self.theme.dim()),
            log::Level::Trace => ("T", self.theme.faint()),
        }
    }
}

impl LogFormatter for Lines {
    fn min_width(&self) -> u16 {
        30
    }

    fn format(&self, limit: usize, record: &ExtLogRecord) -> Vec<Line<'_>> {
        self.seen.add(record.target());
        let (letter, style) = self.level(record.level);
        let time = record.timestamp.strftime("%H:%M:%S").to_string();
        let target = cells(short(record.target())).into_owned();
        let head = format!("{letter} {}", left(&target, TARGET));
        let indent = width(&time) + 1 + width(&head) + 1;
        let text = cells(record.msg());
        let parts = wrap(&text, limit.saturating_sub(indent));
        let mut lines = Vec::with_capacity(parts.len());
        for (at, part) in parts.into_iter().enumerate() {
            let mut spans = match at {
                0 => vec![
                    Span::styled(time.clone(), self.theme.dim()),
                    Span::raw(" "),
                    Span::styled(head.clone(), style),
                    Span::raw(" "),
                ],
                _ => vec![Span::raw(" ".repeat(indent))],
            };
            spans.push(Span::styled(part, style));
            lines.push(Line::from(spans));
        }
        lines
    }
}

/// A target as one word: the part of this program, or the library.
fn short(target: &str) -> &str {
    let target = target.strip_prefix("vrlobby::").unwrap_or(target);
    target.split("::").next().unwrap_or(target)
}

/// A time in the operator's time zone.
pub(crate) fn time_of_day(app: &App, time: Timestamp) -> String {
    let micros = i64::try_from(time.as_micros()).unwrap_or(i64::MAX);
    let moment = JiffTimestamp::from_microsecond(micros).unwrap_or(JiffTimestamp::MAX);
    moment.to_zoned(app.zone.clone()).strftime("%H:%M:%S").to_string()
}

/// The target, whether it is scrolled back, and the levels shown and captured.
pub(crate) fn note(app: &App) -> Vec<Span<'static>> {
    let theme = app.theme;
    let mut spans = Vec::new();
    if let Some(target) = app.log.target() {
        spans.push(Span::styled(format!("/{}  ", cells(target)), theme.warn()));
    }
    if app.log.is_scrolled() {
        spans.push(Span::styled("↑ back  ", theme.warn()));
    }
    spans.push(Span::styled(format!("shown {}", app.log.shown()), theme.accent()));
    if let Some(level) = app.snapshot.log_level {
        spans.push(Span::styled(format!("  captured {level}"), theme.dim()));
    }
    spans
}
