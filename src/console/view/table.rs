//! Tables: rows of aligned columns, as many columns as fit.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use crate::console::text::{left, right, width};
use crate::console::theme::Theme;

/// The contents of a cell.
#[derive(Debug)]
pub(crate) struct Cell {
    pub(crate) text: String,
    pub(crate) style: Style,
    /// Follows a number: a blank, or a mark.
    pub(crate) mark: char,
}

impl Cell {
    pub(crate) fn new(text: impl Into<String>, style: Style) -> Self {
        Self { text: text.into(), style, mark: ' ' }
    }
}

/// A column; the name comes before all of them.
#[derive(Clone, Copy)]
pub(crate) struct Column {
    pub(crate) title: &'static str,
    /// In cells, without the gap before it.
    pub(crate) width: usize,
    /// The lower, the sooner it is given space.
    pub(crate) rank: u8,
    /// Numbers are aligned right, with a place for a mark.
    pub(crate) number: bool,
}

/// Which columns are shown, and how wide the name is.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Plan {
    pub(crate) name: usize,
    pub(crate) columns: Vec<usize>,
    /// Cells left over.
    pub(crate) rest: usize,
}

const GAP: usize = 1;

impl Column {
    fn total(&self) -> usize {
        GAP + self.width + usize::from(self.number)
    }
}

/// Allots the width: the shortest name first, then columns by rank, then a longer name.
pub(crate) fn plan(
    columns: &[Column],
    limit: usize,
    name: std::ops::RangeInclusive<usize>,
) -> Plan {
    let mut by_rank: Vec<usize> = (0..columns.len()).collect();
    by_rank.sort_by_key(|at| columns[*at].rank);
    let mut free = limit.saturating_sub(*name.start());
    let mut shown = Vec::new();
    for at in by_rank {
        let total = columns[at].total();
        if total > free {
            break;
        }
        free -= total;
        shown.push(at);
    }
    shown.sort_unstable();
    let longer = free.min(name.end() - name.start());
    let name = (name.start() + longer).min(limit);
    Plan { name, columns: shown, rest: free - longer }
}

/// Draws the headings; `sorted` is the title of the sorted column, and whether it descends.
pub(crate) fn headings(
    area: Rect,
    buffer: &mut Buffer,
    theme: Theme,
    plan: &Plan,
    columns: &[Column],
    name: &str,
    sorted: (&str, bool),
) {
    let titled = |title: &str| {
        let arrow = if sorted.1 { "▾" } else { "▴" };
        if title == sorted.0 { format!("{title}{arrow}") } else { title.to_owned() }
    };
    let style = theme.heading();
    let mut text = left(&titled(name), plan.name);
    for at in &plan.columns {
        let column = &columns[*at];
        let title = titled(column.title);
        text.push_str(&" ".repeat(GAP));
        if column.number {
            // The arrow goes where the mark would be.
            let arrow = usize::from(title != column.title);
            text.push_str(&right(&title, column.width + arrow));
            text.push_str(&" ".repeat(1 - arrow));
        } else {
            text.push_str(&left(&title, column.width));
        }
    }
    buffer.set_stringn(area.x, area.y, text, area.width as usize, style);
}

/// Draws one row; returns where it ends.
pub(crate) fn row(
    area: Rect,
    buffer: &mut Buffer,
    plan: &Plan,
    columns: &[Column],
    name: Cell,
    mut cell: impl FnMut(usize) -> Cell,
) -> u16 {
    let put = |buffer: &mut Buffer, x: u16, text: &str, style| {
        let free = area.right().saturating_sub(x) as usize;
        buffer.set_stringn(x, area.y, text, free, style);
        x + width(text) as u16
    };
    let mut x = put(buffer, area.x, &left(&name.text, plan.name), name.style);
    for at in &plan.columns {
        let column = &columns[*at];
        let cell = cell(*at);
        x = put(buffer, x, &" ".repeat(GAP), Style::new());
        let text = if column.number {
            format!("{}{}", right(&cell.text, column.width), cell.mark)
        } else {
            left(&cell.text, column.width)
        };
        x = put(buffer, x, &text, cell.style);
    }
    x
}

/// The first row to show, so that the selected one is visible and the page is full.
pub(crate) fn offset(before: usize, selected: usize, rows: usize, height: usize) -> usize {
    let least = (selected + 1).saturating_sub(height);
    before.clamp(least, selected.max(least)).min(rows.saturating_sub(height))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(width: usize, rank: u8) -> Column {
        Column { title: "x", width, rank, number: false }
    }

    #[test]
    fn important_columns_come_first_and_keep_their_order() {
        let columns = [column(9, 3), column(4, 1), column(4, 2)];
        assert_eq!(plan(&columns, 20, 8..=12), Plan { name: 10, columns: vec![1, 2], rest: 0 });
        assert_eq!(plan(&columns, 40, 8..=12), Plan { name: 12, columns: vec![0, 1, 2], rest: 8 });
        assert_eq!(plan(&columns, 9, 8..=12), Plan { name: 9, columns: vec![], rest: 0 });
    }

    #[test]
    fn the_selected_row_is_always_seen() {
        assert_eq!(offset(0, 3, 10, 5), 0);
        assert_eq!(offset(0, 7, 10, 5), 3);
        assert_eq!(offset(6, 2, 10, 5), 2);
        assert_eq!(offset(9, 9, 10, 5), 5);
        assert_eq!(offset(4, 0, 2, 5), 0);
        assert_eq!(offset(0, 0, 0, 5), 0);
    }
}
