//! The help: all keys and commands, from their tables.

use ratatui::buffer::Buffer;
use ratatui::layout::{Margin, Rect};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, BorderType, Widget};

use crate::console::keymap::{GROUPS, labels, place};
use crate::console::state::{App, Drawn};
use crate::console::text::{left, wrap};
use crate::console::verbs::VERBS;

/// The narrowest column that reads well.
const COLUMN: u16 = 56;
const KEYS: usize = 12;
const USAGE: usize = 22;

pub(crate) fn draw(area: Rect, buffer: &mut Buffer, app: &App, drawn: &mut Drawn) {
    let block = Block::bordered()
        .border_type(BorderType::Rounded)
        .border_style(app.theme.border(true))
        .title(Span::styled(" help ", app.theme.accent()));
    let inner = block.inner(area).inner(Margin { horizontal: 1, vertical: 0 });
    block.render(area, buffer);
    let count = (inner.width / COLUMN).clamp(1, 3);
    let wide = inner.width / count - 1;
    let blocks = blocks(app, wide as usize);
    let columns = flow(blocks, count as usize);
    let longest = columns.iter().map(Vec::len).max().unwrap_or(0);
    drawn.scroll_limit = longest.saturating_sub(inner.height as usize);
    let from = app.help_scroll.min(drawn.scroll_limit);
    for (at, column) in columns.iter().enumerate() {
        let x = inner.x + at as u16 * (wide + 1);
        for (row, line) in column.iter().skip(from).take(inner.height as usize).enumerate() {
            buffer.set_line(x, inner.y + row as u16, line, wide);
        }
    }
    if from < drawn.scroll_limit {
        let more = format!(" ↓ {} more ", drawn.scroll_limit - from);
        let x = area.right().saturating_sub(more.chars().count() as u16 + 2);
        buffer.set_string(x, area.bottom() - 1, more, app.theme.accent());
    }
}

fn blocks(app: &App, wide: usize) -> Vec<Vec<Line<'static>>> {
    let theme = app.theme;
    let entry = |key: String, key_width: usize, text: &str| {
        let parts = wrap(text, wide.saturating_sub(key_width + 1));
        parts.into_iter().enumerate().map(move |(at, part)| {
            let key = left(if at == 0 { &key } else { "" }, key_width);
            Line::from(vec![Span::styled(key, theme.accent()), Span::raw(" "), Span::raw(part)])
        })
    };
    let mut blocks = Vec::new();
    for group in GROUPS {
        let mut lines = vec![Line::styled(group.name, theme.heading())];
        for binding in group.bindings {
            let text = match place(binding) {
                "" => binding.help.to_owned(),
                place => format!("{} ({place})", binding.help),
            };
            lines.extend(entry(labels(binding), KEYS, &text));
        }
        lines.push(Line::default());
        blocks.push(lines);
    }
    let mut lines = vec![Line::styled("Commands", theme.heading())];
    for verb in VERBS {
        let usage = format!(":{} {}", verb.name, verb.usage);
        lines.extend(entry(usage, USAGE, verb.help));
    }
    lines.push(Line::default());
    blocks.push(lines);
    let marks = [
        ("! !!", "a value of concern, and one that others notice; Enter says why"),
        ("◆", "a pinned room"),
        ("⊘", "a user whose data is not recorded, for want of consent"),
        ("◷", "a user who sends no clock, so that only the server's times are known"),
        ("30*", "a room with a rate of its own"),
        ("gap p95", "milliseconds between poses: the longest, and what 95 of 100 stay below"),
    ];
    let mut lines = vec![Line::styled("Marks", theme.heading())];
    for (mark, text) in marks {
        lines.extend(entry(mark.to_owned(), KEYS, text));
    }
    blocks.push(lines);
    blocks
}

/// Distributes blocks over columns of about the same length, keeping them whole and in order.
fn flow(blocks: Vec<Vec<Line<'static>>>, count: usize) -> Vec<Vec<Line<'static>>> {
    let lengths: Vec<usize> = blocks.iter().map(Vec::len).collect();
    let fits = |height: usize| {
        let (mut columns, mut used) = (1, 0);
        for length in &lengths {
            if used + length > height && used > 0 {
                columns += 1;
                used = 0;
            }
            used += length;
        }
        columns <= count
    };
    let total: usize = lengths.iter().sum();
    let height = (1..=total.max(1)).find(|height| fits(*height)).unwrap_or(total);
    let mut columns: Vec<Vec<Line<'static>>> = vec![Vec::new()];
    for block in blocks {
        let column = columns.last().map_or(0, Vec::len);
        if column + block.len() > height && column > 0 {
            columns.push(Vec::new());
        }
        if let Some(column) = columns.last_mut() {
            column.extend(block);
        }
    }
    columns
}
