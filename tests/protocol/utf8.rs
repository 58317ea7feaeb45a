//! Bad UTF-8 is closed with 1007 as soon as the bad bytes arrive, whatever follows.

use crate::support::PING;
use crate::support::client::Client;
use crate::support::hall::Hall;
use crate::support::wire::{CONTINUATION, Frame, PING_FRAME, Received, TEXT, Wire};
use crate::support::{say, within};

/// Bytes that no text can go on with after `{"system":"`.
const BAD: [&[u8]; 6] = [
    b"\xff",
    b"\xc3\x28",
    b"\xe2\x82\x28",
    b"\xed\xa0\x80",     // a surrogate
    b"\xf4\x90\x80\x80", // beyond U+10FFFF
    b"\xc0\xaf",         // overlong
];

fn text_with(bad: &[u8]) -> Vec<u8> {
    [&br#"{"system":""#[..], bad].concat()
}

/// Sends `bytes`, and no more; then the connection must end with 1007.
async fn refused(hall: &Hall, bytes: &[u8]) {
    let mut wire = Wire::dial(hall.addr()).await;
    wire.shake().await;
    wire.send(bytes).await;
    match within(&format!("close 1007 after {bytes:02x?}"), wire.next()).await {
        Received::Close(Some(1007), _) => wire.ended().await,
        other => panic!("expected close 1007 after {bytes:02x?}, got {other:?}"),
    }
}

#[tokio::test]
async fn in_a_fragment_before_the_message_ends() {
    let hall = Hall::start();
    for bad in BAD {
        refused(&hall, &Frame::new(TEXT, &text_with(bad)).unfinished().bytes()).await;
        let mut later = Frame::new(TEXT, b"{\"system\":").unfinished().bytes();
        later.extend(Frame::new(CONTINUATION, b"\"").unfinished().bytes());
        later.extend(Frame::new(CONTINUATION, bad).unfinished().bytes());
        refused(&hall, &later).await;
    }
}

#[tokio::test]
async fn across_fragments_before_the_message_ends() {
    let hall = Hall::start();
    for (first, second) in [
        (&b"{\"\xe2"[..], &b"\x28"[..]), // not the expected continuation byte
        (b"{\"\xf0\x9f", b"\x98\xff"),
        (b"{\"\xed", b"\xa0"), // the second byte makes it a surrogate
        (b"{\"\xf4", b"\x90"), // and this one a code point beyond the last
    ] {
        let mut bytes = Frame::new(TEXT, first).unfinished().bytes();
        bytes.extend(Frame::new(CONTINUATION, second).unfinished().bytes());
        refused(&hall, &bytes).await;
    }
}

#[tokio::test]
async fn in_a_frame_of_which_only_a_part_has_come() {
    let hall = Hall::start();
    for bad in BAD {
        let text = text_with(bad);
        for declared in [text.len() as u64 + 100, 10_000] {
            let frame = Frame { declared: Some(declared), ..Frame::new(TEXT, &text) };
            refused(&hall, &frame.bytes()).await;
            let mut bytes = Frame::new(TEXT, b"{\"").unfinished().bytes();
            let second = Frame { declared: Some(declared), ..Frame::new(CONTINUATION, &text) };
            bytes.extend(second.bytes());
            refused(&hall, &bytes).await;
        }
    }
}

#[tokio::test]
async fn in_a_large_message_of_which_only_a_part_has_come() {
    let hall = Hall::start();
    let [mut ada, mut bob] = hall.people(["ada", "bob"]).await;
    let mut text = say("lobby", &"x".repeat(300 << 10)).into_bytes();
    text[250 << 10] = 0xff;
    let frame = Frame { declared: Some(1 << 20), ..Frame::new(TEXT, &text) };
    let _ = ada.wire.try_send(&frame.bytes()).await;
    bob.expect("lobby", "ada", "leave", r#""""#).await;
    ada.wire.ends_with(1007).await;
}

#[tokio::test]
async fn when_the_message_ends_within_a_character() {
    let hall = Hall::start();
    for cut in [&b"{\"\xe2\x82"[..], b"{\"\xf0\x9f\x98"] {
        refused(&hall, &Frame::new(TEXT, cut).bytes()).await;
        let mut bytes = Frame::new(TEXT, cut).unfinished().bytes();
        bytes.extend(Frame::new(CONTINUATION, b"").bytes());
        refused(&hall, &bytes).await;
    }
}

#[tokio::test]
async fn what_was_sent_before_it_is_answered() {
    let hall = Hall::start();
    let mut nobody = Client::connect(&hall).await;
    let mut bytes = Frame::new(TEXT, PING.as_bytes()).bytes();
    bytes.extend(Frame::new(TEXT, b"\"\xff").unfinished().bytes());
    nobody.wire.send(&bytes).await;
    assert_eq!(nobody.answer().await.code, 220);
    nobody.wire.ends_with(1007).await;
}

#[tokio::test]
async fn a_character_may_be_split_at_every_byte() {
    let hall = Hall::start();
    let [mut ada] = hall.people(["ada"]).await;
    let word = "é€😀\u{10ffff}";
    let text = say("lobby", word);
    let bytes = text.as_bytes();
    // Each byte is a fragment of its own, with control frames in between.
    for (n, byte) in bytes.chunks(1).enumerate() {
        let frame = Frame::new(if n == 0 { TEXT } else { CONTINUATION }, byte);
        let last = n + 1 == bytes.len();
        ada.wire.frame(if last { frame } else { frame.unfinished() }).await;
        if n % 8 == 7 {
            ada.wire.frame(Frame::new(PING_FRAME, b"now")).await;
            assert_eq!(within("a pong", ada.wire.next()).await, Received::Pong(b"now".to_vec()));
        }
    }
    ada.hears("lobby", "ada", word).await;
    // One frame, whose first part ends within a character.
    let frame = Frame::new(TEXT, bytes).bytes();
    let cut = frame.len() - bytes.len() + text.find('😀').expect("just written") + 2;
    ada.wire.send(&frame[..cut]).await;
    // This answer proves that nothing was closed: a second connection's, since a frame is open.
    Client::connect(&hall).await.quiet().await;
    ada.wire.send(&frame[cut..]).await;
    ada.hears("lobby", "ada", word).await;
}
