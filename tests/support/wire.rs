//! WebSocket by hand over a TCP stream: what a client may send, and what it must not.

use std::io;
use std::net::{Shutdown, SocketAddr};
use std::sync::Arc;

use bytes::BufMut;
use socket2::SockRef;
use tokio::net::{TcpSocket, TcpStream};

pub(crate) use super::frame::*;
use super::pace::Pace;
use super::within;

/// The key and its answer in RFC 6455, section 1.3.
pub(crate) const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";
const ACCEPT: &str = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

/// What came in. Fragments are put together.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Received {
    Text(String),
    Binary(Vec<u8>),
    Ping(Vec<u8>),
    Pong(Vec<u8>),
    /// A close frame: code and reason.
    Close(Option<u16>, String),
    /// The end of the TCP stream, by FIN or RST.
    End,
}

/// The head of an HTTP answer, and its body where it has a length.
#[derive(Debug)]
pub(crate) struct HttpAnswer {
    pub(crate) status: u16,
    headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl HttpAnswer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, v)| v.as_str())
    }
}

/// An upgrade request; `extra` holds whole header lines, each with its line end.
pub(crate) fn upgrade(path: &str, extra: &str) -> String {
    format!(
        "GET {path} HTTP/1.1\r\nHost: lobby.test\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {KEY}\r\n{extra}\r\n"
    )
}

/// Writes to a connection while somebody else reads from it.
#[derive(Clone)]
pub(crate) struct Writer(Arc<TcpStream>);

impl Writer {
    pub(crate) async fn write(&self, mut bytes: &[u8]) -> io::Result<()> {
        while !bytes.is_empty() {
            self.0.writable().await?;
            match self.0.try_write(bytes) {
                Ok(written) => bytes = &bytes[written..],
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

pub(crate) struct Wire {
    stream: Arc<TcpStream>,
    input: Vec<u8>,
    fragments: Option<(u8, Vec<u8>)>,
    /// Whether pings of the server are answered; otherwise they are handed on.
    pub(crate) answers_pings: bool,
    /// How fast it reads at most.
    pub(crate) pace: Option<Pace>,
}

impl Wire {
    /// A TCP connection, and nothing said yet.
    pub(crate) async fn dial(addr: SocketAddr) -> Self {
        let stream = within("a TCP connection", TcpStream::connect(addr)).await;
        Self::over(stream.expect("a TCP connection"))
    }

    /// A TCP connection that takes as little unread as the system allows.
    pub(crate) async fn dial_narrow(addr: SocketAddr) -> Self {
        let socket = TcpSocket::new_v4().expect("a socket");
        socket.set_recv_buffer_size(1024).expect("a small receive buffer");
        // Small segments keep the other side's send buffer small too.
        SockRef::from(&socket).set_tcp_mss(536).expect("small segments");
        let stream = within("a TCP connection", socket.connect(addr)).await;
        Self::over(stream.expect("a TCP connection"))
    }

    fn over(stream: TcpStream) -> Self {
        stream.set_nodelay(true).expect("a TCP option");
        let stream = Arc::new(stream);
        Self { stream, input: Vec::new(), fragments: None, answers_pings: true, pace: None }
    }

    /// Writes beside this reader, which no longer answers pings: a pong would land in the middle
    /// of a frame that is being written.
    pub(crate) fn writer(&mut self) -> Writer {
        self.answers_pings = false;
        Writer(self.stream.clone())
    }

    /// Upgrades to WebSocket at `/`.
    pub(crate) async fn shake(&mut self) {
        let answer = self.http(&upgrade("/", "")).await;
        assert_eq!(answer.status, 101, "{answer:?}");
        assert_eq!(answer.header("Sec-WebSocket-Accept"), Some(ACCEPT), "{answer:?}");
    }

    /// Sends an HTTP request and reads the answer to it.
    pub(crate) async fn http(&mut self, request: &str) -> HttpAnswer {
        self.send(request.as_bytes()).await;
        self.http_answer().await.expect("an HTTP answer")
    }

    /// The answer to an HTTP request; `None` if the connection ends without one.
    pub(crate) async fn http_answer(&mut self) -> Option<HttpAnswer> {
        within("an HTTP answer", async {
            let end = loop {
                if let Some(at) = self.input.windows(4).position(|window| window == b"\r\n\r\n") {
                    break at;
                }
                if !self.fill().await {
                    return None;
                }
            };
            let head = String::from_utf8(self.input.drain(..end + 4).collect()).expect("a head");
            let mut lines = head.lines();
            let status = lines.next().expect("a status line");
            let code = status.strip_prefix("HTTP/1.1 ").unwrap_or_else(|| panic!("{status:?}"));
            let headers: Vec<_> = lines
                .filter_map(|line| line.split_once(':'))
                .map(|(key, value)| (key.to_owned(), value.trim().to_owned()))
                .collect();
            let status = code.split(' ').next().and_then(|code| code.parse().ok());
            let mut answer = HttpAnswer {
                status: status.unwrap_or_else(|| panic!("{code:?} is no status")),
                headers,
                body: Vec::new(),
            };
            let length = answer.header("Content-Length").map(|length| length.parse::<usize>());
            if let Some(Ok(length)) = length {
                while self.input.len() < length {
                    assert!(self.fill().await, "the body is cut short: {answer:?}");
                }
                answer.body = self.input.drain(..length).collect();
            }
            Some(answer)
        })
        .await
    }

    pub(crate) async fn send(&mut self, bytes: &[u8]) {
        self.try_send(bytes).await.expect("sending");
    }

    /// Sends, and returns whether the connection accepted it.
    pub(crate) async fn try_send(&mut self, bytes: &[u8]) -> io::Result<()> {
        within("sending", Writer(self.stream.clone()).write(bytes)).await
    }

    pub(crate) async fn frame(&mut self, frame: Frame<'_>) {
        self.send(&frame.bytes()).await;
    }

    pub(crate) async fn text(&mut self, text: &str) {
        self.frame(Frame::new(TEXT, text.as_bytes())).await;
    }

    /// Sends a close frame with a code.
    pub(crate) async fn close(&mut self, code: u16) {
        self.frame(Frame::new(CLOSE, &code.to_be_bytes())).await;
    }

    /// Ends this side of the TCP stream (FIN) and stays to read.
    pub(crate) async fn finish(&mut self) {
        SockRef::from(&*self.stream).shutdown(Shutdown::Write).expect("a FIN");
    }

    /// Ends the TCP connection with RST.
    pub(crate) fn reset(self) {
        let linger = Some(std::time::Duration::ZERO);
        SockRef::from(&*self.stream).set_linger(linger).expect("a TCP option");
    }

    /// The next message or control frame. Losing the future loses nothing.
    pub(crate) async fn next(&mut self) -> Received {
        loop {
            let Some((fin, opcode, payload)) = self.next_frame().await else {
                return Received::End;
            };
            match opcode {
                PING_FRAME if self.answers_pings => {
                    // A peer that is closing may not take it any more.
                    let pong = Frame::new(PONG_FRAME, &payload).bytes();
                    let _ = Writer(self.stream.clone()).write(&pong).await;
                }
                PING_FRAME => return Received::Ping(payload),
                PONG_FRAME => return Received::Pong(payload),
                CLOSE => return read_close(&payload),
                CONTINUATION => {
                    let (_, all) = self.fragments.as_mut().expect("a first fragment");
                    all.extend(payload);
                }
                TEXT | BINARY => {
                    assert!(self.fragments.is_none(), "a message within a message");
                    self.fragments = Some((opcode, payload));
                }
                other => panic!("the server sent opcode {other}"),
            }
            if fin && let Some((opcode, payload)) = self.fragments.take_if(|_| opcode < CLOSE) {
                return match opcode {
                    TEXT => Received::Text(String::from_utf8(payload).expect("UTF-8")),
                    _ => Received::Binary(payload),
                };
            }
        }
    }

    async fn next_frame(&mut self) -> Option<(bool, u8, Vec<u8>)> {
        loop {
            if let Some(frame) = self.take_frame() {
                return Some(frame);
            }
            if !self.fill().await {
                return None;
            }
        }
    }

    fn take_frame(&mut self) -> Option<(bool, u8, Vec<u8>)> {
        let input = &self.input;
        let (&first, &second) = (input.first()?, input.get(1)?);
        assert_eq!(first & 0x70, 0, "reserved bits are set");
        assert_eq!(second & 0x80, 0, "a server's frame must not be masked");
        let (length, start) = match second {
            126 => (u16::from_be_bytes(*input.get(2..)?.first_chunk()?) as usize, 4),
            127 => (u64::from_be_bytes(*input.get(2..)?.first_chunk()?) as usize, 10),
            short => (short as usize, 2),
        };
        let payload = input.get(start..start + length)?.to_vec();
        self.input.drain(..start + length);
        Some((first & 0x80 != 0, first & 0x0f, payload))
    }

    /// Reads more; false at the end of the stream.
    async fn fill(&mut self) -> bool {
        let most = match &mut self.pace {
            Some(pace) => pace.allowance().await,
            None => 1 << 18,
        };
        self.input.reserve(most);
        let mut limited = (&mut self.input).limit(most);
        let read = loop {
            if self.stream.readable().await.is_err() {
                return false;
            }
            match self.stream.try_read_buf(&mut limited) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                read => break read.unwrap_or(0),
            }
        };
        if let Some(pace) = &mut self.pace {
            pace.took(read);
        }
        read > 0
    }

    /// Reads something and forgets it; false at the end of the stream.
    pub(crate) async fn skim(&mut self) -> bool {
        self.input.clear();
        self.fill().await
    }

    /// What comes next must be a close frame with `code`, then the end of the stream.
    pub(crate) async fn ends_with(&mut self, code: u16) -> String {
        let what = format!("close {code}");
        let reason = match within(&what, self.next()).await {
            Received::Close(Some(got), reason) if got == code => reason,
            other => panic!("{what} was due, not {other:?}"),
        };
        self.ended().await;
        reason
    }

    /// The stream must end now, with nothing more.
    pub(crate) async fn ended(&mut self) {
        assert_eq!(within("the end of the stream", self.next()).await, Received::End);
        assert!(self.input.is_empty(), "cut within a frame: {:02x?}", self.input);
    }

    /// Reads to the end of the stream, whatever comes; the last close frame's code, if any.
    pub(crate) async fn drained(&mut self) -> Option<u16> {
        let mut code = None;
        loop {
            match within("the end of the stream", self.next()).await {
                Received::Close(got, _) => code = got,
                Received::End => return code,
                _ => {}
            }
        }
    }
}

fn read_close(payload: &[u8]) -> Received {
    match payload.split_first_chunk() {
        Some((code, reason)) => {
            let reason = String::from_utf8(reason.to_vec()).expect("a reason in UTF-8");
            Received::Close(Some(u16::from_be_bytes(*code)), reason)
        }
        None => {
            assert!(payload.is_empty(), "half a close code");
            Received::Close(None, String::new())
        }
    }
}
