//! What the load generator has seen.

use std::io;

use crate::clock::{self, SECOND};
use crate::conn::Frame;
use crate::loads::{Kind, Load};
use crate::servers::Contender;
use crate::wire;

/// Send times that are kept for each member that moves: at 72 Hz almost a second.
const SENT: usize = 64;
/// Nobody is watched for leaving.
const NOBODY: usize = usize::MAX;

/// Counts and times; those marked so only while recording.
pub(crate) struct Tally<'a> {
    load: &'a Load,
    contender: Contender,
    /// Whether the measured window is open.
    pub(crate) recording: bool,
    /// Ticks that arrived (recorded).
    pub(crate) ticks: u64,
    /// Bytes of ticks and chat events (recorded).
    pub(crate) bytes: u64,
    /// Chat events that arrived (recorded).
    pub(crate) chats: u64,
    /// Chat events that arrived, of all time.
    pub(crate) all_chats: u64,
    /// Chat events that came out of a sender's order, or twice.
    pub(crate) disordered: u64,
    /// Ages of poses at their readers, in microseconds (recorded).
    pub(crate) ages: Vec<u32>,
    /// By how much the time between two ticks at a reader missed the period, in microseconds
    /// (recorded).
    pub(crate) deviations: Vec<u32>,
    /// Times from sending a message to each delivery, in microseconds (recorded).
    pub(crate) latencies: Vec<u32>,
    /// What else is worth telling.
    pub(crate) notes: Vec<String>,
    /// When the others were told that the watched member left.
    pub(crate) left_at: Option<u64>,
    /// The member whose leaving is watched.
    pub(crate) watched: usize,
    begun: bool,
    /// When each member's last tick came (recorded); 0 before the first.
    ticked: Vec<u64>,
    joined: Vec<bool>,
    refused: Option<String>,
    received: Vec<u64>,
    sampled: Vec<u64>,
    expected: Vec<u64>,
    pose_times: Vec<[u64; SENT]>,
    pose_counts: Vec<usize>,
    chat_times: Vec<Vec<u64>>,
}

impl<'a> Tally<'a> {
    pub(crate) fn new(load: &'a Load, contender: Contender) -> Self {
        let users = load.users;
        let ordered = if load.kind == Kind::Chat { users * load.chatters } else { 0 };
        Self {
            load,
            contender,
            recording: false,
            ticks: 0,
            bytes: 0,
            chats: 0,
            all_chats: 0,
            disordered: 0,
            ages: Vec::new(),
            deviations: Vec::new(),
            latencies: Vec::new(),
            notes: Vec::new(),
            left_at: None,
            watched: NOBODY,
            begun: false,
            ticked: vec![0; users],
            joined: vec![false; users],
            refused: None,
            received: vec![0; users],
            sampled: vec![0; users],
            expected: vec![0; ordered],
            pose_times: vec![[0; SENT]; load.posers],
            pose_counts: vec![0; load.posers],
            chat_times: vec![Vec::new(); load.chatters],
        }
    }

    /// The setup is over: from now on, events are the load's.
    pub(crate) fn begin(&mut self) {
        self.begun = true;
    }

    /// Forgets what was recorded, and records from now on.
    pub(crate) fn record(&mut self) {
        (self.ticks, self.bytes, self.chats) = (0, 0, 0);
        self.ages.clear();
        self.deviations.clear();
        self.ticked.fill(0);
        self.latencies.clear();
        self.recording = true;
    }

    /// Whether member `k` has been told that all it asked for at first is done.
    pub(crate) fn has_joined(&self, k: usize) -> io::Result<bool> {
        match &self.refused {
            Some(answer) => Err(io::Error::other(format!("the server refused: {answer}"))),
            None => Ok(self.joined[k]),
        }
    }

    /// Chat events that the member with the fewest has got.
    pub(crate) fn slowest(&self) -> u64 {
        self.received.iter().copied().min().unwrap_or(0)
    }

    /// Member `k` sends a pose at `now`.
    pub(crate) fn pose_sent(&mut self, k: usize, now: u64) {
        self.pose_times[k][self.pose_counts[k] % SENT] = now;
        self.pose_counts[k] += 1;
    }

    /// Member `k` sends its next chat message at `now`.
    pub(crate) fn chat_sent(&mut self, k: usize, now: u64) {
        if self.load.kind == Kind::Chat {
            self.chat_times[k + self.load.chatters - self.load.users].push(now);
        }
    }

    /// Member `k` was closed by the server.
    pub(crate) fn closed(&mut self, k: usize, how: &str) {
        self.received[k] = u64::MAX;
        self.notes.push(format!("{} was closed: {how}", wire::user(k)));
    }

    /// Member `k` got a frame; an answer to a ping is added to `pongs`.
    pub(crate) fn frame(&mut self, k: usize, frame: &Frame<'_>, pongs: &mut Vec<u8>) {
        match (frame.opcode, frame.payload) {
            (9, payload) => wire::push_frame(pongs, 10, payload.unwrap_or_default()),
            (8, payload) => {
                let (code, reason) =
                    payload.unwrap_or_default().split_at_checked(2).unwrap_or_default();
                let code = code.iter().fold(0_u32, |code, &byte| code << 8 | u32::from(byte));
                let reason = String::from_utf8_lossy(reason);
                self.notes.push(format!("{} got close {code} {reason:?}", wire::user(k)));
            }
            (1, payload) if !self.begun => self.setup_answer(k, payload.unwrap_or_default()),
            (1, payload) if frame.tick => self.tick(k, frame.len, payload),
            (1, payload) => self.event(k, frame.len, payload),
            _ => {}
        }
    }

    fn setup_answer(&mut self, k: usize, payload: &[u8]) {
        if wire::find(payload, b"\"code\":220").is_some() {
            self.joined[k] = true;
        } else if payload.starts_with(b"{\"info\":\"error\"") {
            self.refused = Some(String::from_utf8_lossy(payload).into_owned());
        }
    }

    fn tick(&mut self, k: usize, len: u64, payload: Option<&[u8]>) {
        if !self.recording {
            return;
        }
        self.ticks += 1;
        self.bytes += len;
        self.deviation(k);
        if let Some(payload) = payload {
            self.sample_age(k, payload);
        }
    }

    /// Notes how regularly ticks come to member `k`. One that is skipped counts as late by a whole
    /// period.
    fn deviation(&mut self, k: usize) {
        let now = clock::now();
        let last = std::mem::replace(&mut self.ticked[k], now);
        if last > 0 {
            let period = (SECOND as f64 / self.load.fps) as u64;
            self.deviations.push(((now - last).abs_diff(period) / 1000) as u32);
        }
    }

    fn event(&mut self, k: usize, len: u64, payload: Option<&[u8]>) {
        if self.load.kind == Kind::Stall {
            let leave = |payload| {
                let user = format!("\"user\":\"{}\"", wire::user(self.watched));
                wire::find(payload, b"\"leave\"").is_some()
                    && wire::find(payload, user.as_bytes()).is_some()
            };
            if self.left_at.is_none() && len < 512 && payload.is_some_and(leave) {
                self.left_at = Some(clock::now());
            }
            return;
        }
        let id = match self.load.kind {
            Kind::Chat => payload.and_then(wire::chat_id),
            _ => None,
        };
        if self.load.kind == Kind::Chat && id.is_none() {
            return;
        }
        // A late joiner's join may still arrive. It is shorter than any message, so that few
        // payloads are searched.
        let is_join = |payload| wire::find(payload, b"\"type\":\"join\"").is_some();
        if len < 125 && payload.is_some_and(is_join) {
            return;
        }
        self.all_chats += 1;
        self.received[k] = self.received[k].saturating_add(1);
        if self.recording {
            self.chats += 1;
            self.bytes += len;
        }
        let Some((sender, sequence)) = id else { return };
        let Some(chatter) = (sender + self.load.chatters).checked_sub(self.load.users) else {
            return;
        };
        let expected = &mut self.expected[k * self.load.chatters + chatter];
        self.disordered += u64::from(*expected != sequence);
        *expected = sequence + 1;
        if let Some(sent) = self.chat_times[chatter].get(sequence as usize)
            && self.recording
        {
            self.latencies.push((clock::now().saturating_sub(*sent) / 1000) as u32);
        }
    }

    /// Notes the age of one member's pose in a tick, another member in each tick.
    ///
    /// The floor knows no poses, but stamps each tick with the time at which it last looked for
    /// input: had it parsed what it read, it would have had every pose sent until then.
    fn sample_age(&mut self, k: usize, payload: &[u8]) {
        let room = self.load.room_of(k);
        let turn = self.sampled[k] * 13 + k as u64 * 7;
        self.sampled[k] += 1;
        let of = turn % self.load.posers_of(room) as u64;
        let sender = room + of as usize * self.load.rooms;
        let now = clock::now();
        let age = if self.contender == Contender::Floor {
            let seen = wire::number_after(payload, b"\"time\":");
            seen.and_then(|seen| self.sent_before(sender, (seen * 1e9) as u64))
                .map(|sent| now.saturating_sub(sent) as f64 / 1e6)
        } else {
            // Begins with a byte that is rare in a tick, which makes the search cheap.
            let user = format!("{}\"", wire::user(sender));
            wire::find(payload, user.as_bytes())
                .and_then(|at| wire::number_after(&payload[at..], b"\"x\":"))
                .map(|stamp| wire::age_of(stamp, now))
        };
        if let Some(age) = age {
            self.ages.push((age * 1000.0) as u32);
        }
    }

    /// When `sender` sent its last pose until `seen`.
    fn sent_before(&self, sender: usize, seen: u64) -> Option<u64> {
        let times = &self.pose_times[sender];
        times.iter().copied().filter(|&sent| sent > 0 && sent <= seen).max()
    }
}
