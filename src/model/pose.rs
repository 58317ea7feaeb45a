//! Where a head is and which way it faces.

/// The position and rotation of a head in its room.
///
/// The server forwards the numbers as they are. Clients agree on what they mean: the axes are
/// left-handed, x right, y up and z forward, as in Unity.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Pose {
    /// Metres along x, y and z.
    pub pos: [f64; 3],
    /// Euler angles in degrees about x, y and z, applied about z first, then x, then y, all about
    /// the room's axes. `[0, 90, 0]` looks along +x, `[90, 0, 0]` looks down, and `[0, 0, 90]`
    /// has its right ear up.
    pub rot: [f64; 3],
}

impl Pose {
    /// Positions and rotations lie within plus and minus this.
    pub const MAX_COORDINATE: f64 = 1e9;
}
