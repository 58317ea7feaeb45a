//! Ways to disconnect, each of which ends membership.

use crate::support::client::Client;
use crate::support::hall::Hall;
use crate::support::wire::{CLOSE, Frame, Received};
use crate::support::{say, within};

#[tokio::test]
async fn a_close_frame_is_echoed_and_the_connection_ended() {
    let hall = Hall::start();
    let mut ada = Client::login(&hall, "ada").await;
    for code in [1000, 1001, 3000, 4999] {
        let mut nobody = Client::connect(&hall).await;
        nobody.wire.close(code).await;
        nobody.wire.ends_with(code).await;
    }
    ada.wire.frame(Frame::new(CLOSE, b"")).await;
    let echo = within("a close frame", ada.wire.next()).await;
    assert!(matches!(echo, Received::Close(None | Some(1000), _)), "{echo:?}");
    ada.wire.ended().await;
}

#[tokio::test]
async fn a_bad_close_frame_is_1002() {
    let hall = Hall::start();
    for payload in
        [&b"\x03"[..], &999_u16.to_be_bytes(), &1005_u16.to_be_bytes(), &1006_u16.to_be_bytes()]
    {
        let mut nobody = Client::connect(&hall).await;
        nobody.wire.frame(Frame::new(CLOSE, payload)).await;
        nobody.wire.ends_with(1002).await;
    }
}

#[tokio::test]
async fn a_close_reason_in_bad_utf8_is_refused() {
    let hall = Hall::start();
    let mut nobody = Client::connect(&hall).await;
    nobody.wire.frame(Frame::new(CLOSE, b"\x03\xe8\xff\xfe")).await;
    let end = within("a close frame", nobody.wire.next()).await;
    assert!(matches!(end, Received::Close(Some(1002 | 1007), _)), "{end:?}");
    nobody.wire.ended().await;
}

#[tokio::test]
async fn a_client_that_sent_a_close_frame_has_left_whatever_its_tcp_does() {
    let hall = Hall::start();
    let [mut ada, mut bob] = hall.people(["ada", "bob"]).await;
    ada.wire.close(1000).await;
    bob.expect("lobby", "ada", "leave", r#""""#).await;
    // The TCP connection is still open, and the name is free.
    let again = Client::login(&hall, "ada").await;
    assert_eq!(again.listing.len(), 2);
    bob.expect("lobby", "ada", "join", r#""""#).await;
    assert_eq!(ada.wire.drained().await, Some(1000));
}

#[tokio::test]
async fn what_follows_a_close_frame_is_ignored() {
    let hall = Hall::start();
    let [mut ada, mut bob] = hall.people(["ada", "bob"]).await;
    let mut bytes = Frame::new(CLOSE, &1000_u16.to_be_bytes()).bytes();
    bytes.extend(Frame::new(1, say("lobby", "too late").as_bytes()).bytes());
    ada.wire.send(&bytes).await;
    bob.expect("lobby", "ada", "leave", r#""""#).await;
    bob.quiet().await;
}

#[tokio::test]
async fn what_came_before_a_close_frame_counts() {
    let hall = Hall::start();
    let [mut ada, mut bob] = hall.people(["ada", "bob"]).await;
    let mut bytes = Frame::new(1, say("lobby", "bye").as_bytes()).bytes();
    bytes.extend(Frame::new(CLOSE, &1000_u16.to_be_bytes()).bytes());
    ada.wire.send(&bytes).await;
    bob.hears("lobby", "ada", "bye").await;
    bob.expect("lobby", "ada", "leave", r#""""#).await;
}

#[tokio::test]
async fn an_end_without_a_close_frame_leaves() {
    let hall = Hall::start();
    let [mut ada, bob, mut carl, dora] = hall.people(["ada", "bob", "carl", "dora"]).await;
    drop(bob);
    ada.expect("lobby", "bob", "leave", r#""""#).await;
    carl.wire.finish().await;
    ada.expect("lobby", "carl", "leave", r#""""#).await;
    dora.wire.reset();
    ada.expect("lobby", "dora", "leave", r#""""#).await;
    ada.quiet().await;
}

#[tokio::test]
async fn an_end_within_a_frame_leaves() {
    let hall = Hall::start();
    let [mut ada, mut bob] = hall.people(["ada", "bob"]).await;
    let whole = Frame::new(1, say("lobby", "half").as_bytes()).bytes();
    bob.wire.send(&whole[..whole.len() - 3]).await;
    drop(bob);
    ada.expect("lobby", "bob", "leave", r#""""#).await;
    ada.quiet().await;
}

#[tokio::test]
async fn an_end_leaves_each_room_once() {
    let hall = Hall::start();
    let [mut ada, mut bob] = hall.people(["ada", "bob"]).await;
    for room in ["r1", "r2"] {
        ada.join(room).await;
        bob.join(room).await;
        ada.expect(room, "bob", "join", r#""""#).await;
    }
    drop(bob);
    let mut rooms = Vec::new();
    for _ in 0..3 {
        let event = ada.event().await;
        assert_eq!((event.users(), event.entries[0].kind.as_str()), (vec!["bob"], "leave"));
        rooms.push(event.room);
    }
    rooms.sort();
    assert_eq!(rooms, ["lobby", "r1", "r2"]);
    ada.quiet().await;
}
