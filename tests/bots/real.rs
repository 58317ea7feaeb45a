//! Bots on the real server.

use std::time::Duration;

use vrlobby::Server;
use vrlobby::bots::BotOptions;
use vrlobby::operator::Command;

use crate::run;

fn start(fps: f64) -> (vrlobby::ServerHandle, BotOptions) {
    let server = Server::builder().ip([127, 0, 0, 1].into()).port(0).fps(fps).start().unwrap();
    let url = format!("ws://{}", server.local_addr());
    (server, BotOptions { url, ..BotOptions::default() })
}

#[tokio::test(flavor = "multi_thread")]
async fn two_runs_share_a_server() {
    let (server, options) = start(30.0);
    let options = BotOptions { users: 8, chat: true, seconds: Some(3.0), ..options };
    let (one, other) = tokio::join!(
        run(options.clone(), std::future::pending::<()>()),
        run(options, std::future::pending::<()>())
    );
    let (one, other) = (one.unwrap(), other.unwrap());
    // The next name may be taken too.
    assert!(one.names_taken + other.names_taken >= 8);
    for report in [&one, &other] {
        assert_eq!(report.users_in_rooms, 8, "{report}");
        assert!(report.overall.received > 0 && report.overall.age_p99_ms.is_some(), "{report}");
        assert_eq!((report.not_understood, report.reconnects, report.chat.lost), (0, 0, 0));
        assert!(report.refusals.is_empty() && report.gave_up.is_empty(), "{report}");
    }
    server.stop();
}

#[tokio::test(flavor = "multi_thread")]
async fn bots_kicked_by_the_operator_stay_away() {
    let (server, options) = start(30.0);
    let operator = server.operator();
    let kick = async {
        // Fails until the user is logged in.
        let kick = |user: &str| Command::Kick { user: user.into(), reason: None };
        while operator.execute(kick("björn")).await.is_err() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        while operator.execute(kick("ada")).await.is_err() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let options = BotOptions { users: 2, rooms: 1, ..options };
    let (report, ()) = tokio::join!(run(options, std::future::pending::<()>()), kick);
    // A kick while a bot is still joining counts as a refusal.
    match report {
        Ok(report) => assert_eq!(report.users_in_rooms, 0, "{report}"),
        Err(error) => assert!(error.to_string().contains("let no bot in"), "{error}"),
    }
    server.stop();
}
