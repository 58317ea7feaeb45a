//! Toasts: what came of the last actions.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::console::state::{App, Tone};
use crate::console::text::{cells, cut, width};

pub(crate) fn draw(body: Rect, buffer: &mut Buffer, app: &App) {
    let limit = body.width.saturating_sub(6) as usize;
    for (at, toast) in app.toasts.iter().rev().enumerate() {
        let Some(y) = body.bottom().checked_sub(2 + at as u16).filter(|y| *y >= body.y) else {
            return;
        };
        let sign = match toast.tone {
            Tone::Waiting => "…",
            Tone::Done => "✓",
            Tone::Failed => "✗",
        };
        let text = cells(&toast.text);
        let text = format!(" {sign} {} ", cut(&text, limit));
        let x = body.right().saturating_sub(width(&text) as u16 + 2);
        buffer.set_string(x, y, text, app.theme.toast(toast.tone == Tone::Failed));
    }
}
