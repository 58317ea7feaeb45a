//! The keys of `vrlobby replay`.

use crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};

use crate::model::ReplayControl;

/// What a key stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pressed {
    Control(ReplayControl),
    Quit,
}

/// The keys, in one line.
pub(super) const HELP: &str =
    "Space pause  ← → 5 s  [ ] marker  0-9 tenths  . step  - + speed  q quit";

/// Seconds that an arrow moves.
const ARROW: i32 = 5;

/// What a key stands for, if anything.
pub(super) fn meaning(key: KeyEvent) -> Option<Pressed> {
    if key.kind == KeyEventKind::Release {
        return None;
    }
    let control = match key.code {
        KeyCode::Char('c') if key.modifiers.contains(KeyModifiers::CONTROL) => {
            return Some(Pressed::Quit);
        }
        KeyCode::Char('q') => return Some(Pressed::Quit),
        KeyCode::Char(' ') => ReplayControl::TogglePause,
        KeyCode::Char('.') => ReplayControl::Step,
        KeyCode::Left => ReplayControl::SeekBy(-ARROW),
        KeyCode::Right => ReplayControl::SeekBy(ARROW),
        KeyCode::Char('[') => ReplayControl::PreviousMarker,
        KeyCode::Char(']') => ReplayControl::NextMarker,
        KeyCode::Char('+' | '=') => ReplayControl::Faster,
        KeyCode::Char('-' | '_') => ReplayControl::Slower,
        KeyCode::Char(digit) => ReplayControl::SeekToTenth(digit.to_digit(10)? as u8),
        _ => return None,
    };
    Some(Pressed::Control(control))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_mean_what_the_help_says() {
        let pressed = |code| meaning(KeyEvent::new(code, KeyModifiers::NONE));
        for (code, control) in [
            (KeyCode::Char(' '), ReplayControl::TogglePause),
            (KeyCode::Left, ReplayControl::SeekBy(-5)),
            (KeyCode::Right, ReplayControl::SeekBy(5)),
            (KeyCode::Char('['), ReplayControl::PreviousMarker),
            (KeyCode::Char(']'), ReplayControl::NextMarker),
            (KeyCode::Char('0'), ReplayControl::SeekToTenth(0)),
            (KeyCode::Char('9'), ReplayControl::SeekToTenth(9)),
            (KeyCode::Char('.'), ReplayControl::Step),
            (KeyCode::Char('+'), ReplayControl::Faster),
            (KeyCode::Char('-'), ReplayControl::Slower),
        ] {
            assert_eq!(pressed(code), Some(Pressed::Control(control)));
        }
        assert_eq!(pressed(KeyCode::Char('q')), Some(Pressed::Quit));
        let ctrl_c = KeyEvent::new(KeyCode::Char('c'), KeyModifiers::CONTROL);
        assert_eq!(meaning(ctrl_c), Some(Pressed::Quit));
        assert_eq!((pressed(KeyCode::Char('c')), pressed(KeyCode::Esc)), (None, None));
    }
}
