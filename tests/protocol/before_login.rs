//! Before the login, a message may have 16 KiB, whatever the server's limit.

use vrlobby::Limits;

use crate::support::client::Client;
use crate::support::hall::{FPS, Hall};
use crate::support::said::Said;
use crate::support::wire::{BINARY, CONTINUATION, Frame, PING_FRAME, TEXT, Wire};
use crate::support::{PING, login, request};

const KIB: usize = 1 << 10;
const MIB: usize = 1 << 20;

/// The largest message before login.
const MOST: usize = 16 * KIB;

/// A ping of exactly this many bytes.
fn padded(bytes: usize) -> String {
    PING.to_owned() + &" ".repeat(bytes - PING.len())
}

/// Sends `bytes` without logging in; the connection must end with 1009.
async fn refused(hall: &Hall, bytes: &[u8]) {
    let mut wire = Wire::dial(hall.addr()).await;
    wire.shake().await;
    // The server need not read all of what it refuses.
    let _ = wire.try_send(bytes).await;
    wire.ends_with(1009).await;
}

#[tokio::test]
async fn sixteen_kib_are_answered() {
    let hall = Hall::start();
    let mut nobody = Client::connect(&hall).await;
    nobody.asks(&padded(MOST), 220).await;
    let text = padded(MOST);
    let (first, second) = text.as_bytes().split_at(MOST / 2);
    nobody.wire.frame(Frame::new(TEXT, first).unfinished()).await;
    nobody.wire.frame(Frame::new(CONTINUATION, second)).await;
    assert_eq!(nobody.answer().await.code, 220);
}

#[tokio::test]
async fn more_is_1009() {
    let hall = Hall::start();
    refused(&hall, &Frame::new(TEXT, padded(MOST + 1).as_bytes()).bytes()).await;
    refused(&hall, &Frame::new(BINARY, padded(MOST + 1).as_bytes()).bytes()).await;
}

#[tokio::test]
async fn more_is_1009_when_only_declared() {
    let hall = Hall::start();
    for declared in [MOST as u64 + 1, MIB as u64, 1 << 40] {
        let frame = Frame { declared: Some(declared), ..Frame::new(TEXT, b"{") };
        refused(&hall, &frame.bytes()).await;
    }
}

#[tokio::test]
async fn more_is_1009_in_fragments() {
    let hall = Hall::start();
    let mut bytes = Frame::new(TEXT, &[b' '; 10 * KIB]).unfinished().bytes();
    bytes.extend(Frame::new(PING_FRAME, b"").bytes());
    let second = Frame { declared: Some(7 * KIB as u64), ..Frame::new(CONTINUATION, b"") };
    bytes.extend(second.bytes());
    let mut wire = Wire::dial(hall.addr()).await;
    wire.shake().await;
    let _ = wire.try_send(&bytes).await;
    assert_eq!(wire.drained().await, Some(1009));
}

#[tokio::test]
async fn a_refused_login_does_not_raise_the_limit() {
    let hall = Hall::start();
    let [mut ada] = hall.people(["ada"]).await;
    let mut nobody = Client::connect(&hall).await;
    nobody.asks(&login("ada", ""), 409).await;
    nobody.asks(&login("", ""), 400).await;
    nobody.wire.text(&padded(MOST + 1)).await;
    nobody.wire.ends_with(1009).await;
    ada.quiet().await;
}

#[tokio::test]
async fn after_the_login_the_servers_limit_applies() {
    let hall = Hall::start();
    let [mut ada] = hall.people(["ada"]).await;
    ada.asks(&padded(MOST + 1), 220).await;
    ada.asks(&padded(MIB), 220).await;
    ada.wire.frame(Frame { declared: Some(MIB as u64 + 1), ..Frame::new(TEXT, b"{") }).await;
    ada.wire.ends_with(1009).await;
}

#[tokio::test]
async fn a_message_right_behind_the_login_may_be_large() {
    let hall = Hall::start();
    for round in 0..10 {
        let mut client = Client::connect(&hall).await;
        let data = format!("{:?}", "x".repeat(200 * KIB));
        let mut bytes = Frame::new(TEXT, login("ada", "").as_bytes()).bytes();
        bytes.extend(Frame::new(TEXT, request("lobby", "button", &data).as_bytes()).bytes());
        // In pieces: the login alone, the start of the large one right behind it, or all at once.
        for piece in bytes.chunks([usize::MAX, 100, 40_000][round % 3].min(bytes.len())) {
            client.wire.send(piece).await;
        }
        assert_eq!(client.answer().await.code, 202);
        client.listing_of("lobby").await;
        client.expect("lobby", "ada", "button", &data).await;
        client.wire.close(1000).await;
        assert_eq!(client.wire.drained().await, Some(1000));
    }
}

#[tokio::test]
async fn a_lower_server_limit_applies_before_the_login_too() {
    let limits = Limits { max_message_bytes: 2000, ..Limits::lab() };
    let hall = Hall::with(FPS, limits);
    refused(&hall, &Frame::new(TEXT, padded(2001).as_bytes()).bytes()).await;
    let mut nobody = Client::connect(&hall).await;
    nobody.send(&padded(2000)).await;
    assert!(matches!(nobody.said().await, Said::Answer(answer) if answer.code == 220));
}
