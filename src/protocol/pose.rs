//! Where a head is and where it looks.

use serde_json::value::RawValue;
use smallvec::SmallVec;

use super::decode::{Object, kind_of};

/// Positions and rotations lie within plus and minus this.
pub const MAX_COORDINATE: f64 = 1e9;

/// A number's own text is passed on up to this many bytes; a longer one is written anew, so that
/// nobody sends a payload along in digits. 64-bit floats need at most 24.
const MAX_NUMBER_TEXT: usize = 25;

const AXES: [&str; 3] = ["x", "y", "z"];

/// A pose: six numbers, kept as the text that goes out in ticks.
#[derive(Clone, Debug, PartialEq)]
pub struct Pose {
    /// Within the pose itself, at the length that numbers of a few decimals have.
    text: SmallVec<[u8; 128]>,
}

impl Pose {
    /// Reads `{"pos":{"x":…,"y":…,"z":…},"rot":{…}}`. Missing parts are 0, other keys are dropped.
    ///
    /// # Errors
    /// A sentence that names the first part that is not a finite number within ±1e9.
    pub fn parse(data: &RawValue) -> Result<Self, String> {
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
                    axes[axis] = Some(value.get());
                }
            })?;
        }
        Self::from_numbers(vectors)
    }

    /// A pose of the JSON texts of its numbers, which may turn out to be other values.
    pub(super) fn from_numbers(vectors: [[Option<&str>; 3]; 2]) -> Result<Self, String> {
        let mut text = SmallVec::new();
        for (name, axes) in ["pos", "rot"].into_iter().zip(vectors) {
            let opening = if name == "pos" { "{\"pos\":{" } else { ",\"rot\":{" };
            text.extend_from_slice(opening.as_bytes());
            for (axis, value) in axes.into_iter().enumerate() {
                let key = ["\"x\":", ",\"y\":", ",\"z\":"][axis];
                text.extend_from_slice(key.as_bytes());
                push_number(value.unwrap_or("0"), &mut text)
                    .map_err(|what| format!("{name}.{} is {what}", AXES[axis]))?;
            }
            text.push(b'}');
        }
        text.push(b'}');
        Ok(Self { text })
    }

    /// The pose as JSON, without spaces, all six numbers in order.
    pub fn as_json(&self) -> &[u8] {
        &self.text
    }

    /// Position and rotation, each x, y, z; by convention metres and degrees, y up.
    pub fn vectors(&self) -> [[f64; 3]; 2] {
        #[derive(serde::Deserialize)]
        struct Vector {
            x: f64,
            y: f64,
            z: f64,
        }
        #[derive(serde::Deserialize)]
        struct Vectors {
            pos: Vector,
            rot: Vector,
        }
        let read = serde_json::from_slice(&self.text);
        read.map_or([[0.0; 3]; 2], |Vectors { pos, rot }| {
            [pos, rot].map(|Vector { x, y, z }| [x, y, z])
        })
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
fn push_number(number: &str, text: &mut SmallVec<[u8; 128]>) -> Result<(), String> {
    if number.len() <= MAX_NUMBER_TEXT && is_plainly_within(number) {
        text.extend_from_slice(number.as_bytes());
        return Ok(());
    }
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
    Ok(())
}

/// Whether a JSON number has no exponent and fewer digits before the point than 1e9 has.
fn is_plainly_within(number: &str) -> bool {
    let digits = number.strip_prefix('-').unwrap_or(number).as_bytes();
    let integer = digits.iter().take_while(|byte| byte.is_ascii_digit()).count();
    (1..=9).contains(&integer)
        && match digits.get(integer) {
            None => true,
            Some(b'.') => digits[integer + 1..].iter().all(u8::is_ascii_digit),
            Some(_) => false,
        }
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
        assert_eq!(parsed.vectors()[0], [0.0, 1.5, 0.0]);
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
        assert_eq!(parsed.vectors()[0][0], 0.1);
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
        assert_eq!(pose(r#"{"pos":{"x":"a"},"pos":{"x":1,"x":2}}"#).unwrap().vectors()[0][0], 2.0);
    }
}
