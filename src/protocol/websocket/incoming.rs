//! What a reader gives out, and to whom.

/// Something that a client sent.
#[derive(Debug, PartialEq, Eq)]
pub enum Incoming<'a> {
    /// A text message.
    Text(&'a str),
    /// A binary message.
    Binary(&'a [u8]),
    /// A frame of this many bytes that doesn't end its message. The message itself is given out
    /// with its last frame; this is reported so that frames can be counted, empty ones too.
    Fragment(usize),
    /// A ping, to be answered with the same payload.
    Ping(&'a [u8]),
    /// A pong.
    Pong(&'a [u8]),
    /// The client closes; the code to echo, if it sent one.
    Close(Option<u16>),
}

/// Receives what a [`FrameReader`](super::FrameReader) reads. A closure is one, if the reader's own limit is enough.
pub trait Receiver {
    /// Takes what was read.
    fn take(&mut self, incoming: Incoming<'_>);

    /// The largest message that it takes at the moment, in bytes, if that is less than the
    /// reader's limit. Asked before the payload of each frame is touched.
    fn max_message(&self) -> usize {
        usize::MAX
    }
}

impl<F: FnMut(Incoming<'_>)> Receiver for F {
    fn take(&mut self, incoming: Incoming<'_>) {
        self(incoming);
    }
}
