//! WebSocket as a client speaks it.

use super::history::{Asked, Got, pose_of};
use super::rng::Rng;
use crate::protocol::encode::json_string;

pub(super) const HANDSHAKE: &str = "GET / HTTP/1.1\r\nHost: simulation\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";

pub(super) const CONTINUATION: u8 = 0;
pub(super) const TEXT: u8 = 1;
pub(super) const BINARY: u8 = 2;
pub(super) const CLOSE: u8 = 8;
pub(super) const PING: u8 = 9;
pub(super) const PONG: u8 = 10;

/// The JSON of a request.
pub(super) fn json(asked: &Asked) -> String {
    let room = |room: &str, kind: &str, data: &str| {
        format!(r#"{{"room":{},"type":"{kind}","data":{data}}}"#, json_string(room))
    };
    match asked {
        Asked::Login { user, pass } => format!(
            r#"{{"system":"login","options":{{"user":{},"pass":{}}}}}"#,
            json_string(user),
            json_string(pass)
        ),
        Asked::Ping => r#"{"system":"ping"}"#.into(),
        Asked::Probe { time } => {
            format!(r#"{{"system":"ping","options":{{"time":{time}}}}}"#)
        }
        Asked::Rooms => r#"{"system":"rooms"}"#.into(),
        Asked::Help => r#"{"system":"help"}"#.into(),
        Asked::Unknown => r#"{"system":"dance"}"#.into(),
        Asked::Nonsense => r#"{"system":"#.into(),
        Asked::Join(name) => room(name, "join", "\"\""),
        Asked::Leave(name) => room(name, "leave", "\"\""),
        Asked::List(name) => room(name, "list", "\"\""),
        Asked::Say { room: name, kind, data } => room(name, kind, data),
        Asked::Pose { room: name, mark, time } => {
            let [x, y, z, a, b, c] = pose_of(*mark);
            let time = time.map(|time| format!(r#""time":{time},"#)).unwrap_or_default();
            let data = format!(
                r#"{{{time}"pos":{{"x":{x},"y":{y},"z":{z}}},"rot":{{"x":{a},"y":{b},"z":{c}}}}}"#
            );
            room(name, "transform", &data)
        }
    }
}

/// A masked frame.
pub(super) fn frame(out: &mut Vec<u8>, op: u8, last: bool, payload: &[u8], rng: &mut Rng) {
    out.push(if last { 0x80 | op } else { op });
    match payload.len() {
        len @ 0..126 => out.push(0x80 | len as u8),
        len @ 126..0x1_0000 => {
            out.push(0x80 | 126);
            out.extend_from_slice(&(len as u16).to_be_bytes());
        }
        len => {
            out.push(0x80 | 127);
            out.extend_from_slice(&(len as u64).to_be_bytes());
        }
    }
    let mask = (rng.next() as u32).to_be_bytes();
    out.extend_from_slice(&mask);
    out.extend(payload.iter().zip(mask.iter().cycle()).map(|(byte, mask)| byte ^ mask));
}

/// Takes what the server sends apart.
#[derive(Debug, Default)]
pub(super) struct Reader {
    bytes: Vec<u8>,
    open: bool,
}

/// What a client finds in what it has read.
#[derive(Debug)]
pub(super) enum Heard {
    Open,
    Frame(Got),
    /// A ping, which asks for a pong with its payload.
    Ping(Vec<u8>),
}

impl Reader {
    pub(super) fn add(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// The next thing that is complete.
    pub(super) fn next(&mut self) -> Option<Heard> {
        if !self.open {
            let end = self.bytes.windows(4).position(|window| window == b"\r\n\r\n")? + 4;
            let head: Vec<u8> = self.bytes.drain(..end).collect();
            self.open = true;
            return Some(if head.starts_with(b"HTTP/1.1 101 ") {
                Heard::Open
            } else {
                self.bytes.clear();
                let head = String::from_utf8_lossy(&head);
                Heard::Frame(Got::Http(head.split(' ').nth(1).unwrap_or_default().into()))
            });
        }
        let [first, second, ..] = *self.bytes else { return None };
        let (from, len) = match second {
            126 => (4, u16::from_be_bytes(self.bytes.get(2..4)?.try_into().ok()?).into()),
            127 => (10, u64::from_be_bytes(self.bytes.get(2..10)?.try_into().ok()?) as usize),
            len => (2, usize::from(len & 0x7f)),
        };
        let payload = self.bytes.get(from..from + len)?.to_vec();
        self.bytes.drain(..from + len);
        if second & 0x80 != 0 || first & 0xf0 != 0x80 {
            return Some(Heard::Frame(Got::Garbage(format!("a header of {first:x} {second:x}"))));
        }
        let got = match first & 0xf {
            TEXT => match std::str::from_utf8(&payload) {
                Ok(text) => Got::read(text),
                Err(error) => Got::Garbage(error.to_string()),
            },
            PING => return Some(Heard::Ping(payload)),
            PONG => Got::Pong(payload),
            CLOSE => match payload.split_first_chunk() {
                Some((code, reason)) => Got::Close {
                    code: u16::from_be_bytes(*code),
                    reason: String::from_utf8_lossy(reason).into(),
                },
                None => Got::Close { code: 1005, reason: String::new() },
            },
            op => Got::Garbage(format!("opcode {op}")),
        };
        Some(Heard::Frame(got))
    }
}
