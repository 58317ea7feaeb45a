//! At a signal, the program ends by itself and in time, and is never killed by it.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use rustix::process::Signal;

use crate::support::client::Client;
use crate::support::process::Process;
use crate::support::wire::upgrade;
use crate::support::{PATIENCE, ended, on_thread};

/// One second is allowed; the rest is for a shared machine.
const SOON: Duration = Duration::from_secs(2);

/// What a drain may take, whatever the clients do.
const DRAIN: Duration = Duration::from_secs(5);

/// Sends a signal as soon as the port answers.
fn ends_by_itself_at(signal: Signal) {
    for round in 0..20 {
        let (process, stream) = Process::start(&[]);
        process.signal(signal);
        let (status, took, log) = process.end();
        assert_eq!(status.code(), Some(0), "round {round}: {status}\n{log}");
        assert!(took < DRAIN, "round {round}: {took:?}");
        drop(stream);
    }
}

#[test]
fn sigterm_counts_as_soon_as_the_port_answers() {
    ends_by_itself_at(Signal::TERM);
}

#[test]
fn sigint_counts_as_soon_as_the_port_answers() {
    ends_by_itself_at(Signal::INT);
}

#[test]
fn half_open_handshakes_do_not_delay_it() {
    let (process, first) = Process::start(&[]);
    let head = upgrade("/", "");
    let half = |n: usize| {
        let mut stream = TcpStream::connect(process.addr()).expect("a connection");
        // From nothing at all to all but the last byte.
        stream.write_all(&head.as_bytes()[..n * (head.len() - 1) / 19]).expect("half a head");
        stream
    };
    let streams: Vec<TcpStream> = (0..20).map(half).collect();
    // A connection that is answered after them shows that they have been accepted.
    let mut last = TcpStream::connect(process.addr()).expect("a connection");
    last.set_read_timeout(Some(PATIENCE)).expect("a socket option");
    last.write_all(b"GET / HTTP/1.0\r\n\r\n").expect("a head");
    last.read_to_end(&mut Vec::new()).expect("an answer, and the end");
    process.signal(Signal::TERM);
    let (status, took, log) = process.end();
    assert_eq!(status.code(), Some(0), "{log}");
    assert!(took < SOON, "it took {took:?}");
    drop((first, streams));
}

#[test]
fn clients_that_never_read_or_answer_delay_it_by_five_seconds_at_most() {
    let (process, first) = Process::start(&[]);
    let addr = process.addr();
    let clients = on_thread(async move {
        let mut clients = Vec::new();
        for n in 0..10 {
            let mut client = Client::connect_to(addr).await;
            client.send(&crate::support::login(&format!("user {n}"), "")).await;
            assert_eq!(client.answer().await.code, 202);
            clients.push(client);
        }
        clients
    });
    let clients = clients.join().expect("ten clients");
    let sent = Instant::now();
    process.signal(Signal::TERM);
    let (status, _, log) = process.end();
    assert_eq!(status.code(), Some(0), "{log}");
    assert!(sent.elapsed() <= DRAIN, "{:?}", sent.elapsed());
    drop((first, clients));
}

#[tokio::test]
async fn a_second_signal_while_it_drains_does_not_kill_it() {
    let (process, first) = Process::start(&[]);
    let mut ada = Client::connect_to(process.addr()).await;
    ada.enter("ada", "").await;
    process.signal(Signal::TERM);
    process.signal(Signal::TERM);
    ada.is_told_1001().await;
    drop(first);
    let end = std::thread::spawn(|| process.end());
    let (status, _, log) = ended("the end of the program", end).await;
    assert_eq!(status.code(), Some(0), "{log}");
}
