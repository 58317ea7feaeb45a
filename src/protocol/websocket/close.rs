//! Close frames: why a connection ends, told and read (RFC 6455, section 7.4).

use std::borrow::Cow;

use bytes::Bytes;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;

use super::frame::{MAX_CONTROL, OpCode, control_frame};

/// Why a connection is closed (RFC 6455, section 7.4).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CloseReason {
    /// The status code.
    pub code: u16,
    /// A sentence for the developer of the client; at most 123 bytes arrive.
    pub reason: Cow<'static, str>,
}

impl CloseReason {
    /// A server that is going down.
    pub const GOING_AWAY: u16 = 1001;
    /// Frames that RFC 6455 forbids.
    pub const PROTOCOL: u16 = 1002;
    /// Text that is not UTF-8.
    pub const INVALID_DATA: u16 = 1007;
    /// Against the rules of this server.
    pub const POLICY: u16 = 1008;
    /// A message over the limit.
    pub const TOO_BIG: u16 = 1009;

    /// A close with `code` because of `reason`.
    pub fn new(code: u16, reason: impl Into<Cow<'static, str>>) -> Self {
        Self { code, reason: reason.into() }
    }

    /// What everyone is told when the server stops.
    pub fn going_down() -> Self {
        Self::new(Self::GOING_AWAY, "the server is going down")
    }

    /// Frames that RFC 6455 forbids.
    pub(super) fn protocol(reason: &'static str) -> Self {
        Self::new(Self::PROTOCOL, reason)
    }

    /// As a frame.
    pub fn frame(&self) -> Bytes {
        close_frame(self.code, &self.reason)
    }
}

/// A close frame with a code and a reason, cut at a character to fit.
pub fn close_frame(code: u16, reason: &str) -> Bytes {
    let mut end = reason.len().min(MAX_CONTROL - 2);
    while !reason.is_char_boundary(end) {
        end -= 1;
    }
    let mut payload = code.to_be_bytes().to_vec();
    payload.extend_from_slice(&reason.as_bytes()[..end]);
    control_frame(OpCode::Close, &payload)
}

/// The code that a close frame from a client gives, if it gives one.
///
/// # Errors
/// How to close the connection, if the frame is not well-formed.
pub(super) fn read_close_code(payload: &[u8]) -> Result<Option<u16>, CloseReason> {
    let (code, reason) = match payload {
        [] => return Ok(None),
        [_] => return Err(CloseReason::protocol("a close frame has no or at least 2 bytes")),
        [a, b, reason @ ..] => (u16::from_be_bytes([*a, *b]), reason),
    };
    if !CloseCode::from(code).is_allowed() {
        return Err(CloseReason::protocol("that close code can't be sent"));
    }
    if std::str::from_utf8(reason).is_err() {
        return Err(CloseReason::new(CloseReason::INVALID_DATA, "a close reason has to be UTF-8"));
    }
    Ok(Some(code))
}
