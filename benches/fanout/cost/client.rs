//! One client: what it sends at which pace, and what it was answered.

use std::collections::VecDeque;

use crate::clock::{self, SECOND};
use crate::conn::{Conn, Frame};
use crate::wire;

/// The receive buffer of a client on a slow line: small, so that what waits for the line waits in
/// the server.
pub(super) const SLOW_LINE_BUFFER: usize = 64 << 10;
/// An answer has its code within so many bytes.
const HEAD: usize = 96;
/// How often a slow line delivers.
const LINE_STEP: u64 = SECOND / 500;

/// A message that is sent at a steady pace, with a burst at first.
struct Paced {
    message: Vec<u8>,
    /// Pings in one message.
    pings: usize,
    /// Messages a second.
    rate: f64,
    burst: f64,
    /// Messages that may be sent now.
    tokens: f64,
    filled: u64,
}

/// What a client has received.
#[derive(Default)]
pub(super) struct Heard {
    /// Send times of pings that wait for their answer.
    waiting: VecDeque<u64>,
    /// How long answered pings took, in microseconds.
    pub(super) pings: Vec<u32>,
    /// Pings carried out, 220.
    pub(super) pongs: u64,
    /// Requests refused for being too many, 429.
    pub(super) refused: u64,
    /// Frames too large for an answer to a ping: events and listings.
    pub(super) large: u64,
    pub(super) bytes: u64,
    /// The close frame it got.
    pub(super) close: Option<String>,
}

/// A connected client.
pub(super) struct Client {
    pub(super) name: String,
    pub(super) conn: Conn,
    pub(super) heard: Heard,
    /// Messages sent at the present pace.
    pub(super) sent: u64,
    /// When and how the server ended the connection.
    pub(super) ended: Option<(u64, String)>,
    paced: Option<Paced>,
    /// Bytes a second that its line carries; `None` for a fast one.
    line: Option<f64>,
    replenished: u64,
}

impl Client {
    pub(super) fn new(name: String, conn: Conn, line: Option<f64>) -> Self {
        Self {
            name,
            conn,
            heard: Heard::default(),
            sent: 0,
            ended: None,
            paced: None,
            line,
            replenished: clock::now(),
        }
    }

    /// Sends `message`, which holds so many pings, at `rate` a second from now on, the first
    /// `burst` at once.
    pub(super) fn send_at(&mut self, message: Vec<u8>, pings: usize, rate: f64, burst: f64) {
        let filled = clock::now();
        self.sent = 0;
        self.paced = Some(Paced { message, pings, rate, burst, tokens: burst, filled });
    }

    /// Sends pings at a steady pace.
    pub(super) fn ping(&mut self) {
        let mut ping = Vec::new();
        wire::push_frame(&mut ping, 1, br#"{"system":"ping"}"#);
        self.send_at(ping, 1, super::PINGS_A_SECOND, 1.0);
    }

    /// Sends no more.
    pub(super) fn stop_sending(&mut self) {
        self.paced = None;
    }

    /// Pings that wait for their answer.
    pub(super) fn waiting(&self) -> usize {
        self.heard.waiting.len()
    }

    /// How long pings took since this was last asked, those still without an answer as long as
    /// they have waited.
    pub(super) fn take_pings(&mut self) -> Vec<u32> {
        let now = clock::now();
        let mut pings = std::mem::take(&mut self.heard.pings);
        pings.extend(self.heard.waiting.iter().map(|&sent| micros(now, sent)));
        pings
    }

    /// Sends what is due; returns when to come back.
    pub(super) fn send_due(&mut self) -> std::io::Result<u64> {
        if !self.conn.flush()? {
            return Ok(clock::now() + SECOND / 1000);
        }
        let Some(paced) = &mut self.paced else { return Ok(u64::MAX) };
        let now = clock::now();
        let passed = (now - paced.filled) as f64 / SECOND as f64;
        paced.tokens = (paced.tokens + passed * paced.rate).min(paced.burst);
        paced.filled = now;
        while paced.tokens >= 1.0 && self.conn.is_flushed() {
            paced.tokens -= 1.0;
            self.sent += 1;
            self.heard.waiting.extend(std::iter::repeat_n(clock::now(), paced.pings));
            self.conn.send(&paced.message)?;
        }
        let missing = (1.0 - paced.tokens).max(0.0) / paced.rate;
        let due = now + (missing * SECOND as f64) as u64;
        Ok(if self.conn.is_flushed() { due } else { now + SECOND / 1000 })
    }

    /// Whether it reads whenever something arrives.
    pub(super) fn is_fast(&self) -> bool {
        self.line.is_none()
    }

    /// Raises the allowance of a client on a slow line by what the line has carried meanwhile;
    /// false if it is too early or the line is fast.
    pub(super) fn replenish(&mut self) -> bool {
        let Some(rate) = self.line else { return false };
        let now = clock::now();
        if now < self.next_read() {
            return false;
        }
        // An idle line does not make up for it later; a generator that was kept waiting does.
        let passed = (now - self.replenished).min(50 * LINE_STEP) as f64 / SECOND as f64;
        self.conn.allowance = (self.conn.allowance + (passed * rate) as u64).min(rate as u64 / 10);
        self.replenished = now;
        true
    }

    /// When a client on a slow line may read next.
    pub(super) fn next_read(&self) -> u64 {
        if self.is_fast() { u64::MAX } else { self.replenished + LINE_STEP }
    }
}

impl Heard {
    /// Counts a frame; the answer to a server's ping is appended to `pongs`.
    pub(super) fn frame(&mut self, frame: &Frame<'_>, pongs: &mut Vec<u8>) {
        self.bytes += frame.len;
        match (frame.opcode, frame.payload) {
            (9, payload) => wire::push_frame(pongs, 10, payload.unwrap_or_default()),
            (8, payload) => {
                let payload = payload.unwrap_or_default();
                let (code, reason) = payload.split_at_checked(2).unwrap_or_default();
                let code = code.iter().fold(0_u32, |code, &byte| code << 8 | u32::from(byte));
                self.close = Some(format!("{code} {:?}", String::from_utf8_lossy(reason)));
            }
            (1, payload) => match payload.and_then(code) {
                Some(220) => {
                    self.pongs += 1;
                    if let Some(sent) = self.waiting.pop_front() {
                        self.pings.push(micros(clock::now(), sent));
                    }
                }
                Some(429) => {
                    self.refused += 1;
                    self.waiting.pop_front();
                }
                _ => self.large += u64::from(frame.len > 256),
            },
            _ => {}
        }
    }
}

/// The code of an answer; `None` for an event.
fn code(payload: &[u8]) -> Option<u32> {
    const MARK: &[u8] = b"\"code\":";
    if !payload.starts_with(b"{\"info\":\"system\"") && !payload.starts_with(b"{\"info\":\"error\"")
    {
        return None;
    }
    let head = &payload[..payload.len().min(HEAD)];
    let at = wire::find(head, MARK)? + MARK.len();
    std::str::from_utf8(head.get(at..at + 3)?).ok()?.parse().ok()
}

fn micros(now: u64, sent: u64) -> u32 {
    (now.saturating_sub(sent) / 1000).min(u64::from(u32::MAX)) as u32
}
