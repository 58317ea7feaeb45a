//! Frames: what may come in pieces, and what ends a connection with which code.

use crate::support::client::Client;
use crate::support::hall::Hall;
use crate::support::said::Said;
use crate::support::wire::{
    BINARY, CLOSE, CONTINUATION, Frame, PING_FRAME, PONG_FRAME, Received, TEXT, Wire,
};
use crate::support::{PING, say, within};

const MIB: usize = 1 << 20;

/// A ping of exactly this many bytes.
fn padded(bytes: usize) -> String {
    PING.to_owned() + &" ".repeat(bytes - PING.len())
}

async fn wire(hall: &Hall) -> Wire {
    let mut wire = Wire::dial(hall.addr()).await;
    wire.shake().await;
    wire
}

/// Sends `bytes` on a new connection, which must then end with `code`.
async fn refused(hall: &Hall, bytes: &[u8], code: u16) -> String {
    let mut wire = wire(hall).await;
    // The server need not read all of what it refuses; its close frame has to arrive all the same.
    let _ = wire.try_send(bytes).await;
    wire.ends_with(code).await
}

#[tokio::test]
async fn a_message_of_just_the_limit_is_answered() {
    let hall = Hall::start();
    let [mut ada] = hall.people(["ada"]).await;
    ada.asks(&padded(MIB), 220).await;
}

#[tokio::test]
async fn a_message_beyond_the_limit_is_1009() {
    let hall = Hall::start();
    refused(&hall, &Frame::new(TEXT, padded(MIB + 1).as_bytes()).bytes(), 1009).await;
}

#[tokio::test]
async fn a_message_beyond_the_limit_is_1009_when_only_declared() {
    let hall = Hall::start();
    for length in [MIB as u64 + 1, 1 << 32, (1 << 63) - 1] {
        let frame = Frame { declared: Some(length), ..Frame::new(TEXT, b"{") };
        refused(&hall, &frame.bytes(), 1009).await;
    }
}

#[tokio::test]
async fn a_message_beyond_the_limit_is_1009_in_fragments() {
    let hall = Hall::start();
    let piece = vec![b' '; MIB / 2 + 1];
    let mut bytes = Frame::new(TEXT, &piece).unfinished().bytes();
    // Of the second piece there is only the header.
    let second = Frame { declared: Some(piece.len() as u64), ..Frame::new(CONTINUATION, b"") };
    bytes.extend(second.bytes());
    refused(&hall, &bytes, 1009).await;
}

#[tokio::test]
async fn many_small_fragments_do_not_pass_the_limit() {
    let hall = Hall::limited(|limits| limits.max_message_bytes = 2000);
    let mut bytes = Frame::new(TEXT, &[b' '; 100]).unfinished().bytes();
    for _ in 0..20 {
        bytes.extend(Frame::new(CONTINUATION, &[b' '; 100]).unfinished().bytes());
    }
    refused(&hall, &bytes, 1009).await;
}

#[tokio::test]
async fn the_limit_is_a_setting() {
    let hall = Hall::limited(|limits| limits.max_message_bytes = 2000);
    let mut ada = Client::connect(&hall).await;
    ada.asks(&padded(2000), 220).await;
    ada.wire.text(&padded(2001)).await;
    ada.wire.ends_with(1009).await;
}

#[tokio::test]
async fn binary_is_406_and_the_connection_stays() {
    let hall = Hall::start();
    let [mut ada] = hall.people(["ada"]).await;
    for payload in [&b""[..], b"\0\xff\x80", PING.as_bytes()] {
        ada.wire.frame(Frame::new(BINARY, payload)).await;
        assert_eq!(ada.answer().await.code, 406, "{payload:?}");
    }
    ada.wire.frame(Frame::new(BINARY, b"\0").unfinished()).await;
    ada.wire.frame(Frame::new(CONTINUATION, b"\0")).await;
    assert_eq!(ada.answer().await.code, 406);
    ada.quiet().await;
}

#[tokio::test]
async fn binary_before_the_login_is_406_too() {
    let hall = Hall::start();
    let mut nobody = Client::connect(&hall).await;
    nobody.wire.frame(Frame::new(BINARY, b"\x01\x02")).await;
    assert_eq!(nobody.answer().await.code, 406);
    nobody.quiet().await;
}

#[tokio::test]
async fn bad_utf8_is_1007() {
    let hall = Hall::start();
    for bad in [
        &b"{\"system\":\"\xff\"}"[..],
        b"\xc3\x28",
        b"\xed\xa0\x80",               // a surrogate
        b"\xf4\x90\x80\x80",           // beyond U+10FFFF
        b"\xc0\xaf",                   // overlong
        b"{\"system\":\"ping\xe2\x82", // cut within a character
    ] {
        refused(&hall, &Frame::new(TEXT, bad).bytes(), 1007).await;
    }
    let mut pieces = Frame::new(TEXT, b"{\"system\":\"\xf0\x9f").unfinished().bytes();
    pieces.extend(Frame::new(CONTINUATION, b"\x28\x28\"}").bytes());
    refused(&hall, &pieces, 1007).await;
}

#[tokio::test]
async fn bad_utf8_is_1007_before_the_message_is_whole() {
    let hall = Hall::start();
    // A fragment that no other follows.
    let mut fragments = Frame::new(TEXT, b"{\"system\":\"\xf4").unfinished().bytes();
    fragments.extend(Frame::new(CONTINUATION, b"\x90").unfinished().bytes());
    refused(&hall, &fragments, 1007).await;
    // The beginning of a frame whose rest never comes.
    let frame = Frame { declared: Some(10_000), ..Frame::new(TEXT, b"{\"system\":\"\xff") };
    refused(&hall, &frame.bytes(), 1007).await;
}

#[tokio::test]
async fn protocol_errors_are_1002() {
    let hall = Hall::start();
    let ping = Frame::new(TEXT, PING.as_bytes());
    let long = [b'x'; 126];
    let first = ping.unfinished().bytes();
    for (what, bytes) in [
        ("an unmasked frame", Frame { masked: false, ..ping }.bytes()),
        ("an unmasked ping", Frame { masked: false, ..Frame::new(PING_FRAME, b"") }.bytes()),
        ("RSV1", Frame { reserved: 4, ..ping }.bytes()),
        ("RSV2", Frame { reserved: 2, ..ping }.bytes()),
        ("RSV3", Frame { reserved: 1, ..ping }.bytes()),
        ("an unknown data opcode", Frame { opcode: 3, ..ping }.bytes()),
        ("an unknown control opcode", Frame::new(0xb, b"").bytes()),
        ("a ping of 126 bytes", Frame::new(PING_FRAME, &long).bytes()),
        ("a pong of 126 bytes", Frame::new(PONG_FRAME, &long).bytes()),
        ("a close of 126 bytes", Frame::new(CLOSE, &long).bytes()),
        ("a ping in pieces", Frame::new(PING_FRAME, b"x").unfinished().bytes()),
        ("a continuation of nothing", Frame::new(CONTINUATION, b"x").bytes()),
        ("a message within a message", [first, ping.bytes()].concat()),
    ] {
        let mut wire = wire(&hall).await;
        wire.send(&bytes).await;
        match within(what, wire.next()).await {
            Received::Close(Some(1002), _) => wire.ended().await,
            other => panic!("{what}: 1002 was due, not {other:?}"),
        }
    }
}

#[tokio::test]
async fn a_protocol_error_ends_membership() {
    let hall = Hall::start();
    let [mut ada, mut bob] = hall.people(["ada", "bob"]).await;
    ada.wire.frame(Frame { reserved: 4, ..Frame::new(TEXT, b"x") }).await;
    bob.expect("lobby", "ada", "leave", r#""""#).await;
    ada.wire.ends_with(1002).await;
}

#[tokio::test]
async fn what_was_answered_before_a_protocol_error_arrives_before_its_close() {
    let hall = Hall::start();
    let mut wire = wire(&hall).await;
    let mut bytes = Frame::new(TEXT, PING.as_bytes()).bytes();
    bytes.extend(Frame::new(3, b"").bytes());
    wire.send(&bytes).await;
    let Received::Text(pong) = within("a pong", wire.next()).await else { panic!("no answer") };
    assert!(matches!(Said::read(&pong), Said::Answer(answer) if answer.code == 220));
    wire.ends_with(1002).await;
}

#[tokio::test]
async fn a_message_may_come_in_fragments_with_control_frames_between() {
    let hall = Hall::start();
    let [mut ada] = hall.people(["ada"]).await;
    let text = say("lobby", "grüße 😀");
    let bytes = text.as_bytes();
    // Cut within the last character.
    let (head, tail) = bytes.split_at(bytes.len() - 5);
    ada.wire.frame(Frame::new(TEXT, head).unfinished()).await;
    ada.wire.frame(Frame::new(PING_FRAME, b"now")).await;
    assert_eq!(within("a pong", ada.wire.next()).await, Received::Pong(b"now".to_vec()));
    ada.wire.frame(Frame::new(CONTINUATION, b"").unfinished()).await;
    ada.wire.frame(Frame::new(PONG_FRAME, b"unasked")).await;
    ada.wire.frame(Frame::new(CONTINUATION, tail)).await;
    ada.hears("lobby", "ada", "grüße 😀").await;
}

#[tokio::test]
async fn a_frame_may_come_byte_by_byte() {
    let hall = Hall::start();
    let [mut ada] = hall.people(["ada"]).await;
    for byte in Frame::new(TEXT, say("lobby", "slowly").as_bytes()).bytes() {
        ada.wire.send(&[byte]).await;
    }
    ada.hears("lobby", "ada", "slowly").await;
}

#[tokio::test]
async fn a_ping_frame_gets_its_payload_back() {
    let hall = Hall::start();
    let mut nobody = Client::connect(&hall).await;
    for payload in [&b""[..], b"\0\xff", &[b'x'; 125]] {
        nobody.wire.frame(Frame::new(PING_FRAME, payload)).await;
        let pong = within("a pong", nobody.wire.next()).await;
        assert_eq!(pong, Received::Pong(payload.to_vec()));
    }
}
