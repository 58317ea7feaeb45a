//! A line of text as it is being typed, with its cursor.

use ratatui::style::Modifier;
use ratatui::text::Span;

use crate::console::state::LineInput;
use crate::console::text::{cells, cut, width};
use crate::console::theme::Theme;

/// The part of a line around its cursor that fits into `limit` cells.
pub(crate) fn spans(input: &LineInput, limit: usize, theme: Theme) -> Vec<Span<'static>> {
    let limit = limit.saturating_sub(1);
    let (before, after) = input.halves();
    let (before, after) = (cells(before), cells(after));
    // Keep the text right before the cursor visible.
    let mut shown = &*before;
    while width(shown) > limit {
        let mut chars = shown.chars();
        chars.next();
        shown = chars.as_str();
    }
    let under: String = after.chars().take(1).collect();
    let rest: String = after.chars().skip(1).collect();
    let cursor = if under.is_empty() { " ".to_owned() } else { under };
    let left = limit.saturating_sub(width(shown) + width(&cursor).saturating_sub(1));
    vec![
        Span::raw(shown.to_owned()),
        Span::styled(cursor, theme.text().add_modifier(Modifier::REVERSED)),
        Span::raw(cut(&rest, left).into_owned()),
    ]
}
