//! The server inside another program: start, stop, act as operator, and two at once.

#[path = "library/subscribe.rs"]
mod subscribe;
mod support;

use std::net::{SocketAddr, TcpListener};

use support::client::Client;
use support::hall::LOOPBACK;
use support::{say, within};
use vrlobby::Limits;
use vrlobby::LogLevel;
use vrlobby::operator::{Command, OperatorError};
use vrlobby::{Server, ServerHandle};

fn start() -> ServerHandle {
    Server::builder().ip(LOOPBACK).port(0).start().expect("a server on a free port")
}

async fn enter(addr: SocketAddr, name: &str) -> Client {
    let mut client = Client::connect_to(addr).await;
    client.enter(name, "").await;
    client
}

async fn ended(handle: ServerHandle) {
    let end = tokio::task::spawn_blocking(|| handle.wait());
    within("the end of the server", end).await.expect("no panic").expect("a clean end");
}

#[tokio::test]
async fn it_starts_tells_its_address_and_stops() {
    let handle = start();
    let addr = handle.local_addr();
    assert_eq!(addr.ip(), LOOPBACK);
    assert_ne!(addr.port(), 0);
    assert_eq!(handle.info().listening, addr);
    let url = format!("ws://{addr}");
    assert!(handle.info().urls.iter().any(|known| known.starts_with(&url)), "{:?}", handle.info());
    let mut ada = enter(addr, "ada").await;
    ada.send(&say("lobby", "hello")).await;
    ada.hears("lobby", "ada", "hello").await;
    handle.stop();
    handle.stop();
    ada.is_told_1001().await;
    ended(handle).await;
    // The port is free again.
    within("the port", async { while TcpListener::bind(addr).is_err() {} }).await;
}

#[test]
fn it_needs_no_runtime_of_the_program_around_it() {
    let handle = start();
    std::net::TcpStream::connect(handle.local_addr()).expect("a connection");
    handle.stop();
    handle.wait().expect("a clean end");
}

#[tokio::test]
async fn all_settings_can_be_given() {
    let limits = Limits { max_rooms_per_user: 1, ..Limits::open() };
    let builder = Server::builder().ip(LOOPBACK).port(0).fps(12.5).log_level(LogLevel::Warn);
    let handle = builder.limits(limits).start().expect("a server");
    let mut ada = enter(handle.local_addr(), "ada").await;
    ada.asks(&support::join("atrium"), 413).await;
    let mut reader = handle.operator().watch();
    let snapshot = within("a snapshot", reader.next()).await.expect("the server runs");
    assert_eq!(snapshot.fps, 12.5);
}

#[tokio::test]
async fn it_runs_on_as_many_threads_as_are_asked_for() {
    for threads in [1, 2, 3] {
        let handle = Server::builder().ip(LOOPBACK).port(0).threads(threads).start();
        let handle = handle.expect("a server");
        let mut ada = enter(handle.local_addr(), "ada").await;
        let mut bob = enter(handle.local_addr(), "bob").await;
        bob.send(&say("lobby", "hello")).await;
        ada.expect("lobby", "bob", "join", r#""""#).await;
        ada.hears("lobby", "bob", "hello").await;
        handle.stop();
        ada.is_told_1001().await;
        bob.is_told_1001().await;
        ended(handle).await;
    }
    let none = Server::builder().ip(LOOPBACK).port(0).threads(0).start();
    assert!(none.expect_err("no threads at all").to_string().contains("threads"));
}

#[tokio::test]
async fn the_operator_kicks_a_session_and_not_the_next_of_its_name() {
    let handle = start();
    let operator = handle.operator();
    let mut reader = operator.watch();
    let first = enter(handle.local_addr(), "ada").await;
    let confirmed = within("ada in a snapshot", async {
        loop {
            if let [user] = &reader.next().await.expect("the server runs").users[..] {
                break user.session;
            }
        }
    })
    .await;
    drop(first);
    within("ada's leave", async {
        while !reader.next().await.expect("the server runs").users.is_empty() {}
    })
    .await;
    let mut second = enter(handle.local_addr(), "ada").await;
    let kick = Command::KickSession { session: confirmed, reason: None };
    let refused = operator.execute(kick).await;
    assert_eq!(refused, Err(OperatorError::NoSuchSession(confirmed)));
    second.quiet().await;
}

#[tokio::test]
async fn the_operator_sees_and_acts() {
    let handle = start();
    let operator = handle.operator();
    let mut ada = enter(handle.local_addr(), "ada").await;
    let mut reader = operator.watch();
    within("ada in a snapshot", async {
        loop {
            let snapshot = reader.next().await.expect("the server runs");
            let lobby = &snapshot.rooms[0];
            if let [user] = &snapshot.users[..] {
                assert_eq!((&*user.name, &*user.rooms[0].room), ("ada", "lobby"));
                assert_eq!((&*lobby.name, lobby.users), ("lobby", 1));
                break;
            }
        }
    })
    .await;
    let announce = Command::Announce { room: None, text: "hello".to_owned() };
    let done = operator.clone().execute(announce).await.expect("a word");
    assert_eq!(done.users, 1);
    assert!(!done.message.is_empty());
    ada.hears("lobby", "*server*", "hello").await;
    let kick = Command::Kick { user: "ada".to_owned(), reason: None };
    operator.execute(kick).await.expect("a kick");
    assert_eq!(ada.answer().await.code, 403);
    ada.wire.ends_with(1008).await;
}

#[tokio::test]
async fn the_operator_can_stop_it() {
    let handle = start();
    let operator = handle.operator();
    let mut reader = operator.watch();
    let mut ada = enter(handle.local_addr(), "ada").await;
    // One is already waiting for the end.
    let end = tokio::spawn(ended(handle));
    operator.stop();
    ada.is_told_1001().await;
    end.await.expect("no panic");
    within("the last snapshot", async { while reader.next().await.is_some() {} }).await;
    assert!(operator.is_stopped());
    let late = Command::Announce { room: None, text: "anyone?".to_owned() };
    let late = within("an answer", operator.execute(late)).await;
    assert_eq!(late, Err(OperatorError::Stopped));
}

#[tokio::test]
async fn dropping_the_handle_stops_it() {
    let handle = start();
    let addr = handle.local_addr();
    let mut ada = enter(addr, "ada").await;
    drop(handle);
    ada.is_told_1001().await;
    within("the port", async { while TcpListener::bind(addr).is_err() {} }).await;
}

#[tokio::test]
async fn two_in_one_process_are_independent() {
    let (first, second) = (start(), start());
    assert_ne!(first.local_addr(), second.local_addr());
    let mut here = enter(first.local_addr(), "ada").await;
    let mut there = enter(second.local_addr(), "ada").await;
    here.send(&say("lobby", "here")).await;
    here.hears("lobby", "ada", "here").await;
    there.quiet().await;
    first.stop();
    here.is_told_1001().await;
    ended(first).await;
    there.quiet().await;
}

#[tokio::test]
async fn a_taken_port_is_an_error_that_names_it() {
    let taken = TcpListener::bind((LOOPBACK, 0)).expect("a port");
    let port = taken.local_addr().expect("an address").port();
    let error = Server::builder().ip(LOOPBACK).port(port).start().expect_err("a taken port");
    assert!(error.to_string().contains(&port.to_string()), "{error}");
    let run = move || Server::builder().ip(LOOPBACK).port(port).run();
    let run = within("an error", tokio::task::spawn_blocking(run)).await.expect("no panic");
    assert!(run.expect_err("a taken port").to_string().contains(&port.to_string()));
}

#[tokio::test]
async fn two_servers_do_not_share_a_port() {
    let first = start();
    let port = first.local_addr().port();
    let error = Server::builder().ip(LOOPBACK).port(port).start().expect_err("a taken port");
    assert!(error.to_string().contains(&port.to_string()), "{error}");
    enter(first.local_addr(), "ada").await.quiet().await;
}

#[test]
fn a_wrong_setting_is_an_error_that_names_it_and_binds_nothing() {
    let taken = TcpListener::bind((LOOPBACK, 0)).expect("a port");
    let port = taken.local_addr().expect("an address").port();
    for fps in [0.0, -3.0, 1000.0, f64::INFINITY, f64::NAN] {
        let error = Server::builder().ip(LOOPBACK).port(port).fps(fps).start();
        let text = error.expect_err("a wrong rate").to_string();
        // Had it tried the port first, it would complain about that.
        assert!(text.contains("fps") && text.contains("240"), "{text}");
    }
}
