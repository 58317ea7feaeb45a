//! Requests, as text.
#![cfg_attr(not(feature = "recording"), allow(dead_code, reason = "replays need more than bots"))]

use std::fmt::Display;

use serde_json::Value;

use crate::model::Pose;

/// Logs in.
pub(crate) fn login(user: &str, pass: &str) -> String {
    let (user, pass) = (Value::from(user), Value::from(pass));
    format!(r#"{{"system":"login","options":{{"user":{user},"pass":{pass}}}}}"#)
}

/// Joins a room.
pub(crate) fn join(room: &str) -> String {
    say(room, "join", "\"\"")
}

/// Leaves a room.
pub(crate) fn leave(room: &str) -> String {
    say(room, "leave", "\"\"")
}

/// Sends an event of type `kind` to a room; `data` is JSON.
pub(crate) fn say(room: &str, kind: &str, data: impl Display) -> String {
    let (room, kind) = (Value::from(room), Value::from(kind));
    format!(r#"{{"room":{room},"type":{kind},"data":{data}}}"#)
}

/// What stands before each number of a pose, the first apart.
const PARTS: [&str; 6] =
    [r#"{"pos":{"x":"#, r#","y":"#, r#","z":"#, r#"},"rot":{"x":"#, r#","y":"#, r#","z":"#];

/// Sends a pose. Each number reads back with the value that it has.
pub(crate) fn transform(room: &str, pose: &Pose) -> String {
    let mut data = String::with_capacity(160);
    let mut buffer = zmij::Buffer::new();
    for (part, number) in PARTS.into_iter().zip(pose.pos.into_iter().chain(pose.rot)) {
        data.push_str(part);
        data.push_str(buffer.format(number));
    }
    data.push_str("}}");
    say(room, "transform", data)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn names_are_quoted() {
        let request: Value = serde_json::from_str(&login("a\"b", "c\\")).unwrap();
        let options = serde_json::json!({"user": "a\"b", "pass": "c\\"});
        assert_eq!(request, serde_json::json!({"system": "login", "options": options}));
        let request: Value = serde_json::from_str(&join("日本 \"x\"")).unwrap();
        assert_eq!(request, serde_json::json!({"room": "日本 \"x\"", "type": "join", "data": ""}));
        assert_eq!(
            say("lab", "button", r#"{"id":1.0}"#),
            r#"{"room":"lab","type":"button","data":{"id":1.0}}"#
        );
    }

    proptest! {
        #[test]
        fn poses_keep_their_numbers(numbers in prop::array::uniform6(-1e9..1e9f64)) {
            use crate::model::RoomName;
            use crate::protocol::Request;
            use crate::protocol::decode::{RoomCache, decode};

            let [a, b, c, d, e, f] = numbers;
            let pose = Pose { pos: [a, b / 1e7, -0.0], rot: [c, d / 3e9, e * f / 1e10] };
            let text = transform("lab", &pose);
            let read = decode(&text, &mut RoomCache::default());
            let Ok(Request::Transform { room, pose: read, .. }) = read else {
                return Err(TestCaseError::fail(text));
            };
            prop_assert_eq!(room, RoomName::new("lab").unwrap());
            let bits = |pose: &Pose| (pose.pos.map(f64::to_bits), pose.rot.map(f64::to_bits));
            prop_assert_eq!(bits(&read), bits(&pose));
        }
    }
}
