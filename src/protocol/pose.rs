//! Where a head is and where it looks.

use std::fmt;

use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;
use smallvec::SmallVec;

use super::decode::{Object, Text, kind_of};

/// Positions and rotations lie within plus and minus this.
pub const MAX_COORDINATE: f64 = 1e9;

/// A number's own text is passed on up to this many bytes; a longer one is written anew, so that
/// nobody sends a payload along in digits. 64-bit floats need at most 24.
const MAX_NUMBER_TEXT: usize = 25;

const AXES: [&str; 3] = ["x", "y", "z"];

/// A pose, with the text that goes out in ticks.
#[derive(Clone, Debug, PartialEq)]
pub struct Pose {
    /// Position x, y, z; by convention metres, y up.
    pub pos: [f64; 3],
    /// Rotation about x, y, z; by convention degrees.
    pub rot: [f64; 3],
    /// Within the pose itself, at the length that numbers of a few decimals have.
    text: SmallVec<[u8; 128]>,
}

impl Pose {
    /// Reads `{"pos":{"x":…,"y":…,"z":…},"rot":{…}}`. Missing parts are 0, other keys are dropped.
    ///
    /// # Errors
    /// A sentence that names the first part that is not a finite number within ±1e9.
    pub fn parse(data: &RawValue) -> Result<Self, String> {
        // The reader in one pass says nothing of what is wrong; the careful one does.
        let Ok(Parts([pos, rot])) = serde_json::from_str(data.get()) else {
            return Self::parse_carefully(data);
        };
        Self::from_numbers(pos.0, rot.0)
    }

    fn parse_carefully(data: &RawValue) -> Result<Self, String> {
        let mut vectors = [[None; 3]; 2];
        let [mut pos, mut rot] = [None, None];
        read_object(data, "data", |key, value| match key {
            "pos" => pos = Some(value),
            "rot" => rot = Some(value),
            _ => {}
        })?;
        for (axes, (name, value)) in vectors.iter_mut().zip([("pos", pos), ("rot", rot)]) {
            let Some(value) = value else { continue };
            read_object(value, name, |key, value| {
                if let Some(axis) = AXES.iter().position(|axis| *axis == key) {
                    axes[axis] = Some(value);
                }
            })?;
        }
        let [pos, rot] = vectors;
        Self::from_numbers(pos, rot)
    }

    fn from_numbers(
        pos: [Option<&RawValue>; 3],
        rot: [Option<&RawValue>; 3],
    ) -> Result<Self, String> {
        let mut pose = Self { pos: [0.0; 3], rot: [0.0; 3], text: SmallVec::new() };
        let vectors =
            [("pos", "{\"pos\":{", pos, &mut pose.pos), ("rot", ",\"rot\":{", rot, &mut pose.rot)];
        for (name, opening, axes, vector) in vectors {
            pose.text.extend_from_slice(opening.as_bytes());
            for (axis, value) in axes.into_iter().enumerate() {
                let key = ["\"x\":", ",\"y\":", ",\"z\":"][axis];
                pose.text.extend_from_slice(key.as_bytes());
                match value {
                    Some(value) => {
                        vector[axis] = read_number(value.get(), &mut pose.text)
                            .map_err(|what| format!("{name}.{} is {what}", AXES[axis]))?;
                    }
                    None => pose.text.push(b'0'),
                }
            }
            pose.text.push(b'}');
        }
        pose.text.push(b'}');
        Ok(pose)
    }

    /// The pose as JSON, without spaces, all six numbers in order.
    pub fn as_json(&self) -> &[u8] {
        &self.text
    }
}

/// `pos` and `rot` of a pose, if both are objects.
struct Parts<'a>([Axes<'a>; 2]);

/// The texts of `x`, `y` and `z`.
#[derive(Clone, Copy, Default)]
struct Axes<'a>([Option<&'a RawValue>; 3]);

impl<'de> Deserialize<'de> for Parts<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct PartsVisitor;

        impl<'de> Visitor<'de> for PartsVisitor {
            type Value = Parts<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut parts = Parts([Axes::default(); 2]);
                while let Some(key) = map.next_key::<Text<'de>>()? {
                    match key.as_str() {
                        Some("pos") => parts.0[0] = map.next_value()?,
                        Some("rot") => parts.0[1] = map.next_value()?,
                        _ => {
                            map.next_value::<IgnoredAny>()?;
                        }
                    }
                }
                Ok(parts)
            }
        }

        deserializer.deserialize_map(PartsVisitor)
    }
}

impl<'de> Deserialize<'de> for Axes<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct AxesVisitor;

        impl<'de> Visitor<'de> for AxesVisitor {
            type Value = Axes<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut axes = Axes::default();
                while let Some((key, value)) = map.next_entry::<Text<'de>, &RawValue>()? {
                    if let Some(axis) =
                        key.as_str().and_then(|key| AXES.iter().position(|axis| *axis == key))
                    {
                        axes.0[axis] = Some(value);
                    }
                }
                Ok(axes)
            }
        }

        deserializer.deserialize_map(AxesVisitor)
    }
}

fn read_object<'a>(
    value: &'a RawValue,
    name: &str,
    mut each: impl FnMut(&str, &'a RawValue),
) -> Result<(), String> {
    if !value.get().starts_with('{') {
        return Err(format!("{name} has to be an object, not {}", kind_of(value.get())));
    }
    let object = Object::parse(value.get()).map_err(|error| format!("{name}: {error}"))?;
    for (key, value) in &object.entries {
        if let Some(key) = key.as_str() {
            each(key, value);
        }
    }
    Ok(())
}

/// Checks a number and appends its text; says what it is if it is none.
fn read_number(number: &str, text: &mut SmallVec<[u8; 128]>) -> Result<f64, String> {
    if !number.starts_with(|c: char| c == '-' || c.is_ascii_digit()) {
        return Err(format!("{}, and has to be a number", kind_of(number)));
    }
    let value: f64 = number.parse().map_err(|_| "not a number".to_owned())?;
    if value.is_nan() || value.abs() > MAX_COORDINATE {
        return Err(format!("{value:e}, and has to lie within ±1e9"));
    }
    if number.len() <= MAX_NUMBER_TEXT {
        text.extend_from_slice(number.as_bytes());
    } else {
        // `{:?}` of a float is the shortest text that reads back as the same float.
        text.extend_from_slice(format!("{value:?}").as_bytes());
    }
    Ok(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pose(json: &str) -> Result<Pose, String> {
        Pose::parse(serde_json::from_str(json).unwrap())
    }

    #[test]
    fn missing_parts_are_zero_and_others_are_dropped() {
        let parsed = pose(r#"{"pos":{"y":1.5,"w":9},"payload":"x"}"#).unwrap();
        assert_eq!(parsed.pos, [0.0, 1.5, 0.0]);
        assert_eq!(
            std::str::from_utf8(parsed.as_json()).unwrap(),
            r#"{"pos":{"x":0,"y":1.5,"z":0},"rot":{"x":0,"y":0,"z":0}}"#
        );
        assert!(pose("{}").is_ok());
    }

    #[test]
    fn numbers_come_out_with_the_value_they_came_in() {
        for number in ["0.1", "-0", "-0.0", "1e-300", "123456789.123456789", "1E3", "1e9"] {
            let json = format!(r#"{{"pos":{{"x":{number}}}}}"#);
            let out: serde_json::Value =
                serde_json::from_slice(pose(&json).unwrap().as_json()).unwrap();
            let value: f64 = number.parse().unwrap();
            assert_eq!(out["pos"]["x"].as_f64().unwrap().to_bits() << 1, value.to_bits() << 1);
        }
    }

    #[test]
    fn digits_carry_no_payload() {
        let json = format!(r#"{{"pos":{{"x":0.1{}1}}}}"#, "0".repeat(10_000));
        let parsed = pose(&json).unwrap();
        assert!(parsed.as_json().len() < 100);
        assert_eq!(parsed.pos[0], 0.1);
    }

    #[test]
    fn refuses_what_is_no_finite_number() {
        for part in ["\"1\"", "null", "[1]", "{}", "true", "1e999", "-1e10", "1000000001"] {
            assert!(pose(&format!(r#"{{"pos":{{"x":{part}}}}}"#)).is_err(), "{part}");
            assert!(pose(&format!(r#"{{"rot":{{"z":{part}}}}}"#)).is_err(), "{part}");
        }
        for whole in ["null", "1", "\"\"", "[]"] {
            assert!(pose(whole).is_err(), "{whole}");
            assert!(pose(&format!(r#"{{"pos":{whole}}}"#)).is_err(), "{whole}");
        }
    }

    #[test]
    fn the_last_of_two_keys_wins() {
        assert_eq!(pose(r#"{"pos":{"x":"a"},"pos":{"x":1,"x":2}}"#).unwrap().pos[0], 2.0);
    }
}
