//! Converts poses to the frame that robotics tools show: right-handed, x forward, y left, z up, in
//! metres, rotations as quaternions (ROS REP 103, Foxglove).

use crate::model::Pose;
use crate::model::space::{Conventions, Handedness};

/// A pose in metres, in a right-handed frame with x forward, y left and z up.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Transform {
    /// x, y, z in metres.
    pub(super) translation: [f64; 3],
    /// A unit quaternion: x, y, z, w.
    pub(super) rotation: [f64; 4],
}

/// Converts the poses of one recording.
#[derive(Clone, Copy, Debug)]
pub(super) struct Frame {
    /// A length of one unit along x, y and z, in metres.
    axes: [[f64; 3]; 3],
    /// What a positive rotation about x, y and z turns about, by the right-hand rule.
    turns: [[f64; 3]; 3],
    /// The axes in the order of rotation.
    order: [usize; 3],
    radians: f64,
    /// A full turn in the recording's unit.
    full_turn: f64,
}

impl Frame {
    /// Reads a recording's conventions.
    pub(super) fn new(conventions: &Conventions) -> Self {
        let directions = conventions.axes.directions().map(|axis| axis.forward_left_up());
        let metres = conventions.length.in_metres();
        // A left-handed frame's rotations follow the left-hand rule.
        let sense = match conventions.axes.handedness() {
            Handedness::Left => -1.0,
            Handedness::Right => 1.0,
        };
        let radians = conventions.angle.in_radians();
        Self {
            axes: directions.map(|axis| axis.map(|part| part * metres)),
            turns: directions.map(|axis| axis.map(|part| part * sense)),
            order: conventions.rotation.axes(),
            radians,
            full_turn: std::f64::consts::TAU / radians,
        }
    }

    /// Converts one pose.
    pub(super) fn convert(&self, pose: &Pose) -> Transform {
        let mut translation = [0.0; 3];
        for (axis, length) in self.axes.iter().zip(pose.pos) {
            for (sum, part) in translation.iter_mut().zip(axis) {
                *sum += part * length;
            }
        }
        let mut rotation = [0.0, 0.0, 0.0, 1.0];
        for axis in self.order {
            // Rotations are about the room's axes, so that each later one stands on the left.
            rotation = product(self.turn(axis, pose.rot[axis]), rotation);
        }
        Transform { translation, rotation }
    }

    fn turn(&self, axis: usize, angle: f64) -> [f64; 4] {
        // Whole turns come off first, since they are exact numbers of degrees only.
        let half = (angle % self.full_turn) * self.radians / 2.0;
        let (sin, cos) = half.sin_cos();
        let [x, y, z] = self.turns[axis];
        [x * sin, y * sin, z * sin, cos]
    }
}

/// The quaternion that rotates by `b` and then by `a`.
fn product(a: [f64; 4], b: [f64; 4]) -> [f64; 4] {
    let ([ax, ay, az, aw], [bx, by, bz, bw]) = (a, b);
    [
        aw * bx + ax * bw + ay * bz - az * by,
        aw * by - ax * bz + ay * bw + az * bx,
        aw * bz + ax * by - ay * bx + az * bw,
        aw * bw - ax * bx - ay * by - az * bz,
    ]
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::model::space::{AngleUnit, Axes, Direction, EulerOrder, LengthUnit};

    const FORWARD: [f64; 3] = [1.0, 0.0, 0.0];
    const LEFT: [f64; 3] = [0.0, 1.0, 0.0];
    const UP: [f64; 3] = [0.0, 0.0, 1.0];

    fn minus(a: [f64; 3]) -> [f64; 3] {
        a.map(|part| -part)
    }

    /// What a unit quaternion makes of a vector.
    fn rotate(q: [f64; 4], v: [f64; 3]) -> [f64; 3] {
        let [x, y, z, w] = q;
        let back = product(product(q, [v[0], v[1], v[2], 0.0]), [-x, -y, -z, w]);
        [back[0], back[1], back[2]]
    }

    fn close(a: [f64; 3], b: [f64; 3]) -> bool {
        a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-12)
    }

    #[track_caller]
    fn assert_close(a: [f64; 3], b: [f64; 3]) {
        assert!(close(a, b), "{a:?} is not {b:?}");
    }

    fn rotation(rot: [f64; 3]) -> [f64; 4] {
        let pose = Pose { pos: [0.0; 3], rot };
        Frame::new(&Conventions::default()).convert(&pose).rotation
    }

    #[test]
    fn positions_of_the_wire_contract() {
        // 1 m to the right, 1.7 m up, 3 m ahead.
        let pose = Pose { pos: [1.0, 1.7, 3.0], rot: [0.0; 3] };
        let converted = Frame::new(&Conventions::default()).convert(&pose);
        assert_eq!(converted.translation, [3.0, -1.0, 1.7]);
        assert_eq!(converted.rotation, [0.0, 0.0, 0.0, 1.0]);
    }

    #[test]
    fn rotations_of_the_wire_contract() {
        // (0, 90, 0) looks along +x, which is right.
        let q = rotation([0.0, 90.0, 0.0]);
        assert_close(rotate(q, FORWARD), minus(LEFT));
        assert_close(rotate(q, UP), UP);
        // (90, 0, 0) looks down; the top of the head then points ahead.
        let q = rotation([90.0, 0.0, 0.0]);
        assert_close(rotate(q, FORWARD), minus(UP));
        assert_close(rotate(q, UP), FORWARD);
        // (0, 0, 90) has its right ear up.
        let q = rotation([0.0, 0.0, 90.0]);
        assert_close(rotate(q, minus(LEFT)), UP);
        assert_close(rotate(q, FORWARD), FORWARD);
    }

    #[test]
    fn rotations_are_about_the_rooms_axes_in_order() {
        // About z first: the right ear goes up. Then about x: what was up looks ahead.
        let q = rotation([90.0, 0.0, 90.0]);
        assert_close(rotate(q, minus(LEFT)), FORWARD);
        // Then about y by 90 degrees: ahead goes right.
        let q = rotation([90.0, 90.0, 90.0]);
        assert_close(rotate(q, minus(LEFT)), minus(LEFT));
        assert_close(rotate(q, FORWARD), minus(UP));
    }

    #[test]
    fn whole_turns_change_nothing() {
        assert_eq!(rotation([0.0, 360_000_000.0 + 45.0, 0.0]), rotation([0.0, 45.0, 0.0]));
    }

    #[test]
    fn right_handed_frames_keep_their_numbers() {
        // A WebXR headset 2 m ahead that looks left.
        let conventions =
            Conventions { axes: "right-up-back".parse().unwrap(), ..Conventions::default() };
        let pose = Pose { pos: [0.0, 1.6, -2.0], rot: [0.0, 90.0, 0.0] };
        let converted = Frame::new(&conventions).convert(&pose);
        assert_close(converted.translation, [2.0, 0.0, 1.6]);
        assert_close(rotate(converted.rotation, FORWARD), LEFT);
        // A ROS robot: nothing changes.
        let conventions =
            Conventions { axes: "forward-left-up".parse().unwrap(), ..Conventions::default() };
        let pose = Pose { pos: [1.0, 2.0, 3.0], rot: [0.0, 0.0, 90.0] };
        let converted = Frame::new(&conventions).convert(&pose);
        assert_eq!(converted.translation, [1.0, 2.0, 3.0]);
        assert_close(rotate(converted.rotation, FORWARD), LEFT);
    }

    #[test]
    fn centimetres_and_radians() {
        let conventions = Conventions {
            length: LengthUnit::Centimetre,
            angle: AngleUnit::Radian,
            axes: "forward-right-up".parse().unwrap(), // Unreal
            ..Conventions::default()
        };
        let pose = Pose { pos: [100.0, 200.0, 180.0], rot: [0.0, 0.0, 1.0] };
        let converted = Frame::new(&conventions).convert(&pose);
        assert_close(converted.translation, [1.0, -2.0, 1.8]);
        let right = [1f64.cos(), -1f64.sin(), 0.0];
        assert_close(rotate(converted.rotation, FORWARD), right);
    }

    /// Every frame there is.
    fn all_axes() -> Vec<Axes> {
        use Direction::*;
        let names = ["right", "left", "up", "down", "forward", "back"];
        let directions = [Right, Left, Up, Down, Forward, Back];
        let mut all = Vec::new();
        for x in 0..6 {
            for y in 0..6 {
                for z in 0..6 {
                    let text = format!("{}-{}-{}", names[x], names[y], names[z]);
                    if let Ok(axes) = text.parse::<Axes>() {
                        assert_eq!(
                            axes.directions(),
                            [directions[x], directions[y], directions[z]]
                        );
                        all.push(axes);
                    }
                }
            }
        }
        assert_eq!(all.len(), 48);
        all
    }

    type Matrix = [[f64; 3]; 3];

    fn multiply(a: Matrix, b: Matrix) -> Matrix {
        std::array::from_fn(|row| {
            std::array::from_fn(|column| (0..3).map(|n| a[row][n] * b[n][column]).sum())
        })
    }

    fn transposed(a: Matrix) -> Matrix {
        std::array::from_fn(|row| std::array::from_fn(|column| a[column][row]))
    }

    /// The textbook's matrix of a rotation about one coordinate axis.
    fn elemental(axis: usize, radians: f64) -> Matrix {
        let (sin, cos) = radians.sin_cos();
        match axis {
            0 => [[1.0, 0.0, 0.0], [0.0, cos, -sin], [0.0, sin, cos]],
            1 => [[cos, 0.0, sin], [0.0, 1.0, 0.0], [-sin, 0.0, cos]],
            _ => [[cos, -sin, 0.0], [sin, cos, 0.0], [0.0, 0.0, 1.0]],
        }
    }

    proptest! {
        /// Vectors go the same way whether they are rotated in the recording's own coordinates,
        /// by matrices, and then brought over, or brought over and then rotated.
        #[test]
        fn rotations_agree_with_matrices(
            rot in prop::array::uniform3(-400.0..400.0f64),
            pos in prop::array::uniform3(-100.0..100.0f64),
            radians: bool,
        ) {
            let angle = if radians { AngleUnit::Radian } else { AngleUnit::Degree };
            for axes in all_axes() {
                for order in ["x-y-z", "x-z-y", "y-x-z", "y-z-x", "z-x-y", "z-y-x"] {
                    let rotation: EulerOrder = order.parse().unwrap();
                    let conventions =
                        Conventions { axes, angle, rotation, ..Conventions::default() };
                    let converted = Frame::new(&conventions).convert(&Pose { pos, rot });
                    // From the recording's coordinates to ours.
                    let over = transposed(axes.directions().map(Direction::forward_left_up));
                    let [first, second, third] = rotation.axes();
                    let of = |axis: usize| elemental(axis, rot[axis] * angle.in_radians());
                    let own = multiply(of(third), multiply(of(second), of(first)));
                    let expected = multiply(over, multiply(own, transposed(over)));
                    let columns = [FORWARD, LEFT, UP].map(|axis| rotate(converted.rotation, axis));
                    for (column, expected) in columns.iter().zip(transposed(expected)) {
                        prop_assert!(close(*column, expected), "{axes} {order}: {column:?} {expected:?}");
                    }
                    let place = multiply(over, transposed([pos, [0.0; 3], [0.0; 3]]));
                    prop_assert!(close(converted.translation, transposed(place)[0]));
                    let norm: f64 = converted.rotation.iter().map(|part| part * part).sum();
                    prop_assert!((norm - 1.0).abs() < 1e-14);
                }
            }
        }
    }
}
