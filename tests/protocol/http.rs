//! Plain HTTP on the port: answered and closed, never a hang, and without delaying anybody else.

use std::time::{Duration, Instant};

use crate::support::bystander::Bystander;
use crate::support::client::{Client, x_of};
use crate::support::hall::Hall;
use crate::support::wire::{HttpAnswer, Received, Wire, upgrade};
use crate::support::{ended, on_thread, stand, within};

/// Sends a whole request, reads its answer, and checks that the connection ends without further
/// input.
async fn answered_and_closed(hall: &Hall, request: &str) -> HttpAnswer {
    let mut wire = Wire::dial(hall.addr()).await;
    wire.send(request.as_bytes()).await;
    let answer = wire.http_answer().await.unwrap_or_else(|| panic!("no answer to {request:?}"));
    assert_eq!(within(&format!("the end after {request:?}"), wire.next()).await, Received::End);
    answer
}

#[tokio::test]
async fn a_request_that_is_not_an_upgrade_is_answered_and_closed() {
    let hall = Hall::start();
    for request in [
        "GET / HTTP/1.1\r\nHost: lobby.test\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: lobby.test\r\nConnection: keep-alive\r\n\r\n",
        "GET /no/such/path?x=1 HTTP/1.1\r\nHost: lobby.test\r\n\r\n",
        "GET / HTTP/1.0\r\n\r\n",
        "GET /favicon.ico HTTP/1.0\r\nHost: lobby.test\r\n\r\n",
        "OPTIONS * HTTP/1.1\r\nHost: lobby.test\r\n\r\n",
        "DELETE /rooms HTTP/1.1\r\nHost: lobby.test\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: lobby.test\r\nContent-Length: 0\r\n\r\n",
        // An upgrade, but to something else.
        "GET / HTTP/1.1\r\nHost: lobby.test\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n",
    ] {
        let answer = answered_and_closed(&hall, request).await;
        assert!((200..500).contains(&answer.status) && answer.status != 101, "{answer:?}");
    }
    Client::login(&hall, "ada").await.quiet().await;
}

#[tokio::test]
async fn an_incomplete_upgrade_is_refused() {
    let hall = Hall::start();
    let whole = upgrade("/", "");
    for request in [
        whole.replace("GET", "POST"),
        whole.replace("HTTP/1.1", "HTTP/1.0"),
        whole.replace("Upgrade: websocket\r\n", ""),
        whole.replace("Connection: Upgrade\r\n", ""),
    ] {
        let answer = answered_and_closed(&hall, &request).await;
        assert!((400..500).contains(&answer.status), "{answer:?} to {request}");
    }
}

#[tokio::test]
async fn a_body_that_is_still_on_its_way_does_not_cut_the_answer_off() {
    let hall = Hall::start();
    for length in [10, 1 << 20] {
        let mut wire = Wire::dial(hall.addr()).await;
        let head =
            format!("POST / HTTP/1.1\r\nHost: lobby.test\r\nContent-Length: {length}\r\n\r\n");
        wire.send(head.as_bytes()).await;
        let _ = wire.try_send(&vec![b'x'; length.min(60_000)]).await;
        let answer = wire.http_answer().await.expect("an answer");
        assert!((400..500).contains(&answer.status), "{answer:?}");
        wire.drained().await;
    }
}

#[tokio::test]
async fn what_follows_an_answered_request_is_not_served() {
    let hall = Hall::start();
    let mut wire = Wire::dial(hall.addr()).await;
    let both = format!("GET / HTTP/1.1\r\nHost: lobby.test\r\n\r\n{}", upgrade("/", ""));
    wire.send(both.as_bytes()).await;
    assert_ne!(wire.http_answer().await.expect("an answer").status, 101);
    assert!(wire.http_answer().await.is_none(), "a second answer");
}

#[tokio::test]
async fn slow_or_malformed_heads_delay_nobody() {
    let hall = Hall::start();
    let bystander = Bystander::enter(hall.addr(), "bystander").await;
    let mut ada = Client::connect(&hall).await;
    ada.enter("ada", "").await;
    let calm = bystander.over(Duration::from_millis(500)).await;
    let addr = hall.addr();
    let (stop, mut stopping) = tokio::sync::oneshot::channel::<()>();
    let slow = on_thread(async move {
        let head = upgrade("/", "");
        let mut slow = Vec::new();
        for _ in 0..200 {
            slow.push(Wire::dial(addr).await);
        }
        let mut pace = tokio::time::interval(Duration::from_millis(20));
        for byte in head.as_bytes().chunks(1) {
            for wire in &mut slow {
                let _ = wire.try_send(byte).await;
            }
            // One that is refused at once, each round.
            let mut wire = Wire::dial(addr).await;
            let answer = wire.http("GET / HTTP/1.0\r\n\r\n").await;
            assert!((200..500).contains(&answer.status), "{answer:?}");
            tokio::select! {
                _ = pace.tick() => {}
                _ = &mut stopping => return,
            }
        }
    });
    bystander.take();
    // At 60 ticks a second they take a second and a half.
    let start = Instant::now();
    let mut longest = Duration::ZERO;
    for n in 0..90 {
        let sent = Instant::now();
        ada.send(&stand("lobby", f64::from(n))).await;
        ada.tick_with("lobby", |poses| x_of(poses, "ada") == Some(f64::from(n))).await;
        longest = longest.max(sent.elapsed());
    }
    assert!(start.elapsed() < Duration::from_secs(5), "90 ticks took {:?}", start.elapsed());
    assert!(longest < Duration::from_secs(1), "a tick took {longest:?}");
    bystander.take().are_no_longer_than(&calm);
    let _ = stop.send(());
    ended("the slow heads", slow).await;
    bystander.leave();
}
