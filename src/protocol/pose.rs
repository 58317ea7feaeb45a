//! Poses as JSON: `{"pos":{"x":…,"y":…,"z":…},"rot":{"x":…,"y":…,"z":…}}`.

use bytes::BytesMut;
use serde_json::value::RawValue;

use super::json::{Object, kind_of};
use super::number::{MAX_NUMBER, client_time, write_number};
use crate::model::Pose;

const AXES: [&str; 3] = ["x", "y", "z"];

/// Reads a pose, and when it was sampled, in seconds of the client's clock, if there is such a time.
/// Missing parts are 0, other keys are dropped.
///
/// # Errors
/// A sentence that names the first part that is not a finite number within ±1e9.
pub(super) fn read_pose(data: &RawValue) -> Result<(Pose, Option<f64>), String> {
    let [mut pos, mut rot, mut time] = [None; 3];
    read_object(data, "data", |key, value| match key {
        "pos" => pos = Some(value),
        "rot" => rot = Some(value),
        "time" => time = Some(value),
        _ => {}
    })?;
    let pose = Pose { pos: read_vector("pos", pos)?, rot: read_vector("rot", rot)? };
    Ok((pose, time.and_then(|time| client_time(time.get()))))
}

fn read_vector(name: &str, value: Option<&RawValue>) -> Result<[f64; 3], String> {
    let Some(value) = value else { return Ok([0.0; 3]) };
    let mut axes = [None; 3];
    read_object(value, name, |key, value| {
        if let Some(axis) = AXES.iter().position(|axis| *axis == key) {
            axes[axis] = Some(value.get());
        }
    })?;
    let mut vector = [0.0; 3];
    for (axis, number) in axes.into_iter().enumerate() {
        if let Some(number) = number {
            vector[axis] =
                read_number(number).map_err(|what| format!("{name}.{} is {what}", AXES[axis]))?;
        }
    }
    Ok(vector)
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
        if let Some(key) = key.as_deref() {
            each(key, value);
        }
    }
    Ok(())
}

/// The value of a JSON number, or what the JSON is instead.
fn read_number(json: &str) -> Result<f64, String> {
    if !json.starts_with(|c: char| c == '-' || c.is_ascii_digit()) {
        return Err(format!("{}, and has to be a number", kind_of(json)));
    }
    let value: f64 = json.parse().map_err(|_| "not a number".to_owned())?;
    if !is_within_bounds(value) {
        return Err(format!("{value:e}, and has to lie within ±1e9"));
    }
    Ok(value)
}

/// Whether a coordinate is finite and within ±1e9.
pub(super) fn is_within_bounds(value: f64) -> bool {
    value.abs() <= Pose::MAX_COORDINATE
}

/// What stands before each number of a pose.
const PARTS: [&[u8]; 6] =
    [b"{\"pos\":{\"x\":", b",\"y\":", b",\"z\":", b"},\"rot\":{\"x\":", b",\"y\":", b",\"z\":"];

/// Bytes for the longest pose: six numbers of [`MAX_NUMBER`] bytes and what stands around them.
const MAX_POSE: usize = 6 * MAX_NUMBER + 64;

/// Appends a pose without spaces, all six numbers in order.
pub(super) fn push_pose(out: &mut BytesMut, pose: &Pose) {
    // Assembled on the stack, so that the buffer checks its capacity only once.
    let mut text = [0; MAX_POSE];
    let mut len = 0;
    for (part, value) in PARTS.into_iter().zip(pose.pos.into_iter().chain(pose.rot)) {
        text[len..len + part.len()].copy_from_slice(part);
        len += part.len();
        if let Some(number) = text[len..].first_chunk_mut() {
            len += write_number(number, value);
        }
    }
    text[len..len + 2].copy_from_slice(b"}}");
    out.extend_from_slice(&text[..len + 2]);
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    fn pose(json: &str) -> Result<Pose, String> {
        read_pose(serde_json::from_str(json).unwrap()).map(|(pose, _)| pose)
    }

    fn written(pose: &Pose) -> String {
        let mut out = BytesMut::new();
        push_pose(&mut out, pose);
        String::from_utf8(out.to_vec()).unwrap()
    }

    #[test]
    fn missing_parts_are_zero_and_others_are_dropped() {
        let parsed = pose(r#"{"pos":{"y":1.5,"w":9},"payload":"x"}"#).unwrap();
        assert_eq!(parsed, Pose { pos: [0.0, 1.5, 0.0], rot: [0.0; 3] });
        assert_eq!(written(&parsed), r#"{"pos":{"x":0,"y":1.5,"z":0},"rot":{"x":0,"y":0,"z":0}}"#);
        assert_eq!(pose("{}").unwrap(), Pose::default());
    }

    #[test]
    fn numbers_come_out_with_the_value_they_came_in() {
        for number in ["0.1", "-0", "-0.0", "1e-300", "123456789.123456789", "1E3", "1e9"] {
            let json = format!(r#"{{"pos":{{"x":{number}}}}}"#);
            let out = written(&pose(&json).unwrap());
            let out: HashMap<&str, HashMap<&str, &RawValue>> = serde_json::from_str(&out).unwrap();
            // Read by the standard library: serde_json may be off by one in the last place.
            let [came, went]: [f64; 2] =
                [number, out["pos"]["x"].get()].map(|n| n.parse().unwrap());
            assert_eq!(went.to_bits(), came.to_bits(), "{number}");
        }
    }

    #[test]
    fn digits_carry_no_payload() {
        let json = format!(r#"{{"pos":{{"x":0.1{}1}}}}"#, "0".repeat(10_000));
        let parsed = pose(&json).unwrap();
        assert!(written(&parsed).len() < 100);
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
    fn the_longest_pose_fits() {
        let longest = -2.225_073_858_507_201_4e-308;
        let text = written(&Pose { pos: [longest; 3], rot: [longest; 3] });
        assert_eq!(text.matches("-2.2250738585072014e-308").count(), 6);
        assert!(text.ends_with("}}"));
    }

    #[test]
    fn a_time_is_read_and_what_is_none_is_dropped() {
        for (data, expected) in [
            (r#"{"time":12.5}"#, Some(12.5)),
            (r#"{"pos":{},"time":-1e3}"#, Some(-1000.0)),
            (r#"{"time":1,"time":2}"#, Some(2.0)),
            (r#"{"time":1,"time":null}"#, None),
            (r#"{"time":1e16}"#, None),
            (r#"{"time":"now"}"#, None),
            (r#"{"pos":{"time":1}}"#, None),
            ("{}", None),
        ] {
            let (pose, time) = read_pose(serde_json::from_str(data).unwrap()).unwrap();
            assert_eq!((pose, time), (Pose::default(), expected), "{data}");
        }
    }

    #[test]
    fn the_last_of_two_keys_wins() {
        assert_eq!(pose(r#"{"pos":{"x":"a"},"pos":{"x":1,"x":2}}"#).unwrap().pos[0], 2.0);
    }
}
