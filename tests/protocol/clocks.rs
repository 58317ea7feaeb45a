//! Clocks: pings with three stamps, and transforms with the time of their client.

use std::time::Instant;

use tokio::sync::mpsc::Receiver;
use vrlobby::events::{EventKind, Interest, LobbyEvent};

use crate::support::client::Client;
use crate::support::hall::{Hall, THREADS};
use crate::support::json::json;
use crate::support::said::{Answer, micros};
use crate::support::{PING, request, within};

fn timed(options: &str) -> String {
    format!(r#"{{"system":"ping","options":{options}}}"#)
}

/// The stamps of an answer: the client's time, and when the ping was received and answered, in
/// microseconds.
fn stamps(answer: &Answer) -> (f64, u64, u64) {
    assert_eq!(answer.detail.keys(), ["time", "received", "sent"], "{answer:?}");
    let server = |key: &str| {
        let time = answer.detail.at(key);
        let decimals = time.digits().split('.').nth(1).map(str::len);
        assert_eq!(decimals, Some(6), "{answer:?}");
        micros(time)
    };
    (answer.detail.at("time").as_f64(), server("received"), server("sent"))
}

/// The next event of a listener that is one of clocks or poses.
async fn heard(events: &mut Receiver<LobbyEvent>) -> EventKind {
    within("an event", events.recv()).await.expect("the server runs").kind
}

#[tokio::test]
async fn a_timed_ping_gets_three_stamps() {
    for threads in THREADS {
        let hall = Hall::on_threads(threads);
        let mut ada = Client::connect(&hall).await;
        let mut last = ada.asks(PING, 220).await.time;
        for (round, logged_in) in [(0, false), (1, true)] {
            if logged_in {
                ada.enter("ada", "").await;
            }
            let times: [(&str, f64); 7] = [
                ("0", 0.0),
                ("-17.25", -17.25),
                ("1763000000.123456", 1_763_000_000.123_456),
                ("1e15", 1e15),
                ("-1000000000000000", -1e15),
                ("2.5E-3", 0.0025),
                ("0.1000000000000000055511151231257827", 0.1),
            ];
            for (time, value) in times {
                let answer = ada.asks(&timed(&format!(r#"{{"time":{time}}}"#)), 220).await;
                let (client, received, sent) = stamps(&answer);
                assert_eq!(client.to_bits(), value.to_bits(), "{time} in round {round}");
                assert!(last <= received && received <= sent, "{answer:?} after {last}");
                assert_eq!(sent, answer.time, "{answer:?}");
                last = sent;
            }
        }
    }
}

#[tokio::test]
async fn a_ping_without_a_time_gets_nothing_more() {
    let hall = Hall::start();
    let mut ada = Client::connect(&hall).await;
    for options in [
        "{}",
        r#"{"time":null}"#,
        r#"{"time":"1"}"#,
        r#"{"time":true}"#,
        r#"{"time":[1]}"#,
        r#"{"time":{"time":1}}"#,
        r#"{"time":1e999}"#,
        r#"{"time":-1000000000000001}"#,
        r#"{"time":1,"time":""}"#,
        r#"{"Time":1}"#,
        "null",
        "[1]",
        "\"time\"",
        "1",
    ] {
        let answer = ada.asks(&timed(options), 220).await;
        assert_eq!(answer.detail, json("{}"), "{options}");
    }
    // Beside the options, a time is just another unknown key.
    let answer = ada.asks(r#"{"system":"ping","time":1}"#, 220).await;
    assert_eq!(answer.detail, json("{}"));
}

#[tokio::test]
async fn pings_that_do_not_wait_are_answered_in_order() {
    let hall = Hall::start();
    let [mut ada] = hall.people(["ada"]).await;
    for n in 0..20 {
        let ping = if n % 5 == 4 { PING.to_owned() } else { timed(&format!(r#"{{"time":{n}}}"#)) };
        ada.send(&ping).await;
    }
    for n in 0..20 {
        let answer = ada.answer().await;
        if n % 5 == 4 {
            assert_eq!(answer.detail, json("{}"));
        } else {
            assert_eq!(stamps(&answer).0, f64::from(n), "{answer:?}");
        }
    }
}

#[tokio::test]
async fn probes_of_users_and_round_trips_are_events() {
    let hall = Hall::start();
    let interest = Interest { clocks: true, ..Interest::default() };
    let mut events = hall.subscribe(interest);
    assert!(matches!(heard(&mut events).await, EventKind::Present(_)));
    let mut ada = Client::connect(&hall).await;
    // Nobody's probe.
    ada.asks(&timed(r#"{"time":1}"#), 220).await;
    ada.enter("ada", "").await;
    let answer = ada.asks(&timed(r#"{"time":2.5}"#), 220).await;
    let (client, received, sent) = stamps(&answer);
    let probed = loop {
        match heard(&mut events).await {
            EventKind::Probed { session, probe } => break (session, probe),
            EventKind::RoundTrip { .. } => {}
            other => panic!("{other:?} is not of clocks"),
        }
    };
    let (session, probe) = probed;
    let stamped = (probe.client, probe.received.as_micros(), probe.sent.as_micros());
    assert_eq!(stamped, (client, received, sent));
    // The first probe has the server measure the round trip, without waiting for its next check.
    let measured = async {
        loop {
            ada.quiet().await;
            match events.try_recv().map(|event| event.kind) {
                Ok(EventKind::RoundTrip { session, round_trip }) => break (session, round_trip),
                Ok(other) => panic!("{other:?} is not due"),
                Err(_) => {}
            }
        }
    };
    let (of, round_trip) = within("a round trip", measured).await;
    assert_eq!(of, session);
    assert!(!round_trip.is_zero());
}

#[tokio::test]
async fn a_transform_may_have_the_time_of_its_client_which_nobody_else_sees() {
    let hall = Hall::start();
    let [mut ada, mut bob] = hall.people(["ada", "bob"]).await;
    let mut events = hall.subscribe(Interest { poses: true, ..Interest::default() });
    assert!(matches!(heard(&mut events).await, EventKind::Present(_)));
    for (x, (member, expected)) in [
        ("", None),
        (r#""time":12.5,"#, Some(12.5)),
        (r#""time":1763000000.123456,"#, Some(1_763_000_000.123_456)),
        (r#""time":-1e3,"#, Some(-1000.0)),
        (r#""time":1,"time":2,"#, Some(2.0)),
        (r#""time":null,"#, None),
        (r#""time":"12.5","#, None),
        (r#""time":[],"#, None),
        (r#""time":1e16,"#, None),
        (r#""time":1e999,"#, None),
        (r#""time":1,"time":false,"#, None),
    ]
    .into_iter()
    .enumerate()
    {
        let data = format!(r#"{{{member}"pos":{{"x":{x}}}}}"#);
        ada.send(&request("lobby", "transform", &data)).await;
        let moved = heard(&mut events).await;
        let EventKind::Moved { pose, client_time, .. } = moved else { panic!("{moved:?}") };
        assert_eq!((pose.pos[0], client_time), (x as f64, expected), "{data}");
        // Reading a tick checks that it holds only the position and rotation of a head.
        for client in [&mut ada, &mut bob] {
            client.tick_with("lobby", |poses| poses["ada"].pos[0] == x as f64).await;
        }
    }
    // A wrong pose is refused, whatever its time.
    ada.asks(&request("lobby", "transform", r#"{"time":1,"pos":1}"#), 406).await;
}

/// A client's clock: hours away from any other, and 200 ppm faster.
struct Watch {
    start: Instant,
    shift: f64,
}

impl Watch {
    fn show(&self, at: f64) -> f64 {
        self.shift + at * (1.0 + 200e-6)
    }

    /// Seconds since its start.
    fn now(&self) -> f64 {
        self.start.elapsed().as_secs_f64()
    }
}

/// Compares clocks; returns the shortest round trip in seconds, and the moment of that in seconds since
/// the watch's start and on the server's clock.
async fn compare(ada: &mut Client, watch: &Watch, times: usize) -> (f64, f64, f64) {
    let mut best = (f64::MAX, 0.0, 0.0);
    for _ in 0..times {
        let left = watch.now();
        let ping = timed(&format!(r#"{{"time":{}}}"#, watch.show(left)));
        let answer = ada.asks(&ping, 220).await;
        let back = watch.now();
        let (_, received, sent) = stamps(&answer);
        if back - left < best.0 {
            best = (back - left, (left + back) / 2.0, (received + sent) as f64 / 2e6);
        }
    }
    best
}

#[tokio::test]
async fn the_operator_sees_how_far_a_clock_is_off() {
    let hall = Hall::start();
    let [mut ada, _bob] = hall.people(["ada", "bob"]).await;
    let mut watch = Watch { start: Instant::now(), shift: 7200.0 };
    let mut probes = 0;
    // Then it is set forward, then back.
    for (steps, by) in [(0, 0.0), (1, 40.0), (2, -3600.0)] {
        watch.shift += by;
        let (round_trip, then, server) = compare(&mut ada, &watch, 20).await;
        probes += 20;
        let what = format!("ada's clock after {probes} probes and {steps} steps");
        let snapshot = hall
            .seen(&what, |snapshot| {
                let clock = snapshot.users[0].clock;
                clock.is_some_and(|clock| clock.probes == probes && clock.steps == steps)
            })
            .await;
        assert_eq!((&*snapshot.users[1].name, snapshot.users[1].clock), ("bob", None));
        let reading = snapshot.users[0].clock.expect("a clock");
        let taken = snapshot.taken_at.as_micros() as f64 / 1e6;
        let truth = watch.show(then + taken - server) - taken;
        let (error, bound) = ((reading.offset - truth).abs(), reading.bound.as_secs_f64());
        assert!(error <= bound + round_trip / 2.0, "off by {error} of {bound} and {round_trip}");
        assert!(bound < 1.0, "{reading:?}");
    }
}
