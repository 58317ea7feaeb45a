//! The handshake: HTTP, the upgrade, and what is refused.

use std::time::Duration;

use tokio::io::AsyncWriteExt;

use crate::support::client::Client;
use crate::support::hall::Hall;
use crate::support::said::Said;
use crate::support::wire::{Frame, Received, TEXT, Wire, upgrade};
use crate::support::{PING, login, within};

async fn status_of(hall: &Hall, request: &str) -> u16 {
    Wire::dial(hall.addr()).await.http(request).await.status
}

#[tokio::test]
async fn any_path_is_upgraded() {
    let hall = Hall::start();
    for path in ["/", "/chat", "/a/b%20c?token=1&x=%F0%9F%98%80", "/ws/"] {
        assert_eq!(status_of(&hall, &upgrade(path, "")).await, 101, "{path}");
    }
}

#[tokio::test]
async fn header_names_and_tokens_are_read_without_case() {
    let hall = Hall::start();
    let request = upgrade("/", "")
        .replace("Upgrade: websocket", "UPGRADE: WebSocket")
        .replace("Connection: Upgrade", "connection: keep-alive, upgrade")
        .replace("Sec-WebSocket-Key:", "sec-websocket-key:");
    assert_eq!(status_of(&hall, &request).await, 101);
}

#[tokio::test]
async fn no_extension_or_unknown_subprotocol_is_negotiated() {
    let hall = Hall::start();
    let extra = "Sec-WebSocket-Extensions: permessage-deflate\r\n\
                 Sec-WebSocket-Protocol: something.unknown\r\n";
    let answer = Wire::dial(hall.addr()).await.http(&upgrade("/", extra)).await;
    assert_eq!(answer.status, 101);
    assert_eq!(answer.header("Sec-WebSocket-Extensions"), None);
    assert_eq!(answer.header("Sec-WebSocket-Protocol"), None);
}

#[tokio::test]
async fn frames_right_behind_the_handshake_are_read() {
    let hall = Hall::start();
    let mut wire = Wire::dial(hall.addr()).await;
    let mut bytes = upgrade("/", "").into_bytes();
    bytes.extend(Frame::new(TEXT, PING.as_bytes()).bytes());
    bytes.extend(Frame::new(TEXT, login("ada", "").as_bytes()).bytes());
    wire.send(&bytes).await;
    assert_eq!(wire.http_answer().await.expect("an HTTP answer").status, 101);
    for due in [220, 202] {
        match within("an answer", wire.next()).await {
            Received::Text(text) => match Said::read(&text) {
                Said::Answer(answer) => assert_eq!(answer.code, due),
                other => panic!("{due} was due, not {other:?}"),
            },
            other => panic!("{due} was due, not {other:?}"),
        }
    }
}

#[tokio::test]
async fn a_handshake_may_come_byte_by_byte() {
    let hall = Hall::start();
    let mut wire = Wire::dial(hall.addr()).await;
    for byte in upgrade("/", "").bytes() {
        wire.send(&[byte]).await;
    }
    assert_eq!(wire.http_answer().await.expect("an HTTP answer").status, 101);
}

#[tokio::test]
async fn plain_http_gets_an_http_answer() {
    let hall = Hall::start();
    for request in [
        "GET / HTTP/1.1\r\nHost: lobby.test\r\n\r\n",
        "GET /index.html HTTP/1.1\r\nHost: lobby.test\r\nConnection: close\r\n\r\n",
        "HEAD / HTTP/1.1\r\nHost: lobby.test\r\n\r\n",
        "POST /x HTTP/1.1\r\nHost: lobby.test\r\nContent-Length: 2\r\n\r\nhi",
        "GET / HTTP/1.0\r\n\r\n",
    ] {
        let status = status_of(&hall, request).await;
        assert!((200..600).contains(&status), "{status} to {request:?}");
    }
}

#[tokio::test]
async fn what_is_not_http_is_refused_without_a_hang() {
    let hall = Hall::start();
    for garbage in [&b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"[..], b"\0\0\0\0\r\n\r\n"] {
        let mut wire = Wire::dial(hall.addr()).await;
        wire.send(garbage).await;
        wire.finish().await;
        if let Some(answer) = wire.http_answer().await {
            assert_eq!(answer.status, 400, "{garbage:?}");
        }
    }
}

#[tokio::test]
async fn another_version_is_answered_with_the_right_one() {
    let hall = Hall::start();
    for version in ["8", "14", "nonsense"] {
        let request = upgrade("/", "").replace("Version: 13", &format!("Version: {version}"));
        let answer = Wire::dial(hall.addr()).await.http(&request).await;
        assert_eq!(answer.status, 426, "{version}");
        assert_eq!(answer.header("Sec-WebSocket-Version"), Some("13"), "{version}");
    }
}

#[tokio::test]
async fn a_missing_or_bad_key_is_400() {
    let hall = Hall::start();
    let key = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
    for bad in [
        "",
        "Sec-WebSocket-Key: \r\n",
        "Sec-WebSocket-Key: short\r\n",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25j\r\n",
        "Sec-WebSocket-Key: !!!!IHNhbXBsZSBub25jZQ==\r\n",
    ] {
        assert_eq!(status_of(&hall, &upgrade("/", "").replace(key, bad)).await, 400, "{bad:?}");
    }
}

#[tokio::test]
async fn an_unfinished_handshake_ends_at_its_deadline_and_delays_nobody() {
    let hall = Hall::limited(|limits| limits.handshake_timeout = Duration::from_millis(500));
    let mut nothing = Wire::dial(hall.addr()).await;
    let mut half = Wire::dial(hall.addr()).await;
    half.send(b"GET / HTTP/1.1\r\nHost: lobby.test\r\nUpgr").await;
    Client::login(&hall, "ada").await.quiet().await;
    for wire in [&mut nothing, &mut half] {
        if let Some(answer) = wire.http_answer().await {
            assert_eq!(answer.status, 408);
        }
        wire.ended().await;
    }
}

#[tokio::test]
async fn a_slow_handshake_ends_at_its_deadline() {
    let hall = Hall::limited(|limits| limits.handshake_timeout = Duration::from_millis(500));
    let stream = tokio::net::TcpStream::connect(hall.addr()).await.expect("a connection");
    let (mut input, mut output) = stream.into_split();
    let drip = async {
        let mut pace = tokio::time::interval(Duration::from_millis(20));
        loop {
            pace.tick().await;
            if output.write_all(b"X").await.is_err() {
                break;
            }
        }
    };
    let end = async {
        let mut answer = Vec::new();
        let _ = tokio::io::AsyncReadExt::read_to_end(&mut input, &mut answer).await;
    };
    within("the end of a slow handshake", async {
        tokio::select!(() = drip => {}, () = end => {})
    })
    .await;
}

#[tokio::test]
async fn a_handshake_has_a_size_limit() {
    let hall = Hall::start();
    let padding = |bytes: usize| format!("X-Padding: {}\r\n", "x".repeat(bytes));
    assert_eq!(status_of(&hall, &upgrade("/", &padding(15 << 10))).await, 101);
    let mut wire = Wire::dial(hall.addr()).await;
    // Cut short, so that a server that goes on reading does not have the whole request yet.
    let request = upgrade("/", &padding(20 << 10));
    let _ = wire.try_send(&request.as_bytes()[..17 << 10]).await;
    if let Some(answer) = wire.http_answer().await {
        assert!([400, 431].contains(&answer.status), "{answer:?}");
    }
    wire.drained().await;
}

#[tokio::test]
async fn a_foreign_origin_is_403_if_origins_are_listed() {
    let hall = Hall::limited(|limits| {
        limits.origins =
            Some(vec!["https://lab.test".to_owned(), "http://10.0.0.1:8080".to_owned()]);
    });
    for (origin, due) in [
        ("Origin: https://lab.test\r\n", 101),
        ("Origin: http://10.0.0.1:8080\r\n", 101),
        ("", 101),
        ("Origin: https://evil.test\r\n", 403),
        ("Origin: http://lab.test\r\n", 403),
        ("Origin: https://lab.test.evil.test\r\n", 403),
        ("Origin: null\r\n", 403),
    ] {
        assert_eq!(status_of(&hall, &upgrade("/", origin)).await, due, "{origin:?}");
    }
}

#[tokio::test]
async fn any_origin_passes_if_none_is_listed() {
    let hall = Hall::start();
    assert_eq!(status_of(&hall, &upgrade("/", "Origin: https://any.test\r\n")).await, 101);
}

#[tokio::test]
async fn one_connection_too_many_is_503_until_one_goes() {
    let hall = Hall::limited(|limits| limits.max_connections = 2);
    let [mut ada, bob] = hall.people(["ada", "bob"]).await;
    assert_eq!(status_of(&hall, &upgrade("/", "")).await, 503);
    ada.quiet().await;
    drop(bob);
    ada.expect("lobby", "bob", "leave", r#""""#).await;
    within("room for one more", async {
        while status_of(&hall, &upgrade("/", "")).await != 101 {}
    })
    .await;
}

#[tokio::test]
async fn one_connection_too_many_from_an_address_is_429() {
    let hall = Hall::limited(|limits| limits.max_connections_per_address = Some(2));
    let [mut ada, bob] = hall.people(["ada", "bob"]).await;
    assert_eq!(status_of(&hall, &upgrade("/", "")).await, 429);
    drop(bob);
    ada.expect("lobby", "bob", "leave", r#""""#).await;
    within("room for one more", async {
        while status_of(&hall, &upgrade("/", "")).await != 101 {}
    })
    .await;
}
