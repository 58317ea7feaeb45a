//! Clients that read slowly or not at all, which nobody else has to suffer for.

use std::time::Duration;

use vrlobby::Limits;

use crate::support::client::{Client, x_of};
use crate::support::hall::Hall;
use crate::support::wire::{Frame, PING_FRAME, Received, TEXT};
use crate::support::{leave, login, request, stand, within};

/// Logs `name` in on a connection with small buffers.
async fn narrow(hall: &Hall, name: &str) -> Client {
    let mut client = Client::connect_narrow(hall).await;
    client.enter(name, "").await;
    client
}

/// Talks until `slow` is seen to leave; both members who read must get everything.
async fn talk_until_gone(ada: &mut Client, bob: &mut Client, slow: &str) {
    let filler = "x".repeat(16 << 10);
    let (mut gone, mut n) = (false, 0);
    while !gone {
        let data = format!(r#"{{"n":{n},"filler":"{filler}"}}"#);
        ada.send(&request("lobby", "msg", &data)).await;
        let mut heard = [Vec::new(), Vec::new()];
        for (client, heard) in [&mut *ada, &mut *bob].into_iter().zip(&mut heard) {
            loop {
                let entry = client.event().await.entries.remove(0);
                heard.push((entry.user.clone(), entry.kind.clone()));
                if entry.kind == "msg" {
                    assert_eq!(entry.data.at("n").as_number(), Some(n));
                    break;
                }
                assert_eq!((entry.user.as_str(), entry.kind.as_str()), (slow, "leave"));
                gone = true;
            }
        }
        n += 1;
        assert!(n < 4000, "64 MiB are queued for {slow}, which is still connected");
    }
}

#[tokio::test]
async fn a_member_that_stops_reading_is_closed_and_the_others_get_everything() {
    let mut limits = Limits::none();
    limits.queue_bytes = 256 << 10;
    let hall = Hall::with(30.0, limits);
    let [mut ada, mut bob] = hall.people(["ada", "bob"]).await;
    let mut slow = narrow(&hall, "slow").await;
    for client in [&mut ada, &mut bob] {
        client.expect("lobby", "slow", "join", r#""""#).await;
    }
    talk_until_gone(&mut ada, &mut bob, "slow").await;
    let seen = hall.seen("the slow one counted", |now| now.traffic.slow_closed > 0).await;
    assert_eq!(seen.traffic.slow_closed, 1);
    // It can still read whole frames, and then at most the close frame.
    if let Some(code) = slow.wire.drained().await {
        assert_eq!(code, 1008);
    }
}

#[tokio::test]
async fn a_member_that_pings_and_never_reads_is_closed_when_its_queue_is_full() {
    let mut limits = Limits::none();
    limits.queue_bytes = 256 << 10;
    let hall = Hall::with(30.0, limits);
    let [mut ada, mut bob] = hall.people(["ada", "bob"]).await;
    let mut slow = narrow(&hall, "slow").await;
    for client in [&mut ada, &mut bob] {
        client.expect("lobby", "slow", "join", r#""""#).await;
    }
    let pinging = async {
        let mut pace = tokio::time::interval(Duration::from_millis(20));
        while slow.wire.try_send(&Frame::new(PING_FRAME, b"here").bytes()).await.is_ok() {
            pace.tick().await;
        }
        std::future::pending::<()>().await;
    };
    tokio::select! {
        () = pinging => {}
        () = talk_until_gone(&mut ada, &mut bob, "slow") => {}
    }
}

#[tokio::test]
async fn a_client_whose_queue_does_not_move_is_closed_in_time_even_if_it_is_short() {
    let mut limits = Limits::none();
    limits.queue_bytes = 64 << 20;
    limits.idle_timeout = Duration::from_secs(2);
    let hall = Hall::with(30.0, limits);
    let [mut ada] = hall.people(["ada"]).await;
    let mut slow = narrow(&hall, "slow").await;
    ada.expect("lobby", "slow", "join", r#""""#).await;
    // More than the system's buffers hold, and less than the queue may hold.
    let filler = format!("{:?}", "x".repeat(128 << 10));
    let talking = async {
        let mut sent = 0;
        loop {
            if sent < 100 {
                ada.send(&request("lobby", "button", &filler)).await;
                sent += 1;
            }
            let entry = ada.event().await.entries.remove(0);
            if entry.kind == "leave" {
                return entry.user;
            }
        }
    };
    let pinging = async {
        let mut pace = tokio::time::interval(Duration::from_millis(50));
        while slow.wire.try_send(&Frame::new(PING_FRAME, b"here").bytes()).await.is_ok() {
            pace.tick().await;
        }
        std::future::pending::<()>().await;
    };
    tokio::select! {
        () = pinging => {}
        gone = talking => assert_eq!(gone, "slow"),
    }
}

#[tokio::test]
async fn a_slow_reader_skips_ticks_and_gets_the_newest() {
    let hall = Hall::with(240.0, Limits::none());
    // A long name makes large ticks.
    let long = "字".repeat(64);
    let [mut ada] = hall.people([long.as_str()]).await;
    let mut slow = narrow(&hall, "slow").await;
    ada.expect("lobby", "slow", "join", r#""""#).await;
    let mut reader = hall.operator().watch();
    let mut skipped = || reader.latest().users.iter().map(|user| user.skipped_ticks).sum::<u64>();
    let mut sent = 0_u32;
    within("skipped ticks", async {
        while skipped() < 20 {
            sent += 1;
            ada.send(&stand("lobby", f64::from(sent))).await;
            ada.tick("lobby").await;
        }
    })
    .await;
    sent += 1;
    ada.send(&stand("lobby", f64::from(sent))).await;
    ada.tick_with("lobby", |poses| x_of(poses, &long) == Some(f64::from(sent))).await;
    // Now it reads: older ones that were on their way, in order, and finally the newest.
    let (mut got, mut last) = (0, 0.0);
    while last < f64::from(sent) {
        let x = x_of(&slow.tick("lobby").await, &long).expect("a pose");
        assert!(x > last, "{x} after {last}");
        (got, last) = (got + 1, x);
    }
    assert!(got <= sent - 20, "{got} ticks of {sent}, though 20 were skipped");
    slow.quiet().await;
}

#[tokio::test]
async fn a_slow_reader_gets_no_pose_of_a_member_after_its_leave() {
    let hall = Hall::with(240.0, Limits::none());
    let long = "字".repeat(64);
    let [mut ada, mut bob] = hall.people([long.as_str(), "bob"]).await;
    let mut slow = narrow(&hall, "slow").await;
    for client in [&mut ada, &mut bob] {
        client.expect("lobby", "slow", "join", r#""""#).await;
    }
    bob.send(&stand("lobby", 1.0)).await;
    ada.tick("lobby").await;
    let mut reader = hall.operator().watch();
    let mut skipped = || {
        let snapshot = reader.latest();
        snapshot
            .users
            .iter()
            .find(|user| &*user.name == "slow")
            .map_or(0, |user| user.skipped_ticks)
    };
    let mut x = 0.0;
    within("skipped ticks", async {
        while skipped() < 5 {
            x += 1.0;
            ada.send(&stand("lobby", x)).await;
            ada.tick_with("lobby", |poses| x_of(poses, &long) == Some(x)).await;
            bob.tick_with("lobby", |poses| x_of(poses, &long) == Some(x)).await;
        }
    })
    .await;
    bob.wire.close(1000).await;
    ada.expect("lobby", "bob", "leave", r#""""#).await;
    x += 1.0;
    ada.send(&stand("lobby", x)).await;
    ada.tick_with("lobby", |poses| x_of(poses, &long) == Some(x)).await;
    let (mut left, mut newest) = (false, false);
    while !(left && newest) {
        let event = slow.event().await;
        if event.is_tick() {
            let poses = event.poses();
            assert!(!(left && poses.contains_key("bob")), "bob's pose after his leave");
            newest = x_of(&poses, &long) == Some(x);
        } else {
            assert_eq!((event.users(), event.entries[0].kind.as_str()), (vec!["bob"], "leave"));
            left = true;
        }
    }
    slow.quiet().await;
}

#[tokio::test]
async fn a_client_that_reads_nothing_does_not_delay_a_login_or_an_answer() {
    let hall = Hall::start();
    let mut slow = narrow(&hall, "slow").await;
    // Nobody gets an event should it be closed.
    slow.send(&leave("lobby")).await;
    slow.quiet().await;
    // It asks for more answers than it has room for, and reads none.
    let text = login("x", "");
    let flood = async {
        while slow.wire.try_send(&Frame::new(TEXT, text.as_bytes()).bytes()).await.is_ok() {}
        std::future::pending::<()>().await;
    };
    let others = async {
        for n in 0..20 {
            let mut client = Client::login(&hall, &format!("user {n}")).await;
            client.quiet().await;
            // The next one gets no event of its end.
            client.send(&leave("lobby")).await;
            client.quiet().await;
        }
    };
    tokio::select! {
        () = flood => {}
        () = others => {}
    }
    assert_ne!(slow.wire.next().await, Received::End);
}
