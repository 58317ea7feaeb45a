//! What goes over the wire, following the contract in src/protocol/contract.md: the clients'
//! messages, and the frames that the floor prepares. All names and chat texts have a fixed width,
//! so that sizes are fixed.

use std::io::Write;

use crate::loads::Load;

/// Pose stamps run from `STAMP_BASE` to `STAMP_BASE + STAMP_SPAN` milliseconds and start again,
/// so that a stamp always has four digits before the point.
const STAMP_BASE: f64 = 1000.0;
const STAMP_SPAN: f64 = 9000.0;

/// The digits of a sequence number in a chat text.
pub(crate) const SEQUENCE_DIGITS: usize = 7;

/// What precedes a chat text in a delivered event.
const CHAT_MARK: &[u8] = b"\"data\":\"u";

/// The name of member `k`.
pub(crate) fn user(k: usize) -> String {
    format!("u{k:05}")
}

/// The name of room `r`.
pub(crate) fn room(r: usize) -> String {
    format!("r{r:03}")
}

/// Appends one client frame: final, masked, with the given opcode.
pub(crate) fn push_frame(out: &mut Vec<u8>, opcode: u8, payload: &[u8]) {
    const MASK: [u8; 4] = [0x5a, 0xc3, 0x17, 0x9e];
    out.push(0x80 | opcode);
    match payload.len() {
        len @ 0..=125 => out.push(0x80 | len as u8),
        len @ 126..=0xffff => {
            out.push(0x80 | 126);
            out.extend_from_slice(&(len as u16).to_be_bytes());
        }
        len => {
            out.push(0x80 | 127);
            out.extend_from_slice(&(len as u64).to_be_bytes());
        }
    }
    out.extend_from_slice(&MASK);
    let start = out.len();
    out.extend_from_slice(payload);
    for four in out[start..].chunks_mut(4) {
        four.iter_mut().zip(MASK).for_each(|(byte, mask)| *byte ^= mask);
    }
}

/// A whole server frame: final, text, not masked.
pub(crate) fn server_frame(payload: &[u8]) -> Vec<u8> {
    let mut out = vec![0x81];
    match payload.len() {
        len @ 0..=125 => out.push(len as u8),
        len @ 126..=0xffff => {
            out.push(126);
            out.extend_from_slice(&(len as u16).to_be_bytes());
        }
        len => {
            out.push(127);
            out.extend_from_slice(&(len as u64).to_be_bytes());
        }
    }
    out.extend_from_slice(payload);
    out
}

/// The handshake of member `k`; the path carries the number, which only the floor reads.
pub(crate) fn handshake(k: usize) -> String {
    format!(
        "GET /{} HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n",
        user(k)
    )
}

/// Everything that member `k` says before the load begins, in one piece: log in, leave the lobby
/// if the load wants it, join the room, and a ping whose answer says that all of it is done.
pub(crate) fn preamble(load: &Load, k: usize) -> Vec<u8> {
    let (user, room) = (user(k), room(load.room_of(k)));
    let mut out = Vec::new();
    let login = format!(r#"{{"system":"login","options":{{"user":"{user}","pass":"{user}"}}}}"#);
    push_frame(&mut out, 1, login.as_bytes());
    if load.leaves_lobby {
        push_frame(&mut out, 1, br#"{"room":"lobby","type":"leave","data":""}"#);
    }
    let join = format!(r#"{{"room":"{room}","type":"join","data":""}}"#);
    push_frame(&mut out, 1, join.as_bytes());
    push_frame(&mut out, 1, br#"{"system":"ping"}"#);
    out
}

/// Writes the pose that member `k` has at `now` (nanoseconds): a walk on a circle, looking
/// around. `pos.x` carries the time instead of the place.
pub(crate) fn write_pose(out: &mut Vec<u8>, k: usize, now: u64) {
    let seconds = (now % 1_000_000_000_000) as f64 / 1e9 + k as f64 * 0.618;
    let stamp = STAMP_BASE + (now / 1000) as f64 / 1e3 % STAMP_SPAN;
    let (y, z) = (1.612 + 0.04 * (seconds * 5.0).sin(), 2.4 * (seconds * 0.7).sin());
    let (pitch, yaw) = (12.0 * (seconds * 0.9).sin(), (seconds * 40.0) % 360.0);
    // A Vec takes all that is written to it.
    let _ = write!(
        out,
        r#"{{"pos":{{"x":{stamp:.3},"y":{y:.3},"z":{z:.3}}},"rot":{{"x":{pitch:.1},"y":{yaw:.1},"z":0.0}}}}"#
    );
}

/// The age in milliseconds of a pose with this stamp, at `now` (nanoseconds).
pub(crate) fn age_of(stamp: f64, now: u64) -> f64 {
    let sent = stamp - STAMP_BASE;
    ((now / 1000) as f64 / 1e3 % STAMP_SPAN - sent).rem_euclid(STAMP_SPAN)
}

/// A transform of member `k`, as a client frame.
pub(crate) fn transform(out: &mut Vec<u8>, text: &mut Vec<u8>, load: &Load, k: usize, now: u64) {
    text.clear();
    let _ = write!(text, r#"{{"room":"r{:03}","type":"transform","data":"#, load.room_of(k));
    write_pose(text, k, now);
    text.push(b'}');
    push_frame(out, 1, text);
}

/// The text of chat message number `sequence` of member `k`.
fn chat_text(load: &Load, k: usize, sequence: u64) -> String {
    let head = format!("u{k:05}:{sequence:0SEQUENCE_DIGITS$} ");
    format!("{head:x<width$}", width = load.text_bytes)
}

/// A chat message, as a client frame.
pub(crate) fn chat(out: &mut Vec<u8>, load: &Load, k: usize, sequence: u64) {
    let text = chat_text(load, k, sequence);
    let room = room(load.room_of(k));
    push_frame(out, 1, format!(r#"{{"room":"{room}","type":"msg","data":"{text}"}}"#).as_bytes());
}

/// Sender and number of a delivered chat message; `None` if it is not one.
pub(crate) fn chat_id(payload: &[u8]) -> Option<(usize, u64)> {
    let start = find(payload, CHAT_MARK)? + CHAT_MARK.len();
    let sender = payload.get(start..start + 5)?;
    let sequence = payload.get(start + 6..start + 6 + SEQUENCE_DIGITS)?;
    Some((number(sender)? as usize, number(sequence)?))
}

/// The delivered event of chat message `sequence` of member `k`, and where in the frame the two
/// places are that name the sender, and the one that numbers the message.
pub(crate) fn chat_event(load: &Load, k: usize, sequence: u64) -> (Vec<u8>, [usize; 2], usize) {
    let (user, room) = (user(k), room(load.room_of(k)));
    let text = chat_text(load, k, sequence);
    let json = format!(
        r#"{{"info":"user","room":"{room}","payload":[{{"time":1763000000.123456,"user":"{user}","type":"msg","data":"{text}"}}]}}"#
    );
    let frame = server_frame(json.as_bytes());
    let data = find(&frame, CHAT_MARK).map_or(0, |at| at + CHAT_MARK.len());
    let name = find(&frame, b"\"user\":\"u").map_or(0, |at| at + 9);
    (frame, [name, data], data + 6)
}

/// A whole tick of room `r`: one entry for every member that sends poses.
pub(crate) fn tick(load: &Load, r: usize) -> Vec<u8> {
    let mut json = format!(r#"{{"info":"user","room":"{}","payload":["#, room(r)).into_bytes();
    for (n, k) in (0..load.posers).filter(|&k| load.room_of(k) == r).enumerate() {
        if n > 0 {
            json.push(b',');
        }
        let _ = write!(
            json,
            r#"{{"time":1763000000.123456,"user":"{}","type":"transform","data":"#,
            user(k)
        );
        write_pose(&mut json, k, 1_234_567_890 + k as u64 * 7_654_321);
        json.push(b'}');
    }
    json.extend_from_slice(b"]}");
    server_frame(&json)
}

/// The number after the first `key` in `json`.
pub(crate) fn number_after(json: &[u8], key: &[u8]) -> Option<f64> {
    let rest = &json[find(json, key)? + key.len()..];
    let end =
        rest.iter().position(|b| matches!(b, b',' | b'}' | b']' | b' ')).unwrap_or(rest.len());
    std::str::from_utf8(&rest[..end]).ok()?.parse().ok()
}

/// Where `needle` first occurs in `hay`.
pub(crate) fn find(hay: &[u8], needle: &[u8]) -> Option<usize> {
    let (&first, rest) = needle.split_first()?;
    let mut from = 0;
    while let Some(at) = hay.get(from..)?.iter().position(|&byte| byte == first) {
        from += at + 1;
        if hay[from..].starts_with(rest) {
            return Some(from - 1);
        }
    }
    None
}

fn number(digits: &[u8]) -> Option<u64> {
    digits.iter().try_fold(0, |n, d| d.is_ascii_digit().then(|| n * 10 + u64::from(d - b'0')))
}
