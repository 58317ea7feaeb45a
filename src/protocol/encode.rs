//! Answers and events as WebSocket frames, header included, ready to be shared by all readers.

use bytes::{Buf, Bytes, BytesMut};

use super::json::push_json_string;
use super::number::{MAX_NUMBER, write_number};
use super::pose::push_pose;
use super::websocket::{MAX_HEADER, OpCode, write_header};
use super::{Code, EventBody};
use crate::model::{ClockProbe, Pose, RoomName, Timestamp};

/// `text` as a JSON string.
pub(crate) fn json_string(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    push_json_string(&mut out, text);
    out
}

/// Writes one text frame.
///
/// The header's length isn't known until the payload is complete, so space for the longest header
/// is left in front, and what isn't needed of it is cut off.
#[derive(Debug)]
pub(crate) struct FrameWriter {
    buffer: BytesMut,
    start: usize,
}

impl FrameWriter {
    pub(crate) fn with_capacity(payload: usize) -> Self {
        Self::after(BytesMut::with_capacity(payload + MAX_HEADER))
    }

    /// A frame appended to those in `buffer`.
    pub(crate) fn after(mut buffer: BytesMut) -> Self {
        let start = buffer.len();
        buffer.extend_from_slice(&[0; MAX_HEADER]);
        Self { buffer, start }
    }

    pub(crate) fn push(&mut self, text: &str) {
        self.buffer.extend_from_slice(text.as_bytes());
    }

    pub(crate) fn push_number(&mut self, number: impl itoa::Integer) {
        self.push(itoa::Buffer::new().format(number));
    }

    /// Seconds with six decimals.
    pub(crate) fn push_time(&mut self, time: Timestamp) {
        let micros = time.as_micros();
        self.push_number(micros / 1_000_000);
        // Seven digits, of which the first is dropped: 1_042_000 gives "042000".
        let fraction = 1_000_000 + micros % 1_000_000;
        self.push(".");
        self.push(&itoa::Buffer::new().format(fraction)[1..]);
    }

    fn payload_len(&self) -> usize {
        self.buffer.len() - self.start - MAX_HEADER
    }

    /// The frame alone; for a writer made by [`Self::with_capacity`].
    pub(crate) fn finish(mut self) -> Bytes {
        let mut header = [0; MAX_HEADER];
        let len = write_header(&mut header, OpCode::Text, self.payload_len());
        let unused = self.start + MAX_HEADER - len;
        self.buffer[unused..unused + len].copy_from_slice(&header[..len]);
        self.buffer.advance(unused);
        self.buffer.freeze()
    }

    /// The buffer with the frame at its end; for a writer made by [`Self::after`].
    pub(crate) fn append(mut self) -> BytesMut {
        let mut header = [0; MAX_HEADER];
        let payload = self.payload_len();
        let len = write_header(&mut header, OpCode::Text, payload);
        self.buffer[self.start..self.start + len].copy_from_slice(&header[..len]);
        let from = self.start + MAX_HEADER;
        self.buffer.copy_within(from.., self.start + len);
        self.buffer.truncate(self.start + len + payload);
        self.buffer
    }
}

/// An answer. `detail` is the JSON of an object; it is copied once, so that one that is kept ready,
/// such as the listing of rooms, costs no more than its bytes.
pub(crate) fn answer(code: Code, time: Timestamp, detail: &str) -> Bytes {
    let mut frame = FrameWriter::with_capacity(110 + detail.len());
    frame.push(if code.is_error() { "{\"info\":\"error\"" } else { "{\"info\":\"system\"" });
    frame.push(",\"response\":{\"time\":");
    frame.push_time(time);
    frame.push(",\"code\":");
    frame.push_number(code.number());
    frame.push(",\"msg\":\"");
    frame.push(code.message());
    frame.push("\",\"detail\":");
    frame.push(detail);
    frame.push("}}");
    frame.finish()
}

/// An answer with a reason for the developer of the client.
pub(crate) fn refusal(code: Code, time: Timestamp, reason: &str) -> Bytes {
    let mut detail = String::with_capacity(reason.len() + 16);
    detail.push_str("{\"reason\":");
    push_json_string(&mut detail, reason);
    detail.push('}');
    answer(code, time, &detail)
}

/// The answer to a ping that compares clocks.
pub(crate) fn clock_answer(probe: &ClockProbe) -> Bytes {
    let ClockProbe { client, received, sent } = probe;
    let mut number = [0; MAX_NUMBER];
    let len = write_number(&mut number, *client);
    let client = String::from_utf8_lossy(&number[..len]);
    let detail = format!("{{\"time\":{client},\"received\":{received},\"sent\":{sent}}}");
    answer(Code::Pong, *sent, &detail)
}

/// A frame of events in one room.
#[derive(Debug)]
pub(crate) struct Events {
    frame: FrameWriter,
    any: bool,
}

impl Events {
    pub(crate) fn new(room: &str, capacity: usize) -> Self {
        Self::start(FrameWriter::with_capacity(capacity + room.len() + 48), room)
    }

    /// Events in a frame appended to those in `buffer`.
    pub(crate) fn after(buffer: BytesMut, room: &str) -> Self {
        Self::start(FrameWriter::after(buffer), room)
    }

    /// `room` is a JSON string.
    fn start(mut frame: FrameWriter, room: &str) -> Self {
        frame.push("{\"info\":\"user\",\"room\":");
        frame.push(room);
        frame.push(",\"payload\":[");
        Self { frame, any: false }
    }

    /// Adds an event; `user` is a JSON string, `body` what [`EventBody`] holds.
    pub(crate) fn push(&mut self, time: Timestamp, user: &str, body: &str) {
        self.open(time, user);
        self.frame.push(body);
        self.frame.push("}");
    }

    /// Adds a pose; `user` is a JSON string.
    pub(crate) fn push_transform(&mut self, time: Timestamp, user: &str, pose: &Pose) {
        self.open(time, user);
        self.frame.push("\"type\":\"transform\",\"data\":");
        push_pose(&mut self.frame.buffer, pose);
        self.frame.push("}");
    }

    fn open(&mut self, time: Timestamp, user: &str) {
        self.frame.push(if self.any { ",{\"time\":" } else { "{\"time\":" });
        self.any = true;
        self.frame.push_time(time);
        self.frame.push(",\"user\":");
        self.frame.push(user);
        self.frame.push(",");
    }

    pub(crate) fn is_empty(&self) -> bool {
        !self.any
    }

    pub(crate) fn finish(mut self) -> Bytes {
        self.frame.push("]}");
        self.frame.finish()
    }

    pub(crate) fn append(mut self) -> BytesMut {
        self.frame.push("]}");
        self.frame.append()
    }
}

/// The body of a `join` event.
pub(crate) const JOIN: &str = "\"type\":\"join\",\"data\":\"\"";

/// The body of a `leave` event.
pub(crate) const LEAVE: &str = "\"type\":\"leave\",\"data\":\"\"";

/// The size of an event's entry in a frame, in bytes, to within the digits of its time.
pub(crate) fn entry_len(user: &str, event: &EventBody) -> usize {
    user.len() + event.text.len() + 38
}

/// The `detail` of the answer to `rooms`: `{"room":"title",…}`.
pub(crate) fn room_titles<'a>(rooms: impl Iterator<Item = (&'a RoomName, &'a str)>) -> String {
    let mut out = String::from("{");
    for (name, title) in rooms {
        if out.len() > 1 {
            out.push(',');
        }
        push_json_string(&mut out, name.as_str());
        out.push(':');
        push_json_string(&mut out, title);
    }
    out.push('}');
    out
}

/// The `detail` of the answer to `help`: each command with one line.
pub(crate) const HELP: &str = concat!(
    r#"{"login":"{\"system\":\"login\",\"options\":{\"user\":U,\"pass\":P}} logs in and joins lobby","#,
    r#""ping":"{\"system\":\"ping\"} asks whether the server is there","#,
    r#""rooms":"{\"system\":\"rooms\"} lists the rooms and their titles","#,
    r#""help":"{\"system\":\"help\"} lists the commands","#,
    r#""join":"{\"room\":R,\"type\":\"join\",\"data\":\"\"} enters a room, opening it if need be","#,
    r#""leave":"{\"room\":R,\"type\":\"leave\",\"data\":\"\"} goes out of a room","#,
    r#""list":"{\"room\":R,\"type\":\"list\",\"data\":\"\"} lists who is in a room","#,
    r#""msg":"{\"room\":R,\"type\":\"msg\",\"data\":D} says D to a room; any other type T works alike","#,
    r#""button":"{\"room\":R,\"type\":\"button\",\"data\":D} as msg, but not kept in history","#,
    r#""transform":"{\"room\":R,\"type\":\"transform\",\"data\":{\"pos\":{\"x\":0,\"y\":0,\"z\":0},\"rot\":{\"x\":0,\"y\":0,\"z\":0}}} tells where your head is"}"#,
);

#[cfg(test)]
mod tests {
    use super::*;

    fn payload(frame: &Bytes) -> &str {
        let header = match frame[1] {
            126 => 4,
            127 => 10,
            _ => 2,
        };
        std::str::from_utf8(&frame[header..]).unwrap()
    }

    #[test]
    fn answers_have_their_keys_in_order() {
        let time = Timestamp::from_micros(1_763_000_000_000_042);
        assert_eq!(
            payload(&answer(Code::Pong, time, "{}")),
            r#"{"info":"system","response":{"time":1763000000.000042,"code":220,"msg":"Pong.","detail":{}}}"#
        );
        assert_eq!(
            payload(&refusal(Code::BadRequest, time, "a \"b\"\u{1}")),
            r#"{"info":"error","response":{"time":1763000000.000042,"code":400,"msg":"Bad request.","detail":{"reason":"a \"b\"\u0001"}}}"#
        );
    }

    #[test]
    fn clocks_are_compared_by_three_stamps() {
        let (received, sent) = (
            Timestamp::from_micros(1_763_000_000_000_042),
            Timestamp::from_micros(1_763_000_001_000_000),
        );
        let probe = ClockProbe { client: -12.25, received, sent };
        assert_eq!(
            payload(&clock_answer(&probe)),
            r#"{"info":"system","response":{"time":1763000001.000000,"code":220,"msg":"Pong.","detail":{"time":-12.25,"received":1763000000.000042,"sent":1763000001.000000}}}"#
        );
        for client in [0.0, 1e15, -1e15, 1e-9, 0.1, 1_763_000_000.123_456_7] {
            let frame = clock_answer(&ClockProbe { client, ..probe });
            let text = payload(&frame).split("\"time\":").nth(2).unwrap();
            let echoed: f64 = text.split(',').next().unwrap().parse().unwrap();
            assert_eq!(echoed.to_bits(), client.to_bits());
        }
    }

    #[test]
    fn headers_fit_every_length() {
        for len in [0, 1, 125, 126, 127, 65_535, 65_536, 200_000] {
            let text = "x".repeat(len);
            let mut frame = FrameWriter::with_capacity(0);
            frame.push(&text);
            let alone = frame.finish();
            assert_eq!(payload(&alone), text);
            let mut frame = FrameWriter::after(BytesMut::from("before"));
            frame.push(&text);
            let appended = frame.append();
            assert_eq!(&appended[..6], b"before");
            assert_eq!(appended[6..], alone[..]);
        }
    }

    #[test]
    fn events_share_one_frame() {
        let mut events = Events::new("\"r\"", 0);
        assert!(events.is_empty());
        events.push(Timestamp::from_micros(1_000_000), "\"a\"", JOIN);
        events.push_transform(
            Timestamp::from_micros(2_500_000),
            "\"b\"",
            &Pose { pos: [1.0, 1.625, -0.5], rot: [0.0, 90.0, 0.0] },
        );
        assert_eq!(
            payload(&events.finish()),
            r#"{"info":"user","room":"r","payload":[{"time":1.000000,"user":"a","type":"join","data":""},{"time":2.500000,"user":"b","type":"transform","data":{"pos":{"x":1,"y":1.625,"z":-0.5},"rot":{"x":0,"y":90,"z":0}}}]}"#
        );
    }

    #[test]
    fn help_is_an_object_of_lines() {
        let help: std::collections::BTreeMap<String, String> = serde_json::from_str(HELP).unwrap();
        assert!(help.values().all(|line| line.starts_with('{')));
        assert_eq!(help.len(), 10);
    }

    #[test]
    fn strings_are_escaped_as_json_asks() {
        for text in ["", "plain", "\"\\\n\r\t\u{0}\u{1f}", "李雷 🙂 \u{7f}\u{2028}"] {
            assert_eq!(serde_json::from_str::<String>(&json_string(text)).unwrap(), text);
        }
    }
}
