//! One connection of a client that does something else in each run.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use super::clocks::ClientClock;
use super::history::{Asked, Connection, Ending, Got, Step};
use super::pipe::{self, ClientEnd, Read, Temper};
use super::rng::Rng;
use super::stage::Stage;
use super::wire::{self, Heard, Reader};
use crate::model::{SessionId, Timestamp};

const ROOMS: [&str; 4] = ["lobby", "atrium", "Lab", "atelier \"\u{e9}\""];

/// What a client is out to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Manner {
    /// It logs in and takes part.
    Guest,
    /// It never logs in.
    Stranger,
    /// It never completes its handshake.
    Dawdler,
    /// It sends more than it may.
    Flooder,
}

struct Client {
    stage: Arc<Stage>,
    rng: Rng,
    index: usize,
    user: String,
    pass: String,
    manner: Manner,
    clock: ClientClock,
    end: ClientEnd,
    serial: u64,
    rooms: BTreeSet<String>,
    logged_in: bool,
    closing: bool,
    next_act: Timestamp,
    next_pose: Option<(Timestamp, Duration)>,
    /// It reads nothing until then.
    stalled: Option<Timestamp>,
    /// It does nothing at all until then: a headset that was taken off.
    asleep: Timestamp,
}

/// Connects and takes part until the connection is over.
pub(super) async fn visit(stage: Arc<Stage>, mut rng: Rng, user: String, pass: String) {
    let address = SocketAddr::from(([10, 0, 0, 1 + rng.within(0..200) as u8], 4000));
    let Ok(mut permit) = stage.admission.take(address.ip(), stage.threads) else { return };
    permit.move_to(rng.within(0..stage.threads as u64) as usize);
    let temper = Temper {
        capacity: 1 << rng.within(13..18),
        latency: Duration::from_millis(*rng.pick(&[0, 1, 5, 40])),
        hiccups: *rng.pick(&[0, 4, 16]),
        cuts: *rng.pick(&[0, 2, 8]),
    };
    let (end, server) = pipe::connect(temper, rng.split());
    let clock = ClientClock::new(stage.clock.now(), &mut rng);
    let index = stage.open(permit.id, permit.thread, temper.is_slow(), clock);
    tokio::spawn(stage.service.clone().serve(server, address, permit));
    let manner = match rng.within(0..100) {
        0..3 => Manner::Stranger,
        3..6 => Manner::Dawdler,
        6..8 => Manner::Flooder,
        8..30 if stage.floods => Manner::Flooder,
        _ => Manner::Guest,
    };
    let now = stage.clock.now();
    let mut client = Client {
        index,
        user,
        pass,
        manner,
        clock,
        end,
        serial: 0,
        rooms: BTreeSet::new(),
        logged_in: false,
        closing: false,
        next_act: now,
        next_pose: None,
        stalled: None,
        asleep: Timestamp::default(),
        rng,
        stage,
    };
    client.live(now).await;
}

impl Client {
    async fn live(&mut self, now: Timestamp) {
        let (life, ending) = self.fate(now);
        if self.manner == Manner::Dawdler {
            let part = self.rng.within(0..wire::HANDSHAKE.len() as u64) as usize;
            self.end.send(wire::HANDSHAKE.as_bytes()[..part].to_vec());
        } else {
            self.end.send(wire::HANDSHAKE.as_bytes().to_vec());
            if self.rng.one_in(3) {
                // Not even waiting for the answer.
                self.log_in();
            }
        }
        let mut reader = Reader::default();
        loop {
            let now = self.stage.clock.now();
            if self.stalled.is_some_and(|until| until <= now) {
                self.stalled = None;
            }
            if self.acts(now) {
                if now >= life {
                    self.finish(ending);
                    if matches!(ending, Ending::Reset | Ending::Silence) {
                        return;
                    }
                    continue;
                }
                if self.next_pose.is_some_and(|(next, _)| next <= now) {
                    self.pose(now);
                }
                if self.next_act <= now {
                    self.act(now);
                }
            }
            let wake = self.stage.clock.instant_of(self.next_wake(life));
            let reads = self.stalled.is_none();
            let end = &mut self.end;
            let read = tokio::select! {
                biased;
                read = std::future::poll_fn(|cx| end.poll_read(cx)), if reads => read,
                () = tokio::time::sleep_until(wake) => continue,
            };
            match read {
                Read::Data(bytes) => {
                    reader.add(&bytes);
                    while let Some(heard) = reader.next() {
                        self.hear(heard);
                    }
                }
                Read::End => return self.note(Step::Got(Got::End)),
                Read::Reset => return self.note(Step::Got(Got::Reset)),
            }
        }
    }

    /// How long it is there, and how it ends.
    fn fate(&mut self, now: Timestamp) -> (Timestamp, Ending) {
        if self.rng.one_in(3) || self.manner == Manner::Flooder {
            return (self.stage.stop.plus(Duration::from_secs(60)), Ending::Silence);
        }
        let life = now.plus(self.rng.millis(50..8000));
        let ending = match self.rng.within(0..12) {
            0..3 => Ending::Close(Some(1000)),
            3 => Ending::Close(None),
            4..6 => Ending::Finish,
            6..8 => Ending::Reset,
            8..11 => Ending::Silence,
            _ => Ending::Fault(*self.rng.pick(&[1002, 1007, 1009])),
        };
        (life, ending)
    }

    fn next_wake(&self, life: Timestamp) -> Timestamp {
        let never = self.stage.stop.plus(Duration::from_secs(86_400));
        let mut wake = self.stalled.unwrap_or(never);
        if self.acts(self.stage.clock.now()) {
            let pose = self.next_pose.map_or(never, |(next, _)| next);
            wake = wake.min(self.next_act).min(pose).min(life);
        }
        wake
    }

    /// Whether it does anything of its own now.
    fn acts(&self, now: Timestamp) -> bool {
        !self.closing && now >= self.asleep && now < self.stage.quiet
    }

    fn note(&mut self, step: Step) {
        self.stage.note(self.index, step);
    }

    fn hear(&mut self, heard: Heard) {
        match heard {
            Heard::Open => {
                self.note(Step::Open);
                self.next_act = self.stage.clock.now().plus(self.rng.millis(0..50));
            }
            Heard::Ping(payload) => {
                self.note(Step::Got(Got::Ping));
                let mut bytes = Vec::new();
                wire::frame(&mut bytes, wire::PONG, true, &payload, &mut self.rng);
                self.end.send(bytes);
            }
            Heard::Frame(got) => {
                self.understand(&got);
                let closed = matches!(got, Got::Close { .. });
                self.note(Step::Got(got));
                if closed {
                    if !self.closing {
                        let mut bytes = Vec::new();
                        wire::frame(&mut bytes, wire::CLOSE, true, &[3, 232], &mut self.rng);
                        self.end.send(bytes);
                    }
                    self.end.finish();
                    self.closing = true;
                }
            }
        }
    }

    /// Keeps track of where it is, as well as a client has to.
    fn understand(&mut self, got: &Got) {
        match got {
            Got::Answer { code: 202, .. } => self.logged_in = true,
            Got::Events { room, entries } => {
                for entry in entries.iter().filter(|entry| entry.user == self.user) {
                    match entry.kind.as_str() {
                        "join" => self.rooms.insert(room.clone()),
                        "leave" => self.rooms.remove(room),
                        _ => false,
                    };
                }
            }
            _ => {}
        }
    }

    fn log_in(&mut self) {
        self.ask(Asked::Login { user: self.user.clone(), pass: self.pass.clone() });
        if self.rng.one_in(4) {
            self.ask(Asked::Join(ROOMS[1].into()));
            self.ask(Asked::Ping);
        }
    }

    fn act(&mut self, now: Timestamp) {
        self.next_act = now.plus(self.rng.millis(10..400));
        match self.manner {
            Manner::Dawdler => return,
            Manner::Stranger => return self.ping(now),
            Manner::Flooder if self.logged_in => {
                for _ in 0..8 {
                    match self.rng.within(0..8) {
                        0 => self.act_once(now),
                        1..5 => self.ask(Asked::Ping),
                        _ => {
                            let room = self.room();
                            let data = format!("\"{}\"", self.mark());
                            self.ask(Asked::Say { room, kind: "msg".into(), data });
                        }
                    }
                }
                // Not held up by itself.
                self.stalled = None;
                self.asleep = now;
                self.next_act = now.plus(self.rng.millis(20..60));
                return;
            }
            _ => {}
        }
        if !self.logged_in {
            return self.log_in();
        }
        if self.rng.one_in(20) {
            for _ in 0..self.rng.within(2..12) {
                self.act_once(now);
            }
        }
        self.act_once(now);
    }

    fn act_once(&mut self, now: Timestamp) {
        if self.rooms.is_empty() && !self.rng.one_in(4) {
            let room = (*self.rng.pick(&ROOMS)).to_owned();
            return self.ask(Asked::Join(room));
        }
        let here = self.room();
        match self.rng.weighted(&[34, 4, 12, 6, 8, 5, 2, 8, 4, 4, 5, 4]) {
            0 => {
                let kind = (*self.rng.pick(&["msg", "msg", "wave", "button"])).to_owned();
                let data = format!("\"{}\"", self.mark());
                self.ask(Asked::Say { room: here, kind, data });
            }
            1 => {
                let pad = "x".repeat(self.rng.within(100..self.stage.largest) as usize);
                let data = format!(r#"{{"mark":"{}","pad":"{pad}"}}"#, self.mark());
                self.ask(Asked::Say { room: here, kind: "button".into(), data });
            }
            2 => {
                let room = (*self.rng.pick(&ROOMS)).to_owned();
                self.ask(Asked::Join(room));
            }
            3 => {
                self.rooms.remove(&here);
                self.ask(Asked::Leave(here));
            }
            4 => self.ask(Asked::List(here)),
            5 => self.ask(Asked::Rooms),
            6 => self.ask(Asked::Help),
            7 => self.ping(now),
            8 => {
                let payload = self.mark().into_bytes();
                let mut bytes = Vec::new();
                wire::frame(&mut bytes, wire::PING, true, &payload, &mut self.rng);
                self.note(Step::Pinged(payload));
                self.end.send(bytes);
            }
            9 => {
                let asked = match self.rng.within(0..4) {
                    0 => Asked::Unknown,
                    1 => Asked::Login { user: self.user.clone(), pass: self.pass.clone() },
                    _ => Asked::Nonsense,
                };
                self.ask(asked);
            }
            10 => {
                let mut until = now.plus(self.rng.millis(50..3000));
                if self.rng.one_in(5) {
                    until = until.plus(Duration::from_secs(4));
                    if self.rng.one_in(2) {
                        self.asleep = until;
                    }
                }
                until = until.min(self.stage.quiet);
                self.stalled = Some(until);
                self.note(Step::Stall(until));
            }
            _ => {
                self.next_pose = match self.next_pose {
                    Some(_) if self.rng.one_in(2) => None,
                    _ => Some((now, Duration::from_millis(*self.rng.pick(&[11, 33, 100])))),
                };
            }
        }
    }

    /// A room that it is in, most of the time.
    fn room(&mut self) -> String {
        let rooms: Vec<&str> = self.rooms.iter().map(String::as_str).collect();
        if rooms.is_empty() || self.rng.one_in(12) {
            return (*self.rng.pick(&ROOMS)).into();
        }
        (*self.rng.pick(&rooms)).into()
    }

    fn mark(&mut self) -> String {
        self.serial += 1;
        format!("{}-{}", self.index, self.serial)
    }

    fn pose(&mut self, now: Timestamp) {
        let Some((next, interval)) = &mut self.next_pose else { return };
        *next = now.plus(*interval);
        if self.logged_in {
            self.serial += 1;
            let mark = self.index as u64 * 1_000_000 + self.serial;
            let room = self.room();
            let time = self.rng.one_in(3).then(|| self.clock.show(now));
            self.ask(Asked::Pose { room, mark, time });
        }
    }

    fn ping(&mut self, now: Timestamp) {
        let time = self.clock.show(now);
        let asked = if self.rng.one_in(3) { Asked::Ping } else { Asked::Probe { time } };
        self.ask(asked);
    }

    fn ask(&mut self, asked: Asked) {
        let text = wire::json(&asked);
        self.note(Step::Asked(asked));
        let mut bytes = Vec::new();
        let payload = text.as_bytes();
        if self.rng.one_in(12) {
            // In fragments, with a control frame between them.
            let (first, second) =
                payload.split_at(self.rng.within(0..payload.len() as u64) as usize);
            wire::frame(&mut bytes, wire::TEXT, false, first, &mut self.rng);
            wire::frame(&mut bytes, wire::PONG, true, b"unasked", &mut self.rng);
            wire::frame(&mut bytes, wire::CONTINUATION, true, second, &mut self.rng);
        } else {
            wire::frame(&mut bytes, wire::TEXT, true, payload, &mut self.rng);
        }
        self.end.send(bytes);
    }

    fn finish(&mut self, ending: Ending) {
        self.closing = true;
        self.note(Step::Ends(ending));
        let mut bytes = Vec::new();
        match ending {
            Ending::Close(code) => {
                let payload = code.map_or(Vec::new(), |code| code.to_be_bytes().to_vec());
                wire::frame(&mut bytes, wire::CLOSE, true, &payload, &mut self.rng);
                self.end.send(bytes);
            }
            Ending::Fault(code) => {
                match code {
                    1007 => wire::frame(&mut bytes, wire::TEXT, true, b"\xff", &mut self.rng),
                    // Only the head of a frame that is too large.
                    1009 => bytes.extend_from_slice(&[0x81, 0xff, 0, 0, 0, 1, 0, 0, 0, 0]),
                    _ => wire::frame(&mut bytes, wire::BINARY | 0x40, true, b"", &mut self.rng),
                }
                self.end.send(bytes);
            }
            Ending::Finish => self.end.finish(),
            Ending::Reset => self.end.reset(),
            Ending::Silence => {}
        }
    }
}

impl Stage {
    /// Takes a connection into the history.
    fn open(&self, session: SessionId, thread: usize, slow: bool, clock: ClientClock) -> usize {
        let mut connections = self.connections.lock();
        connections.push(Connection { session, thread, slow, clock, steps: Vec::new() });
        connections.len() - 1
    }

    fn note(&self, index: usize, step: Step) {
        let now = self.clock.now();
        self.connections.lock()[index].steps.push((now, step));
    }
}
