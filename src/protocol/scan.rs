//! A fast path for messages that are poses, which nearly all are.
//!
//! It accepts what clients usually send, in any order and spacing, and leaves everything else to
//! the full decoder: escapes, unknown keys, mistakes. What it accepts means the same to both.

use super::number::plain_decimal;
use super::pose::is_within_bounds;
use crate::model::Pose;

/// A transform.
#[derive(Debug, Default, PartialEq)]
pub(super) struct UsualTransform<'a> {
    pub(super) room: &'a str,
    pub(super) pose: Pose,
}

/// The parts of a message, if it is a transform with nothing unusual about it.
pub(super) fn usual_transform(text: &str) -> Option<UsualTransform<'_>> {
    let mut cursor = Cursor { text, at: 0 };
    let [mut room, mut kind] = [None; 2];
    let mut pose = None;
    cursor.object(|key, cursor| {
        match key {
            "room" => room = Some(cursor.string()?),
            "type" => kind = Some(cursor.string()?),
            "data" => pose = Some(cursor.pose()?),
            _ => return None,
        }
        Some(())
    })?;
    cursor.white_space();
    if cursor.at < text.len() || kind != Some("transform") {
        return None;
    }
    Some(UsualTransform { room: room?, pose: pose? })
}

struct Cursor<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Cursor<'a> {
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn white_space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\n' | b'\r' | b'\t')) {
            self.at += 1;
        }
    }

    fn expect(&mut self, byte: u8) -> Option<()> {
        self.white_space();
        (self.peek()? == byte).then(|| self.at += 1)
    }

    fn object(&mut self, mut each: impl FnMut(&'a str, &mut Self) -> Option<()>) -> Option<()> {
        self.expect(b'{')?;
        self.white_space();
        if self.peek()? == b'}' {
            self.at += 1;
            return Some(());
        }
        loop {
            let key = self.string()?;
            self.expect(b':')?;
            self.white_space();
            each(key, self)?;
            self.white_space();
            match self.peek()? {
                b',' => self.at += 1,
                b'}' => {
                    self.at += 1;
                    return Some(());
                }
                _ => return None,
            }
        }
    }

    /// A string without escapes.
    fn string(&mut self) -> Option<&'a str> {
        self.expect(b'"')?;
        let start = self.at;
        loop {
            match self.peek()? {
                b'"' => break,
                b'\\' | 0..0x20 => return None,
                _ => self.at += 1,
            }
        }
        self.at += 1;
        self.text.get(start..self.at - 1)
    }

    /// A coordinate without an exponent.
    fn coordinate(&mut self) -> Option<f64> {
        let (value, len) = plain_decimal(self.text.get(self.at..)?)?;
        self.at += len;
        is_within_bounds(value).then_some(value)
    }

    fn pose(&mut self) -> Option<Pose> {
        let mut pose = Pose::default();
        self.object(|key, cursor| {
            let vector = match key {
                "pos" => &mut pose.pos,
                "rot" => &mut pose.rot,
                _ => return None,
            };
            *vector = [0.0; 3];
            cursor.object(|key, cursor| {
                let axis = match key {
                    "x" => 0,
                    "y" => 1,
                    "z" => 2,
                    _ => return None,
                };
                vector[axis] = cursor.coordinate()?;
                Some(())
            })
        })?;
        Some(pose)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::decode::{RoomCache, decode, decode_fully};
    use super::*;

    #[test]
    fn takes_what_clients_usually_send() {
        let compact = r#"{"room":"r","type":"transform","data":{"pos":{"x":1.5,"y":-2,"z":0},"rot":{"y":90}}}"#;
        let spaced = r#" { "data" : { "rot": {"y": 90 } , "pos":{"z":0,"y":-2 , "x":1.5}},
            "type": "transform", "room": "r" } "#;
        let pose = Pose { pos: [1.5, -2.0, 0.0], rot: [0.0, 90.0, 0.0] };
        let expected = UsualTransform { room: "r", pose };
        assert_eq!(usual_transform(compact), Some(expected));
        assert_eq!(usual_transform(compact), usual_transform(spaced));
        assert!(usual_transform(r#"{"room":"r","type":"transform","data":{}}"#).is_some());
    }

    #[test]
    fn leaves_the_rest_to_the_full_decoder() {
        for text in [
            "",
            "{}",
            r#"{"room":"r","type":"msg","data":{}}"#,
            r#"{"room":"r","type":"transform"}"#,
            r#"{"room":"r","type":"transform","data":{}}x"#,
            r#"{"room":"r","type":"transform","data":{},}"#,
            r#"{"room":"r","type":"transform","data":{"pos":{"x":01}}}"#,
            r#"{"room":"r","type":"transform","data":{"pos":{"x":1.}}}"#,
            r#"{"room":"r","type":"transform","data":{"pos":{"x":1e3}}}"#,
            r#"{"room":"r","type":"transform","data":{"pos":{"x":1000000001}}}"#,
            r#"{"room":"r","type":"transform","data":{"pos":null}}"#,
            r#"{"system":"ping","room":"r","type":"transform","data":{}}"#,
        ] {
            assert_eq!(usual_transform(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn both_decoders_agree(
            keys in proptest::collection::vec(
                prop_oneof![
                    4 => Just("\"room\":\"hall\""),
                    4 => Just("\"type\" : \"transform\""),
                    3 => "\"data\":\\{(\"pos\":\\{(\"x\":-?[0-9]{1,12}(\\.[0-9]{0,25})?(,\"[yz]\": ?[0-9.e-]{1,12})?)?\\})?(,\"rot\":\\{\"y\":1e?[0-9]{0,2}\\})?\\}"
                        .prop_map(|text| &*text.leak()),
                    1 => Just("\"room\":\"\\u0061\""),
                    1 => Just("\"x\":1"),
                ],
                0..6,
            )
        ) {
            let text = format!("{{{}}}", keys.join(", "));
            let quick = decode(&text, &mut RoomCache::default());
            prop_assert_eq!(quick, decode_fully(&text, &mut RoomCache::default()));
        }
    }
}
