//! Clients that keep asking for the rooms: nobody else waits for them.

use std::time::Duration;

use vrlobby::operator::Command;

use crate::support::bystander::Bystander;
use crate::support::client::Client;
use crate::support::hall::Hall;
use crate::support::wire::{Frame, TEXT};
use crate::support::{login, within};

const ROOMS: &str = r#"{"system":"rooms"}"#;

/// Asks for the rooms `per_second` times a second, and reads whatever comes.
async fn ask(hall: &Hall, name: String, per_second: f64) {
    let mut client = Client::connect(hall).await;
    client.send(&login(&name, "")).await;
    let writer = client.wire.writer();
    let request = Frame::new(TEXT, ROOMS.as_bytes()).bytes();
    let asking = async {
        let mut pace = tokio::time::interval(Duration::from_secs_f64(1.0 / per_second));
        loop {
            pace.tick().await;
            writer.write(&request).await.expect("it is not closed for asking");
        }
    };
    let reading = async {
        while client.wire.skim().await {}
        panic!("{name} was closed for asking");
    };
    tokio::join!(asking, reading);
}

/// Opens rooms until there are a thousand, with the longest names allowed: their listing has half a
/// megabyte.
async fn a_thousand_rooms(hall: &Hall) {
    for n in 1..1000 {
        let room = format!("{n:03} {}", "😀".repeat(124));
        let pin = Command::PinRoom { room, pinned: true };
        hall.execute(pin).await.expect("a room");
    }
    hall.seen("a thousand rooms", |now| now.rooms.len() == 1000).await;
}

/// Four clients ask `per_second` times a second each, and a bystander must not notice.
async fn nobody_waits_while_four_ask(per_second: f64) {
    let hall = Hall::start();
    a_thousand_rooms(&hall).await;
    let bystander = Bystander::enter(hall.addr(), "bystander").await;
    let calm = bystander.over(Duration::from_secs(1)).await;
    let asking = futures_util::future::join_all(
        (0..4).map(|n| ask(&hall, format!("asker {n}"), per_second)),
    );
    let waits = async { bystander.over(Duration::from_secs(3)).await };
    let waits = tokio::select! {
        waits = waits => waits,
        _ = asking => unreachable!("they ask forever"),
    };
    waits.are_no_longer_than(&calm);
    within("the bystander's leave", async { bystander.leave() }).await;
}

#[tokio::test]
async fn a_bystander_does_not_wait_for_four_clients_that_ask_20_times_a_second() {
    nobody_waits_while_four_ask(20.0).await;
}

#[tokio::test]
async fn a_bystander_does_not_wait_for_four_clients_that_ask_100_times_a_second() {
    nobody_waits_while_four_ask(100.0).await;
}

#[tokio::test]
async fn a_listing_is_up_to_date_at_every_moment() {
    let hall = Hall::start();
    let [mut ada, mut bob] = hall.people(["ada", "bob"]).await;
    let mut open = vec!["lobby".to_owned()];
    for n in 0..100 {
        let room = format!("room {n}");
        ada.join(&room).await;
        open.push(room);
        if n % 3 == 2 {
            let gone = open.remove(1 + n % (open.len() - 1));
            ada.send(&crate::support::leave(&gone)).await;
        }
        if n % 10 == 9 {
            let title = format!("title {n}");
            let room = open.last().expect("lobby at least").clone();
            let set = Command::SetTitle { room: room.clone(), title: title.clone() };
            hall.execute(set).await.expect("a title");
            let rooms = bob.asks(ROOMS, 212).await.detail;
            assert_eq!(rooms.at(&room).as_text(), title);
        }
        // A client that has just changed it and one that has not: both see the current listing.
        for client in [&mut ada, &mut bob] {
            let mut rooms = client.asks(ROOMS, 212).await.detail.keys();
            rooms.sort();
            let mut due = open.clone();
            due.sort();
            assert_eq!(rooms, due);
        }
        if open.len() > 50 {
            break;
        }
    }
}
