//! A line made of pieces: where it is too narrow for all, the least important are left out.

use ratatui::style::Style;
use ratatui::text::Span;

/// A part of a line that is shown in full or not at all.
#[derive(Clone, Debug)]
pub(crate) struct Piece {
    /// The higher, the sooner it is left out; 0 always stays.
    pub(crate) rank: u8,
    pub(crate) spans: Vec<Span<'static>>,
}

impl Piece {
    pub(crate) fn new(rank: u8, span: Span<'static>) -> Self {
        Self { rank, spans: vec![span] }
    }

    /// A text that always stays, after a blank.
    pub(crate) fn loud(text: String, style: Style) -> Self {
        Self { rank: 0, spans: vec![Span::raw(" "), Span::styled(text, style)] }
    }

    /// Blanks.
    pub(crate) fn gap(rank: u8, cells: usize) -> Self {
        Self::new(rank, Span::raw(" ".repeat(cells)))
    }

    fn width(&self) -> usize {
        self.spans.iter().map(Span::width).sum()
    }
}

/// How wide they are together.
pub(crate) fn width(pieces: &[Piece]) -> usize {
    pieces.iter().map(Piece::width).sum()
}

/// Leaves out pieces of either half until the rest fits into `limit` cells together, of equal ones
/// the last first.
pub(crate) fn fit(left: &mut Vec<Piece>, right: &mut Vec<Piece>, limit: usize) {
    while width(left) + width(right) > limit {
        let ranked = left.iter().chain(&*right).enumerate().filter(|(_, piece)| piece.rank > 0);
        let Some((at, _)) = ranked.max_by_key(|(at, piece)| (piece.rank, *at)) else { return };
        if at < left.len() {
            left.remove(at)
        } else {
            right.remove(at - left.len())
        };
    }
}

/// All that they show, in order.
pub(crate) fn spans(pieces: Vec<Piece>) -> Vec<Span<'static>> {
    pieces.into_iter().flat_map(|piece| piece.spans).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_least_important_pieces_go_first() {
        let piece = |rank, text: &'static str| Piece::new(rank, Span::raw(text));
        let mut left = vec![piece(1, "aaa"), piece(2, "c")];
        let mut right = vec![piece(0, "bbb"), piece(2, "d")];
        let mut shown = |limit| {
            fit(&mut left, &mut right, limit);
            let all = spans(left.iter().chain(&right).cloned().collect());
            all.iter().map(|span| &*span.content).collect::<String>()
        };
        assert_eq!(
            [shown(8), shown(7), shown(6), shown(5), shown(0)],
            ["aaacbbbd", "aaacbbb", "aaabbb", "bbb", "bbb"]
        );
    }
}
