//! A network connection in memory: two directions with latency and bounded buffers, cut into
//! chunks at random, and all the ways in which one may end.
//!
//! It behaves like TCP where that matters: a server that closes with input unread resets the
//! connection and what it wrote last may be lost; a waker is called only after a call that was not
//! ready, and then when there is something to be done.

use std::collections::VecDeque;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker, ready};
use std::time::Duration;

use parking_lot::Mutex;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Sleep;

use super::rng::Rng;
use crate::clock::{Instant, monotonic};
use crate::connection::{SendHalf, Stream};
use crate::net::serve::Transport;

/// What a connection is like.
#[derive(Clone, Copy, Debug)]
pub(super) struct Temper {
    /// Bytes on the way to the client.
    pub(super) capacity: usize,
    /// The longest time that bytes take.
    pub(super) latency: Duration,
    /// Once in so many calls the stream is not ready although it might be.
    pub(super) hiccups: u64,
    /// Once in so many calls only a part is taken or given.
    pub(super) cuts: u64,
}

/// 50 Mbit/s, in bytes a second.
const FAST: f64 = 6.25e6;

impl Temper {
    /// Whether a full buffer may take so long that less than 50 Mbit/s come through.
    pub(super) fn is_slow(&self) -> bool {
        self.capacity as f64 / FAST < self.latency.as_secs_f64()
    }
}

/// One direction.
#[derive(Debug)]
struct Way {
    chunks: VecDeque<(Instant, Vec<u8>)>,
    len: usize,
    /// When the last byte arrives.
    last: Instant,
    /// When the end arrives, after all bytes.
    end: Option<Instant>,
    reader: Option<Waker>,
    writer: Option<Waker>,
}

/// What a read finds.
enum Found {
    Data(Vec<u8>),
    /// Nothing before then.
    Later(Instant),
    Nothing,
    End,
}

impl Way {
    fn new() -> Self {
        Self {
            chunks: VecDeque::new(),
            len: 0,
            last: monotonic(),
            end: None,
            reader: None,
            writer: None,
        }
    }

    fn push(&mut self, bytes: Vec<u8>, delay: Duration) {
        self.last = self.last.max(monotonic() + delay);
        self.len += bytes.len();
        self.chunks.push_back((self.last, bytes));
        wake(&mut self.reader);
    }

    fn finish(&mut self, delay: Duration) {
        if self.end.is_none() {
            self.end = Some(self.last.max(monotonic() + delay));
        }
        wake(&mut self.reader);
    }

    fn ended(&self) -> bool {
        self.end.is_some_and(|end| end <= monotonic())
    }

    fn take(&mut self, max: usize) -> Found {
        let now = monotonic();
        let Some((arrival, chunk)) = self.chunks.front_mut() else {
            return match self.end {
                Some(end) if end <= now => Found::End,
                Some(end) => Found::Later(end),
                None => Found::Nothing,
            };
        };
        if *arrival > now {
            return Found::Later(*arrival);
        }
        let data = if chunk.len() > max {
            let rest = chunk.split_off(max);
            std::mem::replace(chunk, rest)
        } else {
            std::mem::take(chunk)
        };
        if chunk.is_empty() {
            self.chunks.pop_front();
        }
        self.len -= data.len();
        Found::Data(data)
    }
}

fn wake(waker: &mut Option<Waker>) {
    if let Some(waker) = waker.take() {
        waker.wake();
    }
}

#[derive(Debug)]
struct Pipe {
    up: Way,
    down: Way,
    /// Both sides have lost it.
    reset: bool,
    server_gone: bool,
    temper: Temper,
    rng: Rng,
}

impl Pipe {
    fn delay(&mut self) -> Duration {
        let longest = self.temper.latency.as_micros() as u64;
        Duration::from_micros(self.rng.within(0..longest + 1))
    }

    fn cut(&mut self, len: usize) -> usize {
        let cut = self.rng.one_in(self.temper.cuts);
        if cut { self.rng.within(1..len as u64 + 1) as usize } else { len }
    }

    fn reset(&mut self) {
        self.reset = true;
        for way in [&mut self.up, &mut self.down] {
            wake(&mut way.reader);
            wake(&mut way.writer);
        }
    }
}

/// Both ends of a new connection.
pub(super) fn connect(temper: Temper, rng: Rng) -> (ClientEnd, ServerEnd) {
    let (up, down) = (Way::new(), Way::new());
    let pipe = Pipe { up, down, reset: false, server_gone: false, temper, rng };
    let pipe = Arc::new(Mutex::new(pipe));
    let client = ClientEnd { pipe: pipe.clone(), arrival: None };
    (client, ServerEnd { pipe: Arc::new(Socket(pipe)), arrival: None })
}

/// Waits for a moment without holding anything locked.
fn poll_arrival(
    arrival: &mut Option<Pin<Box<Sleep>>>,
    at: Instant,
    cx: &mut Context<'_>,
) -> Poll<()> {
    let sleep = arrival.get_or_insert_with(|| Box::pin(tokio::time::sleep_until(at)));
    if sleep.deadline() != at {
        sleep.as_mut().reset(at);
    }
    sleep.as_mut().poll(cx)
}

/// The client's end. Dropping it is what a headset does that loses its power: nothing at all.
#[derive(Debug)]
pub(super) struct ClientEnd {
    pipe: Arc<Mutex<Pipe>>,
    arrival: Option<Pin<Box<Sleep>>>,
}

/// What a client reads.
#[derive(Debug)]
pub(super) enum Read {
    Data(Vec<u8>),
    End,
    Reset,
}

impl ClientEnd {
    /// Sends bytes; the client's own buffer is without bounds.
    pub(super) fn send(&self, bytes: Vec<u8>) {
        if bytes.is_empty() {
            return;
        }
        let mut pipe = self.pipe.lock();
        if pipe.server_gone {
            return pipe.reset();
        }
        let delay = pipe.delay();
        pipe.up.push(bytes, delay);
    }

    /// Sends no more.
    pub(super) fn finish(&self) {
        let mut pipe = self.pipe.lock();
        let delay = pipe.delay();
        pipe.up.finish(delay);
        // A server that writes on finds out.
        wake(&mut pipe.down.writer);
    }

    /// Ends the connection for both at once.
    pub(super) fn reset(&self) {
        self.pipe.lock().reset();
    }

    pub(super) fn poll_read(&mut self, cx: &mut Context<'_>) -> Poll<Read> {
        loop {
            let later = {
                let mut pipe = self.pipe.lock();
                if pipe.reset {
                    return Poll::Ready(Read::Reset);
                }
                let max = pipe.cut(8 << 10);
                match pipe.down.take(max) {
                    Found::Data(data) => {
                        wake(&mut pipe.down.writer);
                        return Poll::Ready(Read::Data(data));
                    }
                    Found::End => return Poll::Ready(Read::End),
                    found => {
                        pipe.down.reader = Some(cx.waker().clone());
                        match found {
                            Found::Later(at) => at,
                            _ => return Poll::Pending,
                        }
                    }
                }
            };
            ready!(poll_arrival(&mut self.arrival, later, cx));
        }
    }
}

/// The server's hold on a connection. What is unread when it lets go is answered with a reset.
#[derive(Debug)]
struct Socket(Arc<Mutex<Pipe>>);

impl Drop for Socket {
    fn drop(&mut self) {
        let mut pipe = self.0.lock();
        pipe.server_gone = true;
        if pipe.up.len > 0 {
            pipe.reset();
        } else {
            pipe.down.finish(Duration::ZERO);
        }
    }
}

/// The server's end, or one of its halves.
#[derive(Debug)]
pub(super) struct ServerEnd {
    pipe: Arc<Socket>,
    arrival: Option<Pin<Box<Sleep>>>,
}

impl Transport for ServerEnd {
    fn halves(self) -> (Box<dyn AsyncRead + Send + Unpin>, Box<dyn SendHalf>) {
        let write = Self { pipe: self.pipe.clone(), arrival: None };
        (Box::new(self), Box::new(Stream(write)))
    }
}

impl AsyncRead for ServerEnd {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        loop {
            let later = {
                let mut pipe = self.pipe.0.lock();
                if pipe.reset {
                    return Poll::Ready(Err(io::ErrorKind::ConnectionReset.into()));
                }
                let hiccups = pipe.temper.hiccups;
                if pipe.rng.one_in(hiccups) {
                    cx.waker().wake_by_ref();
                    return Poll::Pending;
                }
                let max = pipe.cut(buffer.remaining());
                match pipe.up.take(max) {
                    Found::Data(data) => {
                        buffer.put_slice(&data);
                        return Poll::Ready(Ok(()));
                    }
                    Found::End => return Poll::Ready(Ok(())),
                    found => {
                        pipe.up.reader = Some(cx.waker().clone());
                        match found {
                            Found::Later(at) => at,
                            _ => return Poll::Pending,
                        }
                    }
                }
            };
            ready!(poll_arrival(&mut self.arrival, later, cx));
        }
    }
}

impl AsyncWrite for ServerEnd {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.poll_write_vectored(cx, &[IoSlice::new(bytes)])
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let mut pipe = self.pipe.0.lock();
        if pipe.reset || pipe.up.ended() {
            return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()));
        }
        let free = pipe.temper.capacity - pipe.down.len;
        let hiccups = pipe.temper.hiccups;
        let hiccup = pipe.rng.one_in(hiccups);
        if free == 0 || hiccup {
            pipe.down.writer = Some(cx.waker().clone());
            if free > 0 {
                wake(&mut pipe.down.writer);
            }
            return Poll::Pending;
        }
        let all = slices.iter().map(|slice| slice.len()).sum::<usize>();
        let mut left = pipe.cut(all.min(free));
        let mut bytes = Vec::with_capacity(left);
        for slice in slices {
            let part = left.min(slice.len());
            bytes.extend_from_slice(&slice[..part]);
            left -= part;
        }
        let (len, delay) = (bytes.len(), pipe.delay());
        pipe.down.push(bytes, delay);
        Poll::Ready(Ok(len))
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.pipe.0.lock().down.finish(Duration::ZERO);
        Poll::Ready(Ok(()))
    }
}
