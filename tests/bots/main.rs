//! Bots against a mock server: what they do, what they notice, and which errors they report.

#![allow(clippy::unwrap_used, reason = "a failing test should stop where it fails")]

mod mock;
mod real;

use std::collections::BTreeSet;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use vrlobby::bots::{BotOptions, BotsError, ConnectError, Report};

use crate::mock::Mock;

fn bots(url: &str, users: usize, rooms: usize) -> BotOptions {
    BotOptions { url: url.into(), users, rooms, hz: 50.0, ..BotOptions::default() }
}

/// Runs bots; the run must end within a minute.
async fn run(options: BotOptions, stop: impl Future) -> Result<Report, BotsError> {
    let run = vrlobby::bots::run(options, stop);
    tokio::time::timeout(Duration::from_secs(60), run).await.expect("the run to end")
}

/// Whether `users` users were sent at least `ticks` ticks each.
fn all_have_ticks(world: &mock::World, users: usize, ticks: u64) -> bool {
    world.ticks.len() == users && world.ticks.values().all(|count| *count >= ticks)
}

#[tokio::test]
async fn bots_log_in_join_their_rooms_and_move_there() {
    let mock = Mock::start(50.0).await;
    let stop = mock.until("ticks", |world| all_have_ticks(world, 7, 60));
    let report = run(bots(&mock.url, 7, 2), stop).await.unwrap();

    assert_eq!((report.users_wanted, report.users_in_rooms), (7, 7));
    let rooms: Vec<_> = report.rooms.iter().map(|room| (room.room.as_str(), room.users)).collect();
    assert_eq!(rooms, [("atrium", 4), ("lab-2", 3)]);
    assert!(report.overall.received > 0 && report.overall.per_s > 0.0);
    for room in &report.rooms {
        let (p50, p99) = (room.ticks.age_p50_ms.unwrap(), room.ticks.age_p99_ms.unwrap());
        assert!(0.0 < p50 && p50 <= p99 && p99 <= room.ticks.age_max_ms.unwrap());
    }
    assert_eq!((report.reconnects, report.kicked, report.not_understood), (0, 0, 0));
    assert!(report.gave_up.is_empty() && report.refusals.is_empty());
    let text = report.to_string();
    assert!(text.contains("7 of 7 bots in 2 rooms") && text.contains("lab-2"), "{text}");
    let plain = serde_json::to_value(&report).unwrap();
    assert_eq!(plain["users"].as_array().unwrap().len(), 7);

    let world = mock.world.lock().unwrap();
    let names: BTreeSet<&str> = world.logins.iter().map(String::as_str).collect();
    assert_eq!(names.len(), 7);
    assert!(names.contains("ada") && names.contains("李雷"));
    let moved: BTreeSet<_> = world.poses.iter().map(|(user, room, _)| (user, room)).collect();
    assert_eq!(moved, world.joins.iter().map(|(user, room)| (user, room)).collect());
    for (_, _, pose) in &world.poses {
        let of = |group: &str, axis: &str| pose[group][axis].as_f64().unwrap();
        assert!(of("pos", "x").abs() <= 6.0 && of("pos", "z").abs() <= 4.0, "{pose}");
        assert!((1.5..=1.85).contains(&of("pos", "y")), "{pose}");
        assert!((0.0..360.0).contains(&of("rot", "y")), "{pose}");
    }
}

#[tokio::test]
async fn a_bot_that_gets_fewer_ticks_is_reported_as_the_worst_served() {
    let mock = Mock::start(100.0).await;
    mock.world.lock().unwrap().short_of_ticks = Some("chloé".into());
    let stop = mock.until("ticks", |world| all_have_ticks(world, 4, 100));
    let report = run(bots(&mock.url, 4, 1), stop).await.unwrap();
    let worst = &report.users[0];
    assert_eq!(worst.user, "chloé");
    assert!(worst.ticks.lost > worst.ticks.received / 2, "{worst:?}");
    assert!(report.to_string().contains("chloé in atrium"));
}

#[tokio::test]
async fn names_in_use_are_skipped() {
    let mock = Mock::start(50.0).await;
    mock.world.lock().unwrap().taken = ["ada", "chloé"].map(str::to_owned).into();
    let stop = mock.until("joins", |world| world.joins.len() == 3);
    let report = run(bots(&mock.url, 3, 1), stop).await.unwrap();
    assert_eq!(report.names_taken, 2);
    let names: BTreeSet<&str> = report.users.iter().map(|user| user.user.as_str()).collect();
    assert!(names.contains("björn") && names.len() == 3);
    assert!(!names.contains("ada") && !names.contains("chloé"));
}

#[tokio::test]
async fn a_lost_connection_is_reestablished_and_counted() {
    let mock = Mock::start(50.0).await;
    let stop = async {
        mock.until("ticks", |world| all_have_ticks(world, 3, 10)).await;
        mock.world.lock().unwrap().cut("björn");
        let back = |world: &mock::World| world.joins.iter().filter(|j| j.0 == "björn").count() == 2;
        mock.until("a second join", back).await;
        let ticks = mock.world.lock().unwrap().ticks["björn"];
        mock.until("more ticks", |world| world.ticks["björn"] > ticks + 10).await;
    };
    let report = run(bots(&mock.url, 3, 1), stop).await.unwrap();
    assert_eq!((report.reconnects, report.users_in_rooms), (1, 3));
    assert!(report.to_string().contains("1 connections lost and reestablished"));
}

#[tokio::test]
async fn kicked_bots_stay_away_and_a_run_without_bots_ends() {
    let mock = Mock::start(50.0).await;
    let kicks = async {
        mock.until("joins", |world| all_have_ticks(world, 2, 5)).await;
        let mut world = mock.world.lock().unwrap();
        world.kick("ada");
        world.kick("björn");
    };
    let (report, ()) =
        tokio::join!(run(bots(&mock.url, 2, 1), std::future::pending::<()>()), kicks);
    let report = report.unwrap();
    assert_eq!((report.kicked, report.users_in_rooms, report.reconnects), (2, 0, 0));
    assert_eq!(report.refusals.get(&403), Some(&2));
    assert_eq!(mock.world.lock().unwrap().logins.len(), 2);
}

#[tokio::test]
async fn bots_rejoin_a_room_that_was_closed() {
    let mock = Mock::start(50.0).await;
    let stop = async {
        mock.until("ticks", |world| all_have_ticks(world, 3, 5)).await;
        mock.world.lock().unwrap().close_room("atrium");
        mock.until("joins", |world| world.joins.len() == 6).await;
        let ticks = mock.world.lock().unwrap().ticks["ada"];
        mock.until("ticks", |world| world.ticks["ada"] > ticks + 5).await;
    };
    let report = run(bots(&mock.url, 3, 1), stop).await.unwrap();
    assert_eq!((report.users_in_rooms, report.reconnects), (3, 0));
    assert_eq!(mock.world.lock().unwrap().logins.len(), 3);
}

#[tokio::test]
async fn chat_is_tracked_to_every_hearer() {
    let mock = Mock::start(10.0).await;
    mock.world.lock().unwrap().deaf = Some("chloé".into());
    let stop = mock.until("chat", |world| world.said.len() >= 3);
    let options = BotOptions { chat: true, ..bots(&mock.url, 40, 1) };
    let report = run(options, stop).await.unwrap();
    let said = mock.world.lock().unwrap().said.len() as u64;
    assert_eq!(report.chat.sent, said);
    let heard_or_not = report.chat.received + report.chat.lost;
    // The first message may have been sent while the last bots were still arriving.
    assert!(heard_or_not > said && heard_or_not <= said * 40, "{report}");
    let deaf = report.users.iter().find(|user| user.user == "chloé").unwrap();
    assert_eq!(report.chat.lost, deaf.chat_lost);
    assert!(report.chat.lost > 0 && report.chat.delay_p50_ms.is_some());
    assert!(report.to_string().contains(&format!("{said} sent")));
}

#[tokio::test]
async fn a_run_ends_when_its_time_is_up() {
    let mock = Mock::start(50.0).await;
    let options = BotOptions { seconds: Some(0.5), ..bots(&mock.url, 2, 2) };
    let report = run(options, std::future::pending::<()>()).await.unwrap();
    assert!(report.measured_s >= 0.5);
    assert_eq!(report.users_in_rooms, 2);
    mock.until("everyone to leave", |world| world.nobody_is_there()).await;
}

#[tokio::test]
async fn if_nothing_listens_the_error_says_what_to_do() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("ws://{}", listener.local_addr().unwrap());
    drop(listener);
    let error = run(bots(&url, 3, 1), std::future::pending::<()>()).await.unwrap_err();
    let text = error.to_string();
    assert!(matches!(error, BotsError::Connect(ConnectError::NothingListens { .. })), "{text}");
    assert!(text.contains(&url) && text.contains("start the server") && text.contains("--url"));
}

#[tokio::test]
async fn other_protocols_and_http_errors_are_told_apart() {
    for (answer, wanted) in [
        ("SSH-2.0-OpenSSH_9.2\r\n\r\n", "is not a vrlobby server"),
        ("HTTP/1.1 503 Full\r\ncontent-length: 9\r\n\r\nno \x1b[2Jroom", "HTTP 503 no [2Jroom"),
    ] {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("ws://{}", listener.local_addr().unwrap());
        let serve = async {
            let (mut stream, _) = listener.accept().await.unwrap();
            stream.write_all(answer.as_bytes()).await.unwrap();
            stream.shutdown().await.unwrap();
            let _ = stream.read_to_end(&mut Vec::new()).await;
        };
        let (result, ()) = tokio::join!(run(bots(&url, 3, 1), std::future::pending::<()>()), serve);
        let text = result.unwrap_err().to_string();
        assert!(text.contains(wanted) && text.contains(&url), "{text}");
    }
}

#[tokio::test]
async fn a_server_that_lets_nobody_in_is_an_error_with_its_reason() {
    let mock = Mock::start(1.0).await;
    mock.world.lock().unwrap().refuse = Some(403);
    let refused = run(bots(&mock.url, 3, 1), std::future::pending::<()>()).await;
    let text = refused.unwrap_err().to_string();
    assert!(text.contains("login refused with 403: because[2J"), "{text}");
}

#[tokio::test]
async fn options_out_of_range_are_named() {
    let fine = BotOptions::default();
    for (options, wanted) in [
        (BotOptions { users: 0, ..fine.clone() }, "--users 0"),
        (BotOptions { users: 5001, ..fine.clone() }, "1 to 5000"),
        (BotOptions { rooms: 1001, ..fine.clone() }, "--rooms 1001"),
        (BotOptions { hz: f64::NAN, ..fine.clone() }, "--hz NaN"),
        (BotOptions { seconds: Some(-1.0), ..fine.clone() }, "--seconds -1"),
        (BotOptions { url: "wss://lab".into(), ..fine }, "TLS"),
    ] {
        let result = run(options, tokio::time::sleep(Duration::from_secs(30))).await;
        let text = result.unwrap_err().to_string();
        assert!(text.contains(wanted), "{text}");
    }
}
