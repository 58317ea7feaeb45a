//! One and two threads that read and write, and more listeners than one of them serves at a time.

use std::collections::BTreeMap;

use crate::support::client::{Client, x_of};
use crate::support::hall::Hall;
use crate::support::said::Said;
use crate::support::wire::{Frame, TEXT};
use crate::support::{PING, login, request, stand, within};

const MEMBERS: usize = 100;

/// Members that talk while all of them listen.
const TALKERS: usize = 8;

const EACH: usize = 15;

/// Connections that the first thread takes before the second gets any.
const FIRST_THREAD: usize = 512;

/// Lets this process have more than the usual 1024 open files.
fn raise_open_files() {
    use rustix::process::{Resource, getrlimit, setrlimit};
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    setrlimit(Resource::Nofile, limit).expect("the limit can be raised to its maximum");
}

/// Logs everybody in, and reads until everybody knows that all are there. Half of them come after
/// so many others have connected that the first thread has its fill: where there is a second
/// thread, it serves them. The others stay connected and don't log in.
async fn crowd(hall: &Hall) -> (Vec<Client>, Vec<Client>) {
    raise_open_files();
    let mut crowd = Vec::new();
    let mut others = Vec::new();
    for n in 0..MEMBERS {
        if n == MEMBERS / 2 {
            for _ in MEMBERS / 2..FIRST_THREAD {
                others.push(Client::connect(hall).await);
            }
        }
        let mut client = Client::connect(hall).await;
        client.name = format!("member {n:03}");
        client.send(&login(&client.name.clone(), "")).await;
        crowd.push(client);
    }
    for client in &mut crowd {
        assert_eq!(client.answer().await.code, 202);
        let mut there = client.listing_of("lobby").await.len();
        while there < MEMBERS {
            let event = client.event().await;
            assert_eq!(event.entries[0].kind, "join", "{event:?}");
            there += 1;
        }
    }
    (crowd, others)
}

/// What everybody hears while several talk at once, without ticks.
async fn heard_by_all(crowd: &mut [Client]) -> Vec<Vec<(String, u64)>> {
    for n in 0..EACH {
        for talker in crowd.iter_mut().take(TALKERS) {
            let text = request("lobby", "msg", &n.to_string());
            let mut bytes = Frame::new(TEXT, text.as_bytes()).bytes();
            bytes.extend(Frame::new(TEXT, stand("lobby", n as f64).as_bytes()).bytes());
            talker.wire.send(&bytes).await;
        }
    }
    let mut all = Vec::new();
    for client in crowd {
        let mut heard = Vec::new();
        while heard.len() < TALKERS * EACH {
            let Said::Event(event) = client.beside_ticks().await else { panic!("an answer") };
            let [entry] = &event.entries[..] else { panic!("{event:?}") };
            heard.push((entry.user.clone(), entry.data.as_number().expect("a number")));
        }
        all.push(heard);
    }
    all
}

async fn everybody_hears_everything_in_one_order(threads: usize) {
    let hall = Hall::on_threads(threads);
    let (mut crowd, _others) = crowd(&hall).await;
    let all = heard_by_all(&mut crowd).await;
    for (client, heard) in crowd.iter().zip(&all) {
        assert_eq!(heard, &all[0], "{} heard another order", client.name);
    }
    for talker in &crowd[..TALKERS] {
        let numbers = all[0].iter().filter(|(user, _)| *user == talker.name).map(|(_, n)| *n);
        assert_eq!(numbers.collect::<Vec<_>>(), (0..EACH as u64).collect::<Vec<_>>());
    }
    // And nothing twice: apart from ticks, the answer to a ping is next.
    for client in &mut crowd {
        client.send(PING).await;
        let Said::Answer(answer) = client.beside_ticks().await else { panic!("an event") };
        assert_eq!(answer.code, 220);
    }
}

#[tokio::test]
async fn a_hundred_hear_one_order_from_one_thread() {
    everybody_hears_everything_in_one_order(1).await;
}

#[tokio::test]
async fn a_hundred_hear_one_order_from_two_threads() {
    everybody_hears_everything_in_one_order(2).await;
}

async fn everybody_gets_ticks_with_everybody(threads: usize) {
    let hall = Hall::on_threads(threads);
    let (mut crowd, _others) = crowd(&hall).await;
    for round in 1..=3 {
        for (n, client) in crowd.iter_mut().enumerate() {
            client.send(&stand("lobby", (round * 1000 + n) as f64)).await;
        }
        for reader in &mut crowd {
            let mut latest = BTreeMap::new();
            let what = format!("everybody's pose of round {round} to {}", reader.name);
            within(&what, async {
                let mut last = 0;
                while !(0..MEMBERS).all(|n| {
                    x_of(&latest, &format!("member {n:03}")) == Some((round * 1000 + n) as f64)
                }) {
                    latest = reader.tick("lobby").await;
                    // Once everybody has a pose, everybody is in every tick.
                    assert!(latest.len() >= last, "{} poses after {last}", latest.len());
                    assert!(round == 1 || latest.len() == MEMBERS, "{}", latest.len());
                    last = latest.len();
                }
            })
            .await;
        }
    }
    // A room without new poses sends nothing.
    for client in &mut crowd {
        client.quiet().await;
    }
}

#[tokio::test]
async fn a_hundred_get_whole_ticks_from_one_thread() {
    everybody_gets_ticks_with_everybody(1).await;
}

#[tokio::test]
async fn a_hundred_get_whole_ticks_from_two_threads() {
    everybody_gets_ticks_with_everybody(2).await;
}

async fn a_crowd_goes_and_everybody_hears_of_it(threads: usize) {
    let hall = Hall::on_threads(threads);
    let (mut crowd, _others) = crowd(&hall).await;
    // Every third leaves, each in another way, while the first ones talk.
    let mut rest = Vec::new();
    let mut gone = Vec::new();
    for (n, mut client) in crowd.drain(..).enumerate() {
        match n % 9 {
            2 => client.wire.close(1000).await,
            5 => client.wire.finish().await,
            8 => {
                gone.push(client.name.clone());
                client.wire.reset();
                continue;
            }
            _ => {
                rest.push(client);
                continue;
            }
        }
        gone.push(client.name.clone());
    }
    rest[0].send(&request("lobby", "msg", r#""who is left?""#)).await;
    let mut order: Option<Vec<String>> = None;
    for client in &mut rest {
        let mut told = Vec::new();
        while told.len() <= gone.len() {
            let Said::Event(event) = client.said().await else { panic!("an answer") };
            let entry = &event.entries[0];
            told.push(format!("{} {}", entry.kind, entry.user));
        }
        let order = order.get_or_insert_with(|| told.clone());
        assert_eq!(&told, order, "{} was told in another order", client.name);
        client.quiet().await;
    }
    let mut left: Vec<String> = order.expect("somebody left");
    left.retain(|told| told.starts_with("leave"));
    left.sort();
    gone.sort();
    assert_eq!(left, gone.iter().map(|name| format!("leave {name}")).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_crowd_is_told_who_leaves_by_one_thread() {
    a_crowd_goes_and_everybody_hears_of_it(1).await;
}

#[tokio::test]
async fn a_crowd_is_told_who_leaves_by_two_threads() {
    a_crowd_goes_and_everybody_hears_of_it(2).await;
}
