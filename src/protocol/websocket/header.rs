//! Headers of frames from clients (RFC 6455, section 5.2).

use std::io::Cursor;

use tokio_tungstenite::tungstenite::protocol::frame::FrameHeader;

use super::close::CloseReason;

/// The longest header of a frame from a client: a 64-bit length and a mask.
pub(super) const MAX_CLIENT_HEADER: usize = 14;

/// A shortcut for nearly all that clients send: a text message of less than 64 KiB, in one frame
/// that has arrived whole. Returns where its payload starts and ends, and its mask.
#[inline]
pub(super) fn whole_text(bytes: &[u8], max_message: usize) -> Option<(usize, usize, [u8; 4])> {
    let (start, len, mask) = match *bytes {
        [0x81, len @ 0x80..=0xfd, a, b, c, d, ..] => (6, usize::from(len & 0x7f), [a, b, c, d]),
        [0x81, 0xfe, high, low, a, b, c, d, ..] => {
            (8, usize::from(u16::from_be_bytes([high, low])), [a, b, c, d])
        }
        _ => return None,
    };
    (len <= max_message && start + len <= bytes.len()).then_some((start, start + len, mask))
}

/// A header, the length of its payload and its own length; `None` if it isn't complete.
pub(super) fn parse_header(bytes: &[u8]) -> Result<Option<(FrameHeader, u64, usize)>, CloseReason> {
    let mut cursor = Cursor::new(bytes);
    match FrameHeader::parse(&mut cursor) {
        Ok(parsed) => Ok(parsed.map(|(header, len)| (header, len, cursor.position() as usize))),
        Err(_) => Err(CloseReason::protocol("invalid frame header")),
    }
}
