//! 413 and 429: what a client may have and how fast.

use crate::support::client::Client;
use crate::support::hall::Hall;
use crate::support::said::Said;
use crate::support::wire::{Frame, TEXT};
use crate::support::{PING, join, leave, request, say, stand};

#[tokio::test]
async fn too_many_rooms_of_a_user_are_413() {
    let hall = Hall::limited(|limits| limits.max_rooms_per_user = 3);
    let [mut ada, mut bob] = hall.people(["ada", "bob"]).await;
    ada.join("r1").await;
    ada.join("r2").await;
    ada.asks(&join("r3"), 413).await;
    // Also of rooms that are there; and what is there already is no new room.
    bob.join("r3").await;
    ada.asks(&join("r3"), 413).await;
    ada.asks(&join("r1"), 409).await;
    bob.quiet().await;
    ada.send(&leave("r1")).await;
    assert_eq!(ada.join("r3").await.len(), 2);
    bob.expect("r3", "ada", "join", r#""""#).await;
}

#[tokio::test]
async fn too_many_rooms_in_all_are_413() {
    let hall = Hall::limited(|limits| limits.max_rooms = 2);
    let [mut ada, mut bob] = hall.people(["ada", "bob"]).await;
    ada.join("r1").await;
    bob.asks(&join("r2"), 413).await;
    assert_eq!(bob.join("r1").await.len(), 2);
    ada.expect("r1", "bob", "join", r#""""#).await;
    ada.send(&leave("r1")).await;
    bob.expect("r1", "ada", "leave", r#""""#).await;
    bob.send(&leave("r1")).await;
    bob.join("r2").await;
}

#[tokio::test]
async fn a_message_too_large_to_be_kept_is_413_and_not_sent_on() {
    let hall = Hall::limited(|limits| limits.history_bytes = 2000);
    let [mut ada, mut bob] = hall.people(["ada", "bob"]).await;
    let large = "x".repeat(3000);
    ada.asks(&say("lobby", &large), 413).await;
    ada.asks(&request("lobby", "grab", &format!("{large:?}")), 413).await;
    bob.quiet().await;
    ada.send(&say("lobby", "small")).await;
    bob.hears("lobby", "ada", "small").await;
    ada.hears("lobby", "ada", "small").await;
    // A message that is not kept may be larger.
    ada.send(&request("lobby", "button", &format!("{large:?}"))).await;
    bob.expect("lobby", "ada", "button", &format!("{large:?}")).await;
}

#[tokio::test]
async fn a_message_above_the_default_history_is_413() {
    let hall = Hall::start();
    let [mut ada] = hall.people(["ada"]).await;
    ada.asks(&say("lobby", &"x".repeat(300 << 10)), 413).await;
    ada.quiet().await;
}

/// One message in ten seconds: the rate restores next to nothing while a test runs.
const RARELY: Option<f64> = Some(0.1);

#[tokio::test]
async fn messages_above_the_rate_are_429_and_not_carried_out() {
    let hall = Hall::limited(|limits| {
        limits.messages_per_s = RARELY;
        limits.messages_burst = 10;
    });
    let [mut ada, mut bob] = hall.people(["ada", "bob"]).await;
    let mut bytes = Vec::new();
    for n in 0..30 {
        let text = request("lobby", "msg", &n.to_string());
        bytes.extend(Frame::new(TEXT, text.as_bytes()).bytes());
    }
    ada.wire.send(&bytes).await;
    // Each is sent on or refused, and none is both.
    let (mut carried_out, mut refused) = (Vec::new(), 0);
    while carried_out.len() + refused < 30 {
        match ada.said().await {
            Said::Event(event) => carried_out.extend(event.entries[0].data.as_number()),
            Said::Answer(answer) => {
                assert_eq!(answer.code, 429);
                refused += 1;
            }
        }
    }
    assert!((8..=11).contains(&carried_out.len()), "{carried_out:?} of a burst of 10");
    assert_eq!(carried_out[..8], [0, 1, 2, 3, 4, 5, 6, 7]);
    for n in carried_out {
        bob.expect("lobby", "ada", "msg", &n.to_string()).await;
    }
    // Each connection has its own quota, and the connection stays.
    bob.quiet().await;
    ada.asks(PING, 429).await;
}

#[tokio::test]
async fn transforms_do_not_count_against_the_message_rate() {
    let hall = Hall::limited(|limits| {
        limits.messages_per_s = RARELY;
        limits.messages_burst = 5;
    });
    let [mut ada, mut bob] = hall.people(["ada", "bob"]).await;
    for n in 0..20 {
        ada.send(&stand("lobby", f64::from(n))).await;
        bob.tick("lobby").await;
        ada.tick("lobby").await;
    }
    ada.send(&say("lobby", "still something left")).await;
    bob.hears("lobby", "ada", "still something left").await;
}

#[tokio::test]
async fn bytes_above_the_rate_are_429() {
    let hall = Hall::limited(|limits| {
        limits.max_message_bytes = 16 << 10;
        limits.bytes_per_s = Some(1024.0);
        limits.bytes_burst = 16 << 10;
    });
    let [mut ada, mut bob] = hall.people(["ada", "bob"]).await;
    let text = "x".repeat(12_000);
    let frame = Frame::new(TEXT, say("lobby", &text).as_bytes()).bytes();
    ada.wire.send(&[frame.clone(), frame].concat()).await;
    ada.hears("lobby", "ada", &text).await;
    assert_eq!(ada.answer().await.code, 429);
    bob.hears("lobby", "ada", &text).await;
    bob.quiet().await;
    let mut carl = Client::login(&hall, "carl").await;
    assert_eq!(carl.event().await.entries.len(), 1);
    carl.quiet().await;
}

#[tokio::test]
async fn the_default_rate_lets_a_lively_client_be() {
    let hall = Hall::start();
    let [mut ada] = hall.people(["ada"]).await;
    let mut bytes = Vec::new();
    for _ in 0..1000 {
        bytes.extend(Frame::new(TEXT, PING.as_bytes()).bytes());
    }
    ada.wire.send(&bytes).await;
    for _ in 0..1000 {
        assert_eq!(ada.answer().await.code, 220);
    }
}
