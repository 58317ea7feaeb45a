//! A line of text being typed, with its cursor.

use unicode_segmentation::UnicodeSegmentation;

/// The longest line, in characters; more than any name, text or command needs.
const LIMIT: usize = 1000;

/// A line of text and its cursor.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct LineInput {
    text: String,
    /// In bytes, always between two graphemes.
    cursor: usize,
}

impl LineInput {
    /// A line that starts out as `text`, with the cursor at its end.
    pub(crate) fn with(text: impl Into<String>) -> Self {
        let text = text.into();
        Self { cursor: text.len(), text }
    }

    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// The text before and after the cursor.
    pub(crate) fn halves(&self) -> (&str, &str) {
        self.text.split_at(self.cursor)
    }

    /// Inserts text at the cursor; control characters become spaces.
    pub(crate) fn insert(&mut self, text: &str) {
        let free = LIMIT.saturating_sub(self.text.chars().count());
        let printable = text.chars().map(|ch| if ch.is_control() { ' ' } else { ch });
        let text: String = printable.take(free).collect();
        self.text.insert_str(self.cursor, &text);
        self.cursor += text.len();
    }

    pub(crate) fn move_to_start(&mut self) {
        self.cursor = 0;
    }

    pub(crate) fn move_to_end(&mut self) {
        self.cursor = self.text.len();
    }

    pub(crate) fn move_left(&mut self) {
        self.cursor -= self.grapheme_before();
    }

    pub(crate) fn move_right(&mut self) {
        self.cursor += self.grapheme_after();
    }

    pub(crate) fn move_word_left(&mut self) {
        self.cursor -= self.word_before();
    }

    pub(crate) fn delete_back(&mut self) {
        self.remove_before(self.grapheme_before());
    }

    pub(crate) fn delete(&mut self) {
        self.text.drain(self.cursor..self.cursor + self.grapheme_after());
    }

    pub(crate) fn delete_word_back(&mut self) {
        self.remove_before(self.word_before());
    }

    pub(crate) fn delete_to_start(&mut self) {
        self.remove_before(self.cursor);
    }

    pub(crate) fn delete_to_end(&mut self) {
        self.text.truncate(self.cursor);
    }

    fn grapheme_before(&self) -> usize {
        self.halves().0.graphemes(true).next_back().map_or(0, str::len)
    }

    fn grapheme_after(&self) -> usize {
        self.halves().1.graphemes(true).next().map_or(0, str::len)
    }

    /// Bytes from the cursor back to the start of a word.
    fn word_before(&self) -> usize {
        let (before, _) = self.halves();
        before.len() - word_start(before)
    }

    fn remove_before(&mut self, bytes: usize) {
        self.text.drain(self.cursor - bytes..self.cursor);
        self.cursor -= bytes;
    }
}

fn word_start(text: &str) -> usize {
    let end = text.trim_end().len();
    text[..end]
        .rfind(char::is_whitespace)
        .map_or(0, |at| at + text[at..].chars().next().map_or(1, char::len_utf8))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_no_control_characters() {
        let mut line = LineInput::with("a");
        line.insert("b\x1b[2J\nc");
        assert_eq!(line.text(), "ab [2J c");
    }
}
