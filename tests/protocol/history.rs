//! A room's history.

use crate::support::client::Client;
use crate::support::hall::Hall;
use crate::support::said::Entry;
use crate::support::{join, request, say, stand};

/// Sends messages one by one and returns them as they came out.
async fn talk(client: &mut Client, room: &str, texts: impl Iterator<Item = String>) -> Vec<Entry> {
    let name = client.name.clone();
    let mut said = Vec::new();
    for text in texts {
        client.send(&say(room, &text)).await;
        said.push(client.hears(room, &name, &text).await);
    }
    said
}

fn numbered(count: usize) -> impl Iterator<Item = String> {
    (0..count).map(|n| format!("message {n}"))
}

#[tokio::test]
async fn the_joiner_gets_listing_history_and_poses_in_this_order() {
    let hall = Hall::start();
    let [mut ada, mut bob] = hall.people(["ada", "bob"]).await;
    ada.join("atrium").await;
    let said = talk(&mut ada, "atrium", numbered(3)).await;
    ada.send(&stand("atrium", 1.0)).await;
    ada.tick("atrium").await;
    bob.send(&join("atrium")).await;
    assert_eq!(bob.listing_of("atrium").await.len(), 2);
    let history = bob.event().await;
    assert_eq!((history.room.as_str(), history.entries), ("atrium", said));
    assert_eq!(bob.tick("atrium").await["ada"].pos[0], 1.0);
    bob.quiet().await;
    ada.expect("atrium", "bob", "join", r#""""#).await;
    ada.quiet().await;
}

#[tokio::test]
async fn a_login_brings_history_and_poses_of_the_lobby() {
    let hall = Hall::start();
    let [mut ada] = hall.people(["ada"]).await;
    let said = talk(&mut ada, "lobby", numbered(1)).await;
    ada.send(&stand("lobby", 1.0)).await;
    ada.tick("lobby").await;
    let mut bob = Client::login(&hall, "bob").await;
    assert_eq!(bob.event().await.entries, said);
    assert_eq!(bob.tick("lobby").await.len(), 1);
    bob.quiet().await;
}

#[tokio::test]
async fn the_last_fifty_are_kept() {
    let hall = Hall::start();
    let [mut ada] = hall.people(["ada"]).await;
    let said = talk(&mut ada, "lobby", numbered(60)).await;
    let mut bob = Client::login(&hall, "bob").await;
    assert_eq!(bob.event().await.entries, said[10..]);
    bob.quiet().await;
}

#[tokio::test]
async fn how_many_are_kept_is_a_setting() {
    let hall = Hall::limited(|limits| limits.history_messages = 3);
    let [mut ada] = hall.people(["ada"]).await;
    let said = talk(&mut ada, "lobby", numbered(5)).await;
    let mut bob = Client::login(&hall, "bob").await;
    assert_eq!(bob.event().await.entries, said[2..]);
}

#[tokio::test]
async fn the_bytes_kept_are_bounded() {
    let hall = Hall::limited(|limits| limits.history_bytes = 10_000);
    let [mut ada] = hall.people(["ada"]).await;
    let texts = (0..30).map(|n| format!("{n:01000}"));
    let said = talk(&mut ada, "lobby", texts).await;
    let mut bob = Client::login(&hall, "bob").await;
    let history = bob.event().await.entries;
    assert!((2..=10).contains(&history.len()), "{} messages of 1000 bytes", history.len());
    assert_eq!(history, said[said.len() - history.len()..]);
    bob.quiet().await;
}

#[tokio::test]
async fn fifty_large_messages_stay_within_the_default_bound() {
    let hall = Hall::start();
    let [mut ada] = hall.people(["ada"]).await;
    let texts = (0..50).map(|n| format!("{n:010000}"));
    let said = talk(&mut ada, "lobby", texts).await;
    let mut bob = Client::login(&hall, "bob").await;
    let history = bob.event().await.entries;
    assert!((2..=26).contains(&history.len()), "{} messages of 10,000 bytes", history.len());
    assert_eq!(history, said[said.len() - history.len()..]);
}

#[tokio::test]
async fn types_are_kept_buttons_and_poses_are_not() {
    let hall = Hall::start();
    let [mut ada] = hall.people(["ada"]).await;
    ada.send(&request("lobby", "grab", r#"{"hand":"left"}"#)).await;
    let grab = ada.expect("lobby", "ada", "grab", r#"{"hand":"left"}"#).await;
    ada.send(&request("lobby", "button", "1")).await;
    ada.expect("lobby", "ada", "button", "1").await;
    ada.send(r#"{"room":"lobby","data":[2]}"#).await;
    let plain = ada.expect("lobby", "ada", "msg", "[2]").await;
    ada.send(&stand("lobby", 1.0)).await;
    ada.tick("lobby").await;
    let mut bob = Client::login(&hall, "bob").await;
    assert_eq!(bob.event().await.entries, [grab, plain]);
    assert_eq!(bob.tick("lobby").await.len(), 1);
    bob.quiet().await;
}

#[tokio::test]
async fn the_history_keeps_the_senders_even_after_they_left() {
    let hall = Hall::start();
    let [mut ada, mut bob] = hall.people(["ada", "bob"]).await;
    let mut said = talk(&mut ada, "lobby", ["one".to_owned()].into_iter()).await;
    bob.hears("lobby", "ada", "one").await;
    said.extend(talk(&mut bob, "lobby", ["two".to_owned()].into_iter()).await);
    drop(ada);
    bob.expect("lobby", "ada", "leave", r#""""#).await;
    let mut carl = Client::login(&hall, "carl").await;
    assert_eq!(carl.event().await.entries, said);
    carl.quiet().await;
}

#[tokio::test]
async fn joins_and_leaves_are_not_kept() {
    let hall = Hall::start();
    let [mut ada, bob] = hall.people(["ada", "bob"]).await;
    drop(bob);
    ada.expect("lobby", "bob", "leave", r#""""#).await;
    let mut carl = Client::login(&hall, "carl").await;
    carl.quiet().await;
}

#[tokio::test]
async fn a_rejoiner_gets_the_history_again() {
    let hall = Hall::start();
    let [mut ada, mut bob] = hall.people(["ada", "bob"]).await;
    let said = talk(&mut ada, "lobby", numbered(2)).await;
    for n in 0..2 {
        bob.hears("lobby", "ada", &format!("message {n}")).await;
    }
    bob.send(&crate::support::leave("lobby")).await;
    assert_eq!(bob.join("lobby").await.len(), 2);
    assert_eq!(bob.event().await.entries, said);
}

#[tokio::test]
async fn nothing_is_missed_and_nothing_comes_twice_while_others_talk() {
    let hall = Hall::start();
    let [mut ada, mut bob] = hall.people(["ada", "bob"]).await;
    let (name, count) = (ada.name.clone(), 600);
    let talker = tokio::spawn(async move {
        for n in 0..count {
            ada.send(&request("lobby", "msg", &n.to_string())).await;
            while !ada.event().await.entries.iter().any(|entry| entry.data.as_number() == Some(n)) {
            }
        }
        ada
    });
    // bob keeps leaving and joining: each time, what he gets continues without a gap.
    let mut last = None;
    while last != Some(count - 1) {
        bob.send(&crate::support::leave("lobby")).await;
        bob.send(&join("lobby")).await;
        let mut after_join = None;
        // Then a few live ones.
        let mut live = 0;
        while live < 5 && last != Some(count - 1) {
            let event = bob.event().await;
            if event.entries[0].kind == "join" {
                after_join = Some(());
                last = None;
                continue;
            }
            live += usize::from(after_join.is_some());
            for entry in &event.entries {
                assert_eq!(entry.user, name);
                let n = entry.data.as_number().expect("a number");
                if let Some(last) = last {
                    assert_eq!(n, last + 1, "in {} entries", event.entries.len());
                }
                last = Some(n);
            }
        }
    }
    talker.await.expect("no panic");
}
