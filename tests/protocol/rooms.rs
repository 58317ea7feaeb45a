//! Joining, leaving and listing rooms.

use crate::support::client::Client;
use crate::support::hall::Hall;
use crate::support::json::json;
use crate::support::said::Entry;
use crate::support::{join, leave, list, say, stand};

fn names(listing: &[Entry]) -> Vec<&str> {
    listing.iter().map(|entry| entry.user.as_str()).collect()
}

#[tokio::test]
async fn a_join_opens_a_room_that_does_not_exist() {
    let hall = Hall::start();
    let [mut ada, mut bob] = hall.people(["ada", "bob"]).await;
    assert_eq!(names(&ada.join("atrium").await), ["ada"]);
    // The opener gets only the listing, and outsiders get nothing.
    ada.quiet().await;
    bob.quiet().await;
}

#[tokio::test]
async fn the_others_get_one_join() {
    let hall = Hall::start();
    let [mut ada, mut bob, mut carl] = hall.people(["ada", "bob", "carl"]).await;
    ada.join("atrium").await;
    assert_eq!(names(&bob.join("atrium").await), ["ada", "bob"]);
    ada.expect("atrium", "bob", "join", r#""""#).await;
    for client in [&mut ada, &mut bob, &mut carl] {
        client.quiet().await;
    }
}

#[tokio::test]
async fn the_listing_is_sorted_without_case() {
    let hall = Hall::start();
    let mut people = hall.people(["bob", "Ada", "carl", "Dora", "BETTY", "zoe", "Zack"]).await;
    let sorted = ["Ada", "BETTY", "bob", "carl", "Dora", "Zack", "zoe"];
    people[0].send(&list("lobby")).await;
    assert_eq!(names(&people[0].listing_of("lobby").await), sorted);
    let last = Client::login(&hall, "Carla").await;
    let sorted = ["Ada", "BETTY", "bob", "carl", "Carla", "Dora", "Zack", "zoe"];
    assert_eq!(names(&last.listing), sorted);
}

#[tokio::test]
async fn the_listing_tells_when_each_member_joined() {
    let hall = Hall::start();
    let [mut ada] = hall.people(["ada"]).await;
    let mut bob = Client::login(&hall, "bob").await;
    let joined = ada.expect("lobby", "bob", "join", r#""""#).await.time;
    assert_eq!(bob.listing[0].time, ada.listing[0].time);
    assert_eq!(bob.listing[1].time, joined);
    // Time has passed, and a rejoin is a new join.
    ada.send(&leave("lobby")).await;
    bob.expect("lobby", "ada", "leave", r#""""#).await;
    let again = ada.join("lobby").await;
    let rejoined = bob.expect("lobby", "ada", "join", r#""""#).await.time;
    assert!(rejoined > joined);
    assert_eq!((again[0].time, again[1].time), (rejoined, joined));
    bob.send(&list("lobby")).await;
    assert_eq!(bob.listing_of("lobby").await, again);
}

#[tokio::test]
async fn a_listing_goes_to_the_asker_alone() {
    let hall = Hall::start();
    let [mut ada, mut bob] = hall.people(["ada", "bob"]).await;
    ada.send(&list("lobby")).await;
    assert_eq!(names(&ada.listing_of("lobby").await), ["ada", "bob"]);
    ada.quiet().await;
    bob.quiet().await;
}

#[tokio::test]
async fn a_listing_is_the_list_and_no_history_and_no_poses() {
    let hall = Hall::start();
    let [mut ada] = hall.people(["ada"]).await;
    ada.send(&say("lobby", "x")).await;
    ada.hears("lobby", "ada", "x").await;
    ada.send(&stand("lobby", 1.0)).await;
    ada.tick("lobby").await;
    ada.send(&list("lobby")).await;
    ada.listing_of("lobby").await;
    ada.quiet().await;
}

#[tokio::test]
async fn a_leave_is_told_to_the_others_alone() {
    let hall = Hall::start();
    let [mut ada, mut bob, mut carl] = hall.people(["ada", "bob", "carl"]).await;
    for client in [&mut ada, &mut bob] {
        client.join("atrium").await;
    }
    ada.expect("atrium", "bob", "join", r#""""#).await;
    bob.send(&leave("atrium")).await;
    ada.expect("atrium", "bob", "leave", r#""""#).await;
    for client in [&mut bob, &mut ada, &mut carl] {
        client.quiet().await;
    }
    bob.asks(&leave("atrium"), 401).await;
    // A user who left gets nothing more from the room.
    ada.send(&say("atrium", "alone")).await;
    ada.hears("atrium", "ada", "alone").await;
    bob.quiet().await;
}

#[tokio::test]
async fn the_lobby_may_be_left_and_joined_again() {
    let hall = Hall::start();
    let [mut ada, mut bob] = hall.people(["ada", "bob"]).await;
    ada.send(&leave("lobby")).await;
    bob.expect("lobby", "ada", "leave", r#""""#).await;
    ada.asks(&say("lobby", "x"), 401).await;
    assert_eq!(names(&ada.join("lobby").await), ["ada", "bob"]);
    bob.expect("lobby", "ada", "join", r#""""#).await;
}

#[tokio::test]
async fn a_user_may_be_in_several_rooms_which_are_separate() {
    let hall = Hall::start();
    let [mut ada, mut bob, mut carl] = hall.people(["ada", "bob", "carl"]).await;
    for room in ["r1", "r2", "r3"] {
        ada.join(room).await;
    }
    bob.join("r1").await;
    ada.expect("r1", "bob", "join", r#""""#).await;
    carl.join("r2").await;
    ada.expect("r2", "carl", "join", r#""""#).await;
    for room in ["r3", "r1", "r2"] {
        ada.send(&say(room, room)).await;
        ada.hears(room, "ada", room).await;
    }
    bob.hears("r1", "ada", "r1").await;
    carl.hears("r2", "ada", "r2").await;
    bob.quiet().await;
    carl.quiet().await;
}

#[tokio::test]
async fn sixty_four_rooms_are_fine() {
    let hall = Hall::start();
    let [mut ada] = hall.people(["ada"]).await;
    for n in 1..64 {
        ada.join(&format!("room {n}")).await;
    }
    ada.asks(&join("one more"), 413).await;
}

#[tokio::test]
async fn a_room_without_members_is_gone_with_its_history() {
    let hall = Hall::start();
    let [mut ada, mut bob] = hall.people(["ada", "bob"]).await;
    bob.join("atrium").await;
    bob.send(&say("atrium", "x")).await;
    bob.hears("atrium", "bob", "x").await;
    bob.send(&leave("atrium")).await;
    bob.quiet().await;
    let rooms = r#"{"system":"rooms"}"#;
    assert_eq!(ada.asks(rooms, 212).await.detail, json(r#"{"lobby":""}"#));
    assert_eq!(names(&ada.join("atrium").await), ["ada"]);
    ada.quiet().await;
    // It is also gone when the last member's connection ends.
    ada.send(&say("atrium", "y")).await;
    ada.hears("atrium", "ada", "y").await;
    drop(ada);
    bob.expect("lobby", "ada", "leave", r#""""#).await;
    assert_eq!(bob.asks(rooms, 212).await.detail, json(r#"{"lobby":""}"#));
    assert_eq!(names(&bob.join("atrium").await), ["bob"]);
    bob.quiet().await;
}

#[tokio::test]
async fn the_lobby_always_exists_and_keeps_its_history() {
    let hall = Hall::start();
    let [mut ada] = hall.people(["ada"]).await;
    ada.send(&say("lobby", "remember me")).await;
    let said = ada.hears("lobby", "ada", "remember me").await;
    ada.wire.close(1000).await;
    hall.seen("an empty lobby", |now| now.users.is_empty() && now.rooms[0].users == 0).await;
    let mut bob = Client::login(&hall, "bob").await;
    assert_eq!(names(&bob.listing), ["bob"]);
    assert_eq!(bob.event().await.entries, [said]);
    let rooms = bob.asks(r#"{"system":"rooms"}"#, 212).await.detail;
    assert_eq!(rooms, json(r#"{"lobby":""}"#));
}
