//! Decodes the bytes that a terminal sends into keys, clicks and pastes.
//!
//! Home-made by choice: crossterm's reader never returns once the terminal is gone (crossterm
//! issue 793), and the console has to notice that.

use ratatui::crossterm::event::KeyCode;

use super::key::{Input, Key, MouseKind};

/// The longest control sequence; anything longer is discarded.
const SEQUENCE_LIMIT: usize = 64;

/// How much of a paste is kept, in bytes.
const PASTE_LIMIT: usize = 16 << 10;

const PASTE_START: &[u8] = b"\x1b[200~";
const PASTE_END: &[u8] = b"\x1b[201~";

/// Collects bytes and decodes them.
#[derive(Debug, Default)]
pub(crate) struct Reader {
    bytes: Vec<u8>,
    paste: Option<Vec<u8>>,
}

enum Step {
    Took(usize, Option<Input>),
    Wait,
}

impl Reader {
    pub(crate) fn push(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// Returns whether a sequence has started and not yet ended.
    pub(crate) fn is_waiting(&self) -> bool {
        !self.bytes.is_empty()
    }

    /// Takes everything that is complete. `settled` means that no more bytes are about to come, so
    /// that a lone ESC is the Esc key.
    pub(crate) fn take(&mut self, settled: bool) -> Vec<Input> {
        let mut inputs = Vec::new();
        let mut at = 0;
        while at < self.bytes.len() {
            let rest = &self.bytes[at..];
            if let Some(paste) = &mut self.paste {
                let end = rest.windows(PASTE_END.len()).position(|window| window == PASTE_END);
                // Without an end marker, hold back what may be the start of one.
                let keep = if settled { 0 } else { PASTE_END.len() - 1 };
                let text = end.unwrap_or(rest.len().saturating_sub(keep));
                let free = PASTE_LIMIT.saturating_sub(paste.len());
                paste.extend_from_slice(&rest[..text.min(free)]);
                at += text;
                if end.is_none() {
                    break;
                }
                at += PASTE_END.len();
                let paste = self.paste.take().unwrap_or_default();
                inputs.push(Input::Paste(String::from_utf8_lossy(&paste).into_owned()));
                continue;
            }
            if rest.starts_with(PASTE_START) {
                self.paste = Some(Vec::new());
                at += PASTE_START.len();
                continue;
            }
            match step(rest, settled) {
                Step::Took(count, input) => {
                    at += count;
                    inputs.extend(input);
                }
                Step::Wait => break,
            }
        }
        self.bytes.drain(..at);
        inputs
    }
}

fn step(bytes: &[u8], settled: bool) -> Step {
    match bytes {
        [0x1b] if settled => Step::Took(1, Some(Input::Key(Key::of(KeyCode::Esc)))),
        [0x1b] => Step::Wait,
        [0x1b, b'[', ..] => control_sequence(bytes, settled),
        [0x1b, b'O'] if !settled => Step::Wait,
        [0x1b, b'O', letter, ..] => Step::Took(3, named(*letter, 1).map(Input::Key)),
        // Nothing is bound to Alt, so this is Esc followed by another key.
        [0x1b, ..] => Step::Took(1, Some(Input::Key(Key::of(KeyCode::Esc)))),
        _ => match character(bytes, settled) {
            Some((count, key)) => Step::Took(count, key.map(Input::Key)),
            None => Step::Wait,
        },
    }
}

/// The length in bytes and the key of the first character; `None` if it is incomplete.
fn character(bytes: &[u8], settled: bool) -> Option<(usize, Option<Key>)> {
    let first = *bytes.first()?;
    let key = match first {
        b'\r' | b'\n' => Key::of(KeyCode::Enter),
        b'\t' => Key::of(KeyCode::Tab),
        0x7f | 0x08 => Key::of(KeyCode::Backspace),
        0x01..=0x1a => Key::ctrl(char::from(first - 1 + b'a')),
        0x00 | 0x1b..=0x1f => return Some((1, None)),
        0x20..=0x7e => Key::char(char::from(first)),
        _ => {
            let length = match first {
                0xc2..=0xdf => 2,
                0xe0..=0xef => 3,
                0xf0..=0xf4 => 4,
                _ => return Some((1, None)),
            };
            if bytes.len() < length {
                return settled.then_some((bytes.len(), None));
            }
            let text = std::str::from_utf8(&bytes[..length]);
            let Some(ch) = text.ok().and_then(|text| text.chars().next()) else {
                return Some((1, None));
            };
            return Some((length, Some(Key::char(ch))));
        }
    };
    Some((1, Some(key)))
}

fn control_sequence(bytes: &[u8], settled: bool) -> Step {
    let body = &bytes[2..];
    let Some(length) = body.iter().position(|byte| (0x40..=0x7e).contains(byte)) else {
        let discard = settled || body.len() > SEQUENCE_LIMIT;
        return if discard { Step::Took(bytes.len(), None) } else { Step::Wait };
    };
    let last = body[length];
    let text = std::str::from_utf8(&body[..length]).unwrap_or_default();
    let took = length + 3;
    if let Some(mouse) = text.strip_prefix('<') {
        return Step::Took(took, mouse_event(mouse, last == b'M'));
    }
    let mut numbers = text.split(';').map(|number| number.parse::<u16>().unwrap_or(1));
    let first = numbers.next().unwrap_or(1);
    let modifiers = numbers.next().unwrap_or(1);
    let key = if last == b'~' { numbered(first, modifiers) } else { named(last, modifiers) };
    Step::Took(took, key.map(Input::Key))
}

fn modified(code: KeyCode, modifiers: u16) -> Key {
    Key { code, ctrl: modifiers.saturating_sub(1) & 4 != 0 }
}

fn named(letter: u8, modifiers: u16) -> Option<Key> {
    let code = match letter {
        b'A' => KeyCode::Up,
        b'B' => KeyCode::Down,
        b'C' => KeyCode::Right,
        b'D' => KeyCode::Left,
        b'H' => KeyCode::Home,
        b'F' => KeyCode::End,
        b'Z' => KeyCode::BackTab,
        b'P'..=b'S' => KeyCode::F(letter - b'P' + 1),
        b'M' => KeyCode::Enter,
        _ => return None,
    };
    Some(modified(code, modifiers))
}

fn numbered(number: u16, modifiers: u16) -> Option<Key> {
    let code = match number {
        1 | 7 => KeyCode::Home,
        2 => KeyCode::Insert,
        3 => KeyCode::Delete,
        4 | 8 => KeyCode::End,
        5 => KeyCode::PageUp,
        6 => KeyCode::PageDown,
        11..=15 => KeyCode::F(number as u8 - 10),
        17..=21 => KeyCode::F(number as u8 - 11),
        23 | 24 => KeyCode::F(number as u8 - 12),
        _ => return None,
    };
    Some(modified(code, modifiers))
}

/// Decodes xterm's SGR mouse mode (1006): `button;column;row`, with a final `M` for a press.
fn mouse_event(text: &str, pressed: bool) -> Option<Input> {
    let mut numbers = text.split(';').map(|number| number.parse::<u16>().ok());
    let (button, column, row) = (numbers.next()??, numbers.next()??, numbers.next()??);
    let kind = match button & !0b1_1100 {
        0 if pressed => MouseKind::Click,
        64 => MouseKind::WheelUp,
        65 => MouseKind::WheelDown,
        _ => return None,
    };
    Some(Input::Mouse(kind, column.saturating_sub(1), row.saturating_sub(1)))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(bytes: &[u8]) -> Vec<Input> {
        let mut reader = Reader::default();
        reader.push(bytes);
        reader.take(true)
    }

    fn key(code: KeyCode) -> Input {
        Input::Key(Key::of(code))
    }

    #[test]
    fn reads_keys() {
        assert_eq!(
            read(b"a\r\t\x7f"),
            [
                key(KeyCode::Char('a')),
                key(KeyCode::Enter),
                key(KeyCode::Tab),
                key(KeyCode::Backspace)
            ]
        );
        assert_eq!(
            read(b"\x1b[A\x1bOB\x1b[5~\x1b[Z"),
            [key(KeyCode::Up), key(KeyCode::Down), key(KeyCode::PageUp), key(KeyCode::BackTab)]
        );
        assert_eq!(read("é語".as_bytes()), [key(KeyCode::Char('é')), key(KeyCode::Char('語'))]);
        assert_eq!(read(b"\x03"), [Input::Key(Key::ctrl('c'))]);
        let ctrl_left = Key { code: KeyCode::Left, ctrl: true };
        assert_eq!(read(b"\x1b[1;5D"), [Input::Key(ctrl_left)]);
        assert_eq!(read(b"\x1b"), [key(KeyCode::Esc)]);
        assert_eq!(read(b"\x1bx"), [key(KeyCode::Esc), key(KeyCode::Char('x'))]);
    }

    #[test]
    fn reads_the_mouse() {
        assert_eq!(read(b"\x1b[<0;10;3M\x1b[<0;10;3m"), [Input::Mouse(MouseKind::Click, 9, 2)]);
        assert_eq!(read(b"\x1b[<64;1;1M"), [Input::Mouse(MouseKind::WheelUp, 0, 0)]);
    }

    #[test]
    fn a_sequence_may_come_in_pieces() {
        let mut reader = Reader::default();
        for byte in b"\x1b[<65;12;" {
            reader.push(&[*byte]);
            assert_eq!(reader.take(false), []);
        }
        reader.push(b"7Mq");
        let wheel = Input::Mouse(MouseKind::WheelDown, 11, 6);
        assert_eq!(reader.take(false), [wheel, key(KeyCode::Char('q'))]);
        assert!(!reader.is_waiting());
    }

    #[test]
    fn a_paste_is_text_and_never_keys() {
        let mut reader = Reader::default();
        reader.push(b"\x1b[200~qy\x1b");
        assert_eq!(reader.take(false), []);
        reader.push(b"[201~x");
        let paste = Input::Paste("qy".to_owned());
        assert_eq!(reader.take(false), [paste, key(KeyCode::Char('x'))]);
    }

    proptest! {
        #[test]
        fn no_bytes_are_too_strange(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let mut reader = Reader::default();
            reader.push(&bytes);
            let _ = reader.take(false);
            let _ = reader.take(true);
            prop_assert!(!reader.is_waiting());
        }
    }
}
