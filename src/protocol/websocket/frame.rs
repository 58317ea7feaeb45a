//! The layout of frames (RFC 6455, section 5.2), and those that the server writes.

use bytes::Bytes;

/// The longest header of a frame from the server: 2 bytes and a 64-bit length.
pub const MAX_HEADER: usize = 10;

/// The largest payload of a control frame (RFC 6455, section 5.5).
pub const MAX_CONTROL: usize = 125;

/// What a frame from the server is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "RFC 6455, section 11.8")]
pub enum OpCode {
    Text = 1,
    Close = 8,
    Ping = 9,
    Pong = 10,
}

/// Writes the header of a whole, unmasked frame; returns its length.
pub(crate) fn write_header(out: &mut [u8; MAX_HEADER], op: OpCode, payload: usize) -> usize {
    out[0] = 0x80 | op as u8;
    match payload {
        0..126 => {
            out[1] = payload as u8;
            2
        }
        126..0x1_0000 => {
            out[1] = 126;
            out[2..4].copy_from_slice(&(payload as u16).to_be_bytes());
            4
        }
        _ => {
            out[1] = 127;
            out[2..10].copy_from_slice(&(payload as u64).to_be_bytes());
            10
        }
    }
}

/// A control frame. `payload` is cut at [`MAX_CONTROL`] bytes.
pub fn control_frame(op: OpCode, payload: &[u8]) -> Bytes {
    let payload = &payload[..payload.len().min(MAX_CONTROL)];
    let mut frame = Vec::with_capacity(2 + payload.len());
    frame.extend_from_slice(&[0x80 | op as u8, payload.len() as u8]);
    frame.extend_from_slice(payload);
    frame.into()
}
