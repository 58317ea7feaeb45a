//! Clients above their rate: each refused request is answered in order, and a client that goes on for
//! ten seconds is closed.

use std::time::{Duration, Instant};

use vrlobby::Limits;

use crate::support::bystander::Bystander;
use crate::support::client::Client;
use crate::support::hall::{FPS, Hall};
use crate::support::said::Said;
use crate::support::wire::{CONTINUATION, Frame, PING_FRAME, Received, TEXT};
use crate::support::{PING, join, login, on_thread, say, stand};

const SECOND: Duration = Duration::from_secs(1);

/// A client that floods is closed after ten seconds; the rest is for a shared machine.
const DEADLINE: Duration = Duration::from_secs(20);

/// The rate restores next to nothing while a test runs.
fn strict(messages_burst: u32) -> Limits {
    Limits { messages_per_s: Some(0.1), messages_burst, ..Limits::lab() }
}

/// A rate that a client in a headset keeps within, and a flood does not.
fn modest() -> Limits {
    Limits { messages_per_s: Some(100.0), messages_burst: 200, ..Limits::lab() }
}

/// A message so large that the bytes of a second one are above the rate.
fn large() -> String {
    let message = say("lobby", "");
    format!("{message}{}", " ".repeat((15 << 10) - message.len()))
}

#[tokio::test]
async fn refused_requests_are_answered_in_their_turn() {
    let limits = Limits {
        max_message_bytes: 16 << 10,
        bytes_per_s: Some(1024.0),
        bytes_burst: 16 << 10,
        ..Limits::lab()
    };
    let hall = Hall::with(FPS, limits);
    let [mut ada] = hall.people(["ada"]).await;
    // Bytes run out, messages do not: small requests pass between large ones that are refused.
    let large = large();
    let requests: Vec<(String, u16)> = [
        (PING.to_owned(), 220),
        (large.clone(), 0),
        (large.clone(), 429),
        (PING.to_owned(), 220),
        (large.clone(), 429),
        (r#"{"system":"help"}"#.to_owned(), 214),
        (say("lobby", "a"), 0),
        (large.clone(), 429),
        (large.clone(), 429),
        (say("lobby", "b"), 0),
        (large.clone(), 429),
        (r#"{"system":"rooms"}"#.to_owned(), 212),
        (join("atrium"), 1),
        (large.clone(), 429),
        ("nonsense".to_owned(), 406),
        (large.clone(), 429),
        (r#"{"room":"nowhere","type":"list","data":""}"#.to_owned(), 401),
        (large.clone(), 429),
        (r#"{"system":"dance"}"#.to_owned(), 501),
        (large, 429),
        (PING.to_owned(), 220),
    ]
    .into();
    let frames = requests.iter().map(|(text, _)| Frame::new(TEXT, text.as_bytes()).bytes());
    ada.wire.send(&frames.collect::<Vec<_>>().concat()).await;
    for (n, (_, due)) in requests.iter().enumerate() {
        match (due, ada.said().await) {
            // A message comes back to its sender, a join brings the listing.
            (0, Said::Event(event)) => assert_eq!(event.room, "lobby", "{n}"),
            (1, Said::Event(event)) => assert_eq!(event.room, "atrium", "{n}"),
            (due, Said::Answer(answer)) => assert_eq!(answer.code, *due, "{n}: {answer:?}"),
            (due, said) => panic!("{n}: {due} was due, not {said:?}"),
        }
    }
}

#[tokio::test]
async fn every_refused_request_is_answered_whatever_it_is() {
    let hall = Hall::with(FPS, strict(5));
    let [mut ada, mut bob] = hall.people(["ada", "bob"]).await;
    // The login took one; four are left.
    let mut frames = Vec::new();
    for _ in 0..4 {
        frames.extend(Frame::new(TEXT, PING.as_bytes()).bytes());
    }
    let refused = [
        PING.to_owned(),
        say("lobby", "x"),
        join("atrium"),
        login("ada", ""),
        "nonsense".to_owned(),
        String::new(),
        r#"{"system":"dance"}"#.to_owned(),
        format!("{:?}", "x".repeat(100_000)),
    ];
    for text in &refused {
        frames.extend(Frame::new(TEXT, text.as_bytes()).bytes());
    }
    // A message in fragments is one request, not three.
    frames.extend(Frame::new(TEXT, b"{").unfinished().bytes());
    frames.extend(Frame::new(CONTINUATION, b"  ").unfinished().bytes());
    frames.extend(Frame::new(CONTINUATION, b"}").bytes());
    ada.wire.send(&frames).await;
    for n in 0..4 {
        assert_eq!(ada.answer().await.code, 220, "{n}");
    }
    for n in 0..=refused.len() {
        let answer = ada.answer().await;
        assert_eq!(answer.code, 429, "{n}: {answer:?}");
        assert!(!answer.detail.at("reason").as_text().is_empty());
    }
    // None of them was carried out, and poses are counted apart.
    ada.send(&stand("lobby", 3.0)).await;
    for client in [&mut ada, &mut bob] {
        assert_eq!(client.tick("lobby").await["ada"].pos[0], 3.0);
    }
    bob.quiet().await;
}

#[tokio::test]
async fn refused_before_the_login_is_429_too() {
    let hall = Hall::with(FPS, strict(3));
    let mut nobody = Client::connect(&hall).await;
    for due in [220, 220, 220, 429, 429] {
        nobody.asks(PING, due).await;
    }
    nobody.asks(&login("ada", ""), 429).await;
}

/// How a flooder ended, and when.
struct Outcome {
    name: String,
    close: Option<(Option<u16>, String)>,
    took: Duration,
    refused: usize,
}

/// Sends `frame` `per_second` times a second while `floods` holds for the time that has passed;
/// reads whatever comes, until it is closed or `time` is over.
async fn flood(
    mut client: Client,
    frame: Vec<u8>,
    per_second: f64,
    time: Duration,
    floods: impl Fn(Duration) -> bool,
) -> Outcome {
    let writer = client.wire.writer();
    let start = Instant::now();
    let mut refused = 0;
    let sending = async {
        // In steps of 10 ms: a timer per frame would be too slow.
        let step = Duration::from_millis(10).max(Duration::from_secs_f64(1.0 / per_second));
        let frames = frame.repeat((per_second * step.as_secs_f64()).round() as usize);
        let mut pace = tokio::time::interval(step);
        while start.elapsed() < time {
            pace.tick().await;
            if floods(start.elapsed()) && writer.write(&frames).await.is_err() {
                break;
            }
        }
    };
    let reading = async {
        loop {
            match client.wire.next().await {
                Received::Text(text) => refused += usize::from(text.contains(r#""code":429"#)),
                Received::Close(code, reason) => return Some((code, reason)),
                Received::End => return Some((None, String::new())),
                _ => {}
            }
        }
    };
    let close = {
        tokio::pin!(sending, reading);
        tokio::select! {
            close = &mut reading => close,
            // The last answer may still be on its way.
            () = &mut sending => tokio::time::timeout(SECOND, reading).await.unwrap_or(None),
        }
    };
    Outcome { name: client.name, close, took: start.elapsed(), refused }
}

async fn enter(hall: &Hall, name: &str) -> Client {
    let mut client = Client::connect(hall).await;
    client.send(&login(name, "")).await;
    assert_eq!(client.answer().await.code, 202);
    client.name = name.to_owned();
    client
}

/// Does what a headset does, and some WebSocket pings besides, for `time`.
async fn visit(mut client: Client, time: Duration) -> Outcome {
    let start = Instant::now();
    let (mut refused, mut pongs, mut pinged) = (0, 0, 0);
    let mut poses = tokio::time::interval(Duration::from_millis(16));
    let mut pings = tokio::time::interval(Duration::from_secs(1));
    let mut close = None;
    while start.elapsed() < time && close.is_none() {
        tokio::select! {
            _ = poses.tick() => client.send(&stand("lobby", start.elapsed().as_secs_f64())).await,
            _ = pings.tick() => {
                client.wire.frame(Frame::new(PING_FRAME, b"there?")).await;
                client.send(&say("lobby", "still here")).await;
                pinged += 1;
            }
            got = client.wire.next() => match got {
                Received::Text(text) => refused += usize::from(text.contains(r#""code":429"#)),
                Received::Pong(_) => pongs += 1,
                Received::Close(code, reason) => close = Some((code, reason)),
                Received::End => close = Some((None, String::new())),
                _ => {}
            },
        }
    }
    assert!(close.is_some() || pongs + 1 >= pinged, "{pongs} pongs to {pinged} pings");
    Outcome { name: client.name, close, took: start.elapsed(), refused }
}

/// All in one test, since each of them takes ten seconds and more.
#[tokio::test]
async fn whoever_keeps_flooding_for_ten_seconds_is_closed_and_nobody_else_is() {
    let hall = Hall::with(FPS, modest());
    let bystander = Bystander::enter(hall.addr(), "bystander").await;
    let calm = bystander.over(Duration::from_secs(1)).await;
    let [requests, pings, mut fragments, pausing, lively] = [
        enter(&hall, "requests").await,
        enter(&hall, "pings").await,
        enter(&hall, "fragments").await,
        enter(&hall, "pausing").await,
        enter(&hall, "lively").await,
    ];
    fragments.wire.frame(Frame::new(TEXT, b"{").unfinished()).await;
    let request = Frame::new(TEXT, PING.as_bytes()).bytes();
    let ping = Frame::new(PING_FRAME, b"").bytes();
    let empty = Frame::new(CONTINUATION, b"").unfinished().bytes();
    let long_enough = 14 * SECOND;
    let always = |_: Duration| true;
    let mostly = |passed: Duration| passed.as_secs() % 7 < 4;
    let floods = [
        on_thread(flood(requests, request.clone(), 1000.0, DEADLINE, always)),
        on_thread(flood(pings, ping, 2000.0, DEADLINE, always)),
        on_thread(flood(fragments, empty, 2000.0, DEADLINE, always)),
    ];
    let others = [
        on_thread(flood(pausing, request, 1000.0, long_enough, mostly)),
        on_thread(visit(lively, long_enough)),
    ];
    for flood in floods {
        let outcome = over(flood).await;
        let (name, took) = (outcome.name, outcome.took);
        match outcome.close {
            Some((Some(1008), reason)) => {
                assert!(!reason.is_empty(), "{name} got no reason");
                assert!(took > 9 * SECOND, "{name} was closed after {took:?}: {reason}");
            }
            close => panic!("{name} ended with {close:?} after {took:?}"),
        }
        assert!(name != "requests" || outcome.refused > 0, "nothing was refused");
    }
    for other in others {
        let outcome = over(other).await;
        assert_eq!(outcome.close, None, "{} after {:?}", outcome.name, outcome.took);
        assert_eq!(outcome.refused > 0, outcome.name == "pausing", "{}", outcome.refused);
    }
    bystander.take().are_no_longer_than(&calm);
    bystander.leave();
}

/// The outcome of a client's thread.
async fn over(client: std::thread::JoinHandle<Outcome>) -> Outcome {
    let end = tokio::task::spawn_blocking(|| client.join().expect("no panic"));
    end.await.expect("no panic")
}
