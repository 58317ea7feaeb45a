//! A [`Delivery`] that keeps what everyone gets, in the order it would reach them.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;

use crate::lobby::Delivery;
use crate::lobby::event::{EventKind, Interest, LobbyEvent};
use crate::model::{RoomId, SessionId};
use crate::protocol::websocket::CloseReason;

/// One thing that reached a client.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Got {
    /// A frame from the reliable lane.
    Frame(String),
    /// A frame from the pose lane.
    Tick(String),
    /// Not on the wire: the client's own `leave` was carried out.
    Left(String),
    /// The connection was closed with this code.
    Closed(u16),
}

/// A tick that the lobby sent.
#[derive(Debug)]
pub(super) struct Posted {
    pub(super) to: SessionId,
    pub(super) text: String,
    /// One for the same room was taken back just before.
    pub(super) renewed: bool,
}

/// Everyone's stream. The reliable lane is read at once; the pose lane holds one frame a room
/// and is read at random moments, also in the middle of what the lobby does, as a connection
/// with its own writer would.
#[derive(Debug, Default)]
pub(super) struct Mail {
    streams: BTreeMap<SessionId, Vec<Got>>,
    waiting: BTreeMap<(SessionId, RoomId), String>,
    retracted: BTreeSet<(SessionId, RoomId)>,
    pub(super) posted: Vec<Posted>,
    /// What happened, as words, for the tests of notes.
    pub(super) notes: Vec<String>,
    /// State of the dice, and how slow readers are; 0 for never unless asked.
    dice: u64,
    slowness: u64,
}

impl Mail {
    /// Readers that read what waits in the pose lane only at [`Self::read_all`].
    pub(super) fn new() -> Self {
        Self::default()
    }

    /// Readers that read a tick with a chance of one in `slowness` at each of the lobby's steps.
    pub(super) fn with_readers(seed: u64, slowness: u64) -> Self {
        Self { dice: seed | 1, slowness, ..Self::default() }
    }

    /// From now on something of what waits is read at each step.
    pub(super) fn hurry(&mut self, seed: u64) {
        (self.dice, self.slowness) = (seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1, 1);
    }

    /// All waiting ticks are read.
    pub(super) fn read_all(&mut self) {
        while let Some(((to, _), text)) = self.waiting.pop_first() {
            self.streams.entry(to).or_default().push(Got::Tick(text));
        }
    }

    /// Marks in its stream that a client has left a room.
    pub(super) fn left(&mut self, who: SessionId, room: &str) {
        self.streams.entry(who).or_default().push(Got::Left(room.to_owned()));
    }

    /// What has reached a client since the last call.
    pub(super) fn take(&mut self, who: SessionId) -> Vec<Got> {
        self.streams.remove(&who).unwrap_or_default()
    }

    /// Those who have got something that was not taken.
    pub(super) fn unread(&self) -> Vec<SessionId> {
        self.streams.keys().copied().collect()
    }

    fn maybe_read(&mut self) {
        if self.slowness == 0 || self.waiting.is_empty() {
            return;
        }
        // Xorshift: enough to be uneven, and the same again for the same seed.
        self.dice ^= self.dice << 13;
        self.dice ^= self.dice >> 7;
        self.dice ^= self.dice << 17;
        if (self.dice >> 8).is_multiple_of(self.slowness) {
            let which = (self.dice >> 24) as usize % self.waiting.len();
            if let Some(key) = self.waiting.keys().nth(which).copied()
                && let Some(text) = self.waiting.remove(&key)
            {
                self.streams.entry(key.0).or_default().push(Got::Tick(text));
            }
        }
    }
}

impl Delivery for Mail {
    fn reliable(&mut self, to: SessionId, frames: &Bytes) {
        self.maybe_read();
        let stream = self.streams.entry(to).or_default();
        stream.extend(texts(frames).into_iter().map(Got::Frame));
        self.maybe_read();
    }

    fn tick(&mut self, to: SessionId, room: RoomId, frame: &Bytes) {
        self.maybe_read();
        let mut texts = texts(frame);
        assert_eq!(texts.len(), 1, "a tick is one frame");
        let text = texts.remove(0);
        let renewed = self.retracted.remove(&(to, room));
        self.posted.push(Posted { to, text: text.clone(), renewed });
        self.waiting.insert((to, room), text);
        self.maybe_read();
    }

    fn retract_tick(&mut self, to: SessionId, room: RoomId) -> bool {
        self.maybe_read();
        let was_there = self.waiting.remove(&(to, room)).is_some();
        if was_there {
            self.retracted.insert((to, room));
        }
        was_there
    }

    fn close(&mut self, to: SessionId, reason: CloseReason) {
        self.maybe_read();
        assert!(!reason.reason.is_empty(), "a close says why");
        self.streams.entry(to).or_default().push(Got::Closed(reason.code));
    }

    fn interest(&self) -> Interest {
        Interest { presence: true, messages: true, ..Interest::default() }
    }

    fn event(&mut self, event: LobbyEvent) {
        self.notes.push(match event.kind {
            EventKind::LoggedIn { user, .. } => format!("{user} logged in"),
            EventKind::TookOver { user, .. } => format!("{user} took over"),
            EventKind::LoggedOut { user, .. } => format!("{user} logged out"),
            EventKind::RoomOpened { room } => format!("{room} opened"),
            EventKind::RoomClosed { room } => format!("{room} gone"),
            EventKind::Joined { user, room, .. } => format!("{user} joined {room}"),
            EventKind::Left { user, room, .. } => format!("{user} left {room}"),
            EventKind::Said { room, message, .. } => format!("{} spoke in {room}", message.user),
            EventKind::Refused { code, .. } => format!("refused {}", code.number()),
            EventKind::FpsChanged { .. } => "fps changed".to_owned(),
            other => panic!("the lobby tells of {other:?}"),
        });
    }
}

/// The texts of whole, unmasked text frames (RFC 6455, section 5.2).
fn texts(mut bytes: &[u8]) -> Vec<String> {
    let mut texts = Vec::new();
    while !bytes.is_empty() {
        assert_eq!(bytes[0], 0x81, "a final text frame");
        let (header, len) = match bytes[1] {
            short @ 0..=125 => (2, usize::from(short)),
            126 => (4, usize::from(u16::from_be_bytes([bytes[2], bytes[3]]))),
            127 => (10, u64::from_be_bytes(bytes[2..10].try_into().unwrap()) as usize),
            masked => panic!("a server does not mask, but the second byte is {masked:#x}"),
        };
        texts.push(std::str::from_utf8(&bytes[header..header + len]).unwrap().to_owned());
        bytes = &bytes[header + len..];
    }
    assert!(!texts.is_empty(), "something is sent");
    texts
}
