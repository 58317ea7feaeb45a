//! Shutting down: everybody is told, and what was accepted arrives.

use std::time::Duration;

use tokio::net::TcpStream;

use crate::support::client::Client;
use crate::support::hall::Hall;
use crate::support::said::Said;
use crate::support::wire::{Wire, upgrade};
use crate::support::{PING, request, say, within};

/// What a drain may take, whatever the clients do.
const DRAIN: Duration = Duration::from_secs(5);

/// One second is allowed if no client has anything to read; the rest is for a shared machine.
const SOON: Duration = Duration::from_secs(2);

async fn drained(hall: Hall) {
    hall.stop();
    tokio::time::timeout(DRAIN, hall.stopped()).await.expect("a drain in time");
}

#[tokio::test]
async fn everybody_is_told_1001() {
    let hall = Hall::start();
    let [mut ada, mut bob] = hall.people(["ada", "bob"]).await;
    let mut nobody = Client::connect(&hall).await;
    nobody.quiet().await;
    let mut unfinished = Wire::dial(hall.addr()).await;
    unfinished.send(b"GET / HTTP/1.1\r\n").await;
    let addr = hall.addr();
    hall.stop();
    for client in [&mut ada, &mut bob, &mut nobody] {
        client.is_told_1001().await;
    }
    unfinished.drained().await;
    drained(hall).await;
    let late = within("a refusal", TcpStream::connect(addr)).await;
    assert!(late.is_err(), "something still listens");
}

#[tokio::test]
async fn a_client_that_has_only_just_connected_is_told_too() {
    for _ in 0..30 {
        let hall = Hall::start();
        let mut nobody = Client::connect(&hall).await;
        hall.stop();
        nobody.is_told_1001().await;
    }
}

#[tokio::test]
async fn clients_that_read_nothing_or_are_dead_do_not_delay_the_end() {
    let hall = Hall::limited(|limits| limits.queue_bytes = 16 << 20);
    let [mut ada] = hall.people(["ada"]).await;
    let mut slow = Client::connect_narrow(&hall).await;
    slow.enter("slow", "").await;
    ada.expect("lobby", "slow", "join", r#""""#).await;
    // A queue that the slow client will never read.
    let filler = format!("{:?}", "x".repeat(128 << 10));
    for _ in 0..60 {
        ada.send(&request("lobby", "button", &filler)).await;
        ada.expect("lobby", "ada", "button", &filler).await;
    }
    // And a client that never finishes its handshake.
    let idle = Wire::dial(hall.addr()).await;
    // The time starts here.
    let told = async {
        ada.is_told_1001().await;
        ada
    };
    hall.stop();
    let (ada, ()) = tokio::join!(told, drained(hall));
    drop((ada, slow, idle));
}

#[tokio::test]
async fn half_open_handshakes_do_not_delay_the_end() {
    let hall = Hall::start();
    let head = upgrade("/", "");
    let mut half_done = Vec::new();
    for n in 0..20 {
        let mut wire = Wire::dial(hall.addr()).await;
        // From nothing at all to all but the last byte.
        wire.send(&head.as_bytes()[..n * (head.len() - 1) / 19]).await;
        half_done.push(wire);
    }
    // A connection that is served after them shows that they have been accepted.
    let mut ada = Client::login(&hall, "ada").await;
    hall.stop();
    ada.is_told_1001().await;
    tokio::time::timeout(SOON, hall.stopped()).await.expect("half-open handshakes end at once");
    drop(half_done);
}

#[tokio::test]
async fn what_was_accepted_arrives_before_the_close() {
    let hall = Hall::start();
    let [mut ada, mut bob] = hall.people(["ada", "bob"]).await;
    let filler = "x".repeat(1000);
    for n in 0..300 {
        ada.send(&say("lobby", &format!("{n} {filler}"))).await;
    }
    ada.send(PING).await;
    // The answer to the ping means that everything before it was accepted; bob has read nothing yet.
    loop {
        if let Said::Answer(answer) = ada.said().await {
            break assert_eq!(answer.code, 220);
        }
    }
    hall.stop();
    for n in 0..300 {
        bob.hears("lobby", "ada", &format!("{n} {filler}")).await;
    }
    bob.is_told_1001().await;
    drained(hall).await;
}

#[tokio::test]
async fn an_empty_server_stops_at_once() {
    drained(Hall::start()).await;
}
