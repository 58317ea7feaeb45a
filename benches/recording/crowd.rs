//! The poses of people who walk about, as headsets send them.

use std::f64::consts::TAU;

use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};
use vrlobby::archive::PoseRow;
use vrlobby::model::Pose;

/// What numbers headsets send.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Numbers {
    /// 32-bit floats in their shortest decimal form, as Unity writes them.
    Single,
    /// 64-bit floats with all their digits, as a browser writes them.
    Double,
}

/// People who walk about and send their poses, each at `hz`.
pub(crate) struct Crowd {
    people: Vec<Walker>,
    numbers: Numbers,
    client_time: bool,
    hz: f64,
    rng: SmallRng,
    /// The number of the next frame.
    frame: u64,
}

struct Walker {
    member: i64,
    /// Microseconds between the start of a frame's period and their pose.
    phase: i64,
    /// Radians a second, and where each of their motions begins.
    pace: f64,
    start: [f64; 3],
}

impl Crowd {
    /// A crowd of `members`, the same in each run.
    pub(crate) fn new(members: &[i64], hz: f64, numbers: Numbers, client_time: bool) -> Self {
        let mut rng = SmallRng::seed_from_u64(7);
        let period = (1e6 / hz) as i64;
        let people = members.iter().map(|&member| Walker {
            member,
            phase: rng.random_range(0..period),
            pace: rng.random_range(0.1..0.4),
            start: std::array::from_fn(|_| rng.random_range(0.0..TAU)),
        });
        let people = people.collect();
        Self { people, numbers, client_time, hz, rng, frame: 0 }
    }

    /// Replaces the content of `rows` with everyone's poses of the next `micros` of the session, in
    /// the order in which a server receives them.
    pub(crate) fn walk(&mut self, micros: i64, rows: &mut Vec<PoseRow>) {
        rows.clear();
        let period = 1e6 / self.hz;
        let frames = (micros as f64 / period).round() as u64;
        for frame in self.frame..self.frame + frames {
            for walker in &self.people {
                // Networks deliver some milliseconds late, never early.
                let late = self.rng.random_range(0..3000);
                let time = (frame as f64 * period) as i64 + walker.phase + late;
                let mut pose = walker.pose(time as f64 / 1e6, &mut self.rng);
                if self.numbers == Numbers::Single {
                    pose.pos = pose.pos.map(as_unity_sends);
                    pose.rot = pose.rot.map(as_unity_sends);
                }
                let client_time = self.client_time.then_some((time - late) as f64 / 1e6 + 5000.0);
                rows.push(PoseRow { time, member: walker.member, pose, client_time });
            }
        }
        self.frame += frames;
        rows.sort_by_key(|row| row.time);
    }
}

impl Walker {
    fn pose(&self, t: f64, rng: &mut SmallRng) -> Pose {
        let [a, b, c] = self.start;
        let mut tremor = || rng.random_range(-0.002..0.002);
        Pose {
            pos: [
                3.0 * (t * self.pace + a).sin() + tremor(),
                1.7 + 0.04 * (t * 11.0 + b).sin() + tremor(),
                3.0 * (t * self.pace * 0.7 + b).sin() + tremor(),
            ],
            rot: [
                12.0 * (t * 0.8 + c).sin() + 20.0 * tremor(),
                180.0 + 170.0 * (t * self.pace + b).sin() + 20.0 * tremor(),
                4.0 * (t * 1.7 + a).sin() + 20.0 * tremor(),
            ],
        }
    }
}

/// What a server reads when Unity sends `number`: the shortest decimal that is this 32-bit float,
/// read as a 64-bit one.
fn as_unity_sends(number: f64) -> f64 {
    let mut buffer = zmij::Buffer::new();
    buffer.format(number as f32).parse().unwrap_or_default()
}
