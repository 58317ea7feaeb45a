//! The one task that owns the [`Lobby`]: inputs, commands, ticks, liveness checks and snapshots.
//!
//! It works in turns. A turn takes all inputs that have arrived, changes the lobby, and then writes
//! to each connection once. The hub never waits for a socket, a disk or an event listener.

mod clocks;
#[cfg(test)]
mod cost;
mod dispatch;
mod events;
mod input;
mod memory;
pub(crate) mod operate;
mod pacing;
mod refused;
mod subscribe;
mod sweep;
mod timing;
pub(crate) mod view;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::sync::{mpsc, watch};

use self::dispatch::Dispatch;
pub(crate) use self::dispatch::HUB_THREAD;
pub(crate) use self::events::{EventReceiver, Events};
pub(crate) use self::input::{INPUT_QUEUE, Input};
pub(crate) use self::memory::FAIR_SHARE;
pub(crate) use self::pacing::Pacing;
pub(crate) use self::refused::Refused;
pub use self::subscribe::SubscribeError;
pub(crate) use self::subscribe::{Subscriber, Subscription};
use self::sweep::Sweep;
use self::timing::Timing;
use self::view::ConnectionView;
use crate::clock::Clock;
use crate::connection::Flusher;
use crate::lobby::event::{EventKind, LobbyEvent};
use crate::lobby::{Delivery, Lobby};
use crate::logging::LogControl;
use crate::model::{Budget, Limits, SessionId, Timestamp};
use crate::operator::{
    Command, CommandRequest, Done, OperatorError, OperatorPort, SNAPSHOT_INTERVAL, Snapshot,
};
use crate::protocol::Request;
use crate::protocol::websocket::CloseReason;

/// Inputs taken in one turn, so that ticks and commands are not starved.
const TURN: usize = 1024;

/// Owns the lobby.
#[derive(Debug)]
pub(crate) struct Hub {
    lobby: Lobby,
    dispatch: Dispatch,
    inputs: mpsc::Receiver<Input>,
    subscriptions: mpsc::Receiver<Subscription>,
    port: OperatorPort,
    clock: Clock,
    limits: Limits,
    budget: Budget,
    started: Timestamp,
    pacing: Arc<Pacing>,
    refused: Arc<Refused>,
    round_trips_wanted: Arc<AtomicBool>,
    log: Option<LogControl>,
    sweep: Sweep,
    memory: memory::Watch,
    timing: Timing,
    next_snapshot: Timestamp,
    serial: u64,
    /// The snapshot before the one that readers see.
    previous: Arc<Snapshot>,
}

/// What is needed to start a hub.
pub(crate) struct HubParts {
    pub(crate) inputs: mpsc::Receiver<Input>,
    pub(crate) subscriptions: mpsc::Receiver<Subscription>,
    pub(crate) port: OperatorPort,
    pub(crate) clock: Clock,
    pub(crate) limits: Limits,
    pub(crate) budget: Budget,
    pub(crate) fps: f64,
    /// One for each of the server's threads.
    pub(crate) flushers: Vec<Arc<Flusher>>,
    pub(crate) events: Events,
    pub(crate) pacing: Arc<Pacing>,
    pub(crate) refused: Arc<Refused>,
    /// Tells sessions whether to send every round trip.
    pub(crate) round_trips_wanted: Arc<AtomicBool>,
    pub(crate) log: Option<LogControl>,
}

impl Hub {
    pub(crate) fn new(parts: HubParts) -> Self {
        let now = parts.clock.now();
        Self {
            lobby: Lobby::new(parts.limits.clone(), parts.fps, parts.budget.clone()),
            dispatch: Dispatch::new(parts.flushers, parts.events),
            inputs: parts.inputs,
            subscriptions: parts.subscriptions,
            port: parts.port,
            clock: parts.clock,
            sweep: Sweep::new(&parts.limits, now),
            limits: parts.limits,
            budget: parts.budget,
            started: now,
            pacing: parts.pacing,
            refused: parts.refused,
            round_trips_wanted: parts.round_trips_wanted,
            log: parts.log,
            memory: memory::Watch::default(),
            timing: Timing::default(),
            next_snapshot: now,
            serial: 0,
            previous: Arc::default(),
        }
    }

    /// Runs until `stop` is true, then carries out the inputs already accepted and closes every
    /// connection with 1001.
    pub(crate) async fn run(mut self, mut stop: watch::Receiver<bool>) {
        let mut batch = Vec::with_capacity(TURN);
        let sleep = tokio::time::sleep(Duration::ZERO);
        let stopping = stopping(&mut stop);
        tokio::pin!(sleep, stopping);
        loop {
            let wake = self.next_wake();
            self.pacing.set_next_due(wake);
            let instant = self.clock.instant_of(wake);
            if sleep.deadline() != instant {
                sleep.as_mut().reset(instant);
            }
            let mut command: Option<CommandRequest> = None;
            tokio::select! {
                biased;
                () = &mut stopping => break,
                Some(asked) = self.port.commands.recv() => command = Some(asked),
                Some(subscription) = self.subscriptions.recv() => self.admit(subscription),
                () = &mut sleep => {}
                n = self.inputs.recv_many(&mut batch, TURN) => {
                    if n == 0 {
                        break;
                    }
                }
            }
            if batch.len() < TURN && self.pacing.is_busy() {
                // Let all other ready connections be read first, so that one turn, with one write to
                // each client, serves them all, and a tick has the latest poses.
                tokio::task::yield_now().await;
            }
            self.take_turn(&mut batch, command);
        }
        self.drain(batch).await;
    }

    fn take_turn(&mut self, batch: &mut Vec<Input>, command: Option<CommandRequest>) {
        self.dispatch.events.begin_turn();
        self.round_trips_wanted.store(self.dispatch.interest().clocks, Ordering::Relaxed);
        while batch.len() < TURN {
            match self.inputs.try_recv() {
                Ok(input) => batch.push(input),
                Err(_) => break,
            }
        }
        // After what is to be handled was taken: who had subscribed before something was sent is
        // told of it.
        self.admit_waiting();
        self.dispatch.comes_last = false;
        self.handle_all(batch);
        if let Some((command, answer)) = command {
            let outcome = self.operate(command);
            // The sender of the command may be gone.
            let _ = answer.send(outcome);
        }
        let now = self.clock.now();
        self.dispatch.comes_last = true;
        if let Some(late) = self.lobby.tick(now, &mut self.dispatch) {
            self.finish_turn(now);
            self.timing.add(now, self.clock.now().since(now), late);
        }
        if self.sweep.is_due(now) {
            self.sweep(now);
        }
        self.watch_memory(now);
        self.finish_turn(now);
        if now >= self.next_snapshot && self.port.snapshots.receiver_count() > 0 {
            self.next_snapshot = now.plus(SNAPSHOT_INTERVAL);
            self.publish_snapshot(now);
        }
    }

    fn handle_all(&mut self, batch: &mut Vec<Input>) {
        for input in batch.drain(..) {
            let now = self.clock.now();
            match input {
                Input::Request(id, request, hold) => {
                    let is_login = matches!(request, Ok(Request::Login { .. }));
                    self.lobby.handle_holding(id, request, hold, now, &mut self.dispatch);
                    if is_login && let Some(connection) = self.dispatch.get(id) {
                        connection.login_handled(self.lobby.name_of(id).is_some());
                    }
                }
                Input::Probe { session, client, received } => {
                    self.compare_clocks(session, client, received);
                }
                Input::RoundTrip { session, round_trip, received } => {
                    self.lobby.round_trip(session, round_trip, received, now, &mut self.dispatch);
                }
                Input::Refused { session, refusal, count } => {
                    self.lobby.refuse(session, &refusal, count, now, &mut self.dispatch);
                }
                Input::Connected(connection) => {
                    let (session, peer) = (connection.id, connection.peer);
                    self.lobby.connect(session, now);
                    self.dispatch.insert(connection);
                    self.tell(now, EventKind::Connected { session, peer });
                }
                Input::Disconnected(id, farewell) => {
                    self.lobby.disconnect(id, now, &mut self.dispatch);
                    if let Some(connection) = self.dispatch.remove(id) {
                        if let Some(reason) = farewell {
                            connection.outbox.close(&reason);
                        }
                        self.tell(now, EventKind::Disconnected { session: id });
                    }
                }
            }
        }
        batch.shrink_to(TURN);
    }

    fn tell(&mut self, time: Timestamp, kind: EventKind) {
        if self.dispatch.interest().presence {
            self.dispatch.event(LobbyEvent { time, kind });
        }
    }

    /// Sends the turn's frames, and drops clients whose queue is full.
    fn finish_turn(&mut self, now: Timestamp) {
        self.lobby.flush(&mut self.dispatch);
        while let Some(connection) = self.dispatch.next_overflowed() {
            let (name, peer) = (self.lobby.name_of(connection.id), connection.peer);
            tracing::warn!(user = name.as_deref(), %peer, "closed for reading too slowly: its queue is full");
            self.lobby.disconnect(connection.id, now, &mut self.dispatch);
        }
        self.dispatch.flush();
    }

    fn next_wake(&self) -> Timestamp {
        let mut wake = self.sweep.next();
        for other in [self.lobby.next_due(), self.memory.next()].into_iter().flatten() {
            wake = wake.min(other);
        }
        if self.port.snapshots.receiver_count() > 0 {
            wake = wake.min(self.next_snapshot);
        }
        wake
    }

    fn operate(&mut self, command: Command) -> Result<Done, OperatorError> {
        let now = self.clock.now();
        let outcome = match command {
            Command::SetLogLevel { level } => self
                .log
                .as_ref()
                .and_then(|log| log.set_level(level).ok())
                .map(|()| Done { message: format!("the log captures {level} and above"), users: 0 })
                .ok_or(OperatorError::LogNotOurs),
            command => operate::operate(&mut self.lobby, command, now, &mut self.dispatch),
        };
        match &outcome {
            Ok(done) => {
                tracing::info!(target: "vrlobby::operator", "{}", done.message);
                self.tell(now, EventKind::Operated { action: done.message.as_str().into() });
            }
            Err(error) => tracing::warn!(target: "vrlobby::operator", "command refused: {error}"),
        }
        outcome
    }

    fn publish_snapshot(&mut self, now: Timestamp) {
        let snapshot = Arc::new(self.snapshot(now));
        self.previous = self.port.snapshots.send_replace(snapshot);
    }

    fn snapshot(&mut self, now: Timestamp) -> Snapshot {
        self.serial += 1;
        // Readers have gone on to the next one by now, so that its rows can be used again.
        let previous = Arc::try_unwrap(std::mem::take(&mut self.previous)).unwrap_or_default();
        let focus = self.port.focus.borrow_and_update().clone();
        // Cloned at once: a reader that keeps the borrow stalls the recorder.
        let recording = self.port.recording.borrow().clone();
        let replay = self.port.replay.borrow().clone();
        let mut snapshot = Snapshot {
            recording,
            replay,
            taken_at: now,
            serial: self.serial,
            up_time: now.since(self.started),
            log_level: self.log.as_ref().map(LogControl::level),
            users: previous.users,
            ..Snapshot::default()
        };
        let timing = self.timing.last(now);
        snapshot.tick.longest = timing.longest;
        snapshot.tick.mean = timing.total.checked_div(timing.rounds).unwrap_or_default();
        snapshot.tick.latest = timing.latest;
        let dispatch = &self.dispatch;
        let connection =
            |id: SessionId| dispatch.get(id).map(|connection| ConnectionView::of(connection, now));
        view::view(&self.lobby, now, &focus, connection, &mut snapshot);
        if let (Some(detail), Some(id)) = (&mut snapshot.user, focus.user)
            && let Some(connection) = dispatch.get(id)
        {
            detail.round_trips = connection.liveness.round_trips();
        }
        let traffic = &mut snapshot.traffic;
        traffic.connections = dispatch.len();
        traffic.skipped_ticks = dispatch.skipped_ticks();
        traffic.slow_closed = dispatch.slow_closed;
        traffic.connections_refused = self.refused.total();
        self.sweep.fill_traffic(traffic);
        snapshot.focus = focus;
        snapshot
    }

    /// Carries out the inputs already accepted, then closes every connection.
    async fn drain(mut self, mut batch: Vec<Input>) {
        self.inputs.close();
        self.subscriptions.close();
        self.admit_waiting();
        self.handle_all(&mut batch);
        // Ends once everything is received that had a place in the queue before it was closed.
        while self.inputs.recv_many(&mut batch, TURN).await > 0 {
            self.handle_all(&mut batch);
        }
        self.finish_turn(self.clock.now());
        self.dispatch.close_all(&CloseReason::going_down());
        self.dispatch.events.end(self.clock.now()).await;
    }
}

/// Resolves once `stop` is true. Never resolves once the sender is dropped.
async fn stopping(stop: &mut watch::Receiver<bool>) {
    if stop.wait_for(|stop| *stop).await.is_err() {
        std::future::pending().await
    }
}
