//! Poses with a number in them, out and in.

use std::borrow::Cow;
use std::fmt::Write as _;

use serde::Deserialize;

use super::motion::Pose;

/// Pose numbers wrap around at this value.
pub(super) const POSE_NUMBERS: u16 = 10_000;

/// Writes transforms for one room.
#[derive(Debug)]
pub(super) struct PoseWriter {
    head: String,
}

impl PoseWriter {
    pub(super) fn new(room: &str) -> Self {
        let room = serde_json::Value::from(room);
        Self { head: format!(r#"{{"room":{room},"type":"transform","data":{{"pos":{{"x":"#) }
    }

    /// Positions have three decimals and the yaw two. The server passes numbers on unchanged, so
    /// the next four decimals of the yaw, less than a hundredth of a degree, can carry the pose's
    /// `number`, which is below [`POSE_NUMBERS`].
    pub(super) fn write(&self, pose: &Pose, number: u16) -> String {
        let mut text = String::with_capacity(self.head.len() + 96);
        text.push_str(&self.head);
        let Pose { x, y, z, pitch, yaw } = *pose;
        let yaw_hundredths = (f64::from(yaw) * 100.0) as u32;
        let (degrees, hundredths) = (yaw_hundredths / 100, yaw_hundredths % 100);
        // Writing to a String can't fail.
        let _ = write!(
            text,
            r#"{x:.3},"y":{y:.3},"z":{z:.3}}},"rot":{{"x":{pitch:.1},"y":{degrees}.{hundredths:02}{number:04},"z":0}}}}}}"#
        );
        text
    }
}

/// The number that [`PoseWriter::write`] put into a yaw.
pub(super) fn pose_number(yaw: f64) -> u16 {
    ((yaw * 1e6).round() as u64 % u64::from(POSE_NUMBERS)) as u16
}

/// One head in a tick.
#[derive(Debug, Deserialize)]
pub(super) struct Head<'a> {
    #[serde(borrow)]
    pub(super) user: Cow<'a, str>,
    data: HeadData,
}

#[derive(Debug, Deserialize)]
struct HeadData {
    rot: HeadRotation,
}

#[derive(Debug, Deserialize)]
struct HeadRotation {
    y: f64,
}

impl Head<'_> {
    pub(super) fn yaw(&self) -> f64 {
        self.data.rot.y
    }
}

#[derive(Deserialize)]
struct Tick<'a> {
    #[serde(borrow)]
    payload: Vec<Head<'a>>,
}

/// All heads in a tick.
pub(super) fn heads(frame: &str) -> Result<Vec<Head<'_>>, serde_json::Error> {
    serde_json::from_str::<Tick<'_>>(frame).map(|tick| tick.payload)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TICK: &str = r#"{"info":"user","room":"lab","payload":[{"time":1.5,"user":"a","type":"transform","data":{"pos":{"x":1,"y":2,"z":3},"rot":{"x":0,"y":12.340042,"z":0}}}]}"#;

    #[test]
    fn a_number_in_the_yaw_survives_as_an_f64() {
        let writer = PoseWriter::new("a\"b");
        let mut pose = Pose { x: -0.1234, y: 1.7, z: 3.0, pitch: -2.04, yaw: 0.0 };
        for number in 0..POSE_NUMBERS {
            pose.yaw = f32::from(number) * 0.0359;
            let sent: serde_json::Value =
                serde_json::from_str(&writer.write(&pose, number)).unwrap();
            let yaw = sent["data"]["rot"]["y"].as_f64().unwrap();
            assert_eq!(pose_number(yaw), number);
            assert!((yaw - f64::from(pose.yaw)).abs() < 0.011);
            assert_eq!(sent["room"], "a\"b");
            assert_eq!(sent["data"]["pos"], serde_json::json!({"x": -0.123, "y": 1.7, "z": 3.0}));
        }
    }

    #[test]
    fn ticks_are_parsed_in_full() {
        let read = heads(TICK).unwrap();
        assert_eq!((read[0].user.as_ref(), pose_number(read[0].yaw())), ("a", 42));
        let tick = r#"{"payload":[{"data":{"rot":{"y":1}},"type":"transform","user":"a"},{"user":"b","data":{"rot":{"y":2}}}],"room":"lab","info":"user"}"#;
        assert_eq!(heads(tick).unwrap().len(), 2);
    }
}
