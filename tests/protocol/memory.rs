//! One memory budget for the whole server, whatever clients begin and never end, and whatever they
//! are sent and never read.

// What a process has in memory is read from /proc.
#![cfg(target_os = "linux")]

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use tokio::task::JoinSet;

use crate::support::bystander::{Bystander, Waits};
use crate::support::client::Client;
use crate::support::process::Process;
use crate::support::wire::{Frame, Received, TEXT};
use crate::support::{join, leave, login, request, within};

const MIB: usize = 1 << 20;

/// The smallest budget that is allowed.
const BUDGET: &str = "16MiB";

/// What the process may grow by: the budget, and three times as much for what is being read or
/// written just now and for what an allocator keeps of freed memory. The greedy ask for 110 MiB at
/// least, most for several hundred.
const GROWTH: usize = 4 * 16 * MIB;

/// How long the greedy have to reach the limit and exceed it.
const TIME: Duration = Duration::from_secs(4);

/// The greediest have to be closed within this time.
const CLOSED_WITHIN: Duration = Duration::from_secs(15);

async fn enter(mut client: Client, name: &str) -> Client {
    client.name = name.to_owned();
    client.send(&login(name, "")).await;
    assert_eq!(client.answer().await.code, 202);
    client
}

/// Clients that are all logged in before the first of them does anything.
async fn enter_all(addr: SocketAddr, count: usize) -> Vec<Client> {
    let mut all = Vec::new();
    for n in 0..count {
        all.push(enter(Client::connect_to(addr).await, &format!("greedy {n}")).await);
    }
    all
}

/// Writes as much of `bytes` as is accepted, reads whatever comes, and returns once it is closed.
async fn write_until_closed(client: &mut Client, bytes: &[u8]) {
    let writer = client.wire.writer();
    let writing = async {
        let _ = writer.write(bytes).await;
        std::future::pending::<()>().await;
    };
    let reading = async { while client.wire.skim().await {} };
    tokio::select! {
        () = writing => {}
        () = reading => {}
    }
}

/// The program with the smallest budget, and a bystander who keeps chatting.
struct Server {
    process: Process,
    bystander: Bystander,
    calm: Waits,
    /// The memory of the process before anybody else came.
    before: usize,
}

impl Server {
    async fn start(args: &[&str]) -> Self {
        let args = [&["--memory-bytes", BUDGET, "--max-connections", "500"], args].concat();
        let (process, first) = Process::start(&args);
        drop(first);
        let bystander = Bystander::enter(process.addr(), "bystander").await;
        let calm = bystander.over(Duration::from_millis(500)).await;
        let before = process.resident_bytes();
        Self { process, bystander, calm, before }
    }

    fn addr(&self) -> SocketAddr {
        self.process.addr()
    }

    /// Lets `greedy` do what they do: the process stays small, nobody else waits, and, where
    /// `closes` is set, at least one of the greedy is closed; then its future ends.
    async fn stays_within_its_budget(self, mut greedy: JoinSet<()>, closes: bool) {
        let start = Instant::now();
        let mut closed = 0;
        let mut looks = tokio::time::interval(Duration::from_millis(25));
        self.bystander.take();
        while start.elapsed() < TIME || (closes && closed == 0) {
            tokio::select! {
                _ = looks.tick() => {}
                end = greedy.join_next(), if !greedy.is_empty() => {
                    end.expect("it is not empty").expect("no panic");
                    closed += 1;
                }
            }
            let grown = self.process.resident_bytes().saturating_sub(self.before);
            assert!(grown < GROWTH, "{} MiB more after {:?}", grown / MIB, start.elapsed());
            assert!(start.elapsed() < CLOSED_WITHIN, "none of the greedy is closed");
        }
        self.bystander.take().are_no_longer_than(&self.calm);
        self.bystander.leave();
    }
}

#[tokio::test]
async fn messages_that_never_end_stay_within_the_budget() {
    let server = Server::start(&[]).await;
    let mut greedy = JoinSet::new();
    for mut client in enter_all(server.addr(), 150).await {
        greedy.spawn(async move {
            let text = vec![b' '; MIB - 1];
            let frame = Frame { declared: Some(MIB as u64), ..Frame::new(TEXT, &text) }.bytes();
            write_until_closed(&mut client, &frame).await;
        });
    }
    server.stays_within_its_budget(greedy, true).await;
}

#[tokio::test]
async fn fragments_that_never_end_stay_within_the_budget() {
    let server = Server::start(&["--max-message-bytes", "8MiB"]).await;
    let mut greedy = JoinSet::new();
    for mut client in enter_all(server.addr(), 30).await {
        greedy.spawn(async move {
            let piece = vec![b' '; MIB / 4];
            let mut bytes = Frame::new(TEXT, &piece).unfinished().bytes();
            for _ in 1..30 {
                bytes.extend(Frame::new(0, &piece).unfinished().bytes());
            }
            write_until_closed(&mut client, &bytes).await;
        });
    }
    server.stays_within_its_budget(greedy, true).await;
}

#[tokio::test]
async fn messages_that_are_never_read_stay_within_the_budget() {
    let server = Server::start(&["--queue-bytes", "16MiB"]).await;
    let mut prisoners = Vec::new();
    for n in 0..30 {
        let client = Client::connect_narrow_to(server.addr()).await;
        let mut client = enter(client, &format!("prisoner {n}")).await;
        // Alone in a room, it is sent its own messages.
        client.send(&join(&client.name.clone())).await;
        client.send(&leave("lobby")).await;
        prisoners.push(client);
    }
    let mut greedy = JoinSet::new();
    for mut client in prisoners {
        greedy.spawn(async move {
            let text = request(&client.name, "button", &format!("{:?}", "x".repeat(MIB / 2)));
            let frame = Frame::new(TEXT, text.as_bytes()).bytes();
            let writer = client.wire.writer();
            while writer.write(&frame).await.is_ok() {}
        });
    }
    server.stays_within_its_budget(greedy, true).await;
}

#[tokio::test]
async fn histories_stay_within_the_budget() {
    let server = Server::start(&["--bytes-per-s", "none"]).await;
    let mut greedy = JoinSet::new();
    for mut client in enter_all(server.addr(), 8).await {
        greedy.spawn(async move {
            let data = format!("{:?}", "x".repeat(60_000));
            let mut bytes = Vec::new();
            for room in 0..60 {
                let room = format!("room {room} of {}", client.name);
                bytes.extend(Frame::new(TEXT, join(&room).as_bytes()).bytes());
                let message = request(&room, "msg", &data);
                bytes.extend(Frame::new(TEXT, message.as_bytes()).bytes().repeat(4));
            }
            write_until_closed(&mut client, &bytes).await;
        });
    }
    // Whether somebody is closed for what a room keeps, or the room keeps less, is the server's
    // choice.
    server.stays_within_its_budget(greedy, false).await;
}

#[tokio::test]
async fn below_the_budget_nobody_is_closed() {
    const CLIENTS: usize = 5;
    let server = Server::start(&[]).await;
    let mut clients = Vec::new();
    for n in 0..CLIENTS {
        let client = Client::connect_to(server.addr()).await;
        clients.push(enter(client, &format!("modest {n}")).await);
    }
    let text = request("lobby", "button", &format!("{:?}", "x".repeat(150 << 10)));
    let frame = Frame::new(TEXT, text.as_bytes()).bytes();
    let (half, rest) = frame.split_at(frame.len() / 2);
    for client in &mut clients {
        client.wire.send(half).await;
    }
    let waits = server.bystander.over(Duration::from_millis(500)).await;
    waits.are_no_longer_than(&server.calm);
    for client in &mut clients {
        client.wire.send(rest).await;
    }
    for client in &mut clients {
        let mut buttons = 0;
        while buttons < CLIENTS {
            match within("a button", client.wire.next()).await {
                Received::Text(text) => buttons += usize::from(text.contains(r#""button""#)),
                other => panic!("{} got {other:?}", client.name),
            }
        }
    }
    server.bystander.leave();
}
