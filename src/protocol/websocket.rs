//! WebSocket frames (RFC 6455, section 5): reading what clients send, heads of what we send.
//!
//! The header's layout is tungstenite's. Its reader is not used: it keeps a buffer for every
//! connection, idle or not, reserves a fragment before it checks the sum of fragments, and holds
//! on to the largest buffer it ever needed.

use std::io::Cursor;

use bytes::Bytes;
use tokio_tungstenite::tungstenite::protocol::frame::FrameHeader;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{
    CloseCode, Control, Data, OpCode as Op,
};

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

/// Why a connection is closed (RFC 6455, section 7.4).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CloseReason {
    /// The status code.
    pub code: u16,
    /// A sentence for the developer of the client; at most 123 bytes arrive.
    pub reason: std::borrow::Cow<'static, str>,
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
    pub fn new(code: u16, reason: impl Into<std::borrow::Cow<'static, str>>) -> Self {
        Self { code, reason: reason.into() }
    }

    /// What everyone is told when the server stops.
    pub fn going_down() -> Self {
        Self::new(Self::GOING_AWAY, "the server is going down")
    }

    /// As a frame.
    pub fn frame(&self) -> Bytes {
        close_frame(self.code, &self.reason)
    }
}

/// Something whole that a client sent.
#[derive(Debug, PartialEq, Eq)]
pub enum Incoming<'a> {
    /// A text message.
    Text(&'a str),
    /// A binary message, which nothing here negotiates.
    Binary,
    /// A ping, to be answered with the same payload.
    Ping(&'a [u8]),
    /// A pong.
    Pong(&'a [u8]),
    /// The peer closes; the code to echo, if it gave one.
    Close(Option<u16>),
}

/// Takes a connection's bytes apart. Holds memory only while a message is incomplete.
#[derive(Debug)]
pub struct FrameReader {
    /// Bytes of a frame of which the rest has not come.
    rest: Vec<u8>,
    /// Payload of a message of which the last fragment has not come.
    fragments: Option<(Data, Vec<u8>)>,
    max_message: usize,
}

/// More than this stays reserved for no connection once its message is through.
const KEPT_CAPACITY: usize = 4096;

impl FrameReader {
    /// A reader that refuses messages of more than `max_message` bytes.
    pub fn new(max_message: usize) -> Self {
        Self { rest: Vec::new(), fragments: None, max_message }
    }

    /// Takes in `bytes`, which it may change in place, and gives each whole message to `each`.
    /// Stops for good when the peer closes.
    ///
    /// # Errors
    /// How to close the connection: 1002, 1007 or 1009. Messages before the fault were given out.
    pub fn read(
        &mut self,
        bytes: &mut [u8],
        mut each: impl FnMut(Incoming<'_>),
    ) -> Result<(), CloseReason> {
        if self.rest.is_empty() {
            let used = self.take_frames(bytes, &mut each)?;
            self.rest.extend_from_slice(&bytes[used..]);
        } else {
            let mut rest = std::mem::take(&mut self.rest);
            rest.extend_from_slice(bytes);
            let used = self.take_frames(&mut rest, &mut each)?;
            if used == rest.len() {
                rest.clear();
                rest.shrink_to(KEPT_CAPACITY);
            } else if used > 0 {
                rest.drain(..used);
            }
            self.rest = rest;
        }
        Ok(())
    }

    /// Whether a message has begun and not ended.
    pub fn is_within_message(&self) -> bool {
        !self.rest.is_empty() || self.fragments.is_some()
    }

    fn take_frames(
        &mut self,
        bytes: &mut [u8],
        each: &mut impl FnMut(Incoming<'_>),
    ) -> Result<usize, CloseReason> {
        let mut used = 0;
        loop {
            let mut cursor = Cursor::new(&bytes[used..]);
            let header =
                FrameHeader::parse(&mut cursor).map_err(|_| protocol("invalid frame header"))?;
            let Some((header, len)) = header else { return Ok(used) };
            let start = used + cursor.position() as usize;
            let mask = self.check(&header, len)?;
            // `check` bounds the length by the largest message.
            let end = start + len as usize;
            if end > bytes.len() {
                return Ok(used);
            }
            let payload = &mut bytes[start..end];
            unmask(payload, mask);
            used = end;
            if self.take_payload(&header, payload, each)? {
                return Ok(bytes.len());
            }
        }
    }

    /// Checks a header before any of its payload is kept; returns the mask.
    fn check(&self, header: &FrameHeader, len: u64) -> Result<[u8; 4], CloseReason> {
        if header.rsv1 || header.rsv2 || header.rsv3 {
            return Err(protocol("reserved bits are set, but no extension was agreed on"));
        }
        let before = match header.opcode {
            Op::Control(Control::Reserved(_)) | Op::Data(Data::Reserved(_)) => {
                return Err(protocol("unknown opcode"));
            }
            Op::Control(_) => {
                if !header.is_final {
                    return Err(protocol("a control frame can't be fragmented"));
                }
                if len > MAX_CONTROL as u64 {
                    return Err(protocol("a control frame has at most 125 bytes"));
                }
                0
            }
            Op::Data(Data::Continue) => match &self.fragments {
                Some((_, fragments)) => fragments.len(),
                None => return Err(protocol("a continuation without a beginning")),
            },
            Op::Data(_) if self.fragments.is_some() => {
                return Err(protocol("a new message within a fragmented one"));
            }
            Op::Data(_) => 0,
        };
        if len.saturating_add(before as u64) > self.max_message as u64 {
            return Err(CloseReason::new(
                CloseReason::TOO_BIG,
                format!("a message has at most {} bytes", self.max_message),
            ));
        }
        header.mask.ok_or_else(|| protocol("a client has to mask its frames"))
    }

    /// Returns whether the peer has closed.
    fn take_payload(
        &mut self,
        header: &FrameHeader,
        payload: &[u8],
        each: &mut impl FnMut(Incoming<'_>),
    ) -> Result<bool, CloseReason> {
        match header.opcode {
            Op::Control(Control::Close) => {
                each(Incoming::Close(close_code(payload)?));
                return Ok(true);
            }
            Op::Control(Control::Ping) => each(Incoming::Ping(payload)),
            Op::Control(_) => each(Incoming::Pong(payload)),
            Op::Data(Data::Continue) => {
                if let Some((_, fragments)) = &mut self.fragments {
                    fragments.extend_from_slice(payload);
                }
                if header.is_final
                    && let Some((kind, fragments)) = self.fragments.take()
                {
                    deliver(kind, &fragments, each)?;
                }
            }
            Op::Data(kind) if header.is_final => deliver(kind, payload, each)?,
            Op::Data(kind) => self.fragments = Some((kind, payload.to_vec())),
        }
        Ok(false)
    }
}

fn deliver(
    kind: Data,
    payload: &[u8],
    each: &mut impl FnMut(Incoming<'_>),
) -> Result<(), CloseReason> {
    if kind == Data::Binary {
        each(Incoming::Binary);
        return Ok(());
    }
    let text = std::str::from_utf8(payload).map_err(|_| {
        CloseReason::new(CloseReason::INVALID_DATA, "a text message has to be UTF-8")
    })?;
    each(Incoming::Text(text));
    Ok(())
}

fn close_code(payload: &[u8]) -> Result<Option<u16>, CloseReason> {
    let code = match payload {
        [] => return Ok(None),
        [_] => return Err(protocol("a close frame has no or at least 2 bytes")),
        [a, b, ..] => u16::from_be_bytes([*a, *b]),
    };
    if !CloseCode::from(code).is_allowed() {
        return Err(protocol("that close code can't be sent"));
    }
    match std::str::from_utf8(&payload[2..]) {
        Ok(_) => Ok(Some(code)),
        Err(_) => {
            Err(CloseReason::new(CloseReason::INVALID_DATA, "a close reason has to be UTF-8"))
        }
    }
}

fn protocol(reason: &'static str) -> CloseReason {
    CloseReason::new(CloseReason::PROTOCOL, reason)
}

/// RFC 6455, section 5.3, eight bytes at a time.
fn unmask(payload: &mut [u8], mask: [u8; 4]) {
    let [a, b, c, d] = mask;
    let wide = u64::from_ne_bytes([a, b, c, d, a, b, c, d]);
    let mut chunks = payload.chunks_exact_mut(8);
    for chunk in &mut chunks {
        let mut word = [0; 8];
        word.copy_from_slice(chunk);
        chunk.copy_from_slice(&(u64::from_ne_bytes(word) ^ wide).to_ne_bytes());
    }
    for (byte, mask) in chunks.into_remainder().iter_mut().zip(mask.into_iter().cycle()) {
        *byte ^= mask;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
        let mask = [1, 2, 3, 4];
        let mut out = vec![first];
        match payload.len() {
            len @ 0..126 => out.push(0x80 | len as u8),
            len @ 126..0x1_0000 => {
                out.push(0x80 | 126);
                out.extend_from_slice(&(len as u16).to_be_bytes());
            }
            len => {
                out.push(0x80 | 127);
                out.extend_from_slice(&(len as u64).to_be_bytes());
            }
        }
        out.extend_from_slice(&mask);
        out.extend(payload.iter().enumerate().map(|(i, byte)| byte ^ mask[i % 4]));
        out
    }

    fn collect(reader: &mut FrameReader, bytes: &[u8]) -> (Vec<String>, Result<(), CloseReason>) {
        let mut seen = Vec::new();
        let result =
            reader.read(&mut bytes.to_vec(), |incoming| seen.push(format!("{incoming:?}")));
        (seen, result)
    }

    fn fault(bytes: &[u8]) -> u16 {
        collect(&mut FrameReader::new(1000), bytes).1.unwrap_err().code
    }

    #[test]
    fn faults_have_their_codes() {
        assert_eq!(fault(&[0x81, 0x01, b'a']), 1002, "unmasked");
        assert_eq!(fault(&frame(0xc1, b"a")), 1002, "reserved bit");
        assert_eq!(fault(&frame(0x83, b"a")), 1002, "unknown opcode");
        assert_eq!(fault(&frame(0x80, b"a")), 1002, "continuation first");
        assert_eq!(fault(&[frame(0x01, b"a"), frame(0x81, b"a")].concat()), 1002, "interleaved");
        assert_eq!(fault(&frame(0x09, b"a")), 1002, "fragmented ping");
        assert_eq!(fault(&frame(0x89, &[0; 126])), 1002, "long ping");
        assert_eq!(fault(&frame(0x88, &[3])), 1002, "short close");
        assert_eq!(fault(&frame(0x88, &1005u16.to_be_bytes())), 1002, "close code");
        assert_eq!(fault(&frame(0x81, &[0xff])), 1007);
        assert_eq!(fault(&frame(0x88, &[3, 0xe8, 0xff])), 1007);
        assert_eq!(fault(&[0x81, 0xff, 0, 0, 0, 0, 0, 0, 3, 0xe9, 1, 2, 3, 4]), 1009, "declared");
        assert_eq!(
            fault(&[0x81, 0xff, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1, 2, 3, 4]),
            1009
        );
        let start = frame(0x01, &[b'a'; 600]);
        assert_eq!(fault(&[&start[..], &[0x80, 0xfe, 1, 0x91, 1, 2, 3, 4]].concat()), 1009);
    }

    #[test]
    fn the_largest_message_passes() {
        let text = "a".repeat(1000);
        let whole = frame(0x81, text.as_bytes());
        assert_eq!(collect(&mut FrameReader::new(1000), &whole).0.len(), 1);
        let parts = [frame(0x01, &[b'a'; 600]), frame(0x80, &[b'a'; 400])].concat();
        assert_eq!(collect(&mut FrameReader::new(1000), &parts).0, [format!("Text({text:?})")]);
    }

    #[test]
    fn a_quiet_reader_holds_no_memory() {
        let mut reader = FrameReader::new(1 << 20);
        let message = frame(0x81, &vec![b'a'; 1 << 20]);
        for chunk in message.chunks(60_000) {
            collect(&mut reader, chunk).1.unwrap();
        }
        assert!(!reader.is_within_message());
        assert!(reader.rest.capacity() <= KEPT_CAPACITY);
    }

    #[test]
    fn nothing_counts_after_a_close() {
        let bytes = [frame(0x88, &1000u16.to_be_bytes()), frame(0x81, b"late")].concat();
        let (seen, result) = collect(&mut FrameReader::new(1000), &bytes);
        assert_eq!(seen, ["Close(Some(1000))"]);
        assert_eq!(result, Ok(()));
    }

    proptest! {
        #[test]
        fn chunks_make_no_difference(
            texts in proptest::collection::vec("[ -~é李]{0,200}", 1..6),
            cut in 1usize..50,
        ) {
            let mut bytes = Vec::new();
            for text in &texts {
                let (first, second) = text.as_bytes().split_at(text.len() / 2);
                bytes.extend(frame(0x01, first));
                bytes.extend(frame(0x89, b"ping"));
                bytes.extend(frame(0x80, second));
                bytes.extend(frame(0x81, text.as_bytes()));
            }
            let mut reader = FrameReader::new(1000);
            let mut seen = Vec::new();
            for chunk in bytes.chunks(cut) {
                let (some, result) = collect(&mut reader, chunk);
                prop_assert!(result.is_ok());
                seen.extend(some);
            }
            let expected: Vec<String> = texts
                .iter()
                .flat_map(|text| {
                    ["Ping([112, 105, 110, 103])".to_owned(), format!("Text({text:?})"), format!("Text({text:?})")]
                })
                .collect();
            prop_assert_eq!(seen, expected);
        }

        #[test]
        fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = collect(&mut FrameReader::new(100), &bytes);
        }
    }
}
