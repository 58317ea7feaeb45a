//! What the operator can do at a terminal: press keys, use the mouse, paste.

use ratatui::crossterm::event::KeyCode;

/// A key and its modifiers. Shift is part of the character.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Key {
    pub(crate) code: KeyCode,
    pub(crate) ctrl: bool,
}

impl Key {
    pub(crate) const fn of(code: KeyCode) -> Self {
        Self { code, ctrl: false }
    }

    pub(crate) const fn char(ch: char) -> Self {
        Self::of(KeyCode::Char(ch))
    }

    pub(crate) const fn ctrl(ch: char) -> Self {
        Self { code: KeyCode::Char(ch), ctrl: true }
    }
}

/// What the mouse did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum MouseKind {
    Click,
    WheelUp,
    WheelDown,
}

/// One thing the operator did at the terminal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Input {
    Key(Key),
    /// At a column and row, counted from 0.
    Mouse(MouseKind, u16, u16),
    Paste(String),
}
