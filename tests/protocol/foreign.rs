//! A client that was not written here: tokio-tungstenite's.

use futures_util::{SinkExt, StreamExt};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use crate::support::hall::Hall;
use crate::support::said::Said;
use crate::support::{PING, login, say, stand, within};

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

async fn connect(hall: &Hall) -> Socket {
    let url = format!("ws://{}/", hall.addr());
    within("a connection", connect_async(url)).await.expect("a handshake").0
}

async fn send(socket: &mut Socket, text: &str) {
    within("sending", socket.send(Message::text(text))).await.expect("sending");
}

async fn next(socket: &mut Socket) -> Message {
    within("a message", socket.next()).await.expect("no end").expect("no error")
}

async fn said(socket: &mut Socket) -> Said {
    loop {
        match next(socket).await {
            Message::Text(text) => return Said::read(&text),
            Message::Ping(_) | Message::Pong(_) => {}
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn it_logs_in_talks_and_moves() {
    let hall = Hall::start();
    let mut socket = connect(&hall).await;
    send(&mut socket, &login("ada", "")).await;
    assert!(matches!(said(&mut socket).await, Said::Answer(answer) if answer.code == 202));
    assert!(matches!(said(&mut socket).await, Said::Event(event) if event.users() == ["ada"]));
    let long = "é".repeat(60_000);
    for text in ["hello", &long] {
        send(&mut socket, &say("lobby", text)).await;
        let Said::Event(event) = said(&mut socket).await else { panic!("an answer") };
        assert_eq!(event.entries[0].data.as_text(), text);
    }
    send(&mut socket, &stand("lobby", 1.5)).await;
    let Said::Event(tick) = said(&mut socket).await else { panic!("an answer") };
    assert_eq!(tick.poses()["ada"].pos, [1.5, 0.0, 0.0]);
    send(&mut socket, PING).await;
    assert!(matches!(said(&mut socket).await, Said::Answer(answer) if answer.code == 220));
    within("closing", socket.close(None)).await.expect("a close");
    let end = within("the end", async {
        while let Some(message) = socket.next().await {
            message.expect("a clean end");
        }
    });
    end.await;
}

#[tokio::test]
async fn it_sees_the_codes_of_the_server() {
    let hall = Hall::limited(|limits| limits.max_message_bytes = 2000);
    let mut socket = connect(&hall).await;
    socket.send(Message::binary(vec![0, 159, 146])).await.expect("sending");
    assert!(matches!(said(&mut socket).await, Said::Answer(answer) if answer.code == 406));
    send(&mut socket, &"x".repeat(2001)).await;
    let Message::Close(Some(frame)) = next(&mut socket).await else { panic!("no close") };
    assert_eq!(frame.code, CloseCode::Size);

    let mut socket = connect(&hall).await;
    send(&mut socket, PING).await;
    assert!(matches!(said(&mut socket).await, Said::Answer(answer) if answer.code == 220));
    hall.stop();
    let Message::Close(Some(frame)) = next(&mut socket).await else { panic!("no close") };
    assert_eq!(frame.code, CloseCode::Away);
}

#[tokio::test]
async fn many_of_them_share_a_room() {
    let hall = Hall::start();
    let mut sockets = Vec::new();
    for n in 0..20 {
        let mut socket = connect(&hall).await;
        send(&mut socket, &login(&format!("user {n:02}"), "")).await;
        assert!(matches!(said(&mut socket).await, Said::Answer(answer) if answer.code == 202));
        let Said::Event(listing) = said(&mut socket).await else { panic!("an answer") };
        assert_eq!(listing.entries.len(), n + 1);
        sockets.push(socket);
    }
    for (n, socket) in sockets.iter_mut().enumerate() {
        send(socket, &stand("lobby", n as f64)).await;
    }
    for socket in &mut sockets {
        loop {
            let Said::Event(event) = said(socket).await else { panic!("an answer") };
            if event.is_tick() && event.entries.len() == 20 {
                break;
            }
        }
    }
}
