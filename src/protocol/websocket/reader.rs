//! Splits a connection's bytes into messages and control frames.

use std::io::Cursor;

use smallvec::SmallVec;
use tokio_tungstenite::tungstenite::protocol::frame::FrameHeader;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{Control, Data, OpCode as Op};

use super::close::{CloseReason, read_close_code};
use super::frame::MAX_CONTROL;
use super::mask::unmask;
use super::message::{Message, Text, not_utf8};

/// The longest header of a frame from a client: a 64-bit length and a mask.
const MAX_CLIENT_HEADER: usize = 14;

/// Something that a client sent.
#[derive(Debug, PartialEq, Eq)]
pub enum Incoming<'a> {
    /// A text message.
    Text(&'a str),
    /// A binary message.
    Binary(&'a [u8]),
    /// A frame with this many bytes of a message that continues after it. Reported so that frames
    /// can be counted, even empty ones: the message itself is reported with its last frame.
    Fragment(usize),
    /// A ping, to be answered with the same payload.
    Ping(&'a [u8]),
    /// A pong.
    Pong(&'a [u8]),
    /// The peer closes; the code to echo, if it gave one.
    Close(Option<u16>),
}

/// Receives what a [`FrameReader`] reads. A closure does, if the reader's own limit is all.
pub trait Receiver {
    /// Something was read.
    fn take(&mut self, incoming: Incoming<'_>);

    /// The largest message from here on, in bytes, if it is less than the reader's. Asked before
    /// the payload of a frame is touched.
    fn max_message(&self) -> usize {
        usize::MAX
    }
}

impl<F: FnMut(Incoming<'_>)> Receiver for F {
    fn take(&mut self, incoming: Incoming<'_>) {
        self(incoming);
    }
}

/// Splits a connection's bytes into frames. Holds memory only while something is incomplete.
#[derive(Debug)]
pub struct FrameReader {
    /// What has arrived of something incomplete; on the heap, so that an idle connection is small.
    partial: Option<Box<Partial>>,
    /// The peer has closed or broken the rules.
    has_ended: bool,
    max_message: usize,
}

#[derive(Debug, Default)]
struct Partial {
    /// Of a header.
    header: SmallVec<[u8; MAX_CLIENT_HEADER]>,
    /// The frame whose payload is coming.
    frame: Option<Frame>,
    /// The payload of that frame, if it is a control frame.
    control: Vec<u8>,
    /// Of a message, its fragments before included.
    message: Option<Message>,
}

/// A frame whose header has been read and checked.
#[derive(Debug)]
struct Frame {
    kind: Op,
    is_final: bool,
    len: usize,
    /// How much of its payload is still to come.
    to_come: usize,
    /// Turned to fit the payload that is still to come.
    mask: [u8; 4],
}

impl FrameReader {
    /// A reader that refuses messages of more than `max_message` bytes.
    pub fn new(max_message: usize) -> Self {
        Self { partial: None, has_ended: false, max_message }
    }

    /// Reads `bytes`, which it may change in place, and reports what they complete. Ignores
    /// everything after a close or an error.
    ///
    /// # Errors
    /// How to close the connection: 1002, 1007 or 1009. What came before the fault has been reported.
    pub fn read(
        &mut self,
        bytes: &mut [u8],
        mut receiver: impl Receiver,
    ) -> Result<(), CloseReason> {
        let result = self.take_frames(bytes, &mut receiver);
        if result.is_err() {
            self.end();
        }
        result
    }

    /// Whether something has begun but not ended.
    pub fn is_within_message(&self) -> bool {
        self.partial.is_some()
    }

    /// Bytes of memory that it holds at the moment: none between messages, and at most about
    /// twice what has come of an incomplete one.
    pub fn buffered(&self) -> usize {
        let Some(partial) = &self.partial else { return 0 };
        size_of::<Partial>()
            + partial.control.capacity()
            + partial.message.as_ref().map_or(0, Message::capacity)
    }

    fn take_frames(
        &mut self,
        mut rest: &mut [u8],
        receiver: &mut impl Receiver,
    ) -> Result<(), CloseReason> {
        while !rest.is_empty() && !self.has_ended {
            let mut frame = match self.resume_frame(receiver.max_message())? {
                Some(frame) => frame,
                None => match self.take_header(&mut rest, receiver.max_message())? {
                    Some(frame) => frame,
                    None => return Ok(()),
                },
            };
            let (payload, after) = rest.split_at_mut(frame.to_come.min(rest.len()));
            rest = after;
            unmask(payload, &mut frame.mask);
            frame.to_come -= payload.len();
            match frame.kind {
                Op::Control(kind) => self.take_control(kind, frame, payload, receiver)?,
                Op::Data(kind) => self.take_data(kind, frame, payload, receiver)?,
            }
        }
        Ok(())
    }

    /// The frame whose payload is coming.
    fn resume_frame(&mut self, max: usize) -> Result<Option<Frame>, CloseReason> {
        let Some(frame) = self.partial.as_mut().and_then(|partial| partial.frame.take()) else {
            return Ok(None);
        };
        if matches!(frame.kind, Op::Data(_)) {
            self.check_sum(self.message().map_or(0, Message::len), frame.to_come as u64, max)?;
        }
        Ok(Some(frame))
    }

    /// Reads the next header, and keeps what there is of it if it isn't complete.
    fn take_header(
        &mut self,
        rest: &mut &mut [u8],
        max: usize,
    ) -> Result<Option<Frame>, CloseReason> {
        let bytes = std::mem::take(rest);
        let (header, len, used) = match &mut self.partial {
            Some(partial) if !partial.header.is_empty() => {
                let kept = partial.header.len();
                let more = bytes.len().min(MAX_CLIENT_HEADER - kept);
                partial.header.extend_from_slice(&bytes[..more]);
                let Some((header, len, used)) = parse(&partial.header)? else { return Ok(None) };
                partial.header.clear();
                (header, len, used - kept)
            }
            _ => match parse(bytes)? {
                Some(parsed) => parsed,
                None => {
                    self.partial().header.extend_from_slice(bytes);
                    return Ok(None);
                }
            },
        };
        *rest = &mut bytes[used..];
        self.check(&header, len, max).map(Some)
    }

    /// Checks a header before any of its payload is kept.
    fn check(&self, header: &FrameHeader, len: u64, max: usize) -> Result<Frame, CloseReason> {
        if header.rsv1 || header.rsv2 || header.rsv3 {
            let reason = "reserved bits are set, but no extension was agreed on";
            return Err(CloseReason::protocol(reason));
        }
        match header.opcode {
            Op::Control(Control::Reserved(_)) | Op::Data(Data::Reserved(_)) => {
                return Err(CloseReason::protocol("unknown opcode"));
            }
            Op::Control(_) => {
                if !header.is_final {
                    return Err(CloseReason::protocol("a control frame can't be fragmented"));
                }
                if len > MAX_CONTROL as u64 {
                    return Err(CloseReason::protocol("a control frame has at most 125 bytes"));
                }
            }
            Op::Data(kind) => {
                let before = match (kind, self.message()) {
                    (Data::Continue, Some(message)) => message.len(),
                    (Data::Continue, None) => {
                        return Err(CloseReason::protocol("a continuation without a beginning"));
                    }
                    (_, Some(_)) => {
                        return Err(CloseReason::protocol("a new message within a fragmented one"));
                    }
                    (_, None) => 0,
                };
                self.check_sum(before, len, max)?;
            }
        }
        let Some(mask) = header.mask else {
            return Err(CloseReason::protocol("a client has to mask its frames"));
        };
        // A length that passed is within the limit, which is a `usize`.
        let len = len as usize;
        Ok(Frame { kind: header.opcode, is_final: header.is_final, len, to_come: len, mask })
    }

    fn check_sum(&self, before: usize, to_come: u64, max: usize) -> Result<(), CloseReason> {
        let max = max.min(self.max_message);
        if to_come.saturating_add(before as u64) > max as u64 {
            return Err(CloseReason::new(
                CloseReason::TOO_BIG,
                format!("a message has at most {max} bytes here"),
            ));
        }
        Ok(())
    }

    fn take_control(
        &mut self,
        kind: Control,
        frame: Frame,
        payload: &[u8],
        receiver: &mut impl Receiver,
    ) -> Result<(), CloseReason> {
        let kept;
        let payload = if payload.len() == frame.len {
            payload
        } else {
            let partial = self.partial();
            partial.control.extend_from_slice(payload);
            if frame.to_come > 0 {
                partial.frame = Some(frame);
                return Ok(());
            }
            kept = std::mem::take(&mut partial.control);
            &kept
        };
        match kind {
            Control::Close => {
                receiver.take(Incoming::Close(read_close_code(payload)?));
                self.end();
            }
            Control::Ping => receiver.take(Incoming::Ping(payload)),
            _ => receiver.take(Incoming::Pong(payload)),
        }
        self.release();
        Ok(())
    }

    fn take_data(
        &mut self,
        kind: Data,
        frame: Frame,
        payload: &[u8],
        receiver: &mut impl Receiver,
    ) -> Result<(), CloseReason> {
        if payload.is_empty() && frame.to_come > 0 {
            self.partial().frame = Some(frame);
            return Ok(());
        }
        let is_whole = payload.len() == frame.len;
        if is_whole && frame.is_final && kind != Data::Continue {
            match kind {
                Data::Binary => receiver.take(Incoming::Binary(payload)),
                _ => receiver
                    .take(Incoming::Text(std::str::from_utf8(payload).map_err(|_| not_utf8())?)),
            }
            self.release();
            return Ok(());
        }
        let partial = self.partial();
        let message = partial.message.get_or_insert_with(|| match kind {
            Data::Binary => Message::Binary(Vec::new()),
            _ => Message::Text(Text::default()),
        });
        message.push(payload, frame.to_come)?;
        if frame.to_come > 0 {
            partial.frame = Some(frame);
        } else if frame.is_final {
            match message {
                Message::Text(text) => {
                    receiver.take(Incoming::Text(text.as_str().ok_or_else(not_utf8)?))
                }
                Message::Binary(bytes) => receiver.take(Incoming::Binary(bytes)),
            }
            partial.message = None;
            self.release();
        } else {
            receiver.take(Incoming::Fragment(frame.len));
        }
        Ok(())
    }

    /// The message of which a part has come.
    fn message(&self) -> Option<&Message> {
        self.partial.as_ref()?.message.as_ref()
    }

    fn partial(&mut self) -> &mut Partial {
        self.partial.get_or_insert_default()
    }

    /// Gives the memory back unless a message is still incomplete.
    fn release(&mut self) {
        if self.message().is_none() {
            self.partial = None;
        }
    }

    fn end(&mut self) {
        self.has_ended = true;
        self.partial = None;
    }
}

/// A header, the length of its payload and its own length; `None` if it isn't complete.
fn parse(bytes: &[u8]) -> Result<Option<(FrameHeader, u64, usize)>, CloseReason> {
    let mut cursor = Cursor::new(bytes);
    match FrameHeader::parse(&mut cursor) {
        Ok(parsed) => Ok(parsed.map(|(header, len)| (header, len, cursor.position() as usize))),
        Err(_) => Err(CloseReason::protocol("invalid frame header")),
    }
}

#[cfg(test)]
mod differential;
#[cfg(test)]
mod tests;
