//! What is on its way to one client: [`Lanes`] behind a lock, and the stream they are written to.
//!
//! Nothing here waits. A sender pushes its frames and then flushes; a flush writes what the stream
//! accepts. The connection's own task, which the stream wakes when it is writable again, writes
//! the rest.
//!
//! There are two locks. `queue` is held for a few instructions. `writer` is held by whoever is
//! writing, even during the system call, so nobody waits for it: a sender that finds it taken has
//! already pushed its frames, and the holder checks the lanes again before it unlocks, with the
//! queue locked. So no frame is left behind (tests/outbox_model.rs tries all interleavings).

use std::io::{self, IoSlice};
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use smallvec::SmallVec;

pub(crate) use super::lanes::State;
use super::lanes::{Batch, Lanes};
use super::sync::{AtomicU8, AtomicU64, Mutex, Ordering};
use super::transport::SendHalf;
use crate::model::RoomId;
use crate::protocol::websocket::CloseReason;

/// What became of a frame that was pushed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pushed {
    /// It is queued, to be flushed.
    Taken,
    /// The connection is closing and accepts nothing more.
    Refused,
    /// The reliable lane was full: it was emptied, and the connection is closing.
    Overflow,
}

/// Whether the stream is writable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Flow {
    /// It was when last tried, or has woken the connection's task since.
    Ready,
    /// A write is in progress.
    Writing,
    /// It isn't, and will wake the connection's task.
    Blocked,
}

#[derive(Debug)]
struct Queue {
    lanes: Lanes,
    flow: Flow,
    /// Wakes the connection's task.
    waker: Waker,
}

#[derive(Debug)]
struct Writer<W> {
    stream: W,
    /// As in [`Queue`]: the stream has to wake the connection's task, whoever writes.
    waker: Waker,
}

/// What is on its way to one client.
#[derive(Debug)]
pub(crate) struct Outbox<W = Box<dyn SendHalf>> {
    queue: Mutex<Queue>,
    writer: Mutex<Writer<W>>,
    limit: usize,
    /// A copy of the lanes' [`State`], to be read without locking.
    state: AtomicU8,
    bytes_out: AtomicU64,
    skipped_ticks: AtomicU64,
}

impl std::fmt::Debug for Box<dyn SendHalf> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SendHalf")
    }
}

impl<W: SendHalf> Outbox<W> {
    /// An empty outbox. Its reliable lane is full once it holds `limit` bytes; the frame that
    /// fills it may exceed that.
    pub(crate) fn new(stream: W, limit: usize) -> Self {
        let waker = Waker::noop();
        Self {
            queue: Mutex::new(Queue {
                lanes: Lanes::new(),
                flow: Flow::Ready,
                waker: waker.clone(),
            }),
            writer: Mutex::new(Writer { stream, waker: waker.clone() }),
            limit,
            state: AtomicU8::new(State::Open as u8),
            bytes_out: AtomicU64::new(0),
            skipped_ticks: AtomicU64::new(0),
        }
    }

    /// Sets the task to wake when the stream is writable again, and when the outbox closes.
    pub(crate) fn register(&self, waker: &Waker) {
        let mut queue = self.queue.lock();
        if queue.waker.will_wake(waker) {
            return;
        }
        queue.waker = waker.clone();
        drop(queue);
        self.writer.lock().waker = waker.clone();
    }

    /// Bytes written since the start.
    pub(crate) fn bytes_out(&self) -> u64 {
        self.bytes_out.load(Ordering::Relaxed)
    }

    /// Ticks that were replaced before they could be written.
    pub(crate) fn skipped_ticks(&self) -> u64 {
        self.skipped_ticks.load(Ordering::Relaxed)
    }

    /// Bytes that are queued.
    pub(crate) fn waiting(&self) -> usize {
        self.queue.lock().lanes.bytes()
    }

    /// How far it has got in closing.
    pub(crate) fn state(&self) -> State {
        match self.state.load(Ordering::Acquire) {
            0 => State::Open,
            1 => State::Closing,
            2 => State::Abandoned,
            3 => State::Closed,
            _ => State::Broken,
        }
    }

    /// Whether the stream is not writable.
    pub(crate) fn is_blocked(&self) -> bool {
        self.queue.lock().flow == Flow::Blocked
    }

    /// Whether the client is not keeping up: the stream is not writable, and the queue is more than
    /// half full.
    pub(crate) fn is_congested(&self) -> bool {
        let queue = self.queue.lock();
        queue.flow == Flow::Blocked && queue.lanes.bytes() > self.limit / 2
    }

    /// Appends frames to the reliable lane.
    pub(crate) fn push(&self, frames: &Bytes) -> Pushed {
        let mut queue = self.queue.lock();
        if queue.lanes.state() != State::Open {
            return Pushed::Refused;
        }
        if queue.lanes.reliable_bytes() >= self.limit {
            // Perhaps it was only the server that has not written yet.
            drop(queue);
            self.flush();
            queue = self.queue.lock();
        }
        let waiting = queue.lanes.reliable_bytes();
        if waiting >= self.limit {
            drop(queue);
            self.abandon(&CloseReason::new(
                CloseReason::POLICY,
                format!("you read too slowly: {waiting} bytes were waiting for you"),
            ));
            return Pushed::Overflow;
        }
        queue.lanes.push(frames.clone());
        Pushed::Taken
    }

    /// Queues a room's tick in the pose lane, in place of an older one.
    pub(crate) fn push_tick(&self, room: RoomId, frame: &Bytes) -> Pushed {
        let mut queue = self.queue.lock();
        if queue.lanes.state() != State::Open {
            return Pushed::Refused;
        }
        if queue.lanes.push_tick(room, frame.clone()) {
            self.skipped_ticks.fetch_add(1, Ordering::Relaxed);
        }
        Pushed::Taken
    }

    /// As [`Self::push`] and [`Self::flush`], but writes the frames themselves if nothing waits.
    pub(crate) fn send(&self, frames: &Bytes) -> Pushed {
        if self.write_now(frames) {
            return Pushed::Taken;
        }
        let pushed = self.push(frames);
        self.flush();
        pushed
    }

    /// As [`Self::push_tick`] and [`Self::flush`], but writes the tick itself if nothing waits.
    pub(crate) fn send_tick(&self, room: RoomId, frame: &Bytes) -> Pushed {
        if self.write_now(frame) {
            return Pushed::Taken;
        }
        let pushed = self.push_tick(room, frame);
        self.flush();
        pushed
    }

    /// Writes a frame if nothing waits and the stream takes at least a part of it; returns whether
    /// it did. The rest, if any, waits.
    fn write_now(&self, frame: &Bytes) -> bool {
        let Some(mut writer) = self.writer.try_lock() else { return false };
        let mut queue = self.queue.lock();
        if queue.flow != Flow::Ready || !queue.lanes.is_idle() {
            return false;
        }
        drop(queue);
        let Writer { stream, waker } = &mut *writer;
        let mut cx = Context::from_waker(waker);
        // Should the stream take nothing, the flush that follows asks it again, and is woken.
        let Poll::Ready(Ok(written @ 1..)) = stream.poll_write(&mut cx, &[IoSlice::new(frame)])
        else {
            return false;
        };
        self.bytes_out.fetch_add(written as u64, Ordering::Relaxed);
        queue = self.queue.lock();
        if written < frame.len() {
            queue.lanes.begin(frame.slice(written..));
        }
        let more = !queue.lanes.is_idle();
        // Let go with the lanes locked, as in `flush`.
        drop(writer);
        drop(queue);
        if more {
            self.flush();
        }
        true
    }

    /// Takes back a room's tick that still waits whole; returns whether there was one.
    pub(crate) fn retract_tick(&self, room: RoomId) -> bool {
        self.queue.lock().lanes.retract_tick(room)
    }

    /// Closes after everything pushed so far. Queued ticks are dropped.
    pub(crate) fn close(&self, reason: &CloseReason) {
        self.end(|lanes| lanes.close(reason.frame()));
    }

    /// Closes, and drops what is queued but the rest of a partly written frame.
    pub(crate) fn abandon(&self, reason: &CloseReason) {
        self.end(|lanes| lanes.abandon(reason.frame()));
    }

    /// The peer is gone: what is queued is dropped.
    pub(crate) fn hang_up(&self) {
        self.end(Lanes::break_off);
    }

    fn end(&self, how: impl FnOnce(&mut Lanes)) {
        let mut queue = self.queue.lock();
        how(&mut queue.lanes);
        self.publish(&queue);
        let waker = queue.waker.clone();
        drop(queue);
        waker.wake();
    }

    fn publish(&self, queue: &Queue) {
        self.state.store(queue.lanes.state() as u8, Ordering::Release);
    }

    /// Writes as much as the stream accepts, unless it is known not to be writable.
    pub(crate) fn flush(&self) {
        let Some(mut writer) = self.writer.try_lock() else { return };
        loop {
            let mut queue = self.queue.lock();
            if queue.flow == Flow::Blocked || queue.lanes.state().is_over() {
                // Unlocked with the queue locked, as below.
                drop(writer);
                return;
            }
            let batch = queue.lanes.take();
            if batch.is_empty() {
                drop(writer);
                if queue.lanes.state().is_over() {
                    self.publish(&queue);
                    queue.waker.wake_by_ref();
                }
                return;
            }
            queue.flow = Flow::Writing;
            drop(queue);
            let (outcome, total) = write(&mut writer, &batch);
            let mut queue = self.queue.lock();
            // The stream may have woken the task already, before the outcome could be noted.
            let was_woken = std::mem::replace(&mut queue.flow, Flow::Ready) == Flow::Ready;
            match outcome {
                Poll::Ready(Ok(written)) => {
                    self.bytes_out.fetch_add(written as u64, Ordering::Relaxed);
                    if written == total {
                        queue.lanes.written();
                    } else {
                        // Try again at once: the stream wakes the task only after it has returned
                        // `Pending`.
                        self.put_back(&mut queue, batch, written);
                    }
                }
                Poll::Ready(Err(error)) if error.kind() == io::ErrorKind::Interrupted => {
                    self.put_back(&mut queue, batch, 0);
                }
                Poll::Pending => {
                    self.put_back(&mut queue, batch, 0);
                    if !was_woken {
                        queue.flow = Flow::Blocked;
                        drop(writer);
                        return;
                    }
                }
                Poll::Ready(Err(_)) => {
                    queue.lanes.break_off();
                    self.publish(&queue);
                    drop(writer);
                    queue.waker.wake_by_ref();
                    return;
                }
            }
        }
    }

    fn put_back(&self, queue: &mut Queue, batch: Batch, written: usize) {
        let replaced = queue.lanes.put_back(batch, written);
        self.skipped_ticks.fetch_add(replaced, Ordering::Relaxed);
    }

    /// Called by the connection's task whenever it is woken: writes on if the stream was blocked.
    pub(crate) fn resume(&self) {
        let mut queue = self.queue.lock();
        let before = std::mem::replace(&mut queue.flow, Flow::Ready);
        drop(queue);
        if before == Flow::Blocked {
            self.flush();
        }
    }

    /// Shuts down the stream's sending half, once the outbox is closed.
    pub(crate) fn poll_shutdown(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.writer.lock().stream.poll_shutdown(cx)
    }
}

/// Writes a batch; also returns how many bytes it has.
fn write<W: SendHalf>(writer: &mut Writer<W>, batch: &Batch) -> (Poll<io::Result<usize>>, usize) {
    let Writer { stream, waker } = writer;
    let mut cx = Context::from_waker(waker);
    let slices: SmallVec<[IoSlice<'_>; 8]> =
        batch.frames().map(|frame| IoSlice::new(frame)).collect();
    (stream.poll_write(&mut cx, &slices), batch.len())
}
