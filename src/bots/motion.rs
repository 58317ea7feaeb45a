//! How a simulated head moves: where to, how fast, and what it faces. Pure; time is passed in.

use std::f32::consts::{PI, TAU};
use std::time::Duration;

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use super::crowd::Crowd;

/// Half the sides of a room's floor of 12 m by 8 m, centred on the origin, in metres.
const HALF_WIDTH: f32 = 6.0;
const HALF_DEPTH: f32 = 4.0;
/// Goals keep this distance from the walls, in metres.
const WALL_MARGIN: f32 = 0.5;

/// Motion is integrated in steps of this length, so that a path depends on the seed and not on
/// when it is sampled; 250 steps a second keep up with the fastest headset.
const STEP: Duration = Duration::from_millis(4);
const DT: f32 = 0.004;

/// A comfortable acceleration for walking, in m/s².
const ACCELERATION: f32 = 1.5;
/// Angular frequency, in rad/s, of the critically damped spring that turns a head: a right angle
/// takes about half a second.
const TURN_RATE: f32 = 7.0;
/// Steps a second at a walking speed of 1 m/s.
const STRIDE_HZ: f32 = 1.8;
/// How far the head dips at each step at 1 m/s, in metres.
const STRIDE_BOB: f32 = 0.02;
/// How far breathing moves the head, in metres, and how often a second.
const BREATH_BOB: f32 = 0.004;
const BREATH_HZ: f32 = 0.25;

/// A head's position and rotation in metres and degrees, y up, as in Unity.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Pose {
    pub(super) x: f32,
    pub(super) y: f32,
    pub(super) z: f32,
    /// Degrees; positive looks down.
    pub(super) pitch: f32,
    /// Degrees in 0..360, clockwise as seen from above; 0 faces along z.
    pub(super) yaw: f32,
}

/// A place in a circle of people standing and talking.
#[derive(Clone, Copy, Debug)]
struct Circle {
    middle: (f32, f32),
    place: (f32, f32),
}

/// One head.
#[derive(Debug)]
pub(super) struct Walker {
    random: StdRng,
    slot: usize,
    now: Duration,
    position: (f32, f32),
    velocity: (f32, f32),
    goal: (f32, f32),
    /// What the head faces while standing; `None` to keep its direction.
    facing: Option<(f32, f32)>,
    circle: Option<Circle>,
    cruise: f32,
    stand_until: Option<Duration>,
    glance: Option<(usize, Duration)>,
    next_glance: Duration,
    yaw: f32,
    yaw_speed: f32,
    pitch: f32,
    height: f32,
    stride: f32,
    /// Phase of its small movements, so that no two heads nod in step.
    phase: f32,
}

impl Walker {
    /// The head in a room's `slot`. Equal seeds and slots move alike.
    pub(super) fn new(room_seed: u64, slot: usize) -> Self {
        let mut random = StdRng::seed_from_u64(
            room_seed ^ (slot as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15),
        );
        let circle = circle_for(room_seed, slot);
        let position = anywhere(&mut random);
        let mut walker = Self {
            slot,
            now: Duration::ZERO,
            position,
            velocity: (0.0, 0.0),
            goal: position,
            facing: None,
            circle,
            cruise: 1.0,
            stand_until: None,
            glance: None,
            next_glance: Duration::from_secs_f32(random.random_range(1.0..6.0)),
            yaw: random.random_range(0.0..TAU),
            yaw_speed: 0.0,
            pitch: 0.0,
            // With the bob, heads stay between 1.5 and 1.85 m.
            height: random.random_range(1.54..1.84),
            stride: 0.0,
            phase: random.random_range(0.0..TAU),
            random,
        };
        walker.set_out();
        walker
    }

    /// Moves on to `at`, counted from the walker's creation, and returns the pose then.
    pub(super) fn advance_to(&mut self, at: Duration, crowd: &Crowd) -> Pose {
        while self.now + STEP <= at {
            self.now += STEP;
            self.walk();
            self.look(crowd);
        }
        crowd.place(self.slot, self.position.0, self.position.1);
        self.pose()
    }

    fn set_out(&mut self) {
        self.stand_until = None;
        self.cruise = self.random.random_range(0.8..1.3);
        match self.circle {
            // Members of a circle spend most of their time in it.
            Some(circle) if self.random.random_bool(0.75) => {
                self.goal = circle.place;
                self.facing = Some(circle.middle);
            }
            _ => {
                self.goal = anywhere(&mut self.random);
                self.facing = None;
            }
        }
    }

    fn walk(&mut self) {
        let (to_x, to_z) = (self.goal.0 - self.position.0, self.goal.1 - self.position.1);
        let distance = to_x.hypot(to_z);
        if distance < 0.05 && self.stand_until.is_none() {
            let seconds = match self.facing {
                Some(_) => self.random.random_range(12.0..40.0),
                None => self.random.random_range(0.5..5.0),
            };
            self.stand_until = Some(self.now + Duration::from_secs_f32(seconds));
        }
        if self.stand_until.is_some_and(|until| self.now >= until) {
            self.set_out();
        }
        // Slow enough to stop at the goal.
        let speed = self.cruise.min((ACCELERATION * distance).sqrt());
        let wanted = match self.stand_until {
            None if distance > 0.0 => (to_x / distance * speed, to_z / distance * speed),
            _ => (0.0, 0.0),
        };
        let (change_x, change_z) = (wanted.0 - self.velocity.0, wanted.1 - self.velocity.1);
        let share = (ACCELERATION * 2.0 * DT / change_x.hypot(change_z).max(1e-6)).min(1.0);
        self.velocity.0 += change_x * share;
        self.velocity.1 += change_z * share;
        self.position.0 = (self.position.0 + self.velocity.0 * DT).clamp(-HALF_WIDTH, HALF_WIDTH);
        self.position.1 = (self.position.1 + self.velocity.1 * DT).clamp(-HALF_DEPTH, HALF_DEPTH);
        self.stride = (self.stride + self.speed() * STRIDE_HZ * DT).fract();
    }

    fn look(&mut self, crowd: &Crowd) {
        if self.now >= self.next_glance {
            let seconds = self.random.random_range(1.0..3.0);
            let pause = self.random.random_range(3.0..10.0);
            self.glance = crowd
                .nearest_to(self.slot, self.position.0, self.position.1)
                .map(|slot| (slot, self.now + Duration::from_secs_f32(seconds)));
            self.next_glance = self.now + Duration::from_secs_f32(seconds + pause);
        }
        if self.glance.is_some_and(|(_, until)| self.now >= until) {
            self.glance = None;
        }
        let looked_at = self.glance.and_then(|(slot, _)| crowd.position(slot));
        let facing = if self.speed() < 0.2 { self.facing } else { None };
        let wanted = match looked_at.or(facing) {
            Some((x, z)) if (x - self.position.0).hypot(z - self.position.1) > 0.05 => {
                (x - self.position.0).atan2(z - self.position.1)
            }
            _ if self.speed() > 0.1 => self.velocity.0.atan2(self.velocity.1),
            _ => self.yaw,
        };
        let error = (wanted - self.yaw + PI).rem_euclid(TAU) - PI;
        self.yaw_speed += (TURN_RATE * TURN_RATE * error - 2.0 * TURN_RATE * self.yaw_speed) * DT;
        self.yaw = (self.yaw + self.yaw_speed * DT).rem_euclid(TAU);
        let seconds = self.now.as_secs_f32();
        self.pitch = 3.0 * (seconds * 0.7 + self.phase).sin() + 1.5 * (seconds * 2.3).sin();
    }

    fn speed(&self) -> f32 {
        self.velocity.0.hypot(self.velocity.1)
    }

    fn pose(&self) -> Pose {
        let step = STRIDE_BOB * self.speed().min(1.3) * (1.0 - (self.stride * TAU).cos()) / 2.0;
        let breath = (self.now.as_secs_f32() * BREATH_HZ * TAU + self.phase).sin() * BREATH_BOB;
        let yaw = self.yaw.to_degrees();
        Pose {
            x: self.position.0,
            y: self.height - step + breath,
            z: self.position.1,
            pitch: self.pitch,
            yaw: if yaw < 360.0 { yaw } else { 0.0 },
        }
    }
}

/// Two in five belong to a circle of four; each circle has its own place.
fn circle_for(room_seed: u64, slot: usize) -> Option<Circle> {
    if slot % 5 >= 2 {
        return None;
    }
    let number = slot / 5 * 2 + slot % 5;
    let circle_seed = (number as u64 / 4 + 1).wrapping_mul(0xd1b5_4a32_d192_ed03);
    let mut random = StdRng::seed_from_u64(room_seed ^ circle_seed);
    let middle = (
        random.random_range(2.0 - HALF_WIDTH..HALF_WIDTH - 2.0),
        random.random_range(1.5 - HALF_DEPTH..HALF_DEPTH - 1.5),
    );
    let angle = (number % 4) as f32 * TAU / 4.0 + random.random_range(0.0..TAU);
    Some(Circle { middle, place: (middle.0 + 0.8 * angle.sin(), middle.1 + 0.8 * angle.cos()) })
}

fn anywhere(random: &mut StdRng) -> (f32, f32) {
    (
        random.random_range(WALL_MARGIN - HALF_WIDTH..HALF_WIDTH - WALL_MARGIN),
        random.random_range(WALL_MARGIN - HALF_DEPTH..HALF_DEPTH - WALL_MARGIN),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    const FRAME: Duration = Duration::from_millis(20);

    fn path(room_seed: u64, slot: usize, seconds: u64) -> Vec<Pose> {
        let crowd = Crowd::new(10);
        crowd.place(9, 1.0, 2.0);
        let mut walker = Walker::new(room_seed, slot);
        (0..seconds * 50).map(|frame| walker.advance_to(FRAME * frame as u32, &crowd)).collect()
    }

    #[test]
    fn equal_seeds_move_alike_and_others_do_not() {
        assert_eq!(path(7, 1, 20), path(7, 1, 20));
        assert_ne!(path(7, 1, 20), path(8, 1, 20));
        assert_ne!(path(7, 1, 20), path(7, 2, 20));
    }

    #[test]
    fn a_path_does_not_depend_on_when_it_is_sampled() {
        let crowd = Crowd::new(1);
        let (mut often, mut once) = (Walker::new(3, 0), Walker::new(3, 0));
        let mut last = None;
        for millis in (0..=30_000).step_by(12) {
            last = Some(often.advance_to(Duration::from_millis(millis), &crowd));
        }
        assert_eq!(last, Some(once.advance_to(Duration::from_secs(30), &crowd)));
    }

    #[test]
    fn heads_stay_in_the_room_at_a_human_height() {
        for slot in 0..9 {
            for pose in path(42, slot, 120) {
                assert!(pose.x.abs() <= HALF_WIDTH && pose.z.abs() <= HALF_DEPTH, "{pose:?}");
                assert!((1.5..=1.85).contains(&pose.y), "{pose:?}");
                assert!((0.0..360.0).contains(&pose.yaw), "{pose:?}");
                assert!(pose.pitch.abs() < 10.0, "{pose:?}");
            }
        }
    }

    #[test]
    fn nobody_jumps_runs_or_turns_abruptly() {
        for slot in 0..9 {
            let mut last_speed = 0.0f32;
            for pair in path(11, slot, 120).windows(2) {
                let seconds = FRAME.as_secs_f32();
                let speed = (pair[1].x - pair[0].x).hypot(pair[1].z - pair[0].z) / seconds;
                assert!(speed < 1.5, "{speed} m/s");
                assert!((speed - last_speed).abs() / seconds < 2.5 * ACCELERATION, "{speed}");
                last_speed = speed;
                let turn = (pair[1].yaw - pair[0].yaw + 180.0).rem_euclid(360.0) - 180.0;
                assert!(turn.abs() / seconds < 600.0, "{turn} degrees in a frame");
            }
        }
    }

    #[test]
    fn everyone_gets_somewhere_and_faces_ahead() {
        for slot in 2..5 {
            let poses = path(5, slot, 60);
            let walked: f32 = poses
                .windows(2)
                .map(|pair| (pair[1].x - pair[0].x).hypot(pair[1].z - pair[0].z))
                .sum();
            assert!(walked > 15.0, "{walked} m in a minute");
            let (mut strides, mut ahead) = (0, 0);
            for pair in poses.windows(2) {
                let (x, z) = (pair[1].x - pair[0].x, pair[1].z - pair[0].z);
                let yaw = pair[1].yaw.to_radians();
                if x.hypot(z) > 0.5 * FRAME.as_secs_f32() {
                    strides += 1;
                    ahead += u32::from(x * yaw.sin() + z * yaw.cos() > 0.9 * x.hypot(z));
                }
            }
            assert!(ahead * 10 > strides * 6, "{ahead} of {strides}");
        }
    }

    #[test]
    fn some_stand_together_and_face_each_other() {
        let crowd = Crowd::new(0);
        let mut pair: Vec<Walker> = [0, 1].map(|slot| Walker::new(21, slot)).into();
        let mut together = 0;
        for second in 0..120 {
            let poses: Vec<Pose> = pair
                .iter_mut()
                .map(|walker| walker.advance_to(Duration::from_secs(second), &crowd))
                .collect();
            let (x, z) = (poses[1].x - poses[0].x, poses[1].z - poses[0].z);
            let yaw = poses[0].yaw.to_radians();
            together += u32::from(x.hypot(z) < 1.8 && x * yaw.sin() + z * yaw.cos() > 0.0);
        }
        assert!(together > 20, "{together} of 120 s");
    }
}
