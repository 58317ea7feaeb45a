//! An echo server on the server's own frame reader, for the Autobahn cases.
//!
//! It listens on a port of 127.0.0.1 that it prints, and runs until it is ended.

use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};

use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::frame::FrameHeader;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{Data, OpCode as Op};
use vrlobby::protocol::websocket::{CloseReason, FrameReader, Incoming, OpCode, control_frame};

/// A session reads as much at once.
const READ_SIZE: usize = 32 << 10;

/// The largest message of the performance cases; a server can be set to 64 MiB.
const MAX_MESSAGE: usize = 16 << 20;

fn main() -> io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    println!("{}", listener.local_addr()?.port());
    for stream in listener.incoming() {
        let stream = stream?;
        // A client that breaks off is no concern of the next one.
        std::thread::spawn(move || serve(stream));
    }
    Ok(())
}

fn serve(mut stream: TcpStream) -> io::Result<()> {
    let mut early = shake_hands(&mut stream)?;
    let mut reader = FrameReader::new(MAX_MESSAGE);
    let mut buffer = vec![0; READ_SIZE];
    let mut out = Vec::new();
    let mut close = echo(&mut reader, &mut early, &mut out);
    loop {
        if let Some(reason) = &close {
            out.extend_from_slice(&reason.frame());
        }
        stream.write_all(&out)?;
        out.clear();
        if close.is_some() {
            break;
        }
        match stream.read(&mut buffer)? {
            0 => return Ok(()),
            read => close = echo(&mut reader, &mut buffer[..read], &mut out),
        }
    }
    // What was written last would be lost to a reset if something were left unread.
    stream.shutdown(Shutdown::Write)?;
    while stream.read(&mut buffer)? > 0 {}
    Ok(())
}

/// Reads the request and answers it; returns what came after it.
fn shake_hands(stream: &mut TcpStream) -> io::Result<Vec<u8>> {
    let mut head = Vec::new();
    let mut buffer = [0; 4096];
    let end = loop {
        if let Some(at) = head.windows(4).position(|bytes| bytes == b"\r\n\r\n") {
            break at + 4;
        }
        match stream.read(&mut buffer)? {
            0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            read => head.extend_from_slice(&buffer[..read]),
        }
    };
    let early = head.split_off(end);
    let key = String::from_utf8_lossy(&head)
        .lines()
        .filter_map(|line| line.split_once(':'))
        .find(|(name, _)| name.eq_ignore_ascii_case("sec-websocket-key"))
        .map(|(_, value)| value.trim().to_owned())
        .ok_or(io::ErrorKind::InvalidData)?;
    let accept = derive_accept_key(key.as_bytes());
    write!(
        stream,
        "HTTP/1.1 101 Switching Protocols\r\nServer: vrlobby's reader\r\nUpgrade: websocket\r\n\
         Connection: Upgrade\r\nSec-WebSocket-Accept: {accept}\r\n\r\n"
    )?;
    Ok(early)
}

/// Appends to `out` what the messages in `bytes` are answered with; returns how to close.
fn echo(reader: &mut FrameReader, bytes: &mut [u8], out: &mut Vec<u8>) -> Option<CloseReason> {
    let mut close = None;
    let result = reader.read(bytes, |incoming: Incoming<'_>| match incoming {
        Incoming::Text(text) => push_message(out, Data::Text, text.as_bytes()),
        Incoming::Binary(payload) => push_message(out, Data::Binary, payload),
        Incoming::Ping(payload) => out.extend_from_slice(&control_frame(OpCode::Pong, payload)),
        Incoming::Pong(_) | Incoming::Fragment(_) => {}
        Incoming::Close(code) => close = Some(CloseReason::new(code.unwrap_or(1000), "")),
    });
    result.err().or(close)
}

fn push_message(out: &mut Vec<u8>, kind: Data, payload: &[u8]) {
    let header = FrameHeader { opcode: Op::Data(kind), ..FrameHeader::default() };
    header.format(payload.len() as u64, out).expect("a vector takes all bytes");
    out.extend_from_slice(payload);
}
