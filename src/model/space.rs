//! What the numbers of a pose mean: units, axes and the order of rotations.
//!
//! The server passes numbers on as they are. A recording says what they mean, or nobody can read it
//! later.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// What the numbers of a recording's poses mean. The default is the wire contract's: metres and
/// degrees, left-handed, x right, y up, z forward, rotated about z first, then x, then y.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Conventions {
    /// The unit of positions.
    pub length: LengthUnit,
    /// The unit of rotations.
    pub angle: AngleUnit,
    /// Where the axes point.
    pub axes: Axes,
    /// The order of the three rotations.
    pub rotation: EulerOrder,
}

/// A unit of length.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum LengthUnit {
    /// Metres.
    #[default]
    #[serde(rename = "m")]
    Metre,
    /// Centimetres.
    #[serde(rename = "cm")]
    Centimetre,
    /// Millimetres.
    #[serde(rename = "mm")]
    Millimetre,
}

/// A unit of angles.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum AngleUnit {
    /// Degrees.
    #[default]
    #[serde(rename = "deg")]
    Degree,
    /// Radians.
    #[serde(rename = "rad")]
    Radian,
}

/// Whether x, y and z are thumb, index and middle finger of a left or a right hand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Handedness {
    /// As in Unity and Unreal.
    Left,
    /// As in WebXR, Godot and ROS.
    Right,
}

/// A direction, as someone in the room who faces forward has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names are enough")]
pub enum Direction {
    Right,
    Left,
    Up,
    Down,
    Forward,
    Back,
}

/// Where x, y and z point: three directions at right angles, as `right-up-forward`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Axes([Direction; 3]);

/// The order of the rotations about the room's own axes, as `z-x-y`: about z first, then x, then y
/// (extrinsic).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct EulerOrder([usize; 3]);

/// A text that stands for none of these.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{value:?} is not allowed: {allowed}")]
pub struct SpaceError {
    value: String,
    allowed: &'static str,
}

impl LengthUnit {
    /// How many metres one is.
    pub const fn in_metres(self) -> f64 {
        match self {
            Self::Metre => 1.0,
            Self::Centimetre => 0.01,
            Self::Millimetre => 0.001,
        }
    }
}

impl AngleUnit {
    /// How many radians one is.
    pub const fn in_radians(self) -> f64 {
        match self {
            Self::Degree => std::f64::consts::PI / 180.0,
            Self::Radian => 1.0,
        }
    }
}

impl Direction {
    const ALL: [(&'static str, Self); 6] = [
        ("right", Self::Right),
        ("left", Self::Left),
        ("up", Self::Up),
        ("down", Self::Down),
        ("forward", Self::Forward),
        ("back", Self::Back),
    ];

    /// As a vector of a right-handed frame with x forward, y left and z up (ROS REP 103).
    pub const fn forward_left_up(self) -> [f64; 3] {
        match self {
            Self::Right => [0.0, -1.0, 0.0],
            Self::Left => [0.0, 1.0, 0.0],
            Self::Up => [0.0, 0.0, 1.0],
            Self::Down => [0.0, 0.0, -1.0],
            Self::Forward => [1.0, 0.0, 0.0],
            Self::Back => [-1.0, 0.0, 0.0],
        }
    }

    fn name(self) -> &'static str {
        Self::ALL.iter().find(|(_, direction)| *direction == self).map_or("", |(name, _)| name)
    }
}

impl Axes {
    /// Where x, y and z point.
    pub const fn directions(self) -> [Direction; 3] {
        self.0
    }

    /// The hand whose thumb, index and middle finger are x, y and z.
    pub fn handedness(self) -> Handedness {
        if determinant(self.0.map(Direction::forward_left_up)) > 0.0 {
            Handedness::Right
        } else {
            Handedness::Left
        }
    }
}

fn determinant([a, b, c]: [[f64; 3]; 3]) -> f64 {
    a[0] * (b[1] * c[2] - b[2] * c[1]) - a[1] * (b[0] * c[2] - b[2] * c[0])
        + a[2] * (b[0] * c[1] - b[1] * c[0])
}

impl Default for Axes {
    fn default() -> Self {
        Self([Direction::Right, Direction::Up, Direction::Forward])
    }
}

impl EulerOrder {
    /// The axes in the order of rotation: 0 for x, 1 for y, 2 for z.
    pub const fn axes(self) -> [usize; 3] {
        self.0
    }
}

impl Default for EulerOrder {
    fn default() -> Self {
        Self([2, 0, 1])
    }
}

/// What [`Axes`] may be.
pub const AXES_ALLOWED: &str = "three of right, left, up, down, forward and back at right angles, for x, y and z, as right-up-forward";

/// What [`EulerOrder`] may be.
pub const EULER_ALLOWED: &str = "x, y and z in the order of rotation, as z-x-y";

fn three(text: &str) -> Option<[&str; 3]> {
    let mut parts = text.split('-').map(str::trim);
    let three = [parts.next()?, parts.next()?, parts.next()?];
    parts.next().is_none().then_some(three)
}

impl FromStr for Axes {
    type Err = SpaceError;

    fn from_str(text: &str) -> Result<Self, SpaceError> {
        let wrong = || SpaceError { value: text.to_owned(), allowed: AXES_ALLOWED };
        let mut axes = Self::default();
        for (axis, word) in axes.0.iter_mut().zip(three(text).ok_or_else(wrong)?) {
            let known = Direction::ALL.iter().find(|(name, _)| *name == word);
            *axis = known.ok_or_else(wrong)?.1;
        }
        if determinant(axes.0.map(Direction::forward_left_up)) == 0.0 {
            return Err(wrong());
        }
        Ok(axes)
    }
}

impl FromStr for EulerOrder {
    type Err = SpaceError;

    fn from_str(text: &str) -> Result<Self, SpaceError> {
        let wrong = || SpaceError { value: text.to_owned(), allowed: EULER_ALLOWED };
        let mut order = Self::default();
        for (axis, word) in order.0.iter_mut().zip(three(text).ok_or_else(wrong)?) {
            *axis = ["x", "y", "z"].iter().position(|name| *name == word).ok_or_else(wrong)?;
        }
        let mut sorted = order.0;
        sorted.sort_unstable();
        (sorted == [0, 1, 2]).then_some(order).ok_or_else(wrong)
    }
}

impl fmt::Display for Axes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.map(Direction::name).join("-"))
    }
}

impl fmt::Display for EulerOrder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.map(|axis| ["x", "y", "z"][axis]).join("-"))
    }
}

impl fmt::Display for Handedness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Left => "left",
            Self::Right => "right",
        })
    }
}

macro_rules! units {
    ($($unit:ident: $allowed:literal [$($name:literal => $variant:ident),+];)+) => {$(
        impl fmt::Display for $unit {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(match self { $(Self::$variant => $name),+ })
            }
        }

        impl FromStr for $unit {
            type Err = SpaceError;

            fn from_str(text: &str) -> Result<Self, SpaceError> {
                match text {
                    $($name => Ok(Self::$variant),)+
                    _ => Err(SpaceError { value: text.to_owned(), allowed: $allowed }),
                }
            }
        }
    )+};
}

units! {
    LengthUnit: "m, cm or mm" ["m" => Metre, "cm" => Centimetre, "mm" => Millimetre];
    AngleUnit: "deg or rad" ["deg" => Degree, "rad" => Radian];
}

impl From<Axes> for String {
    fn from(axes: Axes) -> Self {
        axes.to_string()
    }
}

impl From<EulerOrder> for String {
    fn from(order: EulerOrder) -> Self {
        order.to_string()
    }
}

impl TryFrom<String> for Axes {
    type Error = SpaceError;

    fn try_from(text: String) -> Result<Self, SpaceError> {
        text.parse()
    }
}

impl TryFrom<String> for EulerOrder {
    type Error = SpaceError;

    fn try_from(text: String) -> Result<Self, SpaceError> {
        text.parse()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn handedness_follows_from_the_axes() {
        let handedness = |text: &str| text.parse::<Axes>().unwrap().handedness();
        assert_eq!(handedness("right-up-forward"), Handedness::Left); // Unity
        assert_eq!(handedness("right-up-back"), Handedness::Right); // WebXR, Godot
        assert_eq!(handedness("forward-left-up"), Handedness::Right); // ROS
        assert_eq!(handedness("forward-right-up"), Handedness::Left); // Unreal
    }

    #[test]
    fn texts_come_back_as_they_were() {
        for text in ["right-up-forward", "forward-left-up", "left-down-back"] {
            assert_eq!(text.parse::<Axes>().unwrap().to_string(), text);
        }
        for text in ["z-x-y", "x-y-z", "y-z-x"] {
            assert_eq!(text.parse::<EulerOrder>().unwrap().to_string(), text);
        }
        assert_eq!(Axes::default().to_string(), "right-up-forward");
        assert_eq!(EulerOrder::default().to_string(), "z-x-y");
    }

    #[test]
    fn what_is_no_frame_is_refused() {
        for text in
            ["", "up", "right-up", "right-up-left", "right-up-up", "a-b-c", "right-up-forward-x"]
        {
            let error = text.parse::<Axes>().unwrap_err().to_string();
            assert!(error.contains(&format!("{text:?}")), "{error}");
        }
        for text in ["", "z-x", "z-x-x", "zxy", "z-x-y-z"] {
            assert!(text.parse::<EulerOrder>().is_err(), "{text}");
        }
    }
}
