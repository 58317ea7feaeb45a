//! What is queued for one connection, and how far the connection has got in closing.
//!
//! Plain data, without locks or I/O. The reliable lane (answers, chat, presence) is ordered and
//! bounded in bytes. The pose lane holds one tick a room, the latest. [`Lanes::take`] returns the
//! next write's batch, [`Lanes::put_back`] takes back what the transport did not accept.

use std::collections::VecDeque;

use bytes::{Buf, Bytes};
use smallvec::SmallVec;

use crate::model::RoomId;

/// Buffers in one vectored write.
pub(super) const MAX_SLICES: usize = 64;

/// Bytes in one write, so that a lock held during it is held briefly.
const MAX_WRITE: usize = 512 << 10;

/// How far a connection has got in closing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    /// Frames are accepted.
    Open,
    /// The close frame is the last in the reliable lane; nothing more is accepted.
    Closing,
    /// As `Closing`, but everything queued before the close frame was dropped.
    Abandoned,
    /// Everything has been written, the close frame included.
    Closed,
    /// The transport is broken.
    Broken,
}

impl State {
    /// Whether nothing more will be written.
    pub(crate) fn is_over(self) -> bool {
        matches!(self, Self::Closed | Self::Broken)
    }
}

/// Which lane a buffer was taken from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Lane {
    Begun,
    Reliable,
    /// The close frame of a connection that was abandoned.
    LastWord,
    Tick(RoomId),
}

/// What one write sends.
#[derive(Debug, Default)]
pub(super) struct Batch(SmallVec<[(Lane, Bytes); 4]>);

impl Batch {
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn frames(&self) -> impl Iterator<Item = &Bytes> {
        self.0.iter().map(|(_, frame)| frame)
    }

    pub(super) fn len(&self) -> usize {
        self.frames().map(Bytes::len).sum()
    }
}

#[derive(Debug)]
pub(super) struct Lanes {
    /// The rest of a frame that has been written in part: it goes before anything else.
    begun: Option<Bytes>,
    reliable: VecDeque<Bytes>,
    reliable_bytes: usize,
    ticks: SmallVec<[(RoomId, Bytes); 1]>,
    /// Rooms whose ticks are being written and were not retracted meanwhile.
    in_flight: SmallVec<[RoomId; 4]>,
    state: State,
}

impl Lanes {
    pub(super) fn new() -> Self {
        Self {
            begun: None,
            reliable: VecDeque::new(),
            reliable_bytes: 0,
            ticks: SmallVec::new(),
            in_flight: SmallVec::new(),
            state: State::Open,
        }
    }

    pub(super) fn state(&self) -> State {
        self.state
    }

    /// Bytes in the reliable lane, without the rest of a partly written frame.
    pub(super) fn reliable_bytes(&self) -> usize {
        self.reliable_bytes
    }

    /// Bytes in all lanes.
    pub(super) fn bytes(&self) -> usize {
        let ticks: usize = self.ticks.iter().map(|(_, frame)| frame.len()).sum();
        self.begun.as_ref().map_or(0, Bytes::len) + self.reliable_bytes + ticks
    }

    /// Whether frames are taken and none waits.
    pub(super) fn is_idle(&self) -> bool {
        self.state == State::Open
            && self.begun.is_none()
            && self.reliable.is_empty()
            && self.ticks.is_empty()
    }

    /// Puts the rest of a frame of which a part has been written, while nothing else was.
    pub(super) fn begin(&mut self, rest: Bytes) {
        if !self.state.is_over() {
            self.begun = Some(rest);
        }
    }

    pub(super) fn push(&mut self, frames: Bytes) {
        self.reliable_bytes += frames.len();
        self.reliable.push_back(frames);
    }

    /// Queues a room's tick in place of an older one; returns whether there was one.
    pub(super) fn push_tick(&mut self, room: RoomId, frame: Bytes) -> bool {
        match self.ticks.iter_mut().find(|(other, _)| *other == room) {
            Some((_, waiting)) => {
                *waiting = frame;
                true
            }
            None => {
                self.ticks.push((room, frame));
                false
            }
        }
    }

    /// Drops a room's tick unless a part of it has been written; returns whether there was one.
    pub(super) fn retract_tick(&mut self, room: RoomId) -> bool {
        let waiting = self.ticks.len() + self.in_flight.len();
        self.ticks.retain(|(other, _)| *other != room);
        self.in_flight.retain(|other| *other != room);
        self.ticks.len() + self.in_flight.len() < waiting
    }

    /// Puts `close` at the end of the reliable lane. Ticks are dropped.
    pub(super) fn close(&mut self, close: Bytes) {
        if self.state == State::Open {
            self.state = State::Closing;
            self.ticks = SmallVec::new();
            self.push(close);
        }
    }

    /// Drops everything but the rest of a partly written frame, and closes with `close`.
    pub(super) fn abandon(&mut self, close: Bytes) {
        if matches!(self.state, State::Open | State::Closing) {
            self.state = State::Abandoned;
            self.ticks = SmallVec::new();
            self.reliable = VecDeque::new();
            self.reliable_bytes = 0;
            self.push(close);
        }
    }

    /// Nothing more can be written: drops everything.
    pub(super) fn break_off(&mut self) {
        self.end(State::Broken);
    }

    fn end(&mut self, state: State) {
        self.state = state;
        self.begun = None;
        self.reliable = VecDeque::new();
        self.reliable_bytes = 0;
        self.ticks = SmallVec::new();
    }

    /// Takes the next write's batch, in order. With nothing left, a closing connection is closed.
    pub(super) fn take(&mut self) -> Batch {
        let mut batch = Batch::default();
        let mut total = 0;
        if let Some(frame) = self.begun.take() {
            total += frame.len();
            batch.0.push((Lane::Begun, frame));
        }
        let lane = if self.state == State::Abandoned { Lane::LastWord } else { Lane::Reliable };
        while total < MAX_WRITE && batch.0.len() < MAX_SLICES {
            let Some(frame) = self.reliable.pop_front() else { break };
            self.reliable_bytes -= frame.len();
            total += frame.len();
            batch.0.push((lane, frame));
        }
        self.in_flight.clear();
        if self.reliable.is_empty() {
            let free = MAX_SLICES.saturating_sub(batch.0.len()).min(self.ticks.len());
            for (room, frame) in self.ticks.drain(..free) {
                self.in_flight.push(room);
                batch.0.push((Lane::Tick(room), frame));
            }
        }
        if batch.is_empty() && matches!(self.state, State::Closing | State::Abandoned) {
            self.end(State::Closed);
        }
        batch
    }

    /// Takes back what was not written, in order; returns how many ticks had been replaced by newer
    /// ones in the meantime.
    pub(super) fn put_back(&mut self, batch: Batch, mut written: usize) -> u64 {
        let mut replaced = 0;
        let mut reliable: SmallVec<[Bytes; 4]> = SmallVec::new();
        if self.state.is_over() {
            return 0;
        }
        for (lane, mut frame) in batch.0 {
            if written >= frame.len() {
                written -= frame.len();
            } else if written > 0 || lane == Lane::Begun {
                frame.advance(written);
                written = 0;
                self.begun = Some(frame);
            } else if let Lane::Tick(room) = lane {
                if self.ticks.iter().any(|(other, _)| *other == room) {
                    replaced += 1;
                } else if self.state == State::Open && self.in_flight.contains(&room) {
                    self.ticks.push((room, frame));
                }
            } else if lane == Lane::LastWord || self.state != State::Abandoned {
                reliable.push(frame);
            }
        }
        for frame in reliable.into_iter().rev() {
            self.reliable_bytes += frame.len();
            self.reliable.push_front(frame);
        }
        self.in_flight.clear();
        replaced
    }

    /// Call this once a whole batch has been written.
    pub(super) fn written(&mut self) {
        self.in_flight.clear();
    }
}
