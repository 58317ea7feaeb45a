//! Ticks: complete pictures of the present members, at the configured rate.

use std::time::{Duration, Instant};

use vrlobby::Limits;

use crate::support::client::{Client, x_of};
use crate::support::hall::{Hall, THREADS};
use crate::support::said::Said;
use crate::support::wire::{Frame, Received, TEXT};
use crate::support::{PING, join, leave, say, stand, within};

#[tokio::test]
async fn a_tick_is_a_complete_picture() {
    for threads in THREADS {
        let hall = Hall::on_threads(threads);
        let [mut ada, mut bob, mut carl] = hall.people(["ada", "bob", "carl"]).await;
        ada.send(&stand("lobby", 1.0)).await;
        for client in [&mut ada, &mut bob, &mut carl] {
            client.tick_with("lobby", |poses| poses.len() == 1).await;
        }
        bob.send(&stand("lobby", 2.0)).await;
        for client in [&mut ada, &mut bob, &mut carl] {
            // ada has sent nothing new, but is in it, and so is each reader; carl has no pose.
            let poses = client.tick_with("lobby", |poses| x_of(poses, "bob") == Some(2.0)).await;
            assert_eq!((poses.len(), x_of(&poses, "ada")), (2, Some(1.0)));
        }
    }
}

#[tokio::test]
async fn a_tick_has_the_latest_poses_with_the_time_they_came() {
    let hall = Hall::with(10.0, Limits::lab());
    let [mut ada, mut bob] = hall.people(["ada", "bob"]).await;
    let before = ada.asks(PING, 220).await.time;
    let mut bytes = Vec::new();
    for n in 0..50 {
        bytes.extend(Frame::new(TEXT, stand("lobby", f64::from(n)).as_bytes()).bytes());
    }
    ada.wire.send(&bytes).await;
    let last = within("the last pose", async {
        loop {
            let tick = bob.event().await;
            if x_of(&tick.poses(), "ada") == Some(49.0) {
                return tick.entries[0].time;
            }
        }
    })
    .await;
    ada.send(PING).await;
    let Said::Answer(after) = ada.beside_ticks().await else { panic!("an event") };
    assert!(before < last && last < after.time, "{before} {last} {}", after.time);
    // It is the time of the pose, not of the tick: it does not change while others move.
    bob.send(&stand("lobby", 1.0)).await;
    let tick = within("both", async {
        loop {
            let tick = bob.event().await;
            if tick.entries.len() == 2 {
                return tick;
            }
        }
    })
    .await;
    let of_ada = tick.entries.iter().find(|entry| entry.user == "ada").expect("ada");
    assert_eq!(of_ada.time, last);
}

#[tokio::test]
async fn a_room_without_new_poses_sends_no_tick() {
    for threads in THREADS {
        let hall = Hall::on_threads(threads);
        let [mut ada, mut bob] = hall.people(["ada", "bob"]).await;
        ada.join("still").await;
        bob.join("still").await;
        ada.expect("still", "bob", "join", r#""""#).await;
        bob.send(&stand("still", 1.0)).await;
        ada.tick("still").await;
        bob.tick("still").await;
        // Thirty ticks of another room at the same rate, and no more of this room.
        for n in 0..30 {
            bob.send(&stand("lobby", f64::from(n))).await;
            ada.tick_with("lobby", |poses| x_of(poses, "bob") == Some(f64::from(n))).await;
            bob.tick_with("lobby", |poses| x_of(poses, "bob") == Some(f64::from(n))).await;
        }
    }
}

#[tokio::test]
async fn the_same_pose_again_counts_as_new() {
    let hall = Hall::start();
    let [mut ada] = hall.people(["ada"]).await;
    for _ in 0..3 {
        ada.send(&stand("lobby", 1.0)).await;
        ada.tick("lobby").await;
    }
    ada.quiet().await;
}

#[tokio::test]
async fn there_are_never_more_than_fps_ticks_a_second() {
    let hall = Hall::with(10.0, Limits::none());
    let [mut ada, mut bob] = hall.people(["ada", "bob"]).await;
    let sender = tokio::spawn(async move {
        let mut pace = tokio::time::interval(Duration::from_millis(1));
        let mut x = 0.0;
        loop {
            tokio::select! {
                _ = pace.tick() => {
                    x += 1.0;
                    ada.send(&stand("lobby", x)).await;
                }
                got = ada.wire.next() => assert_ne!(got, Received::End),
            }
        }
    });
    bob.tick("lobby").await;
    let start = Instant::now();
    for _ in 0..15 {
        bob.tick("lobby").await;
    }
    // They take 1.5 s; the first tick may have been late, none may be early.
    assert!(start.elapsed() > Duration::from_millis(750), "15 ticks in {:?}", start.elapsed());
    sender.abort();
}

#[tokio::test]
async fn a_slow_rate_ticks_slowly_and_a_fast_one_fast() {
    let hall = Hall::with(100.0, Limits::lab());
    let [mut ada] = hall.people(["ada"]).await;
    within("100 ticks at 100 a second", async {
        for n in 0..100 {
            ada.send(&stand("lobby", f64::from(n))).await;
            ada.tick("lobby").await;
        }
    })
    .await;
}

#[tokio::test]
async fn a_member_that_left_is_in_no_later_tick() {
    for threads in THREADS {
        let hall = Hall::on_threads(threads);
        let [mut ada, mut bob, mut carl] = hall.people(["ada", "bob", "carl"]).await;
        for (client, x) in [(&mut ada, 1.0), (&mut bob, 2.0), (&mut carl, 3.0)] {
            client.send(&stand("lobby", x)).await;
        }
        ada.tick_with("lobby", |poses| poses.len() == 3).await;
        bob.send(&leave("lobby")).await;
        drop(carl);
        let mut gone: Vec<String> = Vec::new();
        while gone.len() < 2 {
            let event = ada.event().await;
            if event.is_tick() {
                assert!(
                    gone.iter().all(|name| !event.users().contains(&name.as_str())),
                    "{event:?}"
                );
            } else {
                assert_eq!(event.entries[0].kind, "leave");
                gone.push(event.entries[0].user.clone());
            }
        }
        for n in 0..10 {
            ada.send(&stand("lobby", f64::from(n))).await;
            let poses = ada.tick("lobby").await;
            assert_eq!(poses.len(), 1, "{poses:?}");
        }
    }
}

#[tokio::test]
async fn a_leave_alone_makes_no_tick() {
    for threads in THREADS {
        let hall = Hall::on_threads(threads);
        let [mut ada, mut bob] = hall.people(["ada", "bob"]).await;
        ada.join("elsewhere").await;
        bob.send(&stand("lobby", 1.0)).await;
        bob.tick("lobby").await;
        ada.tick("lobby").await;
        bob.send(&leave("lobby")).await;
        ada.expect("lobby", "bob", "leave", r#""""#).await;
        for n in 0..20 {
            ada.send(&stand("elsewhere", f64::from(n))).await;
            ada.tick("elsewhere").await;
        }
    }
}

#[tokio::test]
async fn a_rejoin_starts_with_no_pose() {
    for threads in THREADS {
        let hall = Hall::on_threads(threads);
        let [mut ada, mut bob] = hall.people(["ada", "bob"]).await;
        bob.send(&stand("lobby", 2.0)).await;
        bob.tick("lobby").await;
        ada.tick("lobby").await;
        bob.send(&leave("lobby")).await;
        ada.expect("lobby", "bob", "leave", r#""""#).await;
        bob.join("lobby").await;
        // No history, no poses.
        bob.quiet().await;
        ada.expect("lobby", "bob", "join", r#""""#).await;
        ada.send(&stand("lobby", 1.0)).await;
        for client in [&mut ada, &mut bob] {
            assert_eq!(client.tick("lobby").await.keys().collect::<Vec<_>>(), ["ada"]);
        }
    }
}

#[tokio::test]
async fn a_pose_belongs_to_its_room() {
    for threads in THREADS {
        let hall = Hall::on_threads(threads);
        let [mut ada, mut bob] = hall.people(["ada", "bob"]).await;
        ada.join("atrium").await;
        ada.send(&stand("atrium", 5.0)).await;
        assert_eq!(x_of(&ada.tick("atrium").await, "ada"), Some(5.0));
        ada.send(&stand("lobby", 6.0)).await;
        assert_eq!(x_of(&ada.tick("lobby").await, "ada"), Some(6.0));
        assert_eq!(x_of(&bob.tick("lobby").await, "ada"), Some(6.0));
        bob.join("atrium").await;
        assert_eq!(x_of(&bob.tick("atrium").await, "ada"), Some(5.0));
    }
}

#[tokio::test]
async fn a_joiner_gets_the_current_poses_at_once() {
    // At this rate the next tick is ten seconds away.
    let hall = Hall::with(0.1, Limits::lab());
    let [mut ada] = hall.people(["ada"]).await;
    ada.send(&stand("lobby", 4.0)).await;
    ada.send(PING).await;
    assert!(matches!(ada.beside_ticks().await, Said::Answer(_)));
    let mut bob = Client::connect(&hall).await;
    bob.enter("bob", "").await;
    assert_eq!(x_of(&bob.tick("lobby").await, "ada"), Some(4.0));
}

#[tokio::test]
async fn talk_does_not_wait_for_ticks() {
    let hall = Hall::with(0.1, Limits::lab());
    let [mut ada, mut bob] = hall.people(["ada", "bob"]).await;
    for n in 0..20 {
        ada.send(&stand("lobby", f64::from(n))).await;
        ada.send(&say("lobby", &n.to_string())).await;
        for client in [&mut ada, &mut bob] {
            let Said::Event(event) = client.beside_ticks().await else { panic!("an answer") };
            assert_eq!(event.entries[0].data.as_text(), n.to_string());
        }
    }
    ada.send(&join("atrium")).await;
    let Said::Event(listing) = ada.beside_ticks().await else { panic!("an answer") };
    assert_eq!((listing.room.as_str(), listing.users()), ("atrium", vec!["ada"]));
}
