//! One order for everybody, and nothing of a room to those who are not in it.

use crate::support::client::Client;
use crate::support::hall::{Hall, THREADS};
use crate::support::request;
use crate::support::said::Entry;
use crate::support::wire::{Frame, TEXT};

const EACH: usize = 60;

/// Reads everything that three members say, while all of them talk at once.
async fn all_of(mut client: Client) -> (Client, Vec<Entry>) {
    let mut bytes = Vec::new();
    for n in 0..EACH {
        let text = request("lobby", "msg", &n.to_string());
        bytes.extend(Frame::new(TEXT, text.as_bytes()).bytes());
    }
    client.wire.send(&bytes).await;
    let mut heard = Vec::new();
    while heard.len() < 3 * EACH {
        heard.extend(client.event().await.entries);
    }
    client.quiet().await;
    // The client is returned so that it does not leave while another still listens.
    (client, heard)
}

#[tokio::test]
async fn all_members_see_one_order_and_each_senders_own() {
    for threads in THREADS {
        let hall = Hall::on_threads(threads);
        let [ada, bob, carl] = hall.people(["ada", "bob", "carl"]).await;
        let (ada, bob, carl) = tokio::join!(
            tokio::spawn(all_of(ada)),
            tokio::spawn(all_of(bob)),
            tokio::spawn(all_of(carl))
        );
        let [(_ada, heard), (_bob, by_bob), (_carl, by_carl)] =
            [ada, bob, carl].map(|end| end.expect("no panic"));
        assert_eq!(by_bob, heard);
        assert_eq!(by_carl, heard);
        for name in ["ada", "bob", "carl"] {
            let numbers: Vec<_> = heard
                .iter()
                .filter(|entry| entry.user == name)
                .map(|entry| entry.data.as_number().expect("a number"))
                .collect();
            assert_eq!(numbers, (0..EACH as u64).collect::<Vec<_>>(), "{name}");
        }
    }
}

#[tokio::test]
async fn messages_come_one_in_an_event() {
    for threads in THREADS {
        let hall = Hall::on_threads(threads);
        let [mut ada, mut bob] = hall.people(["ada", "bob"]).await;
        let mut bytes = Vec::new();
        for n in 0..20 {
            let text = request("lobby", "msg", &n.to_string());
            bytes.extend(Frame::new(TEXT, text.as_bytes()).bytes());
        }
        ada.wire.send(&bytes).await;
        for n in 0..20 {
            ada.expect("lobby", "ada", "msg", &n.to_string()).await;
            bob.expect("lobby", "ada", "msg", &n.to_string()).await;
        }
    }
}

#[tokio::test]
async fn presence_and_talk_have_one_order_too() {
    for threads in THREADS {
        let hall = Hall::on_threads(threads);
        let [mut ada, mut bob, mut carl] = hall.people(["ada", "bob", "carl"]).await;
        let goer = tokio::spawn(async move {
            for _ in 0..20 {
                bob.send(&crate::support::leave("lobby")).await;
                bob.send(&crate::support::join("lobby")).await;
            }
            bob
        });
        for n in 0..20 {
            ada.send(&request("lobby", "msg", &n.to_string())).await;
        }
        let mut heard = [Vec::new(), Vec::new()];
        for (client, heard) in [&mut ada, &mut carl].into_iter().zip(&mut heard) {
            while heard.len() < 60 {
                heard.extend(client.event().await.entries);
            }
            client.quiet().await;
        }
        assert_eq!(heard[0], heard[1]);
        let presence: Vec<_> = heard[0].iter().filter(|entry| entry.user == "bob").collect();
        for pair in presence.chunks(2) {
            assert_eq!((pair[0].kind.as_str(), pair[1].kind.as_str()), ("leave", "join"));
        }
        drop(goer.await.expect("no panic"));
    }
}
