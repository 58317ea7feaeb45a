//! Which peers are alive and which are gone.

use std::time::Duration;

use crate::support::client::Client;
use crate::support::hall::Hall;
use crate::support::wire::Received;
use crate::support::within;

fn watchful() -> Hall {
    Hall::limited(|limits| limits.idle_timeout = Duration::from_secs(2))
}

#[tokio::test]
async fn the_server_pings() {
    let hall = watchful();
    let mut ada = Client::login(&hall, "ada").await;
    ada.wire.answers_pings = false;
    let ping = within("a ping", ada.wire.next()).await;
    assert!(matches!(ping, Received::Ping(_)), "{ping:?}");
}

#[tokio::test]
async fn a_peer_that_answers_nothing_is_gone() {
    let hall = watchful();
    let [mut ada, mut bob, mut carl] = hall.people(["ada", "bob", "carl"]).await;
    // ada reads and answers no ping; bob does not even read.
    ada.wire.answers_pings = false;
    let reader = tokio::spawn(async move { ada.wire.drained().await });
    let mut gone = Vec::new();
    for _ in 0..2 {
        let event = carl.event().await;
        assert_eq!(event.entries[0].kind, "leave", "{event:?}");
        gone.extend(event.users().into_iter().map(str::to_owned));
    }
    gone.sort();
    assert_eq!(gone, ["ada", "bob"]);
    // carl has said nothing all this time, but answered the pings.
    carl.quiet().await;
    reader.await.expect("the end of ada's connection");
    bob.wire.answers_pings = false;
    bob.wire.drained().await;
}

#[tokio::test]
async fn a_peer_that_sends_stays_without_answering_pings() {
    let hall = watchful();
    let [mut ada, mut bob, mut carl] = hall.people(["ada", "bob", "carl"]).await;
    ada.wire.answers_pings = false;
    // ada asks for pongs until bob, who does nothing, is gone.
    let asking = async {
        let mut pace = tokio::time::interval(Duration::from_millis(100));
        loop {
            pace.tick().await;
            ada.wire.text(crate::support::PING).await;
            while !matches!(within("a pong", ada.wire.next()).await, Received::Text(_)) {}
        }
    };
    tokio::select! {
        () = asking => {}
        _ = carl.expect("lobby", "bob", "leave", r#""""#) => {}
    }
    carl.quiet().await;
    bob.wire.answers_pings = false;
    bob.wire.drained().await;
}

#[tokio::test]
async fn a_peer_that_does_not_log_in_is_closed_with_1008() {
    let hall = Hall::limited(|limits| limits.login_timeout = Duration::from_millis(500));
    let mut ada = Client::login(&hall, "ada").await;
    let mut nobody = Client::connect(&hall).await;
    // Talking is not logging in.
    nobody.quiet().await;
    nobody.wire.ends_with(1008).await;
    ada.quiet().await;
}

#[tokio::test]
async fn a_silent_peer_that_never_logged_in_is_gone_too() {
    let hall = watchful();
    let mut nobody = Client::connect(&hall).await;
    nobody.wire.answers_pings = false;
    assert!(hall.seen("the connection", |now| now.traffic.connections == 1).await.users.is_empty());
    hall.seen("its end", |now| now.traffic.connections == 0).await;
    nobody.wire.drained().await;
}
