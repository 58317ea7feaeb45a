//! Additions that a client asks for and this server does not have: they are not confirmed, and
//! nothing else changes.

use crate::support::client::Client;
use crate::support::hall::Hall;
use crate::support::json::json;
use crate::support::request;
use crate::support::wire::{Wire, upgrade};

fn login_with(user: &str, options: &str) -> String {
    format!(r#"{{"system":"login","options":{{"user":"{user}","pass":"",{options}}}}}"#)
}

#[tokio::test]
async fn unknown_options_of_a_login_are_not_confirmed() {
    let hall = Hall::start();
    for options in [
        r#""holograms":true"#,
        r#""hands":true,"resume":true,"slots":true,"holograms":true"#,
        r#""hands":false,"resume":null,"slots":[],"holograms":{}"#,
        r#""hands":"yes","slots":1e400"#,
    ] {
        let mut ada = Client::connect(&hall).await;
        let answer = ada.asks(&login_with("ada", options), 202).await;
        assert_eq!(answer.detail, json("{}"), "{options}");
        let listing = ada.listing_of("lobby").await;
        assert_eq!(listing.len(), 1, "{options}");
        ada.quiet().await;
        ada.wire.close(1000).await;
        assert_eq!(ada.wire.drained().await, Some(1000));
    }
}

#[tokio::test]
async fn a_client_whose_request_for_hands_is_not_confirmed_sees_and_sends_only_heads() {
    let hall = Hall::start();
    let [mut bob] = hall.people(["bob"]).await;
    let mut ada = Client::connect(&hall).await;
    ada.asks(&login_with("ada", r#""hands":true"#), 202).await;
    ada.listing_of("lobby").await;
    bob.expect("lobby", "ada", "join", r#""""#).await;
    let pose = r#"{"pos":{"x":1},"rot":{},"left":{"pos":{"x":2}},"right":{"pos":"nonsense"}}"#;
    ada.send(&request("lobby", "transform", pose)).await;
    // Reading a tick checks that it holds only the position and rotation of a head.
    for client in [&mut ada, &mut bob] {
        assert_eq!(client.tick("lobby").await["ada"].pos, [1.0, 0.0, 0.0]);
    }
}

#[tokio::test]
async fn an_unknown_token_does_not_log_anybody_in() {
    let hall = Hall::start();
    let [mut ada] = hall.people(["ada"]).await;
    let mut thief = Client::connect(&hall).await;
    let resume = r#""resume":"0123456789abcdef0123456789abcdef","received":0"#;
    let answer = thief.asks(&login_with("ada", resume), 409).await;
    assert!(answer.detail.get("recovered").is_none(), "{answer:?}");
    ada.quiet().await;
}

#[tokio::test]
async fn unknown_options_of_a_ping_are_ignored() {
    let hall = Hall::start();
    let [mut ada] = hall.people(["ada"]).await;
    let answer = ada.asks(r#"{"system":"ping","options":{"holograms":1}}"#, 220).await;
    assert_eq!(answer.detail, json("{}"));
}

#[tokio::test]
async fn an_unknown_subprotocol_is_not_negotiated() {
    let hall = Hall::start();
    let extra = "Sec-WebSocket-Protocol: vrlobby.pose.99, mqtt\r\n";
    let answer = Wire::dial(hall.addr()).await.http(&upgrade("/", extra)).await;
    assert_eq!((answer.status, answer.header("Sec-WebSocket-Protocol")), (101, None));
}
