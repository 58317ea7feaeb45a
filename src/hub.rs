//! The one task that owns the [`Lobby`]: inputs, commands, ticks, signs of life and snapshots.
//!
//! It works in turns. A turn takes all inputs that have come, changes the lobby, and then hands
//! each connection what it is to get in one write. The hub never waits for a socket.

mod dispatch;
mod load;
mod refused;
mod sweep;

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::{mpsc, watch};

use self::dispatch::Dispatch;
pub(crate) use self::load::Load;
pub(crate) use self::refused::Refused;
use self::sweep::Sweep;
use crate::clock::Clock;
use crate::connection::Connection;
use crate::lobby::Lobby;
use crate::logging::LogControl;
use crate::model::{Limits, SessionId, Timestamp};
use crate::operator::{
    Command, CommandRequest, Done, OperatorError, OperatorPort, SNAPSHOT_INTERVAL, Snapshot,
};
use crate::protocol::websocket::CloseReason;
use crate::protocol::{Refusal, Request};

/// Inputs that wait for the hub; when it is full, connections are not read from.
pub(crate) const INPUT_QUEUE: usize = 4096;

/// Inputs taken in one turn, so that ticks and commands get theirs.
const TURN: usize = 1024;

/// What a connection has to say to the hub.
#[derive(Debug)]
pub(crate) enum Input {
    Connected(Arc<Connection>),
    Request(SessionId, Result<Request, Refusal>),
    /// It has left; with what to close it, after all that it was sent.
    Disconnected(SessionId, Option<CloseReason>),
}

/// Waits until `stop` says so. Whoever could say it may have gone: then nobody will.
async fn told(stop: &mut watch::Receiver<bool>) {
    if stop.wait_for(|stop| *stop).await.is_err() {
        std::future::pending().await
    }
}

/// Owns the lobby.
#[derive(Debug)]
pub(crate) struct Hub {
    lobby: Lobby,
    dispatch: Dispatch,
    inputs: mpsc::Receiver<Input>,
    port: OperatorPort,
    clock: Clock,
    limits: Limits,
    started: Timestamp,
    load: Arc<Load>,
    refused: Arc<Refused>,
    log: Option<LogControl>,
    sweep: Sweep,
    timing: Timing,
    next_snapshot: Timestamp,
    serial: u64,
}

/// What is needed to start a hub.
pub(crate) struct HubParts {
    pub(crate) inputs: mpsc::Receiver<Input>,
    pub(crate) port: OperatorPort,
    pub(crate) clock: Clock,
    pub(crate) limits: Limits,
    pub(crate) fps: f64,
    pub(crate) workers: usize,
    pub(crate) load: Arc<Load>,
    pub(crate) refused: Arc<Refused>,
    pub(crate) log: Option<LogControl>,
}

/// What ticks cost, over the second that is being counted and the one before.
#[derive(Debug, Default)]
struct Timing {
    second: u64,
    now: Second,
    last: Second,
}

#[derive(Clone, Copy, Debug, Default)]
struct Second {
    rounds: u32,
    total: Duration,
    longest: Duration,
    latest: Duration,
}

impl Timing {
    fn turn_to(&mut self, now: Timestamp) {
        let second = now.as_micros() / 1_000_000;
        if second != self.second {
            self.last = if second == self.second + 1 { self.now } else { Second::default() };
            self.now = Second::default();
            self.second = second;
        }
    }

    fn add(&mut self, now: Timestamp, took: Duration, late: Duration) {
        self.turn_to(now);
        let second = &mut self.now;
        second.rounds += 1;
        second.total += took;
        second.longest = second.longest.max(took);
        second.latest = second.latest.max(late);
    }
}

impl Hub {
    pub(crate) fn new(parts: HubParts) -> Self {
        let now = parts.clock.now();
        Self {
            lobby: Lobby::new(parts.limits.clone(), parts.fps),
            dispatch: Dispatch::new(parts.workers),
            inputs: parts.inputs,
            port: parts.port,
            clock: parts.clock,
            sweep: Sweep::new(&parts.limits, now),
            limits: parts.limits,
            started: now,
            load: parts.load,
            refused: parts.refused,
            log: parts.log,
            timing: Timing::default(),
            next_snapshot: now,
            serial: 0,
        }
    }

    /// Runs until `stop` says so, then tells every client with close 1001, after all that was
    /// accepted.
    pub(crate) async fn run(mut self, mut stop: watch::Receiver<bool>) {
        let mut batch = Vec::with_capacity(TURN);
        let sleep = tokio::time::sleep(Duration::ZERO);
        let told = told(&mut stop);
        tokio::pin!(sleep, told);
        loop {
            let wake = self.next_wake();
            self.load.set_next_due(wake);
            let instant = self.clock.instant_of(wake).into();
            if sleep.deadline() != instant {
                sleep.as_mut().reset(instant);
            }
            let mut command: Option<CommandRequest> = None;
            tokio::select! {
                biased;
                () = &mut told => break,
                Some(asked) = self.port.commands.recv() => command = Some(asked),
                () = &mut sleep => {}
                n = self.inputs.recv_many(&mut batch, TURN) => {
                    if n == 0 {
                        break;
                    }
                }
            }
            if batch.len() < TURN && self.load.is_busy() {
                // The other connections that are ready get to say what they have, so that one
                // turn, and one write to each reader, serves them all, and a tick has the latest.
                tokio::task::yield_now().await;
            }
            self.take_turn(&mut batch, command);
        }
        self.drain(batch);
    }

    fn take_turn(&mut self, batch: &mut Vec<Input>, command: Option<CommandRequest>) {
        while batch.len() < TURN {
            match self.inputs.try_recv() {
                Ok(input) => batch.push(input),
                Err(_) => break,
            }
        }
        self.handle_all(batch);
        if let Some((command, answer)) = command {
            let outcome = self.operate(command);
            // Who asked may have gone.
            let _ = answer.send(outcome);
        }
        let now = self.clock.now();
        let started = Instant::now();
        if let Some(late) = self.lobby.tick(now, &mut self.dispatch) {
            self.finish_turn(now);
            self.timing.add(now, started.elapsed(), late);
        }
        if self.sweep.is_due(now) {
            self.sweep(now);
        }
        self.finish_turn(now);
        if now >= self.next_snapshot && self.port.snapshots.receiver_count() > 0 {
            self.next_snapshot = now.plus(SNAPSHOT_INTERVAL);
            let snapshot = Arc::new(self.snapshot(now));
            self.port.snapshots.send_replace(snapshot);
        }
    }

    fn handle_all(&mut self, batch: &mut Vec<Input>) {
        for input in batch.drain(..) {
            let now = self.clock.now();
            self.dispatch.now = now;
            match input {
                Input::Request(id, request) => {
                    self.lobby.handle(id, request, now, &mut self.dispatch);
                }
                Input::Connected(connection) => {
                    tracing::debug!(peer = %connection.peer, session = %connection.id, "connected");
                    self.lobby.connect(connection.id, now);
                    self.dispatch.insert(connection);
                }
                Input::Disconnected(id, farewell) => {
                    self.lobby.disconnect(id, now, &mut self.dispatch);
                    if let Some(connection) = self.dispatch.remove(id) {
                        if let Some(reason) = farewell {
                            connection.outbox.close(&reason);
                        }
                        tracing::debug!(peer = %connection.peer, session = %id, "disconnected");
                    }
                }
            }
        }
        batch.shrink_to(TURN);
    }

    /// Hands over what the turn brought, and lets go of those who read too slowly.
    fn finish_turn(&mut self, now: Timestamp) {
        self.lobby.flush(&mut self.dispatch);
        while let Some(connection) = self.dispatch.next_overflowed() {
            let (name, peer) = (self.lobby.name_of(connection.id), connection.peer);
            tracing::warn!(user = name.as_deref(), %peer, "closed: it reads too slowly, its queue is full");
            self.lobby.disconnect(connection.id, now, &mut self.dispatch);
            self.lobby.flush(&mut self.dispatch);
        }
        self.dispatch.flush();
    }

    fn next_wake(&self) -> Timestamp {
        let mut wake = self.sweep.next();
        if let Some(due) = self.lobby.next_due() {
            wake = wake.min(due);
        }
        if self.port.snapshots.receiver_count() > 0 {
            wake = wake.min(self.next_snapshot);
        }
        wake
    }

    fn operate(&mut self, command: Command) -> Result<Done, OperatorError> {
        let outcome = match &command {
            Command::SetLogLevel { level } => {
                let log = self.log.as_ref().ok_or(OperatorError::LogNotOurs)?;
                log.set_level(*level).map_err(|_| OperatorError::LogNotOurs)?;
                Ok(Done { message: format!("the log captures {level} and above"), users: 0 })
            }
            _ => self.lobby.operate(command.clone(), self.clock.now(), &mut self.dispatch),
        };
        match &outcome {
            Ok(done) => tracing::info!(target: "vrlobby::operator", "{}", done.message),
            Err(error) => tracing::warn!(target: "vrlobby::operator", "not done: {error}"),
        }
        outcome
    }

    fn snapshot(&mut self, now: Timestamp) -> Snapshot {
        self.serial += 1;
        self.timing.turn_to(now);
        let focus = self.port.focus.borrow_and_update().clone();
        let mut snapshot = Snapshot {
            taken_at: now,
            serial: self.serial,
            up_time: now.since(self.started),
            log_level: self.log.as_ref().map(LogControl::level),
            ..Snapshot::default()
        };
        let timing = self.timing.last;
        snapshot.tick.longest = timing.longest;
        snapshot.tick.mean = timing.total.checked_div(timing.rounds).unwrap_or_default();
        snapshot.tick.latest = timing.latest;
        let dispatch = &self.dispatch;
        self.lobby.view(now, &focus, |id| dispatch.view(id, now), &mut snapshot);
        if let (Some(detail), Some(id)) = (&mut snapshot.user, focus.user)
            && let Some(connection) = dispatch.get(id)
        {
            detail.round_trips = connection.liveness.round_trips();
        }
        let traffic = &mut snapshot.traffic;
        traffic.connections = dispatch.len();
        traffic.skipped_ticks = dispatch.skipped_ticks();
        traffic.slow_closed = dispatch.slow_closed();
        traffic.connections_refused = self.refused.total();
        self.sweep.fill_traffic(now, traffic);
        snapshot.focus = focus;
        snapshot
    }

    /// Carries out what was accepted, then closes everyone.
    fn drain(mut self, mut batch: Vec<Input>) {
        self.inputs.close();
        loop {
            self.handle_all(&mut batch);
            match self.inputs.try_recv() {
                Ok(input) => batch.push(input),
                Err(_) => break,
            }
        }
        self.finish_turn(self.clock.now());
        self.dispatch.close_all(&CloseReason::going_down());
    }
}
