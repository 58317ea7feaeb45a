//! One connection's way out: two lanes, bounded, written in as few system calls as possible.
//!
//! The reliable lane (answers, chat, presence) is in order and bounded in bytes; a client for
//! which it overflows is closed. The pose lane holds one tick a room, the latest. Nothing here
//! waits: [`Outbox::flush`] and [`Outbox::send_tick`] write what the socket takes, and so does
//! [`Outbox::push`] before it calls a lane full. What is left is written by the connection's own
//! task when the socket takes more.

use std::collections::VecDeque;
use std::io::{self, IoSlice};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::task::Waker;
use std::time::Instant;

use bytes::{Buf, Bytes};
use futures_util::task::AtomicWaker;
use parking_lot::Mutex;
use smallvec::SmallVec;
use tokio::net::tcp::OwnedWriteHalf;

use crate::model::RoomId;
use crate::protocol::websocket::CloseReason;

/// Buffers handed to one vectored write.
const MAX_SLICES: usize = 32;

/// Bytes handed to one write, so that no lock is wanted for long after.
const MAX_WRITE: usize = 512 << 10;

/// Where frames go.
pub(crate) trait Sink: Send + Sync {
    /// Writes what fits without waiting; [`io::ErrorKind::WouldBlock`] if nothing does.
    ///
    /// # Errors
    /// Any other error ends the connection.
    fn try_write(&self, slices: &[IoSlice<'_>]) -> io::Result<usize>;
}

impl Sink for OwnedWriteHalf {
    fn try_write(&self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        match slices {
            [one] => OwnedWriteHalf::try_write(self, one),
            many => self.try_write_vectored(many),
        }
    }
}

/// How far a connection's way out is towards its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    /// Frames are taken.
    Open,
    /// The close frame is the last in the lane; nothing more is taken.
    Closing,
    /// All has been written, the close frame included.
    Closed,
    /// The socket is broken.
    Broken,
}

/// What became of a frame that was pushed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pushed {
    /// It waits to be flushed.
    Taken,
    /// It is written, or its rest waits for the socket.
    Written,
    /// The connection is on its way out and takes nothing more.
    Refused,
    /// It was more than the lane holds: the lane is emptied and the connection is closing.
    Overflow,
}

/// Which lane a buffer was taken from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Lane {
    Begun,
    Reliable,
    Tick(RoomId),
}

type Batch = SmallVec<[(Lane, Bytes); 4]>;

#[derive(Debug)]
struct Lanes {
    /// What was begun and has to be ended before anything else.
    begun: Option<Bytes>,
    reliable: VecDeque<Bytes>,
    reliable_bytes: usize,
    ticks: SmallVec<[(RoomId, Bytes); 1]>,
    /// Someone is writing, and will look again before it stops.
    writing: bool,
    /// Rooms of the ticks that are being written.
    in_flight: SmallVec<[RoomId; 1]>,
    /// Rooms whose tick was taken back while it was being written.
    retracted: SmallVec<[RoomId; 1]>,
    state: State,
    /// What was taken for writing before is not to be given back.
    abandoned: bool,
    /// Since when something has waited without any being written.
    stuck_since: Option<Instant>,
}

impl Lanes {
    fn is_empty(&self) -> bool {
        self.begun.is_none() && self.reliable.is_empty() && self.ticks.is_empty()
    }

    fn end(&mut self, state: State) {
        self.state = state;
        self.begun = None;
        self.reliable = VecDeque::new();
        self.reliable_bytes = 0;
        self.ticks = SmallVec::new();
    }

    /// Takes what goes into one write, in its order.
    fn take(&mut self) -> Batch {
        let mut batch = Batch::new();
        let mut total = 0;
        if let Some(frame) = self.begun.take() {
            total += frame.len();
            batch.push((Lane::Begun, frame));
        }
        while total < MAX_WRITE && batch.len() < MAX_SLICES {
            let Some(frame) = self.reliable.pop_front() else { break };
            self.reliable_bytes -= frame.len();
            total += frame.len();
            batch.push((Lane::Reliable, frame));
        }
        self.in_flight.clear();
        self.retracted.clear();
        if self.reliable.is_empty() {
            let room_left = MAX_SLICES.saturating_sub(batch.len()).min(self.ticks.len());
            for (room, frame) in self.ticks.drain(..room_left) {
                self.in_flight.push(room);
                batch.push((Lane::Tick(room), frame));
            }
        }
        batch
    }

    /// Gives back what was not written, in its order; returns how many ticks are out of date.
    fn put_back(&mut self, batch: Batch, mut written: usize) -> u64 {
        let mut skipped = 0;
        let mut reliable: SmallVec<[Bytes; 4]> = SmallVec::new();
        for (lane, mut frame) in batch {
            if written >= frame.len() {
                written -= frame.len();
            } else if written > 0 || lane == Lane::Begun {
                frame.advance(written);
                written = 0;
                self.begun = Some(frame);
            } else if let Lane::Tick(room) = lane {
                let newer = self.ticks.iter().any(|(other, _)| *other == room);
                if newer {
                    skipped += 1;
                } else if self.state == State::Open && !self.retracted.contains(&room) {
                    self.ticks.push((room, frame));
                }
            } else {
                reliable.push(frame);
            }
        }
        if !self.abandoned {
            for frame in reliable.into_iter().rev() {
                self.reliable_bytes += frame.len();
                self.reliable.push_front(frame);
            }
        }
        skipped
    }
}

/// One connection's way out.
#[derive(Debug)]
pub(crate) struct Outbox<S = OwnedWriteHalf> {
    sink: S,
    lanes: Mutex<Lanes>,
    limit: usize,
    /// Wakes the connection's task.
    waker: AtomicWaker,
    blocked: AtomicBool,
    /// Whether frames are taken, for who looks often.
    open: AtomicBool,
    bytes_out: AtomicU64,
    skipped_ticks: AtomicU64,
}

impl<S: Sink> Outbox<S> {
    /// An empty outbox whose reliable lane holds `limit` bytes; one frame alone always fits.
    pub(crate) fn new(sink: S, limit: usize) -> Self {
        Self {
            sink,
            lanes: Mutex::new(Lanes {
                begun: None,
                reliable: VecDeque::new(),
                reliable_bytes: 0,
                ticks: SmallVec::new(),
                writing: false,
                in_flight: SmallVec::new(),
                retracted: SmallVec::new(),
                state: State::Open,
                abandoned: false,
                stuck_since: None,
            }),
            limit,
            waker: AtomicWaker::new(),
            blocked: AtomicBool::new(false),
            open: AtomicBool::new(true),
            bytes_out: AtomicU64::new(0),
            skipped_ticks: AtomicU64::new(0),
        }
    }

    /// Has `waker` woken when the socket has to be waited for, and at the end.
    pub(crate) fn register(&self, waker: &Waker) {
        self.waker.register(waker);
    }

    /// Bytes written since the start.
    pub(crate) fn bytes_out(&self) -> u64 {
        self.bytes_out.load(Ordering::Relaxed)
    }

    /// Ticks that were replaced before they could be written.
    pub(crate) fn skipped_ticks(&self) -> u64 {
        self.skipped_ticks.load(Ordering::Relaxed)
    }

    /// Bytes that wait, and since when none of them could be written.
    pub(crate) fn waiting(&self) -> (usize, Option<Instant>) {
        let lanes = self.lanes.lock();
        let ticks: usize = lanes.ticks.iter().map(|(_, frame)| frame.len()).sum();
        let begun = lanes.begun.as_ref().map_or(0, Bytes::len);
        (begun + lanes.reliable_bytes + ticks, lanes.stuck_since)
    }

    /// How far it is.
    pub(crate) fn state(&self) -> State {
        self.lanes.lock().state
    }

    /// Whether it takes frames.
    pub(crate) fn is_open(&self) -> bool {
        self.open.load(Ordering::Acquire)
    }

    /// Whether the connection's task has to wait for the socket and then [`Self::unblock`].
    pub(crate) fn is_blocked(&self) -> bool {
        self.blocked.load(Ordering::Acquire)
    }

    /// Puts frames at the end of the reliable lane.
    pub(crate) fn push(&self, frames: &Bytes) -> Pushed {
        let mut lanes = self.lanes.lock();
        if lanes.state != State::Open {
            return Pushed::Refused;
        }
        let is_over = |lanes: &Lanes| {
            lanes.reliable_bytes + frames.len() > self.limit && !lanes.reliable.is_empty()
        };
        if is_over(&lanes) {
            // It may be the server that has not written yet.
            drop(lanes);
            self.flush();
            lanes = self.lanes.lock();
        }
        if is_over(&lanes) {
            let waiting = lanes.reliable_bytes;
            drop(lanes);
            self.abandon(&CloseReason::new(
                CloseReason::POLICY,
                format!("you read too slowly: {waiting} bytes were waiting for you"),
            ));
            return Pushed::Overflow;
        }
        lanes.reliable_bytes += frames.len();
        lanes.reliable.push_back(frames.clone());
        Pushed::Taken
    }

    /// Puts a room's tick into the pose lane, in place of one that still waits.
    pub(crate) fn push_tick(&self, room: RoomId, frame: &Bytes) -> Pushed {
        let mut lanes = self.lanes.lock();
        if lanes.state != State::Open {
            return Pushed::Refused;
        }
        match lanes.ticks.iter_mut().find(|(other, _)| *other == room) {
            Some((_, waiting)) => {
                *waiting = frame.clone();
                self.skipped_ticks.fetch_add(1, Ordering::Relaxed);
            }
            None => lanes.ticks.push((room, frame.clone())),
        }
        Pushed::Taken
    }

    /// As [`Self::push_tick`], but writes at once if nothing waits.
    pub(crate) fn send_tick(&self, room: RoomId, frame: &Bytes) -> Pushed {
        let mut lanes = self.lanes.lock();
        if lanes.writing || !lanes.is_empty() || lanes.state != State::Open || self.is_blocked() {
            drop(lanes);
            return self.push_tick(room, frame);
        }
        lanes.writing = true;
        drop(lanes);
        let result = self.sink.try_write(&[IoSlice::new(frame)]);
        let written = match &result {
            Ok(written) => *written,
            Err(_) => 0,
        };
        self.bytes_out.fetch_add(written as u64, Ordering::Relaxed);
        let mut lanes = self.lanes.lock();
        lanes.writing = false;
        if written == frame.len() && lanes.is_empty() {
            return Pushed::Written;
        }
        if written < frame.len() {
            // Where nothing could be written it is tried again, and tells why.
            let batch = Batch::from_iter([(Lane::Tick(room), frame.clone())]);
            lanes.in_flight.clear();
            lanes.retracted.clear();
            let skipped = lanes.put_back(batch, written);
            self.skipped_ticks.fetch_add(skipped, Ordering::Relaxed);
        }
        drop(lanes);
        self.flush();
        Pushed::Written
    }

    /// Takes back a room's tick that still waits whole; says whether there was one.
    pub(crate) fn retract_tick(&self, room: RoomId) -> bool {
        let mut lanes = self.lanes.lock();
        let before = lanes.ticks.len();
        lanes.ticks.retain(|(other, _)| *other != room);
        let in_flight = lanes.writing && lanes.in_flight.contains(&room);
        if in_flight {
            lanes.retracted.push(room);
        }
        in_flight || lanes.ticks.len() < before
    }

    /// Closes after all that was pushed so far. Ticks that wait are dropped.
    pub(crate) fn close(&self, reason: &CloseReason) {
        let mut lanes = self.lanes.lock();
        if lanes.state == State::Open {
            lanes.state = State::Closing;
            lanes.ticks = SmallVec::new();
            let frame = reason.frame();
            lanes.reliable_bytes += frame.len();
            lanes.reliable.push_back(frame);
        }
        self.open.store(false, Ordering::Release);
        drop(lanes);
        self.waker.wake();
    }

    /// Closes and drops what waits, but for the rest of what was begun.
    pub(crate) fn abandon(&self, reason: &CloseReason) {
        let mut lanes = self.lanes.lock();
        if lanes.state == State::Open {
            lanes.state = State::Closing;
            lanes.abandoned = true;
            lanes.ticks = SmallVec::new();
            let frame = reason.frame();
            lanes.reliable_bytes = frame.len();
            lanes.reliable = VecDeque::from([frame]);
        }
        self.open.store(false, Ordering::Release);
        drop(lanes);
        self.waker.wake();
    }

    /// The peer is gone without a word: what waits is dropped.
    pub(crate) fn hang_up(&self) {
        self.lanes.lock().end(State::Broken);
        self.open.store(false, Ordering::Release);
        self.waker.wake();
    }

    /// Writes as much as the socket takes.
    pub(crate) fn flush(&self) {
        let mut lanes = self.lanes.lock();
        if lanes.writing || matches!(lanes.state, State::Closed | State::Broken) {
            return;
        }
        lanes.writing = true;
        loop {
            let batch = lanes.take();
            if batch.is_empty() {
                break;
            }
            // Not held during the system call: whoever pushes never waits for a socket.
            drop(lanes);
            let (result, total) = self.write(&batch);
            lanes = self.lanes.lock();
            match result {
                Ok(written) => {
                    self.bytes_out.fetch_add(written as u64, Ordering::Relaxed);
                    if written > 0 {
                        lanes.stuck_since = None;
                    }
                    if written < total {
                        self.block(&mut lanes, batch, written);
                        break;
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {
                    let skipped = lanes.put_back(batch, 0);
                    self.skipped_ticks.fetch_add(skipped, Ordering::Relaxed);
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    self.block(&mut lanes, batch, 0);
                    break;
                }
                Err(_) => {
                    lanes.end(State::Broken);
                    break;
                }
            }
        }
        lanes.writing = false;
        if lanes.is_empty() {
            lanes.stuck_since = None;
            if lanes.state == State::Closing {
                lanes.end(State::Closed);
            }
        }
        let over = matches!(lanes.state, State::Closed | State::Broken);
        drop(lanes);
        if over {
            self.open.store(false, Ordering::Release);
            self.waker.wake();
        }
    }

    /// To be called when the socket takes more: writes on.
    pub(crate) fn unblock(&self) {
        self.blocked.store(false, Ordering::Release);
        self.flush();
    }

    fn write(&self, batch: &Batch) -> (io::Result<usize>, usize) {
        if let [(_, one)] = batch.as_slice() {
            return (self.sink.try_write(&[IoSlice::new(one)]), one.len());
        }
        let slices: SmallVec<[IoSlice<'_>; 8]> =
            batch.iter().map(|(_, frame)| IoSlice::new(frame)).collect();
        (self.sink.try_write(&slices), slices.iter().map(|slice| slice.len()).sum())
    }

    fn block(&self, lanes: &mut Lanes, batch: Batch, written: usize) {
        let skipped = lanes.put_back(batch, written);
        self.skipped_ticks.fetch_add(skipped, Ordering::Relaxed);
        lanes.stuck_since.get_or_insert_with(Instant::now);
        self.blocked.store(true, Ordering::Release);
        self.waker.wake();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A socket that takes only so much.
    #[derive(Default)]
    struct Pipe {
        room: Mutex<usize>,
        taken: Mutex<Vec<u8>>,
        broken: AtomicBool,
    }

    impl Sink for Pipe {
        fn try_write(&self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
            if self.broken.load(Ordering::Relaxed) {
                return Err(io::ErrorKind::ConnectionReset.into());
            }
            let mut room = self.room.lock();
            if *room == 0 {
                return Err(io::ErrorKind::WouldBlock.into());
            }
            let all: Vec<u8> = slices.iter().flat_map(|slice| slice.iter().copied()).collect();
            let taken = all.len().min(*room);
            *room -= taken;
            self.taken.lock().extend_from_slice(&all[..taken]);
            Ok(taken)
        }
    }

    fn outbox(room: usize, limit: usize) -> Outbox<Pipe> {
        let pipe = Pipe::default();
        *pipe.room.lock() = room;
        Outbox::new(pipe, limit)
    }

    fn read(outbox: &Outbox<Pipe>, room: usize) -> String {
        *outbox.sink.room.lock() = room;
        outbox.unblock();
        String::from_utf8_lossy(&std::mem::take(&mut *outbox.sink.taken.lock())).into_owned()
    }

    fn frame(text: &str) -> Bytes {
        Bytes::copy_from_slice(text.as_bytes())
    }

    const HALL: RoomId = RoomId(1);
    const LAB: RoomId = RoomId(2);

    #[test]
    fn the_reliable_lane_goes_first_and_in_order() {
        let outbox = outbox(0, 100);
        outbox.push_tick(HALL, &frame("[tick]"));
        outbox.push(&frame("[a]"));
        outbox.push(&frame("[b]"));
        outbox.flush();
        assert!(outbox.is_blocked());
        assert_eq!(outbox.waiting().0, 12);
        assert_eq!(read(&outbox, 100), "[a][b][tick]");
        assert_eq!(outbox.waiting(), (0, None));
    }

    #[test]
    fn the_latest_tick_wins_but_a_begun_frame_is_ended() {
        let outbox = outbox(3, 100);
        outbox.push_tick(HALL, &frame("[one]"));
        outbox.flush();
        outbox.push_tick(HALL, &frame("[two]"));
        outbox.push_tick(LAB, &frame("[lab]"));
        outbox.push_tick(HALL, &frame("[three]"));
        outbox.push(&frame("[say]"));
        assert_eq!(read(&outbox, 100), "[one][say][three][lab]");
        assert_eq!(outbox.skipped_ticks(), 1);
    }

    #[test]
    fn any_cut_gives_the_same_bytes() {
        for room in 1..12 {
            let outbox = outbox(0, 100);
            for text in ["[a]", "[bcd]", "[e]"] {
                outbox.push(&frame(text));
            }
            outbox.push_tick(HALL, &frame("[t]"));
            let mut seen = String::new();
            for _ in 0..20 {
                seen += &read(&outbox, room);
            }
            assert_eq!(seen, "[a][bcd][e][t]", "{room} at a time");
            assert_eq!(outbox.bytes_out(), 14);
        }
    }

    #[test]
    fn an_overflow_closes_with_a_reason_after_the_begun_frame() {
        let outbox = outbox(2, 10);
        outbox.push(&frame("[first]"));
        outbox.flush();
        assert_eq!(outbox.push(&frame("[0123456789]")), Pushed::Taken, "one frame always fits");
        assert_eq!(outbox.push(&frame("[x]")), Pushed::Overflow);
        assert_eq!(outbox.push(&frame("[y]")), Pushed::Refused);
        let seen = read(&outbox, 1000);
        assert!(seen.starts_with("[first]") && seen.contains("you read too slowly"), "{seen}");
        assert_eq!(outbox.state(), State::Closed);
    }

    #[test]
    fn a_close_comes_after_all_that_was_pushed() {
        let outbox = outbox(0, 100);
        outbox.push(&frame("[a]"));
        outbox.push_tick(HALL, &frame("[tick]"));
        outbox.close(&CloseReason::new(CloseReason::GOING_AWAY, "bye"));
        assert_eq!(outbox.push(&frame("[late]")), Pushed::Refused);
        assert_eq!(outbox.state(), State::Closing);
        let seen = read(&outbox, 100);
        assert!(seen.starts_with("[a]") && seen.ends_with("bye") && !seen.contains("tick"));
        assert_eq!(outbox.state(), State::Closed);
    }

    #[test]
    fn a_retracted_tick_is_not_sent() {
        let outbox = outbox(0, 100);
        outbox.push_tick(HALL, &frame("[hall]"));
        outbox.push_tick(LAB, &frame("[lab]"));
        assert!(outbox.retract_tick(HALL));
        assert!(!outbox.retract_tick(HALL));
        assert_eq!(read(&outbox, 100), "[lab]");
    }

    #[test]
    fn a_broken_socket_takes_nothing_and_keeps_nothing() {
        let outbox = outbox(100, 100);
        outbox.sink.broken.store(true, Ordering::Relaxed);
        outbox.push(&frame("[a]"));
        outbox.flush();
        assert_eq!(outbox.state(), State::Broken);
        assert_eq!(outbox.waiting().0, 0);
        assert_eq!(outbox.push(&frame("[b]")), Pushed::Refused);
    }
}
