//! One simulated headset, from its first connection to the end of the run.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::{SinkExt, StreamExt};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use tokio::sync::{SemaphorePermit, watch};
use tokio::time::{MissedTickBehavior, interval_at, sleep, sleep_until, timeout};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;

use super::chat::Utterance;
use super::connect::Socket;
use super::hall::{Hall, Room};
use super::motion::Walker;
use super::wire::{self, FrameKind, POSE_NUMBERS, PoseWriter};

/// A server that does not let a bot in within this time after the handshake is tried again.
const ENTRY_PATIENCE: Duration = Duration::from_secs(30);
/// A server that takes nothing for this long has lost the connection.
const SEND_PATIENCE: Duration = Duration::from_secs(10);
/// A server that does not answer a close within this time is left without an answer.
const CLOSE_PATIENCE: Duration = Duration::from_secs(1);
/// A connection that ends this soon after an error 403 was ended by the operator.
const KICK_WINDOW: Duration = Duration::from_secs(2);

/// Waiting times between tries double from the first to the last.
const FIRST_BACK_OFF: Duration = Duration::from_millis(250);
const LAST_BACK_OFF: Duration = Duration::from_secs(8);
/// Tries in a row that may fail before a bot gives up.
const TRIES: u32 = 10;

/// Seconds from one thing a bot says to the next.
const CHAT_PAUSE: std::ops::Range<f64> = 5.0..20.0;

/// How far the run is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    /// All move and talk.
    Running,
    /// Nobody sends any more; what is under way may still come.
    Listening,
    /// All leave.
    Leaving,
}

/// How a connection ended.
enum Ended {
    /// The run is over.
    Stopped,
    /// The connection was lost or never there: worth another try.
    Lost(String),
    /// The server does not want this bot.
    Refused(String),
}

/// Where a connection stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Phase {
    LoggingIn,
    Joining,
    InRoom,
}

pub(super) struct Headset {
    hall: Arc<Hall>,
    room: usize,
    slot: usize,
    stage: watch::Receiver<Stage>,
    name: String,
    walker: Walker,
    random: StdRng,
    /// Of the whole period, where in it this bot sends.
    send_phase: f64,
    next_pose: u16,
    turns: usize,
    next_sample: Instant,
    /// The number of the last pose seen of each other.
    seen: Vec<u16>,
    arrived: bool,
    was_in_room: bool,
    last_403: Option<Instant>,
}

impl Headset {
    /// The bot with number `index` of all.
    pub(super) fn new(hall: &Arc<Hall>, index: usize, stage: watch::Receiver<Stage>) -> Self {
        let (room, slot) = (index % hall.rooms.len(), index / hall.rooms.len());
        let walker = Walker::new(hall.rooms[room].seed, slot);
        let mut random = StdRng::seed_from_u64(hall.options.seed.wrapping_add(index as u64));
        Self {
            room,
            slot,
            stage,
            name: String::new(),
            walker,
            send_phase: index as f64 / hall.options.users as f64,
            next_pose: 0,
            turns: random.random_range(0..47),
            next_sample: hall.started + hall.sample_every.mul_f64(random.random()),
            seen: Vec::new(),
            arrived: false,
            was_in_room: false,
            last_403: None,
            random,
            hall: hall.clone(),
        }
    }

    /// Lives until the run is over, the server refuses it, or it has tried too often.
    pub(super) async fn live(mut self, mut first_connection: Option<Socket>) {
        let Some(name) = self.hall.names.next() else { return };
        self.take_name(name);
        let mut failures = 0;
        loop {
            let ended = self.connection(first_connection.take()).await;
            let was_in_room = self.was_in_room;
            self.leave_room();
            self.arrive();
            match ended {
                Ended::Stopped => return,
                Ended::Refused(reason) => {
                    self.hall.mishaps.lock().gave_up(reason);
                    return;
                }
                // Its close may be lost to a reset; the error before it says enough.
                Ended::Lost(_) if self.last_403.is_some_and(|at| at.elapsed() < KICK_WINDOW) => {
                    self.hall.mishaps.lock().kicked += 1;
                    return;
                }
                Ended::Lost(reason) => {
                    if was_in_room {
                        self.tally(|tally| tally.reconnects += 1);
                        failures = 0;
                    }
                    failures += 1;
                    if failures >= TRIES {
                        self.hall.mishaps.lock().gave_up(reason);
                        return;
                    }
                }
            }
            let wait = (FIRST_BACK_OFF * 2u32.pow(failures - 1)).min(LAST_BACK_OFF);
            let wait = wait.mul_f64(self.random.random_range(0.5..1.0));
            let over = self.stage.wait_for(|stage| *stage != Stage::Running);
            if timeout(wait, over).await.is_ok() {
                return;
            }
        }
    }

    async fn connection(&mut self, ready_made: Option<Socket>) -> Ended {
        let hall = self.hall.clone();
        let mut stage = self.stage.clone();
        let permit = tokio::select! {
            permit = hall.connecting.acquire() => permit.ok(),
            _ = stage.wait_for(|stage| *stage != Stage::Running) => return Ended::Stopped,
        };
        let socket = match ready_made {
            Some(socket) => Ok(socket),
            None => tokio::select! {
                socket = hall.target.connect() => socket,
                _ = stage.wait_for(|stage| *stage != Stage::Running) => return Ended::Stopped,
            },
        };
        match socket {
            Ok(socket) => self.converse(socket, permit).await,
            Err(error) => Ended::Lost(error.to_string()),
        }
    }

    async fn converse(&mut self, mut socket: Socket, permit: Option<SemaphorePermit<'_>>) -> Ended {
        let mut permit = permit;
        let hall = self.hall.clone();
        let room = &hall.rooms[self.room];
        let writer = PoseWriter::new(&room.name);
        let mut phase = Phase::LoggingIn;
        let mut stage = self.stage.clone();
        let mut running = *stage.borrow_and_update() == Stage::Running;

        let period = Duration::from_secs_f64(1.0 / hall.options.hz);
        let passed = hall.started.elapsed().as_secs_f64() / period.as_secs_f64();
        let next = period.mul_f64(passed.ceil() + self.send_phase);
        let mut poses = interval_at((hall.started + next).into(), period);
        poses.set_missed_tick_behavior(MissedTickBehavior::Skip);
        // Runs out if the bot isn't let in; from then on it says when to speak.
        let alarm = sleep(ENTRY_PATIENCE);
        tokio::pin!(alarm);

        if let Err(lost) = send(&mut socket, wire::login(&self.name, &hall.password)).await {
            return lost;
        }
        loop {
            let request = tokio::select! {
                message = socket.next() => {
                    let text = match message {
                        Some(Ok(Message::Text(text))) => text,
                        Some(Ok(Message::Close(frame))) => return closed(frame),
                        Some(Ok(_)) => continue,
                        Some(Err(error)) => return Ended::Lost(error.to_string()),
                        None => return Ended::Lost("the connection ended without a close".into()),
                    };
                    let before = phase;
                    match self.hear(&text, &mut phase, running) {
                        ControlFlow::Continue(request) => {
                            if before != phase {
                                let wait = if phase == Phase::InRoom {
                                    permit = None;
                                    seconds(self.random.random_range(0.0..CHAT_PAUSE.end))
                                } else {
                                    ENTRY_PATIENCE
                                };
                                alarm.as_mut().reset((Instant::now() + wait).into());
                            }
                            request
                        }
                        ControlFlow::Break(ended) => return ended,
                    }
                }
                _ = poses.tick(), if running && phase == Phase::InRoom => {
                    Some(self.pose(room, &writer))
                }
                () = &mut alarm, if phase != Phase::InRoom || (running && hall.options.chat) => {
                    if phase != Phase::InRoom {
                        return Ended::Lost(format!("not let in within {ENTRY_PATIENCE:?}"));
                    }
                    let pause = self.random.random_range(CHAT_PAUSE);
                    alarm.as_mut().reset((Instant::now() + seconds(pause)).into());
                    Some(self.say(room))
                }
                changed = stage.changed() => {
                    let now = *stage.borrow_and_update();
                    running = now == Stage::Running;
                    if now == Stage::Leaving || changed.is_err() {
                        drop(permit);
                        close(socket).await;
                        return Ended::Stopped;
                    }
                    None
                }
            };
            if let Some(request) = request
                && let Err(lost) = send(&mut socket, request).await
            {
                return lost;
            }
        }
    }

    /// Takes in a frame; may have something to send at once.
    fn hear(
        &mut self,
        text: &str,
        phase: &mut Phase,
        running: bool,
    ) -> ControlFlow<Ended, Option<String>> {
        let now = Instant::now();
        let hall = self.hall.clone();
        let room = &hall.rooms[self.room];
        let kind = wire::peek(text, &room.name);
        if running {
            let mut tally = room.tallies[self.slot].lock();
            tally.frames += 1;
            tally.bytes += text.len() as u64;
            if kind == FrameKind::Tick && *phase == Phase::InRoom {
                tally.tick(now);
            }
        }
        let understood = match kind {
            FrameKind::Tick => self.look_at(text, now),
            FrameKind::Event => match wire::entries(text) {
                Ok(entries) => return ControlFlow::Continue(self.events(&entries, phase, now)),
                Err(_) => false,
            },
            FrameKind::Reply => match wire::reply(text) {
                Ok(reply) => return self.reply(&reply, phase, now),
                Err(_) => false,
            },
            FrameKind::Elsewhere => true,
            FrameKind::Unknown => false,
        };
        hall.mishaps.lock().not_understood += u64::from(!understood);
        ControlFlow::Continue(None)
    }

    /// Reads a tick in full now and then; says whether it was one.
    fn look_at(&mut self, text: &str, now: Instant) -> bool {
        if now < self.next_sample {
            return true;
        }
        self.next_sample = now + self.hall.sample_every;
        let Ok(heads) = wire::heads(text) else { return false };
        let room = &self.hall.rooms[self.room];
        self.seen.resize(room.sent.len(), POSE_NUMBERS);
        let now = now - self.hall.started;
        let slots = room.slots.read();
        let mut tally = room.tallies[self.slot].lock();
        for head in &heads {
            let Some(&slot) = slots.get(head.user.as_ref()) else { continue };
            let number = wire::pose_number(head.yaw());
            // A pose that is in many ticks, because its sender is slow, counts in the first.
            if slot == self.slot || self.seen[slot] == number {
                continue;
            }
            self.seen[slot] = number;
            if let Some(sent) = room.sent[slot].sent_at(number) {
                tally.recent_ages.record(now.saturating_sub(sent));
            }
        }
        true
    }

    fn events(
        &mut self,
        entries: &[wire::Entry<'_>],
        phase: &mut Phase,
        now: Instant,
    ) -> Option<String> {
        let hall = self.hall.clone();
        let room = &hall.rooms[self.room];
        for entry in entries {
            let about_me = entry.user == self.name;
            match entry.kind.as_ref() {
                "join" if about_me && *phase == Phase::Joining => {
                    *phase = Phase::InRoom;
                    self.enter_room(now);
                }
                // The operator has closed the room.
                "leave" if about_me && *phase == Phase::InRoom => {
                    self.leave_room();
                    *phase = Phase::Joining;
                    return Some(wire::join(&room.name));
                }
                kind => {
                    let sender = room.slots.read().get(entry.user.as_ref()).copied();
                    if let (Some(sender), Some(said)) =
                        (sender, Utterance::recognize(kind, entry.data))
                    {
                        room.ledger.lock().heard(self.slot, sender, said, now);
                    }
                }
            }
        }
        None
    }

    fn reply(
        &mut self,
        reply: &wire::Reply,
        phase: &mut Phase,
        now: Instant,
    ) -> ControlFlow<Ended, Option<String>> {
        let room = &self.hall.rooms[self.room];
        if reply.code < 400 {
            if reply.code == 202 && *phase == Phase::LoggingIn {
                *phase = Phase::Joining;
                return ControlFlow::Continue(Some(wire::join(&room.name)));
            }
            return ControlFlow::Continue(None);
        }
        if reply.code == 409 && *phase == Phase::LoggingIn {
            self.hall.mishaps.lock().names_taken += 1;
            return match self.hall.names.next() {
                Some(name) => {
                    self.take_name(name);
                    let login = wire::login(&self.name, &self.hall.password);
                    ControlFlow::Continue(Some(login))
                }
                None => ControlFlow::Break(Ended::Refused("every name was in use".into())),
            };
        }
        *self.hall.mishaps.lock().refusals.entry(reply.code).or_default() += 1;
        if *phase == Phase::InRoom {
            room.ledger.lock().refused(self.slot);
            self.last_403 = if reply.code == 403 { Some(now) } else { self.last_403 };
            return ControlFlow::Continue(None);
        }
        // Poses that were on their way when the room was closed.
        if reply.code == 401 && *phase == Phase::Joining {
            return ControlFlow::Continue(None);
        }
        let step = if *phase == Phase::LoggingIn { "login" } else { "join" };
        let reason = format!("{step} refused with {}: {}", reply.code, reply.reason());
        ControlFlow::Break(match reply.code {
            // Too fast, or the server's own trouble: later it may go well.
            429 | 500 => Ended::Lost(reason),
            _ => Ended::Refused(reason),
        })
    }

    fn pose(&mut self, room: &Room, writer: &PoseWriter) -> String {
        let now = self.hall.started.elapsed();
        let pose = self.walker.advance_to(now, &room.crowd);
        let number = self.next_pose;
        self.next_pose = (number + 1) % POSE_NUMBERS;
        let text = writer.write(&pose, number);
        room.sent[self.slot].record(number, now);
        self.tally(|tally| tally.poses += 1);
        text
    }

    fn say(&mut self, room: &Room) -> String {
        let utterance = Utterance::of_turn(self.slot, self.turns);
        self.turns += 1;
        room.ledger.lock().said(self.slot, utterance, Instant::now());
        wire::say(&room.name, utterance.kind(), utterance.data())
    }

    fn take_name(&mut self, name: String) {
        self.tally(|tally| tally.name.clone_from(&name));
        self.name = name;
    }

    fn enter_room(&mut self, now: Instant) {
        let room = &self.hall.rooms[self.room];
        room.slots.write().insert(self.name.clone(), self.slot);
        room.ledger.lock().entered(self.slot);
        self.tally(|tally| tally.entered(now));
        self.was_in_room = true;
        self.arrive();
    }

    fn leave_room(&mut self) {
        if std::mem::take(&mut self.was_in_room) {
            let room = &self.hall.rooms[self.room];
            room.slots.write().remove(&self.name);
            room.ledger.lock().left(self.slot);
            room.crowd.remove(self.slot);
            self.tally(|tally| tally.left(Instant::now()));
        }
    }

    fn arrive(&mut self) {
        if !std::mem::replace(&mut self.arrived, true) {
            self.hall.arrived.send_modify(|arrived| *arrived += 1);
        }
    }

    fn tally(&self, change: impl FnOnce(&mut super::hall::Tally)) {
        change(&mut self.hall.rooms[self.room].tallies[self.slot].lock());
    }
}

fn closed(frame: Option<CloseFrame>) -> Ended {
    Ended::Lost(match frame {
        Some(frame) => {
            let reason = wire::printable(&frame.reason);
            format!("closed with {}: {reason}", u16::from(frame.code))
        }
        None => "closed without a code".into(),
    })
}

fn seconds(seconds: f64) -> Duration {
    Duration::from_secs_f64(seconds)
}

async fn send(socket: &mut Socket, text: String) -> Result<(), Ended> {
    match timeout(SEND_PATIENCE, socket.send(Message::text(text))).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(error)) => Err(Ended::Lost(error.to_string())),
        Err(_) => Err(Ended::Lost(format!("nothing could be sent for {SEND_PATIENCE:?}"))),
    }
}

async fn close(mut socket: Socket) {
    let until = tokio::time::Instant::now() + CLOSE_PATIENCE;
    tokio::select! {
        () = sleep_until(until) => {}
        () = async {
            if socket.close(None).await.is_ok() {
                while let Some(Ok(_)) = socket.next().await {}
            }
        } => {}
    }
}
