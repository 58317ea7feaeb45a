//! Large messages, as many as a client may send at once: a client that reads at 50 Mbit/s gets them
//! all, and nobody waits for slower ones.

use std::net::SocketAddr;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use vrlobby::Limits;

use crate::support::bystander::Bystander;
use crate::support::client::Client;
use crate::support::hall::{FPS, Hall};
use crate::support::pace::{CONTRACT_BYTES_PER_S, Pace};
use crate::support::wire::{Frame, Received, TEXT};
use crate::support::{login, on_thread, request, within};

/// Everything that is sent may take this long: 45 MiB at 50 Mbit/s are 7.6 s.
const DEADLINE: Duration = Duration::from_secs(30);

const SENDERS: usize = 3;

/// `n`, with filler that makes the message as large as the limit allows.
fn data(n: usize) -> String {
    let around = request("lobby", "button", r#""""#).len();
    format!("{n:04} {}", "x".repeat((1 << 20) - around - 5))
}

/// Joins a member, which ignores who joins besides: only buttons count.
async fn enter(addr: SocketAddr, name: &str) -> Client {
    let mut client = Client::connect_to(addr).await;
    client.send(&login(name, "")).await;
    assert_eq!(client.answer().await.code, 202);
    client.name = name.to_owned();
    client
}

/// The next button: its sender and number. Compared as text, since parsing so many megabytes would
/// slow a fast reader down.
async fn button(client: &mut Client) -> (String, usize) {
    let filler = &data(0)[4..];
    loop {
        let text = match client.wire.next().await {
            Received::Text(text) => text,
            Received::Ping(_) => continue,
            other => panic!("{} got {other:?}", client.name),
        };
        let Some((_, rest)) = text.split_once(r#""type":"button","data":""#) else { continue };
        let (n, rest) = rest.split_at(4);
        assert_eq!(rest.len(), filler.len() + 4, "{} got a part", client.name);
        assert!(
            rest.starts_with(filler) && rest.ends_with("\"}]}"),
            "{} got other data",
            client.name
        );
        let (_, user) = text.split_once(r#""user":""#).expect("a user");
        let (user, _) = user.split_once('"').expect("a user");
        return (user.to_owned(), n.parse().expect("a number"));
    }
}

async fn buttons(client: &mut Client, count: usize) -> Vec<(String, usize)> {
    let mut pressed = Vec::with_capacity(count);
    while pressed.len() < count {
        pressed.push(button(client).await);
    }
    pressed
}

/// Buttons as frames, made in advance: masking them takes a debug build a while.
fn frames(count: usize) -> Arc<[Vec<u8>]> {
    let frame = |n| {
        let text = request("lobby", "button", &format!("{:?}", data(n)));
        assert_eq!(text.len(), 1 << 20);
        Frame::new(TEXT, text.as_bytes()).bytes()
    };
    (0..count).map(frame).collect()
}

/// Sends its buttons without waiting and reads everything that `SENDERS` such senders send.
async fn press(mut client: Client, frames: Arc<[Vec<u8>]>) -> (Client, Vec<(String, usize)>) {
    let each = frames.len();
    let writer = client.wire.writer();
    let sending = async {
        for frame in &*frames {
            writer.write(frame).await.expect("it is read");
        }
    };
    let ((), pressed) = tokio::join!(sending, buttons(&mut client, each * SENDERS));
    (client, pressed)
}

/// The results of all threads; the first panic ends the wait.
async fn all_of<T: Send + 'static>(threads: impl IntoIterator<Item = JoinHandle<T>>) -> Vec<T> {
    let ends = threads.into_iter().map(|thread| {
        tokio::task::spawn_blocking(|| thread.join().expect("everything came, in order and whole"))
    });
    let all = tokio::time::timeout(DEADLINE, futures_util::future::try_join_all(ends)).await;
    let all = all.unwrap_or_else(|_| panic!("not everything came in {DEADLINE:?}"));
    all.expect("no panic")
}

#[tokio::test]
async fn a_client_that_reads_at_50_mbits_gets_everything_that_three_send_at_once() {
    const EACH: usize = 15;
    let frames = frames(EACH);
    let hall = Hall::start();
    let addr = hall.addr();
    let mut member = enter(addr, "member").await;
    let mut senders = Vec::new();
    for n in 0..SENDERS {
        senders.push(enter(addr, &format!("sender {n}")).await);
    }
    let bystander = Bystander::enter(addr, "bystander").await;
    let calm = bystander.over(Duration::from_millis(500)).await;
    member.wire.pace = Some(Pace::new(CONTRACT_BYTES_PER_S));
    let reading = on_thread(async move {
        let pressed = buttons(&mut member, SENDERS * EACH).await;
        (member, pressed)
    });
    let sending: Vec<_> =
        senders.into_iter().map(|sender| on_thread(press(sender, frames.clone()))).collect();
    let started = Instant::now();
    let heard = all_of(sending.into_iter().chain([reading])).await;
    let waits = bystander.take();
    let least = ((SENDERS * EACH) << 20) as f64 / CONTRACT_BYTES_PER_S;
    assert!(started.elapsed().as_secs_f64() > 0.8 * least, "the slow one read too fast");
    let (_, order) = &heard[0];
    for (client, pressed) in &heard {
        assert_eq!(pressed, order, "{} saw another order", client.name);
    }
    for sender in 0..SENDERS {
        let name = format!("sender {sender}");
        let numbers = order.iter().filter(|(user, _)| *user == name).map(|(_, n)| *n);
        assert_eq!(numbers.collect::<Vec<_>>(), (0..EACH).collect::<Vec<_>>(), "{name}");
    }
    waits.are_no_longer_than(&calm);
    let seen = hall.seen("nobody closed", |_| true).await;
    assert_eq!(seen.traffic.slow_closed, 0);
    bystander.leave();
}

#[tokio::test]
async fn a_member_that_reads_nothing_is_closed_in_the_end_and_does_not_block_others_for_good() {
    let frames = frames(8);
    let idle_timeout = Duration::from_secs(2);
    let hall = Hall::with(FPS, Limits { idle_timeout, ..Limits::lab() });
    let addr = hall.addr();
    let mut silent = Client::connect_narrow(&hall).await;
    silent.enter("silent", "").await;
    let mut senders = Vec::new();
    for n in 0..SENDERS {
        senders.push(enter(addr, &format!("sender {n}")).await);
    }
    let sending: Vec<_> =
        senders.into_iter().map(|sender| on_thread(press(sender, frames.clone()))).collect();
    all_of(sending).await;
    hall.seen("the silent one closed", |now| now.traffic.slow_closed == 1).await;
    // It can still read whole frames, and then at most the close frame.
    if let Some(code) = silent.wire.drained().await {
        assert_eq!(code, 1008);
    }
}

#[tokio::test]
async fn a_client_that_reads_nothing_does_not_slow_other_rooms_down() {
    let hall = Hall::start();
    let bystander = Bystander::enter(hall.addr(), "bystander").await;
    let calm = bystander.over(Duration::from_millis(500)).await;
    let mut silent = Client::connect_narrow(&hall).await;
    silent.send(&login("silent", "")).await;
    silent.send(&crate::support::join("cell")).await;
    silent.send(&crate::support::leave("lobby")).await;
    let text = request("cell", "button", &format!("{:?}", "x".repeat(900 << 10)));
    let frame = Frame::new(TEXT, text.as_bytes()).bytes();
    let writer = silent.wire.writer();
    let flood = async {
        while writer.write(&frame).await.is_ok() {}
        // It may be closed or not be read from.
        std::future::pending::<()>().await;
    };
    let waits = tokio::select! {
        waits = bystander.over(Duration::from_secs(2)) => waits,
        () = flood => unreachable!("it goes on forever"),
    };
    waits.are_no_longer_than(&calm);
    within("the bystander's leave", async { bystander.leave() }).await;
}
