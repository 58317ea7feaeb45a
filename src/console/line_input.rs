//! One line of text being typed.

use ratatui::crossterm::event::KeyCode;
use unicode_segmentation::UnicodeSegmentation;

use super::input::Key;

/// More than any name, text or command needs, in characters.
const LIMIT: usize = 1000;

/// A line and the place in it where typing goes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct LineInput {
    text: String,
    /// In bytes, between two graphemes.
    cursor: usize,
}

impl LineInput {
    /// A line that begins with `text`, the cursor at its end.
    pub(super) fn with(text: impl Into<String>) -> Self {
        let text = text.into();
        Self { cursor: text.len(), text }
    }

    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// What stands before and after the cursor.
    pub(super) fn halves(&self) -> (&str, &str) {
        self.text.split_at(self.cursor)
    }

    /// Puts text in at the cursor; control characters become spaces.
    pub(super) fn insert(&mut self, text: &str) {
        let free = LIMIT.saturating_sub(self.text.chars().count());
        let printable = text.chars().map(|ch| if ch.is_control() { ' ' } else { ch });
        let text: String = printable.take(free).collect();
        self.text.insert_str(self.cursor, &text);
        self.cursor += text.len();
    }

    /// Edits by one key; false if it is not an editing key.
    pub(super) fn edit(&mut self, key: Key) -> bool {
        let (before, after) = self.halves();
        let one_back = before.graphemes(true).next_back().map_or(0, str::len);
        let one_on = after.graphemes(true).next().map_or(0, str::len);
        let word_back = before.len() - word_start(before);
        match (key.code, key.ctrl) {
            (KeyCode::Char('a'), true) | (KeyCode::Home, _) => self.cursor = 0,
            (KeyCode::Char('e'), true) | (KeyCode::End, _) => self.cursor = self.text.len(),
            (KeyCode::Char('u'), true) => self.remove_back(self.cursor),
            (KeyCode::Char('w'), true) => self.remove_back(word_back),
            (KeyCode::Char('k'), true) => self.text.truncate(self.cursor),
            (KeyCode::Left, true) => self.cursor -= word_back,
            (KeyCode::Left, false) => self.cursor -= one_back,
            (KeyCode::Right, _) => self.cursor += one_on,
            (KeyCode::Backspace, _) => self.remove_back(one_back),
            (KeyCode::Delete, _) => drop(self.text.drain(self.cursor..self.cursor + one_on)),
            (KeyCode::Char(ch), false) => self.insert(ch.encode_utf8(&mut [0; 4])),
            _ => return false,
        }
        true
    }

    fn remove_back(&mut self, bytes: usize) {
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

    fn typed(keys: &[Key]) -> LineInput {
        let mut line = LineInput::default();
        for key in keys {
            line.edit(*key);
        }
        line
    }

    #[test]
    fn edits_by_grapheme() {
        let mut line = LineInput::with("ae\u{301}李");
        line.edit(Key::of(KeyCode::Backspace));
        line.edit(Key::of(KeyCode::Backspace));
        assert_eq!(line.text(), "a");
        line.edit(Key::of(KeyCode::Left));
        line.edit(Key::char('x'));
        assert_eq!(line.halves(), ("x", "a"));
    }

    #[test]
    fn edits_by_word() {
        let mut line = LineInput::with("kick ada now ");
        line.edit(Key::ctrl('w'));
        assert_eq!(line.text(), "kick ada ");
        line.edit(Key::ctrl('a'));
        line.edit(Key::ctrl('k'));
        assert_eq!(line.text(), "");
    }

    #[test]
    fn takes_no_control_characters() {
        let mut line = typed(&[Key::char('a')]);
        line.insert("b\x1b[2J\nc");
        assert_eq!(line.text(), "ab [2J c");
    }
}
