//! One connection after its handshake: reads frames, decodes requests, passes them on to the hub,
//! and writes what could not be written at once.

mod intake;
mod shared;

use std::cell::RefCell;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, ReadBuf};
use tokio::sync::mpsc;
use tokio::time::{Instant, Sleep};

use self::intake::Intake;
pub(crate) use self::shared::Shared;
use super::gate::LARGE;
use crate::clock;
use crate::connection::Connection;
use crate::connection::outbox::State;
use crate::hub::{FAIR_SHARE, Input};
use crate::model::{Pressure, RoomName};
use crate::protocol::Request;
use crate::protocol::websocket::CloseReason;

/// One read takes at most this many bytes. The buffer is shared by a thread's connections.
const READ_SIZE: usize = 32 << 10;

/// A closing connection is dropped after this long, whether or not its peer reads.
const CLOSE_GRACE: Duration = Duration::from_secs(2);

/// While memory is short, connections that hold a lot are not read from for this long.
const MEMORY_PAUSE: Duration = Duration::from_millis(50);

thread_local! {
    static READ_BUFFER: RefCell<Box<[u8]>> = RefCell::new(vec![0; READ_SIZE].into());
}

/// The receiving half of any byte stream.
pub(super) type ReceiveHalf = Box<dyn AsyncRead + Send + Unpin>;

/// How far reading has got.
#[derive(Debug)]
enum Reading {
    /// Frames are read.
    Open,
    /// The peer has left or broken the rules; with the reason to close, after the answers to its
    /// earlier requests.
    Ended(Option<CloseReason>),
    /// The hub knows.
    Left,
}

/// What a connection's task does next.
enum Turn {
    /// Passes requests on, which may wait for the hub or a room's gate.
    PassOn,
    /// Tells the hub that nothing more will come.
    Leave,
    /// The outbox is closing: from now on there is a deadline.
    Close,
    /// Ends: everything is written, or nothing more can be.
    End,
}

/// A connection after its handshake.
pub(super) struct Session {
    shared: Arc<Shared>,
    connection: Arc<Connection>,
    stream: ReceiveHalf,
    intake: Intake,
    reading: Reading,
    /// While memory is short.
    pause: Option<Pin<Box<Sleep>>>,
    /// When it is dropped, once it is closing.
    deadline: Option<Instant>,
}

impl Session {
    pub(super) fn new(
        shared: Arc<Shared>,
        connection: Arc<Connection>,
        stream: ReceiveHalf,
    ) -> Box<Self> {
        let intake = Intake::new(&shared);
        let reading = Reading::Open;
        Box::new(Self { shared, connection, stream, intake, reading, pause: None, deadline: None })
    }

    /// Serves the connection until it is over. `early` came with the handshake.
    ///
    /// What is seldom awaited is boxed: the future of an idle connection is small.
    pub(super) async fn run(mut self: Box<Self>, early: Vec<u8>) {
        Box::pin(self.begin(early)).await;
        loop {
            let deadline = self.deadline;
            let turn = std::future::poll_fn(|cx| self.poll_turn(cx));
            let turn = match deadline {
                None => turn.await,
                Some(deadline) => {
                    Box::pin(tokio::time::timeout_at(deadline, turn)).await.unwrap_or(Turn::End)
                }
            };
            match turn {
                Turn::PassOn => Box::pin(self.pass_on()).await,
                Turn::Leave => Box::pin(self.leave()).await,
                Turn::Close => self.deadline = Some(clock::monotonic() + CLOSE_GRACE),
                Turn::End => break,
            }
        }
        Box::pin(self.end()).await;
    }

    async fn begin(&mut self, mut early: Vec<u8>) {
        if self.shared.hub.send(Input::Connected(self.connection.clone())).await.is_err() {
            self.reading = Reading::Left;
            self.connection.outbox.close(&CloseReason::going_down());
        } else if !early.is_empty() {
            self.take_in(&mut early);
        }
    }

    async fn end(&mut self) {
        self.pass_on().await;
        self.leave().await;
        if self.connection.outbox.state() == State::Closed {
            self.linger().await;
        }
    }

    fn poll_turn(&mut self, cx: &mut Context<'_>) -> Poll<Turn> {
        let connection = self.connection.clone();
        let outbox = &connection.outbox;
        outbox.register(cx.waker());
        outbox.resume();
        loop {
            if outbox.state() != State::Open {
                if self.deadline.is_none() {
                    self.intake.stop();
                    return Poll::Ready(Turn::Close);
                }
                // If another thread is writing, it writes the rest too and wakes this task.
                outbox.flush();
                return if outbox.state().is_over() {
                    Poll::Ready(Turn::End)
                } else {
                    Poll::Pending
                };
            }
            if !self.try_pass_on() {
                return Poll::Ready(Turn::PassOn);
            }
            match self.reading {
                Reading::Open => {}
                Reading::Ended(_) => return Poll::Ready(Turn::Leave),
                Reading::Left => return Poll::Pending,
            }
            // Backpressure: stop reading from clients that don't drain their replies. The outbox
            // wakes this task when the stream takes more.
            if outbox.is_congested() {
                return Poll::Pending;
            }
            ready!(self.poll_memory(cx));
            ready!(self.poll_read(cx));
        }
    }

    /// Pending while memory is short and this connection holds more than its share.
    fn poll_memory(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        while self.shared.budget.pressure() >= Pressure::High
            && self.connection.held_bytes() > FAIR_SHARE
        {
            let pause =
                self.pause.get_or_insert_with(|| Box::pin(tokio::time::sleep(MEMORY_PAUSE)));
            ready!(pause.as_mut().poll(cx));
            self.pause = None;
            // It is not silent: the server has not listened.
            self.connection.liveness.hear(self.shared.clock.now(), 0);
        }
        self.pause = None;
        Poll::Ready(())
    }

    fn poll_read(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        READ_BUFFER.with_borrow_mut(|buffer| {
            let mut read = ReadBuf::new(buffer);
            let result = ready!(Pin::new(&mut self.stream).poll_read(cx, &mut read));
            let bytes = read.filled_mut();
            if result.is_err() || bytes.is_empty() {
                self.end_reading(None);
                self.connection.outbox.hang_up();
            } else {
                self.take_in(bytes);
            }
            Poll::Ready(())
        })
    }

    fn take_in(&mut self, bytes: &mut [u8]) {
        if let Some(farewell) = self.intake.take_in(&self.shared, &self.connection, bytes) {
            self.end_reading(Some(farewell));
        }
    }

    fn end_reading(&mut self, farewell: Option<CloseReason>) {
        if matches!(self.reading, Reading::Open) {
            self.reading = Reading::Ended(farewell);
        }
    }

    /// Passes on what the hub accepts without waiting; returns whether that was everything.
    fn try_pass_on(&mut self) -> bool {
        let hub = &self.shared.hub;
        let inputs = &mut self.intake.inputs;
        let mut taken = 0;
        for input in inputs.iter_mut() {
            if large_message(input).is_some() {
                break;
            }
            let Ok(permit) = hub.try_reserve() else { break };
            let nothing = Input::Disconnected(self.connection.id, None);
            permit.send(std::mem::replace(input, nothing));
            taken += 1;
        }
        if taken == inputs.len() {
            inputs.clear();
            if inputs.capacity() > 16 {
                *inputs = Vec::new();
            }
            return true;
        }
        inputs.drain(..taken);
        false
    }

    /// Passes everything on, waiting for the hub and for rooms' gates. Queued frames are written
    /// in the meantime.
    async fn pass_on(&mut self) {
        for mut input in std::mem::take(&mut self.intake.inputs) {
            let connection = &self.connection;
            if let Some((room, bytes)) = large_message(&input) {
                let enter = self.shared.gates.enter(room.clone(), bytes);
                let pass = writing_on(connection, enter).await;
                if let Input::Request(_, _, hold) = &mut input {
                    *hold = pass;
                }
            }
            if writing_on(connection, self.shared.hub.send(input)).await.is_err() {
                break;
            }
        }
    }

    /// Tells the hub that the user has left, whatever becomes of the stream.
    async fn leave(&mut self) {
        let reading = std::mem::replace(&mut self.reading, Reading::Left);
        let farewell = match reading {
            Reading::Left => return,
            Reading::Ended(farewell) => farewell,
            Reading::Open => None,
        };
        let input = Input::Disconnected(self.connection.id, farewell);
        if let Err(mpsc::error::SendError(Input::Disconnected(_, Some(reason)))) =
            self.shared.hub.send(input).await
        {
            self.connection.outbox.close(&reason);
        }
    }

    /// Reads until the peer closes too, or answers the close frame, so that what was written is not
    /// lost to a reset.
    async fn linger(&mut self) {
        let deadline = self.deadline.unwrap_or_else(|| clock::monotonic() + CLOSE_GRACE);
        let Self { connection, stream, intake, .. } = self;
        let drained = std::future::poll_fn(|cx| {
            let _ = connection.outbox.poll_shutdown(cx);
            READ_BUFFER.with_borrow_mut(|buffer| {
                loop {
                    let mut read = ReadBuf::new(buffer);
                    let result = ready!(Pin::new(&mut *stream).poll_read(cx, &mut read));
                    let bytes = read.filled_mut();
                    if result.is_err() || bytes.is_empty() || intake.is_close_answered(bytes) {
                        return Poll::Ready(());
                    }
                }
            })
        });
        let _ = tokio::time::timeout_at(deadline, drained).await;
    }
}

/// The room and size of a message that has to pass the room's gate.
fn large_message(input: &Input) -> Option<(&RoomName, usize)> {
    match input {
        Input::Request(_, Ok(Request::Say { room, event }), _) if event.text.len() > LARGE => {
            Some((room, event.text.len()))
        }
        _ => None,
    }
}

/// Waits for `task`, and writes what is queued in the meantime.
async fn writing_on<T>(connection: &Connection, task: impl Future<Output = T>) -> T {
    tokio::pin!(task);
    std::future::poll_fn(|cx| {
        connection.outbox.register(cx.waker());
        connection.outbox.resume();
        task.as_mut().poll(cx)
    })
    .await
}
