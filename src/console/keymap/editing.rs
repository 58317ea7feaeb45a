//! The keys that edit a line of text, as in a shell; they are not in the table.

use ratatui::crossterm::event::KeyCode;

use crate::console::input::Key;
use crate::console::state::LineInput;

/// Edits a line by one key. Returns whether it is an editing key.
pub(crate) fn edit(line: &mut LineInput, key: Key) -> bool {
    match (key.code, key.ctrl) {
        (KeyCode::Char('a'), true) | (KeyCode::Home, _) => line.move_to_start(),
        (KeyCode::Char('e'), true) | (KeyCode::End, _) => line.move_to_end(),
        (KeyCode::Char('u'), true) => line.delete_to_start(),
        (KeyCode::Char('w'), true) => line.delete_word_back(),
        (KeyCode::Char('k'), true) => line.delete_to_end(),
        (KeyCode::Left, true) => line.move_word_left(),
        (KeyCode::Left, false) => line.move_left(),
        (KeyCode::Right, _) => line.move_right(),
        (KeyCode::Backspace, _) => line.delete_back(),
        (KeyCode::Delete, _) => line.delete(),
        (KeyCode::Char(ch), false) => line.insert(ch.encode_utf8(&mut [0; 4])),
        _ => return false,
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn edits_by_grapheme() {
        let mut line = LineInput::with("ae\u{301}李");
        edit(&mut line, Key::of(KeyCode::Backspace));
        edit(&mut line, Key::of(KeyCode::Backspace));
        assert_eq!(line.text(), "a");
        edit(&mut line, Key::of(KeyCode::Left));
        edit(&mut line, Key::char('x'));
        assert_eq!(line.halves(), ("x", "a"));
    }

    #[test]
    fn edits_by_word() {
        let mut line = LineInput::with("kick ada now ");
        edit(&mut line, Key::ctrl('w'));
        assert_eq!(line.text(), "kick ada ");
        edit(&mut line, Key::ctrl('a'));
        edit(&mut line, Key::ctrl('k'));
        assert_eq!(line.text(), "");
    }

    #[test]
    fn other_keys_are_left_alone() {
        let mut line = LineInput::with("kick");
        assert!(!edit(&mut line, Key::of(KeyCode::Tab)));
        assert!(!edit(&mut line, Key::ctrl('t')));
        assert_eq!(line.halves(), ("kick", ""));
    }
}
