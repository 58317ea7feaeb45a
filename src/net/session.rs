//! One connection: reads, decodes, passes on to the hub, and writes what its outbox holds back.

mod quota;

use std::cell::RefCell;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, ReadBuf};
use tokio::net::TcpStream;
use tokio::net::tcp::OwnedReadHalf;
use tokio::sync::mpsc;
use tokio::time::Instant;

use self::quota::Quota;
use crate::clock::Clock;
use crate::connection::Connection;
use crate::connection::outbox::State;
use crate::hub::{Input, Load};
use crate::model::Limits;
use crate::protocol::decode::{RoomCache, decode};
use crate::protocol::websocket::{CloseReason, FrameReader, Incoming, OpCode, control_frame};
use crate::protocol::{Code, Refusal, Request};

/// One read takes at most this many bytes. The buffer is shared by a thread's connections.
const READ_SIZE: usize = 32 << 10;

/// A connection that is closing has this long until it is dropped, read or not.
pub(crate) const CLOSE_GRACE: Duration = Duration::from_secs(2);

thread_local! {
    static READ_BUFFER: RefCell<Box<[u8]>> = RefCell::new(vec![0; READ_SIZE].into());
}

/// What all connections share.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) clock: Clock,
    pub(crate) limits: Limits,
    pub(crate) hub: mpsc::Sender<Input>,
    pub(crate) load: Arc<Load>,
}

/// What a connection's task does next.
enum Turn {
    /// Requests have come, and the hub has its hands full.
    Requests,
    /// Nothing more will come.
    Left,
    /// All is written, or nothing more can be.
    Over,
}

struct Session {
    shared: Arc<Shared>,
    connection: Arc<Connection>,
    socket: OwnedReadHalf,
    reader: FrameReader,
    rooms: RoomCache,
    quota: Quota,
    requests: Vec<Result<Request, Refusal>>,
    /// Nothing is read any more: the peer has left or broken the rules.
    deaf: bool,
    /// With what to close, after the answers to all that was asked before.
    farewell: Option<CloseReason>,
}

/// Serves a connection after its handshake, until it is over. `early` came with the handshake.
pub(crate) async fn run(
    shared: Arc<Shared>,
    connection: Arc<Connection>,
    socket: OwnedReadHalf,
    mut early: Vec<u8>,
) {
    let mut left = false;
    if shared.hub.send(Input::Connected(connection.clone())).await.is_err() {
        left = true;
        connection.outbox.close(&CloseReason::going_down());
    }
    let now = shared.clock.now();
    let mut session = Session {
        reader: FrameReader::new(shared.limits.max_message_bytes),
        quota: Quota::new(&shared.limits, now),
        rooms: RoomCache::default(),
        requests: Vec::new(),
        deaf: left,
        farewell: None,
        shared,
        connection,
        socket,
    };
    if !early.is_empty() && !left {
        session.take_in(&mut early);
    }
    drop(early);
    let mut deadline: Option<Instant> = None;
    loop {
        session.pass_on().await;
        if session.deaf && !left {
            left = true;
            session.leave().await;
        }
        if deadline.is_none() && session.connection.outbox.state() != State::Open {
            deadline = Some(Instant::now() + CLOSE_GRACE);
        }
        let turn = std::future::poll_fn(|cx| session.poll_turn(cx));
        let turn = match deadline {
            None => turn.await,
            Some(deadline) => tokio::time::timeout_at(deadline, turn).await.unwrap_or(Turn::Over),
        };
        if matches!(turn, Turn::Over) {
            break;
        }
    }
    session.pass_on().await;
    if !left {
        session.leave().await;
    }
    if session.connection.outbox.state() == State::Closed {
        session.linger(deadline.unwrap_or_else(|| Instant::now() + CLOSE_GRACE)).await;
    }
}

impl Session {
    fn stream(&self) -> &TcpStream {
        self.socket.as_ref()
    }

    /// Has the hub end the membership at once, whatever becomes of the TCP connection.
    async fn leave(&mut self) {
        let farewell = self.farewell.take();
        let input = Input::Disconnected(self.connection.id, farewell);
        if let Err(mpsc::error::SendError(Input::Disconnected(_, Some(reason)))) =
            self.shared.hub.send(input).await
        {
            self.connection.outbox.close(&reason);
        }
    }

    async fn pass_on(&mut self) {
        if self.requests.is_empty() {
            return;
        }
        let id = self.connection.id;
        for request in self.requests.drain(..) {
            // Waits while the hub has its hands full: then the peer's TCP waits too.
            if self.shared.hub.send(Input::Request(id, request)).await.is_err() {
                break;
            }
        }
    }

    fn poll_turn(&mut self, cx: &mut Context<'_>) -> Poll<Turn> {
        self.connection.outbox.register(cx.waker());
        loop {
            let outbox = &self.connection.outbox;
            while outbox.is_blocked() {
                match self.stream().poll_write_ready(cx) {
                    Poll::Ready(_) => outbox.unblock(),
                    Poll::Pending => break,
                }
            }
            if !outbox.is_open() {
                match outbox.state() {
                    State::Closing if outbox.is_blocked() => {}
                    State::Open | State::Closing => {
                        outbox.flush();
                        if outbox.is_blocked() {
                            continue;
                        }
                        if matches!(outbox.state(), State::Open | State::Closing) {
                            // Another thread is writing, and wakes this task at the end of it.
                            return Poll::Pending;
                        }
                        return Poll::Ready(Turn::Over);
                    }
                    State::Closed | State::Broken => return Poll::Ready(Turn::Over),
                }
            }
            // Who does not read is not read from: its own answers would fill its lane.
            let waits =
                outbox.is_blocked() && outbox.waiting().0 > self.shared.limits.queue_bytes / 2;
            if self.deaf || waits {
                return Poll::Pending;
            }
            ready!(self.poll_read(cx));
            if self.deaf {
                return Poll::Ready(Turn::Left);
            }
            if !self.try_pass_on() {
                return Poll::Ready(Turn::Requests);
            }
        }
    }

    /// Passes requests on while the hub takes them at once; says whether it took them all.
    fn try_pass_on(&mut self) -> bool {
        let id = self.connection.id;
        let mut taken = 0;
        for request in &mut self.requests {
            let Ok(permit) = self.shared.hub.try_reserve() else { break };
            let request = std::mem::replace(request, Ok(Request::Ping));
            permit.send(Input::Request(id, request));
            taken += 1;
        }
        if taken == self.requests.len() {
            self.requests.clear();
            if self.requests.capacity() > 16 {
                self.requests = Vec::new();
            }
            return true;
        }
        self.requests.drain(..taken);
        false
    }

    fn poll_read(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        READ_BUFFER.with_borrow_mut(|buffer| {
            let mut read = ReadBuf::new(buffer);
            let result = ready!(Pin::new(&mut self.socket).poll_read(cx, &mut read));
            let bytes = read.filled_mut();
            if result.is_err() || bytes.is_empty() {
                self.deaf = true;
                self.connection.outbox.hang_up();
            } else {
                self.take_in(bytes);
            }
            Poll::Ready(())
        })
    }

    /// Takes frames apart and decodes what they say.
    fn take_in(&mut self, bytes: &mut [u8]) {
        let Self { shared, connection, reader, rooms, quota, requests, deaf, farewell, .. } = self;
        let now = shared.clock.now();
        connection.liveness.hear(now, bytes.len());
        let mut answered = false;
        let before = requests.len();
        let result = reader.read(bytes, |incoming| match incoming {
            Incoming::Text(text) => {
                let request = decode(text, rooms);
                requests.push(quota.check(request, text.len(), now));
            }
            Incoming::Binary(_) => {
                let reason = "binary frames mean nothing here; send JSON as text";
                let refusal = Refusal::new(Code::InvalidStructure, reason).also_before_login();
                requests.push(quota.check(Err(refusal), 0, now));
            }
            Incoming::Ping(payload) => {
                connection.outbox.push(&control_frame(OpCode::Pong, payload));
                answered = true;
            }
            Incoming::Fragment(_) => {}
            Incoming::Pong(payload) => connection.liveness.pong(payload, now),
            Incoming::Close(code) => {
                *deaf = true;
                *farewell = Some(CloseReason::new(code.unwrap_or(1000), ""));
            }
        });
        if requests.len() > before {
            connection.liveness.hear_request(now);
            let is_pose = |request: &&_| matches!(request, Ok(Request::Transform { .. }));
            let poses = requests[before..].iter().filter(is_pose).count();
            shared.load.add(poses as u64, (requests.len() - before - poses) as u64);
        }
        if let Err(reason) = result {
            *deaf = true;
            tracing::debug!(peer = %connection.peer, code = reason.code, reason = %reason.reason, "closed for a fault in its frames");
            *farewell = Some(reason);
        }
        if answered {
            connection.outbox.flush();
        }
    }

    /// Reads until the peer ends too, so that what was written is not lost to a reset.
    async fn linger(&mut self, deadline: Instant) {
        let stream: &TcpStream = self.socket.as_ref();
        let _ = socket2::SockRef::from(stream).shutdown(std::net::Shutdown::Write);
        let socket = &mut self.socket;
        let drained = std::future::poll_fn(|cx| {
            READ_BUFFER.with_borrow_mut(|buffer| {
                loop {
                    let mut read = ReadBuf::new(buffer);
                    let result = ready!(Pin::new(&mut *socket).poll_read(cx, &mut read));
                    if result.is_err() || read.filled().is_empty() {
                        return Poll::Ready(());
                    }
                }
            })
        });
        let _ = tokio::time::timeout_at(deadline, drained).await;
    }
}
