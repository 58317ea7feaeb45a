//! The opening handshake (RFC 6455, section 4.2), and an answer for who speaks plain HTTP.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout_at};
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

use crate::model::Limits;

/// Headers in one request; browsers send about 15.
const MAX_HEADERS: usize = 64;

/// How long to read on after a refusal, so that the answer is not lost to a reset.
const LINGER: Duration = Duration::from_millis(500);

/// An HTTP answer that is not 101.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct HttpRefusal {
    status: &'static str,
    /// More header lines, each with its end.
    headers: &'static str,
    reason: String,
}

impl HttpRefusal {
    pub(crate) fn new(status: &'static str, reason: impl Into<String>) -> Self {
        Self { status, headers: "", reason: reason.into() }
    }

    fn with(mut self, headers: &'static str) -> Self {
        self.headers = headers;
        self
    }

    fn encode(&self) -> String {
        format!(
            "HTTP/1.1 {}\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: {}\r\n{}Connection: close\r\n\r\n{}\n",
            self.status,
            self.reason.len() + 1,
            self.headers,
            self.reason
        )
    }
}

/// Reads the request and agrees to speak WebSocket, or tells why not. Returns what came after it.
///
/// `full` is the answer if there is no place for this connection.
pub(crate) async fn accept(
    stream: &mut TcpStream,
    limits: &Limits,
    full: Option<HttpRefusal>,
) -> Option<Vec<u8>> {
    let deadline = Instant::now() + limits.handshake_timeout;
    let outcome = match timeout_at(deadline, read_request(stream, limits)).await {
        Ok(Ok(request)) => match full {
            Some(refusal) => Err(Some(refusal)),
            None => Ok(request),
        },
        Ok(Err(refusal)) => Err(refusal),
        Err(_) => Err(Some(HttpRefusal::new(
            "408 Request Timeout",
            format!("the handshake took longer than {:?}", limits.handshake_timeout),
        ))),
    };
    match outcome {
        Ok((key, rest)) => {
            let answer = format!(
                "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: {}\r\n\r\n",
                derive_accept_key(key.as_bytes())
            );
            let written = timeout_at(deadline, stream.write_all(answer.as_bytes())).await;
            matches!(written, Ok(Ok(()))).then_some(rest)
        }
        Err(refusal) => {
            if let Some(refusal) = refusal {
                refuse(stream, &refusal).await;
            }
            None
        }
    }
}

async fn refuse(stream: &mut TcpStream, refusal: &HttpRefusal) {
    let deadline = Instant::now() + LINGER;
    let said = async {
        stream.write_all(refusal.encode().as_bytes()).await?;
        stream.shutdown().await?;
        let mut rest = [0; 1024];
        while stream.read(&mut rest).await? > 0 {}
        std::io::Result::Ok(())
    };
    let _ = timeout_at(deadline, said).await;
}

type Failure = Option<HttpRefusal>;

async fn read_request(
    stream: &mut TcpStream,
    limits: &Limits,
) -> Result<(String, Vec<u8>), Failure> {
    let mut buffer = Vec::with_capacity(1024);
    loop {
        let before = buffer.len();
        let room = limits.handshake_bytes.saturating_sub(before) as u64;
        let read = stream.take(room).read_buf(&mut buffer).await.map_err(|_| None)?;
        if read == 0 {
            if buffer.len() >= limits.handshake_bytes {
                return Err(Some(HttpRefusal::new(
                    "431 Request Header Fields Too Large",
                    format!("a handshake has at most {} bytes", limits.handshake_bytes),
                )));
            }
            return Err(None);
        }
        // The end of the head may straddle two reads.
        let unseen = before.saturating_sub(3);
        if buffer[unseen..].windows(4).any(|window| window == b"\r\n\r\n")
            || buffer[unseen..].windows(2).any(|window| window == b"\n\n")
            || !buffer[0].is_ascii_graphic()
        {
            let (key, len) = parse(&buffer, limits).map_err(Some)?;
            return Ok((key, buffer.split_off(len)));
        }
    }
}

/// Checks a whole request head; returns the key and the head's length.
fn parse(bytes: &[u8], limits: &Limits) -> Result<(String, usize), HttpRefusal> {
    let mut headers = [httparse::EMPTY_HEADER; MAX_HEADERS];
    let mut request = httparse::Request::new(&mut headers);
    let len = match request.parse(bytes) {
        Ok(httparse::Status::Complete(len)) => len,
        Err(httparse::Error::TooManyHeaders) => {
            return Err(HttpRefusal::new(
                "431 Request Header Fields Too Large",
                format!("a handshake has at most {MAX_HEADERS} header lines"),
            ));
        }
        Ok(httparse::Status::Partial) | Err(_) => {
            return Err(HttpRefusal::new(
                "400 Bad Request",
                "this is not HTTP; connect with ws:// (not wss://)",
            ));
        }
    };
    let values = |name: &'static str| {
        request
            .headers
            .iter()
            .filter(move |header| header.name.eq_ignore_ascii_case(name))
            .filter_map(|header| std::str::from_utf8(header.value).ok())
            .map(str::trim)
    };
    let has_token = |name, token: &str| {
        values(name)
            .flat_map(|value| value.split(','))
            .any(|t| t.trim().eq_ignore_ascii_case(token))
    };
    if request.method != Some("GET") {
        return Err(HttpRefusal::new(
            "405 Method Not Allowed",
            "vrlobby speaks WebSocket: send GET with Upgrade: websocket",
        )
        .with("Allow: GET\r\n"));
    }
    if !has_token("upgrade", "websocket") {
        return Err(HttpRefusal::new(
            "426 Upgrade Required",
            "vrlobby is here, and speaks WebSocket: connect to this address with ws://",
        )
        .with("Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"));
    }
    if request.version != Some(1) || !has_token("connection", "upgrade") {
        return Err(HttpRefusal::new(
            "400 Bad Request",
            "a WebSocket handshake is HTTP/1.1 with Connection: Upgrade",
        ));
    }
    if values("sec-websocket-version").next() != Some("13") {
        return Err(HttpRefusal::new(
            "426 Upgrade Required",
            "only WebSocket version 13 is spoken",
        )
        .with("Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"));
    }
    let mut keys = values("sec-websocket-key");
    let key = match (keys.next(), keys.next()) {
        (Some(key), None) if is_key(key) => key.to_owned(),
        _ => {
            return Err(HttpRefusal::new(
                "400 Bad Request",
                "Sec-WebSocket-Key has to be there once, 16 bytes in base64",
            ));
        }
    };
    if let Some(allowed) = &limits.origins
        && let Some(origin) = values("origin").next()
        && !allowed.iter().any(|allowed| allowed.eq_ignore_ascii_case(origin))
    {
        return Err(HttpRefusal::new(
            "403 Forbidden",
            "pages of this origin may not connect; the operator can allow it with --origin",
        ));
    }
    Ok((key, len))
}

/// 16 bytes in base64 (RFC 6455, section 4.1): 22 digits and two signs of equality.
fn is_key(key: &str) -> bool {
    key.strip_suffix("==").is_some_and(|digits| {
        digits.len() == 22
            && digits.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'+' || b == b'/')
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "GET /chat HTTP/1.1\r\nHost: h\r\nUpgrade: WebSocket\r\nConnection: keep-alive, Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";

    fn status(request: &str) -> &'static str {
        parse(request.as_bytes(), &Limits::lab()).map_or_else(|refusal| refusal.status, |_| "101")
    }

    #[test]
    fn a_good_request_passes() {
        assert_eq!(status(GOOD), "101");
        assert_eq!(parse(GOOD.as_bytes(), &Limits::lab()).unwrap().1, GOOD.len());
    }

    #[test]
    fn others_are_told_why_not() {
        assert_eq!(status("GET / HTTP/1.1\r\n\r\n"), "426 Upgrade Required");
        assert_eq!(status(&GOOD.replace("GET", "POST")), "405 Method Not Allowed");
        assert_eq!(status(&GOOD.replace("13", "8")), "426 Upgrade Required");
        assert_eq!(status(&GOOD.replace("==", "")), "400 Bad Request");
        assert_eq!(status(&GOOD.replace(", Upgrade", "")), "400 Bad Request");
        assert_eq!(status("\u{16}\u{3}\u{1}\r\n\r\n"), "400 Bad Request");
        let many = "X: y\r\n".repeat(100);
        assert_eq!(
            status(&format!("GET / HTTP/1.1\r\n{many}\r\n")),
            "431 Request Header Fields Too Large"
        );
    }

    #[test]
    fn a_list_of_origins_refuses_others_but_not_native_clients() {
        let limits = Limits { origins: Some(vec!["https://lab.example".into()]), ..Limits::lab() };
        let from = |origin: &str| {
            let request = GOOD.replace("Host: h", &format!("Host: h\r\nOrigin: {origin}"));
            parse(request.as_bytes(), &limits).map(|_| ()).map_err(|refusal| refusal.status)
        };
        assert_eq!(from("https://lab.example"), Ok(()));
        assert_eq!(from("https://evil.example"), Err("403 Forbidden"));
        assert!(parse(GOOD.as_bytes(), &limits).is_ok());
    }
}
