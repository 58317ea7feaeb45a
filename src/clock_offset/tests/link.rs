//! A client and a server on a link, with a clock each; everything follows from a seed.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::Duration;

use crate::clock_offset::Track;
use crate::model::{ClockProbe, Timestamp};

/// When all begins, on the server's clock, in microseconds.
pub(super) const START: u64 = 1_763_000_000_000_000;

/// What a message takes beyond its least time, in ms.
#[derive(Clone, Copy, Debug)]
pub(super) enum Jitter {
    /// Exponential, of this mean.
    Mild(f64),
    /// Half of this mean, and sometimes ten times as much.
    Heavy(f64),
    /// Little, but for one second in eight, when it is around this much.
    Bursts(f64),
}

/// The least time and the jitter of each direction, in ms.
#[derive(Clone, Copy, Debug)]
pub(super) struct Link {
    pub(super) up: (f64, Jitter),
    pub(super) down: (f64, Jitter),
}

/// How a client probes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Habit {
    /// How many probes first follow upon each other's answers.
    pub(super) burst: usize,
    /// Seconds between two probes then.
    pub(super) period: f64,
    /// Whether it waits for an answer before the next.
    pub(super) waits: bool,
}

/// Some at first, and then one every 5 s.
pub(super) const BURST: Habit = Habit { burst: 8, period: 5.0, waits: true };

pub(super) const LINKS: [(&str, Link); 6] = [
    ("loopback", Link { up: (0.03, Jitter::Mild(0.05)), down: (0.03, Jitter::Mild(0.05)) }),
    ("cable", Link { up: (0.4, Jitter::Mild(0.1)), down: (0.4, Jitter::Mild(0.1)) }),
    ("wireless", Link { up: (1.5, Jitter::Mild(2.0)), down: (1.5, Jitter::Mild(4.0)) }),
    ("power save", Link { up: (1.5, Jitter::Heavy(3.0)), down: (1.5, Jitter::Heavy(30.0)) }),
    ("busy uplink", Link { up: (1.0, Jitter::Bursts(15.0)), down: (1.0, Jitter::Mild(0.5)) }),
    ("busy downlink", Link { up: (1.0, Jitter::Mild(0.5)), down: (1.0, Jitter::Bursts(40.0)) }),
];

/// A client and a server for some time.
#[derive(Clone, Debug)]
pub(super) struct Run {
    pub(super) seed: u64,
    pub(super) link: Link,
    pub(super) habit: Habit,
    pub(super) seconds: f64,
    /// Jumps of the client's clock: when, and by how many seconds.
    pub(super) steps: Vec<(f64, f64)>,
    /// How the rate of the client's clock changes in an hour, in ppm.
    pub(super) wander: f64,
}

impl Default for Run {
    fn default() -> Self {
        let link = Link { up: (1.0, Jitter::Mild(1.0)), down: (1.0, Jitter::Mild(1.0)) };
        Self { seed: 0, link, habit: BURST, seconds: 60.0, steps: Vec::new(), wander: 0.0 }
    }
}

/// What a recording would hold.
#[derive(Debug, Default)]
pub(super) struct Recorded {
    pub(super) probes: Vec<ClockProbe>,
    pub(super) round_trips: Vec<(Timestamp, Duration)>,
}

struct Dice(u64);

impl Dice {
    fn new(seed: u64) -> Self {
        let mut dice = Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ 0x2545_f491_4f6c_dd1d);
        for _ in 0..8 {
            dice.unit();
        }
        dice
    }

    /// Above 0 and up to 1.
    fn unit(&mut self) -> f64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        ((self.0 >> 11) + 1) as f64 / (1_u64 << 53) as f64
    }

    fn exponential(&mut self, mean: f64) -> f64 {
        -self.unit().ln() * mean
    }
}

/// One direction of the link: messages keep their order.
struct Way {
    least: f64,
    jitter: Jitter,
    dice: Dice,
    phase: f64,
    last: f64,
}

impl Way {
    /// When a message that is sent at `now` arrives, in seconds.
    fn send(&mut self, now: f64) -> f64 {
        let more = match self.jitter {
            Jitter::Mild(mean) => self.dice.exponential(mean),
            Jitter::Heavy(mean) if self.dice.unit() < 0.05 => self.dice.exponential(mean * 10.0),
            Jitter::Heavy(mean) => self.dice.exponential(mean / 2.0),
            Jitter::Bursts(mean) if (now + self.phase) % 8.0 < 1.0 => {
                mean / 2.0 + self.dice.exponential(mean / 2.0)
            }
            Jitter::Bursts(_) => self.dice.exponential(0.2),
        };
        self.last = self.last.max(now + (self.least + more) / 1e3);
        self.last
    }
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum What {
    /// The client sends its next probe.
    Probe,
    /// Reaches the server: the client's time.
    Arrives(f64),
    /// Reaches the client.
    Answer,
    /// Reaches the client: when the server sent it.
    Ping(f64),
    /// Reaches the server.
    Pong(f64),
    /// The server pings anyway.
    Sweep,
    /// Somebody looks at the estimate.
    Look,
}

pub(super) fn at(seconds: f64) -> Timestamp {
    Timestamp::from_micros(START + (seconds * 1e6).round() as u64)
}

impl Run {
    /// Calls `look` again and again with the time, the truth and the estimate; returns what was
    /// recorded.
    pub(super) fn go(&self, mut look: impl FnMut(f64, f64, &Track, Timestamp)) -> Recorded {
        let mut dice = Dice::new(self.seed);
        let phase = dice.unit() * 8.0;
        let way =
            |(least, jitter), seed| Way { least, jitter, dice: Dice::new(seed), phase, last: 0.0 };
        let mut up = way(self.link.up, self.seed + 1_000_000);
        let mut down = way(self.link.down, self.seed + 2_000_000);
        // Hours apart, and up to 200 ppm.
        let shift = (dice.unit() - 0.5) * 20_000.0;
        let drift = (dice.unit() - 0.5) * 400e-6;
        let truth = |now: f64| {
            let steps = self.steps.iter().filter(|(when, _)| *when <= now).map(|(_, by)| by);
            let wander = self.wander * 1e-6 / 3600.0 * now * now / 2.0;
            shift - START as f64 / 1e6 + drift * now + wander + steps.sum::<f64>()
        };
        let mut queue = BinaryHeap::new();
        let mut serial = 0;
        let mut push = |queue: &mut BinaryHeap<_>, when: f64, what: What| {
            serial += 1;
            queue.push((Reverse((when * 1e9) as u64), Reverse(serial), Boxed(when, what)));
        };
        push(&mut queue, 0.2, What::Probe);
        push(&mut queue, 2.5, What::Sweep);
        push(&mut queue, 0.5, What::Look);
        let (mut track, mut recorded) = (Track::default(), Recorded::default());
        let (mut sent, mut pinged) = (0, f64::MIN);
        while let Some((_, _, Boxed(now, what))) = queue.pop() {
            if now > self.seconds {
                break;
            }
            match what {
                What::Probe => {
                    sent += 1;
                    let client = START as f64 / 1e6 + now + truth(now);
                    push(&mut queue, up.send(now), What::Arrives(client));
                    if !self.habit.waits {
                        push(&mut queue, now + self.habit.period, What::Probe);
                    }
                }
                What::Arrives(client) => {
                    if now - pinged >= 1.0 && track.wants_round_trip(at(now)) {
                        pinged = now;
                        push(&mut queue, down.send(now), What::Ping(now));
                    }
                    let done = now + dice.exponential(50e-6);
                    let probe = ClockProbe { client, received: at(now), sent: at(done) };
                    recorded.probes.push(probe);
                    track.probe(&probe);
                    look(now, truth(now), &track, at(now));
                    push(&mut queue, down.send(done), What::Answer);
                }
                What::Answer if self.habit.waits => {
                    let pause = if sent < self.habit.burst { 1e-4 } else { self.habit.period };
                    push(&mut queue, now + pause, What::Probe);
                }
                What::Answer => {}
                What::Ping(left) => push(&mut queue, up.send(now), What::Pong(left)),
                What::Pong(left) => {
                    let round_trip = at(now).since(at(left));
                    recorded.round_trips.push((at(now), round_trip));
                    track.round_trip(at(now), round_trip);
                }
                What::Sweep => {
                    pinged = now;
                    push(&mut queue, down.send(now), What::Ping(now));
                    push(&mut queue, now + 5.0, What::Sweep);
                }
                What::Look => {
                    look(now, truth(now), &track, at(now));
                    push(&mut queue, now + dice.exponential(0.7), What::Look);
                }
            }
        }
        recorded
    }
}

/// Kept out of the queue's order.
struct Boxed(f64, What);

impl PartialEq for Boxed {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for Boxed {}

impl PartialOrd for Boxed {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Boxed {
    fn cmp(&self, _: &Self) -> std::cmp::Ordering {
        std::cmp::Ordering::Equal
    }
}
