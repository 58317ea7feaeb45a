//! A message that has arrived only in part. Text is checked part by part, each byte once.

use super::close::CloseReason;

/// The part that has arrived.
#[derive(Debug)]
pub(super) enum Message {
    /// Of a text message.
    Text(Text),
    /// Of a binary message.
    Binary(Vec<u8>),
}

impl Message {
    pub(super) fn len(&self) -> usize {
        match self {
            Self::Text(text) => text.whole.len() + text.open().len(),
            Self::Binary(bytes) => bytes.len(),
        }
    }

    /// Bytes reserved for it.
    pub(super) fn capacity(&self) -> usize {
        match self {
            Self::Text(text) => text.whole.capacity(),
            Self::Binary(bytes) => bytes.capacity(),
        }
    }

    /// Appends what has come of a frame, of which `to_come` bytes are missing.
    ///
    /// # Errors
    /// 1007 if a text message can no longer be UTF-8, whatever follows.
    pub(super) fn push(&mut self, payload: &[u8], to_come: usize) -> Result<(), CloseReason> {
        match self {
            Self::Text(text) => {
                let (len, capacity) = (text.whole.len(), text.whole.capacity());
                let more = payload.len() + text.open().len();
                text.whole.reserve_exact(room_for(len, capacity, more, to_come));
                text.push(payload).ok_or_else(not_utf8)
            }
            Self::Binary(bytes) => {
                let more = room_for(bytes.len(), bytes.capacity(), payload.len(), to_come);
                bytes.reserve_exact(more);
                bytes.extend_from_slice(payload);
                Ok(())
            }
        }
    }
}

/// How much to reserve beyond `len` so that `more` bytes fit: up to twice what has come, so that
/// copying stays linear, but nothing beyond the end of the frame.
fn room_for(len: usize, capacity: usize, more: usize, to_come: usize) -> usize {
    if len + more <= capacity {
        return 0;
    }
    more.max((2 * capacity).min(len + more + to_come) - len)
}

pub(super) fn not_utf8() -> CloseReason {
    CloseReason::new(CloseReason::INVALID_DATA, "a text message has to be UTF-8")
}

/// Text that may end within a character.
#[derive(Debug, Default)]
pub(super) struct Text {
    whole: String,
    /// The bytes of the character that isn't complete, and how many there are.
    open: ([u8; 4], usize),
}

impl Text {
    fn open(&self) -> &[u8] {
        &self.open.0[..self.open.1]
    }

    /// The text, unless it ends within a character.
    pub(super) fn as_str(&self) -> Option<&str> {
        self.open().is_empty().then_some(&self.whole)
    }

    /// Appends bytes; `None` if they are not UTF-8.
    fn push(&mut self, mut bytes: &[u8]) -> Option<()> {
        while self.open.1 > 0 {
            let Some((first, rest)) = bytes.split_first() else { return Some(()) };
            bytes = rest;
            let (open, len) = &mut self.open;
            open[*len] = *first;
            *len += 1;
            match std::str::from_utf8(&open[..*len]) {
                Ok(character) => {
                    self.whole.push_str(character);
                    *len = 0;
                }
                Err(error) if error.error_len().is_some() => return None,
                Err(_) => {}
            }
        }
        let (whole, open) = bytes.split_at(bytes.len() - open_len(bytes));
        self.whole.push_str(std::str::from_utf8(whole).ok()?);
        if std::str::from_utf8(open).is_err_and(|error| error.error_len().is_some()) {
            return None;
        }
        self.open.0[..open.len()].copy_from_slice(open);
        self.open.1 = open.len();
        Some(())
    }
}

/// How many bytes at the end are the beginning of a character that isn't complete, by the length
/// that its first byte declares. They may be invalid all the same.
fn open_len(bytes: &[u8]) -> usize {
    for (back, byte) in bytes.iter().rev().take(3).enumerate() {
        let declared = match byte {
            0x80..0xc0 => continue,
            0xc0..0xe0 => 2,
            0xe0..0xf0 => 3,
            0xf0..=0xff => 4,
            0..0x80 => 1,
        };
        return if declared > back + 1 { back + 1 } else { 0 };
    }
    0
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Where the first byte stands after which `bytes` can't be UTF-8, whatever comes.
    fn first_fault(bytes: &[u8]) -> Option<usize> {
        (1..=bytes.len()).find(|end| {
            std::str::from_utf8(&bytes[..*end]).is_err_and(|error| error.error_len().is_some())
        })
    }

    fn near_utf8() -> impl Strategy<Value = Vec<u8>> {
        let piece = prop_oneof![
            4 => "[ -~é李🙂\u{10ffff}\u{800}\u{d7ff}]{0,6}".prop_map(String::into_bytes),
            1 => proptest::collection::vec(any::<u8>(), 0..3),
            1 => proptest::collection::vec(
                prop_oneof![
                    Just(0x80u8), Just(0x8f), Just(0x90), Just(0x9f), Just(0xa0), Just(0xbf),
                    Just(0xc0), Just(0xc2), Just(0xe0), Just(0xed), Just(0xf0), Just(0xf4),
                    Just(0xf5), Just(0xff),
                ],
                0..4,
            ),
        ];
        proptest::collection::vec(piece, 0..6).prop_map(|pieces| pieces.concat())
    }

    proptest! {
        #[test]
        fn a_fault_is_found_with_the_part_that_holds_it(bytes in near_utf8(), cut in 1usize..8) {
            let fault = first_fault(&bytes);
            let mut text = Text::default();
            let mut seen = 0;
            for chunk in bytes.chunks(cut) {
                seen += chunk.len();
                let due = fault.is_some_and(|at| at <= seen);
                prop_assert_eq!(text.push(chunk).is_none(), due, "after {} bytes", seen);
                if due {
                    return Ok(());
                }
            }
            prop_assert_eq!(text.as_str(), std::str::from_utf8(&bytes).ok());
        }

        #[test]
        fn at_most_twice_what_came_is_reserved(chunks in proptest::collection::vec(1usize..5000, 1..50)) {
            for mut message in [Message::Text(Text::default()), Message::Binary(Vec::new())] {
                let mut to_come: usize = chunks.iter().sum();
                let whole = to_come;
                for chunk in &chunks {
                    to_come -= chunk;
                    prop_assert!(message.push(&vec![b'a'; *chunk], to_come).is_ok());
                    prop_assert!(message.capacity() <= (2 * message.len()).min(whole));
                }
                prop_assert_eq!(message.len(), whole);
            }
        }
    }
}
