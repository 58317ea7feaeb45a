//! The operator's actions, as clients see them.

use std::time::{Duration, Instant};

use vrlobby::Limits;
use vrlobby::operator::{Command, OperatorError};

use crate::support::client::{Client, x_of};
use crate::support::hall::Hall;
use crate::support::json::json;
use crate::support::said::Said;
use crate::support::{leave, list, say, stand, within};

fn kick(user: &str, reason: Option<&str>) -> Command {
    Command::Kick { user: user.to_owned(), reason: reason.map(str::to_owned) }
}

fn announce(room: Option<&str>, text: &str) -> Command {
    Command::Announce { room: room.map(str::to_owned), text: text.to_owned() }
}

fn close(room: &str) -> Command {
    Command::CloseRoom { room: room.to_owned() }
}

fn set_fps(room: Option<&str>, fps: Option<f64>) -> Command {
    Command::SetFps { room: room.map(str::to_owned), fps }
}

#[tokio::test]
async fn a_kicked_user_gets_the_reason_and_1008() {
    let hall = Hall::start();
    let [mut ada, mut bob] = hall.people(["Ada", "bob"]).await;
    ada.join("atrium").await;
    bob.join("atrium").await;
    ada.expect("atrium", "bob", "join", r#""""#).await;
    let done = hall.execute(kick("ada", Some("Please \"rest\"."))).await.expect("a kick");
    assert_eq!(done.users, 1);
    let answer = ada.answer().await;
    assert_eq!(answer.code, 403);
    let reason = answer.detail.at("reason").as_text();
    assert!(reason.contains("Please \"rest\"."), "{reason:?}");
    ada.wire.ends_with(1008).await;
    let mut rooms = Vec::new();
    for _ in 0..2 {
        let event = bob.event().await;
        assert_eq!((event.users(), event.entries[0].kind.as_str()), (vec!["Ada"], "leave"));
        rooms.push(event.room);
    }
    rooms.sort();
    assert_eq!(rooms, ["atrium", "lobby"]);
    bob.quiet().await;
}

#[tokio::test]
async fn a_kicked_user_may_log_in_again() {
    let hall = Hall::start();
    let [mut ada, mut bob] = hall.people(["ada", "bob"]).await;
    hall.execute(kick("ada", None)).await.expect("a kick");
    assert_eq!(ada.answer().await.code, 403);
    ada.wire.ends_with(1008).await;
    bob.expect("lobby", "ada", "leave", r#""""#).await;
    let again = Client::login(&hall, "ada").await;
    assert_eq!(again.listing.len(), 2);
}

#[tokio::test]
async fn a_user_who_is_not_logged_in_can_not_be_kicked() {
    let hall = Hall::start();
    let [mut ada] = hall.people(["ada"]).await;
    let refused = hall.execute(kick("bob", None)).await;
    assert_eq!(refused, Err(OperatorError::NoSuchUser("bob".to_owned())));
    ada.quiet().await;
}

#[tokio::test]
async fn each_member_of_a_closed_room_gets_a_leave_for_every_member() {
    let hall = Hall::start();
    let [mut ada, mut bob, mut carl] = hall.people(["ada", "bob", "carl"]).await;
    ada.join("atrium").await;
    bob.join("atrium").await;
    ada.expect("atrium", "bob", "join", r#""""#).await;
    ada.send(&say("atrium", "x")).await;
    for client in [&mut ada, &mut bob] {
        client.hears("atrium", "ada", "x").await;
    }
    let done = hall.execute(close("atrium")).await.expect("a closing");
    assert_eq!(done.users, 2);
    for client in [&mut ada, &mut bob] {
        let mut left = Vec::new();
        for _ in 0..2 {
            let event = client.event().await;
            let [entry] = &event.entries[..] else { panic!("{event:?}") };
            assert_eq!((event.room.as_str(), entry.kind.as_str()), ("atrium", "leave"));
            assert_eq!(entry.data, json(r#""""#));
            left.push(entry.user.clone());
        }
        left.sort();
        assert_eq!(left, ["ada", "bob"]);
        client.asks(&say("atrium", "y"), 401).await;
    }
    carl.quiet().await;
    // It can be joined again and has no history.
    assert_eq!(ada.join("atrium").await.len(), 1);
    ada.quiet().await;
}

#[tokio::test]
async fn the_lobby_and_rooms_that_do_not_exist_can_not_be_closed() {
    let hall = Hall::start();
    let [mut ada] = hall.people(["ada"]).await;
    assert_eq!(hall.execute(close("lobby")).await, Err(OperatorError::LobbyStays));
    let refused = hall.execute(close("atrium")).await;
    assert_eq!(refused, Err(OperatorError::NoSuchRoom("atrium".to_owned())));
    ada.quiet().await;
}

#[tokio::test]
async fn an_announcement_comes_from_the_server() {
    let hall = Hall::start();
    let [mut ada, mut bob, mut carl] = hall.people(["ada", "bob", "carl"]).await;
    ada.join("atrium").await;
    let done = hall.execute(announce(Some("atrium"), "one \"room\"")).await.expect("a word");
    assert_eq!(done.users, 1);
    ada.hears("atrium", "*server*", "one \"room\"").await;
    bob.quiet().await;
    carl.send(&leave("lobby")).await;
    for client in [&mut ada, &mut bob] {
        client.expect("lobby", "carl", "leave", r#""""#).await;
    }

    hall.execute(announce(None, "all rooms")).await.expect("a word");
    let mut rooms = Vec::new();
    for _ in 0..2 {
        let event = ada.event().await;
        assert_eq!((event.users(), event.entries[0].kind.as_str()), (vec!["*server*"], "msg"));
        assert_eq!(event.entries[0].data.as_text(), "all rooms");
        rooms.push(event.room);
    }
    rooms.sort();
    assert_eq!(rooms, ["atrium", "lobby"]);
    bob.hears("lobby", "*server*", "all rooms").await;
    carl.quiet().await;
    // The server is not a member.
    bob.send(&list("lobby")).await;
    assert_eq!(bob.listing_of("lobby").await.len(), 2);
}

#[tokio::test]
async fn an_announcement_is_refused_where_nobody_can_hear_it() {
    let hall = Hall::start();
    let refused = hall.execute(announce(Some("atrium"), "x")).await;
    assert_eq!(refused, Err(OperatorError::NoSuchRoom("atrium".to_owned())));
    assert_eq!(hall.execute(announce(None, "")).await, Err(OperatorError::TextLength(0)));
    let long = "x".repeat(501);
    assert_eq!(hall.execute(announce(None, &long)).await, Err(OperatorError::TextLength(501)));
}

/// Sends poses and reads ticks until `count` have come.
async fn ticks(client: &mut Client, room: &str, count: usize) {
    for n in 0..count {
        client.send(&stand(room, n as f64)).await;
        client.tick(room).await;
    }
}

#[tokio::test]
async fn a_new_rate_takes_effect_without_delay() {
    let hall = Hall::with(1.0, Limits::lab());
    let [mut ada] = hall.people(["ada"]).await;
    ticks(&mut ada, "lobby", 1).await;
    hall.execute(set_fps(None, Some(60.0))).await.expect("a rate");
    // At the old rate, these would take forty seconds.
    within("40 ticks at 60 a second", ticks(&mut ada, "lobby", 40)).await;
    hall.execute(set_fps(None, Some(2.0))).await.expect("a rate");
    ticks(&mut ada, "lobby", 2).await;
    let start = Instant::now();
    ticks(&mut ada, "lobby", 4).await;
    // They take two seconds; at the previous rate, a fifteenth of a second.
    assert!(start.elapsed() > Duration::from_millis(800), "{:?}", start.elapsed());
}

#[tokio::test]
async fn a_room_may_have_a_rate_of_its_own() {
    let hall = Hall::with(1.0, Limits::lab());
    let [mut ada] = hall.people(["ada"]).await;
    ada.join("fast").await;
    hall.execute(set_fps(Some("fast"), Some(60.0))).await.expect("a rate");
    let mut of_lobby = 0;
    let start = Instant::now();
    within("60 ticks of the fast room", async {
        for n in 0..60 {
            ada.send(&stand("lobby", f64::from(n))).await;
            ada.send(&stand("fast", f64::from(n))).await;
            loop {
                let event = ada.event().await;
                if event.room == "fast" && x_of(&event.poses(), "ada") == Some(f64::from(n)) {
                    break;
                }
                of_lobby += u32::from(event.room == "lobby");
            }
        }
    })
    .await;
    let most = start.elapsed().as_secs() as u32 + 2;
    assert!(of_lobby <= most, "{of_lobby} ticks of the lobby in {:?}", start.elapsed());
    // A rate for all includes the room with its own.
    hall.execute(set_fps(None, Some(100.0))).await.expect("a rate");
    let snapshot =
        hall.seen("one rate", |now| now.rooms.iter().all(|room| room.fps == 100.0)).await;
    assert!(snapshot.rooms.iter().all(|room| !room.own_fps));
}

#[tokio::test]
async fn a_rate_out_of_range_is_refused() {
    let hall = Hall::start();
    for fps in [0.0, -1.0, 0.09, 240.5, f64::INFINITY] {
        let refused = hall.execute(set_fps(None, Some(fps))).await;
        assert_eq!(refused, Err(OperatorError::FpsOutOfRange(fps)));
    }
    assert!(hall.execute(set_fps(None, Some(f64::NAN))).await.is_err());
}

#[tokio::test]
async fn a_pinned_room_outlives_its_last_member() {
    let hall = Hall::start();
    let [mut ada] = hall.people(["ada"]).await;
    ada.join("atrium").await;
    let pin = |pinned| Command::PinRoom { room: "atrium".to_owned(), pinned };
    hall.execute(pin(true)).await.expect("a pin");
    ada.send(&say("atrium", "x")).await;
    let said = ada.hears("atrium", "ada", "x").await;
    ada.send(&leave("atrium")).await;
    let rooms = r#"{"system":"rooms"}"#;
    assert_eq!(ada.asks(rooms, 212).await.detail, json(r#"{"lobby":"","atrium":""}"#));
    assert_eq!(ada.join("atrium").await.len(), 1);
    assert_eq!(ada.event().await.entries, [said]);
    ada.send(&leave("atrium")).await;
    ada.quiet().await;
    hall.execute(pin(false)).await.expect("a pin taken out");
    assert_eq!(ada.asks(rooms, 212).await.detail, json(r#"{"lobby":""}"#));
}

#[tokio::test]
async fn a_title_is_listed_with_its_room() {
    let hall = Hall::start();
    let [mut ada] = hall.people(["ada"]).await;
    let title =
        |title: &str| Command::SetTitle { room: "lobby".to_owned(), title: title.to_owned() };
    hall.execute(title("The \"big\" hall")).await.expect("a title");
    let rooms = r#"{"system":"rooms"}"#;
    let due = json(r#"{"lobby":"The \"big\" hall"}"#);
    assert_eq!(ada.asks(rooms, 212).await.detail, due);
    hall.execute(title("")).await.expect("no title");
    assert_eq!(ada.asks(rooms, 212).await.detail, json(r#"{"lobby":""}"#));
}

#[tokio::test]
async fn an_action_comes_to_all_members_in_one_order_with_the_talk() {
    let hall = Hall::start();
    let [mut ada, mut bob] = hall.people(["ada", "bob"]).await;
    for n in 0..20 {
        ada.send(&say("lobby", &n.to_string())).await;
        hall.execute(announce(None, &n.to_string())).await.expect("a word");
    }
    let mut heard = [Vec::new(), Vec::new()];
    for (client, heard) in [&mut ada, &mut bob].into_iter().zip(&mut heard) {
        while heard.len() < 40 {
            let Said::Event(event) = client.said().await else { panic!("an answer") };
            heard.extend(event.entries);
        }
    }
    assert_eq!(heard[0], heard[1]);
}
