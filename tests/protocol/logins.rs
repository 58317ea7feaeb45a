//! One name, one user: refusals, second logins and takeovers.

use crate::support::client::Client;
use crate::support::hall::Hall;
use crate::support::{join, login, say};

#[tokio::test]
async fn a_name_in_use_is_409() {
    let hall = Hall::start();
    let mut ada = Client::login_with(&hall, "ada", "secret").await;
    let mut other = Client::connect(&hall).await;
    for pass in ["", "wrong", "Secret", "secret "] {
        other.asks(&login("ada", pass), 409).await;
    }
    ada.quiet().await;
    // The refused connection goes on.
    other.enter("bob", "").await;
}

#[tokio::test]
async fn the_same_empty_password_takes_nothing_over() {
    let hall = Hall::start();
    let mut ada = Client::login(&hall, "ada").await;
    let mut other = Client::connect(&hall).await;
    other.asks(&login("ada", ""), 409).await;
    other.asks(&login("ada", "guess"), 409).await;
    ada.quiet().await;
}

#[tokio::test]
async fn the_same_password_takes_over() {
    let hall = Hall::start();
    let mut bob = Client::login(&hall, "bob").await;
    let mut old = Client::login_with(&hall, "Ada", "secret").await;
    bob.expect("lobby", "Ada", "join", r#""""#).await;
    old.join("atrium").await;
    bob.join("atrium").await;
    old.expect("atrium", "bob", "join", r#""""#).await;
    old.join("alone").await;

    let mut new = Client::connect(&hall).await;
    new.enter("ada", "secret").await;
    let names: Vec<_> = new.listing.iter().map(|entry| entry.user.as_str()).collect();
    assert_eq!(names, ["ada", "bob"]);
    new.quiet().await;

    old.wire.ends_with(1008).await;
    let mut told = Vec::new();
    for _ in 0..3 {
        let event = bob.event().await;
        let [entry] = &event.entries[..] else { panic!("{event:?}") };
        told.push((event.room.clone(), entry.user.clone(), entry.kind.clone()));
    }
    bob.quiet().await;
    let told = |room: &str| -> Vec<(&str, &str)> {
        let of_room = told.iter().filter(|(of, _, _)| of == room);
        of_room.map(|(_, user, kind)| (user.as_str(), kind.as_str())).collect()
    };
    assert_eq!(told("lobby"), [("Ada", "leave"), ("ada", "join")]);
    assert_eq!(told("atrium"), [("Ada", "leave")]);
    // A takeover is a login: the user is only in the lobby, and rooms where it was alone are gone.
    new.asks(&say("atrium", "x"), 401).await;
    let rooms = new.asks(r#"{"system":"rooms"}"#, 212).await.detail;
    assert_eq!(rooms.get("alone"), None);
}

#[tokio::test]
async fn a_takeover_may_be_taken_over() {
    let hall = Hall::start();
    let mut last = Client::login_with(&hall, "ada", "pass\u{0}\u{202e}").await;
    for _ in 0..3 {
        let next = Client::login_with(&hall, "ada", "pass\u{0}\u{202e}").await;
        assert_eq!(next.listing.len(), 1);
        last.wire.ends_with(1008).await;
        last = next;
    }
    last.quiet().await;
}

#[tokio::test]
async fn a_second_login_on_a_connection_is_409_and_changes_nothing() {
    let hall = Hall::start();
    let mut ada = Client::login_with(&hall, "ada", "secret").await;
    ada.join("atrium").await;
    for (name, pass) in [("bob", ""), ("ada", ""), ("ada", "secret"), ("ADA", "secret")] {
        ada.asks(&login(name, pass), 409).await;
    }
    ada.send(&say("atrium", "still here")).await;
    ada.hears("atrium", "ada", "still here").await;
    let bob = Client::login(&hall, "bob").await;
    assert_eq!(bob.listing.len(), 2);
}

#[tokio::test]
async fn a_second_login_takes_over_nobody() {
    let hall = Hall::start();
    let mut ada = Client::login_with(&hall, "ada", "secret").await;
    let mut bob = Client::login_with(&hall, "bob", "secret").await;
    ada.expect("lobby", "bob", "join", r#""""#).await;
    bob.asks(&login("ada", "secret"), 409).await;
    ada.quiet().await;
    bob.quiet().await;
}

#[tokio::test]
async fn a_name_is_free_again_once_its_user_is_gone() {
    let hall = Hall::start();
    let mut bob = Client::login(&hall, "bob").await;
    for pass in ["first", "second", ""] {
        let mut ada = Client::login_with(&hall, "ada", pass).await;
        bob.expect("lobby", "ada", "join", r#""""#).await;
        ada.wire.close(1000).await;
        bob.expect("lobby", "ada", "leave", r#""""#).await;
    }
}

#[tokio::test]
async fn a_refused_login_leaves_no_trace() {
    let hall = Hall::start();
    let [mut ada] = hall.people(["ada"]).await;
    let mut nobody = Client::connect(&hall).await;
    nobody.asks(&login("ada", ""), 409).await;
    nobody.asks(&join("lobby"), 403).await;
    nobody.asks(&say("lobby", "x"), 403).await;
    drop(nobody);
    ada.quiet().await;
}
