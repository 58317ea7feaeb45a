//! The server's clock, as clients see it.

use std::time::{SystemTime, UNIX_EPOCH};

use crate::support::PING;
use crate::support::client::Client;
use crate::support::hall::Hall;
use crate::support::{leave, stand};

#[tokio::test]
async fn time_is_now_in_microseconds_and_never_runs_back() {
    let hall = Hall::start();
    let [mut ada, mut bob] = hall.people(["ada", "bob"]).await;
    let mut times = vec![bob.listing[0].time, bob.listing[1].time];
    for n in 0..50 {
        times.push(ada.asks(PING, 220).await.time);
        ada.send(&crate::support::say("lobby", &n.to_string())).await;
        times.push(ada.hears("lobby", "ada", &n.to_string()).await.time);
        bob.hears("lobby", "ada", &n.to_string()).await;
        times.push(bob.asks("not JSON", 406).await.time);
        times.push(bob.asks(r#"{"system":"rooms"}"#, 212).await.time);
    }
    bob.send(&leave("lobby")).await;
    times.push(ada.expect("lobby", "bob", "leave", r#""""#).await.time);
    ada.send(&stand("lobby", 1.0)).await;
    times.push(ada.event().await.entries[0].time);
    assert!(times.is_sorted(), "{times:?}");
    assert!(times.iter().any(|micros| micros % 1000 != 0), "no microseconds in {times:?}");
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_micros();
    let off = now.abs_diff(u128::from(times[0]));
    assert!(off < 60_000_000, "{off} microseconds off");
}

#[tokio::test]
async fn a_time_that_a_client_sends_is_ignored() {
    let hall = Hall::start();
    let [mut ada] = hall.people(["ada"]).await;
    let before = ada.asks(r#"{"system":"ping","time":1}"#, 220).await.time;
    ada.send(r#"{"time":1,"room":"lobby","type":"msg","data":"x"}"#).await;
    assert!(ada.hears("lobby", "ada", "x").await.time >= before);
    ada.send(r#"{"time":1,"room":"lobby","type":"transform","data":{"time":1,"pos":{"x":1}}}"#)
        .await;
    assert!(ada.event().await.entries[0].time >= before);
}

#[tokio::test]
async fn everybody_gets_the_same_time_of_an_event() {
    let hall = Hall::start();
    let [mut ada, mut bob] = hall.people(["ada", "bob"]).await;
    let mut carl = Client::login(&hall, "carl").await;
    let told = ada.expect("lobby", "carl", "join", r#""""#).await;
    assert_eq!(bob.expect("lobby", "carl", "join", r#""""#).await, told);
    assert_eq!(carl.listing[2].time, told.time);
    ada.send(&stand("lobby", 1.0)).await;
    let tick = ada.event().await.entries;
    assert_eq!(bob.event().await.entries, tick);
    assert_eq!(carl.event().await.entries, tick);
}
