//! One client connection: cheap to read, whatever is sent to it.
//!
//! Frames whose content nobody needs are thrown away inside the kernel: on TCP, `MSG_TRUNC`
//! takes bytes from the receive queue without copying them.

use std::io;
use std::net::{SocketAddr, TcpStream};

use rustix::io::Errno;
use rustix::net::{RecvFlags, SendFlags, recv, send};

use socket2::{Domain, Socket, Type};

use crate::wire::find;

/// Bytes of a skipped frame that are looked at, enough to see the first entry's type.
const HEAD: usize = 128;
/// No tick of a load is smaller than this, and no short chat event as large: those are counted
/// by the million and must cost nothing.
const SMALLEST_TICK: u64 = 512;
/// Bytes read at once where frames are skipped.
const PEEK: usize = 256;
/// Bytes read at once where frames are read whole.
const WHOLE: usize = 64 << 10;
/// A receive buffer for a few of the largest ticks: the default's window is smaller than one.
const RECEIVE: usize = 1 << 20;
/// Bytes that may be thrown away at once.
const DISCARD: usize = 256 << 10;

/// A frame that has arrived whole.
pub(crate) struct Frame<'a> {
    pub(crate) opcode: u8,
    /// Bytes of its payload.
    pub(crate) len: u64,
    /// Whether it is a tick.
    pub(crate) tick: bool,
    /// Its payload, unless it was skipped.
    pub(crate) payload: Option<&'a [u8]>,
}

/// A buffer that all connections share.
pub(crate) struct Scratch(Vec<u8>);

impl Scratch {
    pub(crate) fn new() -> Self {
        Self(vec![0; DISCARD])
    }
}

/// A connection of the load generator.
pub(crate) struct Conn {
    pub(crate) socket: TcpStream,
    /// Whether frames are read whole.
    pub(crate) whole: bool,
    /// The start of a frame whose rest has not come yet.
    partial: Vec<u8>,
    /// The frame that is being skipped.
    skipping: Option<Skip>,
    /// What the socket did not take yet.
    unsent: Vec<u8>,
    /// Bytes that may still be read. A simulated slow line raises it as time passes.
    pub(crate) allowance: u64,
}

#[derive(Clone, Copy)]
struct Skip {
    left: u64,
    len: u64,
    opcode: u8,
    tick: bool,
}

impl Conn {
    /// Connects, and waits for it: on loopback this is immediate.
    pub(crate) fn open(to: SocketAddr) -> io::Result<Self> {
        Self::open_with(to, RECEIVE)
    }

    /// The same with a receive buffer of so many bytes.
    pub(crate) fn open_with(to: SocketAddr, receive: usize) -> io::Result<Self> {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None)?;
        // Sets the window, and so comes before the connection.
        socket.set_recv_buffer_size(receive)?;
        socket.connect(&to.into())?;
        let socket = TcpStream::from(socket);
        socket.set_nodelay(true)?;
        socket.set_nonblocking(true)?;
        Ok(Self {
            socket,
            whole: true,
            partial: Vec::new(),
            skipping: None,
            unsent: Vec::new(),
            allowance: u64::MAX,
        })
    }

    /// Reads what has arrived and calls `each` with every complete frame. Returns false at the
    /// end of the stream.
    pub(crate) fn read(
        &mut self,
        scratch: &mut Scratch,
        mut each: impl FnMut(Frame<'_>),
    ) -> io::Result<bool> {
        loop {
            if self.allowance == 0 {
                return Ok(true);
            }
            if let Some(mut skip) = self.skipping {
                let want = skip.left.min(DISCARD as u64).min(self.allowance) as usize;
                let buffer = &mut scratch.0[..want];
                let got = match recv(&self.socket, buffer, RecvFlags::TRUNC | RecvFlags::DONTWAIT) {
                    Ok((_, 0)) => return Ok(false),
                    Ok((_, got)) => got,
                    Err(Errno::AGAIN | Errno::INTR) => return Ok(true),
                    Err(error) => return Err(error.into()),
                };
                self.allowance -= got as u64;
                skip.left -= got as u64;
                self.skipping = (skip.left > 0).then_some(skip);
                if skip.left == 0 {
                    let Skip { len, opcode, tick, .. } = skip;
                    each(Frame { opcode, len, tick, payload: None });
                    return Ok(true);
                }
                if got < want {
                    return Ok(true);
                }
                continue;
            }
            let want = if self.whole { WHOLE } else { PEEK };
            let want = self.allowance.min(want as u64) as usize;
            let buffer = &mut scratch.0[..want];
            let got = match recv(&self.socket, buffer, RecvFlags::DONTWAIT) {
                Ok((_, 0)) => return Ok(false),
                Ok((_, got)) => got,
                Err(Errno::AGAIN | Errno::INTR) => return Ok(true),
                Err(error) => return Err(error.into()),
            };
            self.allowance -= got as u64;
            if self.partial.is_empty() {
                let used = self.parse(&scratch.0[..got], &mut each);
                self.partial.extend_from_slice(&scratch.0[used..got]);
            } else {
                let mut partial = std::mem::take(&mut self.partial);
                partial.extend_from_slice(&scratch.0[..got]);
                let used = self.parse(&partial, &mut each);
                partial.drain(..used);
                self.partial = partial;
            }
            if self.skipping.is_none() && got < want {
                return Ok(true);
            }
        }
    }

    /// Calls `each` with the complete frames in `bytes`; returns the number of bytes consumed.
    fn parse(&mut self, bytes: &[u8], each: &mut impl FnMut(Frame<'_>)) -> usize {
        let mut used = 0;
        while let Some((opcode, len, header)) = header(&bytes[used..]) {
            let body = &bytes[used + header..];
            if body.len() as u64 >= len {
                let payload = &body[..len as usize];
                let tick = is_tick(len, payload);
                each(Frame { opcode, len, tick, payload: Some(payload) });
                used += header + len as usize;
            } else if !self.whole && body.len() >= HEAD {
                let (left, tick) = (len - body.len() as u64, is_tick(len, body));
                self.skipping = Some(Skip { left, len, opcode, tick });
                return bytes.len();
            } else {
                break;
            }
        }
        used
    }

    /// Reads the answer to the handshake; true once it is complete and good.
    pub(crate) fn read_handshake(&mut self, scratch: &mut Scratch) -> io::Result<bool> {
        let got = match recv(&self.socket, &mut scratch.0[..], RecvFlags::DONTWAIT) {
            Ok((_, 0)) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Ok((_, got)) => got,
            Err(Errno::AGAIN) => return Ok(false),
            Err(error) => return Err(error.into()),
        };
        self.partial.extend_from_slice(&scratch.0[..got]);
        let Some(end) = find(&self.partial, b"\r\n\r\n") else { return Ok(false) };
        if !self.partial.starts_with(b"HTTP/1.1 101") {
            let answer = String::from_utf8_lossy(&self.partial[..end]).into_owned();
            return Err(io::Error::other(format!("the handshake was answered with {answer:?}")));
        }
        self.partial.drain(..end + 4);
        Ok(true)
    }

    /// Sends `bytes`, or keeps what the socket does not take; see [`Conn::flush`].
    pub(crate) fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        if self.flush()? {
            let sent = send_some(&self.socket, bytes)?;
            self.unsent.extend_from_slice(&bytes[sent..]);
        } else {
            self.unsent.extend_from_slice(bytes);
        }
        Ok(())
    }

    /// Whether nothing waits for the socket.
    pub(crate) fn is_flushed(&self) -> bool {
        self.unsent.is_empty()
    }

    /// Sends what was kept; true if nothing is left.
    pub(crate) fn flush(&mut self) -> io::Result<bool> {
        if !self.unsent.is_empty() {
            let sent = send_some(&self.socket, &self.unsent)?;
            self.unsent.drain(..sent);
        }
        Ok(self.unsent.is_empty())
    }
}

/// How much of `bytes` the socket took.
pub(crate) fn send_some(socket: &TcpStream, bytes: &[u8]) -> io::Result<usize> {
    match send(socket, bytes, SendFlags::NOSIGNAL | SendFlags::DONTWAIT) {
        Ok(sent) => Ok(sent),
        Err(Errno::AGAIN | Errno::INTR) => Ok(0),
        Err(error) => Err(error.into()),
    }
}

fn is_tick(len: u64, body: &[u8]) -> bool {
    len >= SMALLEST_TICK && find(&body[..body.len().min(HEAD)], b"\"transform\"").is_some()
}

/// Opcode, payload length and header length of the frame that starts here, if that much is there.
fn header(bytes: &[u8]) -> Option<(u8, u64, usize)> {
    let opcode = bytes.first()? & 0x0f;
    Some(match bytes.get(1)? & 0x7f {
        126 => (opcode, u64::from(u16::from_be_bytes(bytes.get(2..4)?.try_into().ok()?)), 4),
        127 => (opcode, u64::from_be_bytes(bytes.get(2..10)?.try_into().ok()?), 10),
        len => (opcode, u64::from(len), 2),
    })
}
