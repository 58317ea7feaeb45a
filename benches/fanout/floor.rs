//! The floor: what the kernel alone asks for the same traffic.
//!
//! One thread and one epoll. It answers handshakes, reads all input into the same buffer and
//! throws it away, and on each tick (absolute schedule) write()s one prepared frame of its room
//! to every socket. It parses nothing: the room follows from the member's number, which comes
//! with the handshake, and chat messages are counted by their bytes, since all have one size.
//!
//! Three things are patched into the prepared bytes, once a tick or message and not once a
//! delivery, because the measurement needs them: the time of the last poll into each tick, sender
//! and number into each chat event. Chat is written as a good server would: what one
//! turn of epoll brought goes to each member in one write.
//!
//! What a socket does not take is finished when it can take more; until then that member's ticks
//! are skipped, and chat is added to what waits, at most 1 MiB, above which it is dropped.

use std::io::{self, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};

use rustix::buffer::spare_capacity;
use rustix::event::epoll::{self, EventFlags};
use rustix::fd::OwnedFd;
use rustix::io::Errno;
use rustix::net::{RecvFlags, recv};
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

use crate::clock::{self, SECOND};
use crate::conn::send_some;
use crate::loads::Load;
use crate::wire::{self, SEQUENCE_DIGITS, find};

const LISTENER: u64 = u64::MAX;
const WAITING_BYTES: usize = 1 << 20;

struct Peer {
    socket: TcpStream,
    member: usize,
    /// The handshake so far; none once it is answered.
    handshake: Option<Vec<u8>>,
    /// Bytes read since the handshake.
    read: u64,
    /// Chat messages delivered to the members.
    chats: u64,
    /// What the socket did not take.
    waiting: Vec<u8>,
}

struct Floor<'a> {
    load: &'a Load,
    epoll: OwnedFd,
    peers: Vec<Option<Peer>>,
    ready: usize,
    buffer: Vec<u8>,
    /// One tick for each room.
    ticks: Vec<Vec<u8>>,
    /// Where the time is in each.
    stamps: Vec<usize>,
    /// One chat event, and where in it sender and number stand.
    chat: (Vec<u8>, [usize; 2], usize),
    /// The chat events of this turn.
    batch: Vec<u8>,
    message_bytes: u64,
    preamble_bytes: u64,
}

/// Serves `load` until it is killed.
pub(crate) fn serve(load: &Load, port: u16) -> io::Result<()> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port))?;
    // std listens with a backlog of 128; a second call only widens it.
    rustix::net::listen(&listener, 4096)?;
    listener.set_nonblocking(true)?;
    let epoll = epoll::create(epoll::CreateFlags::CLOEXEC)?;
    epoll::add(&epoll, &listener, epoll::EventData::new_u64(LISTENER), EventFlags::IN)?;
    let mut message = Vec::new();
    wire::chat(&mut message, load, 0, 0);
    let ticks: Vec<_> = (0..load.rooms).map(|room| wire::tick(load, room)).collect();
    let stamps = ticks.iter().map(|t| find(t, b"\"time\":").map_or(0, |at| at + 7)).collect();
    let mut floor = Floor {
        load,
        epoll,
        peers: Vec::new(),
        ready: 0,
        buffer: vec![0; 64 << 10],
        ticks,
        stamps,
        chat: wire::chat_event(load, 0, 0),
        batch: Vec::new(),
        message_bytes: message.len() as u64,
        preamble_bytes: wire::preamble(load, 0).len() as u64,
    };
    floor.run(&listener)
}

impl Floor<'_> {
    fn run(&mut self, listener: &TcpListener) -> io::Result<()> {
        let period = (SECOND as f64 / self.load.fps) as u64;
        let mut events = Vec::with_capacity(1024);
        let mut next_tick = None;
        loop {
            events.clear();
            let timeout = next_tick.map(clock::until);
            match epoll::wait(&self.epoll, spare_capacity(&mut events), timeout.as_ref()) {
                Ok(_) | Err(Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
            let seen = clock::now();
            for event in &events {
                let (token, flags) = (event.data.u64(), event.flags);
                if token == LISTENER {
                    self.accept(listener)?;
                    continue;
                }
                if flags.contains(EventFlags::OUT) {
                    self.finish(token as usize)?;
                }
                if flags.intersects(EventFlags::IN | EventFlags::HUP | EventFlags::ERR) {
                    self.read(token as usize);
                }
            }
            self.send_chat()?;
            if self.ready == self.load.users && self.load.posers > 0 {
                let due = *next_tick.get_or_insert(seen);
                if clock::now() >= due {
                    self.tick(seen)?;
                    // On schedule; only a tick that is more than a period late moves it.
                    next_tick = Some((due + period).max(clock::now().saturating_sub(period)));
                }
            }
        }
    }

    fn accept(&mut self, listener: &TcpListener) -> io::Result<()> {
        loop {
            let socket = match listener.accept() {
                Ok((socket, _)) => socket,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                Err(error) => return Err(error),
            };
            socket.set_nonblocking(true)?;
            socket.set_nodelay(true)?;
            let data = epoll::EventData::new_u64(self.peers.len() as u64);
            epoll::add(&self.epoll, &socket, data, EventFlags::IN)?;
            let handshake = Some(Vec::new());
            let waiting = Vec::new();
            self.peers.push(Some(Peer {
                socket,
                member: 0,
                handshake,
                read: 0,
                chats: 0,
                waiting,
            }));
        }
    }

    fn read(&mut self, index: usize) {
        let Some(peer) = &mut self.peers[index] else { return };
        let read = match recv(&peer.socket, &mut self.buffer[..], RecvFlags::DONTWAIT) {
            Err(Errno::AGAIN) => return,
            Ok((_, 0)) | Err(_) => {
                // Dropping the socket takes it out of the epoll.
                self.peers[index] = None;
                return;
            }
            Ok((_, read)) => read,
        };
        if let Some(handshake) = &mut peer.handshake {
            handshake.extend_from_slice(&self.buffer[..read]);
            if let Some((member, answer)) = answer(handshake) {
                peer.member = member;
                peer.handshake = None;
                self.ready += 1;
                // The first bytes on a new connection always fit.
                let _ = send_some(&peer.socket, answer.as_bytes());
            }
            return;
        }
        peer.read += read as u64;
        if self.load.chats(peer.member) {
            let chats = peer.read.saturating_sub(self.preamble_bytes) / self.message_bytes;
            let (frame, names, number) = &mut self.chat;
            for sequence in peer.chats..chats {
                for &at in names.iter() {
                    let _ = write!(&mut frame[at..], "{:05}", peer.member);
                }
                let _ = write!(&mut frame[*number..], "{sequence:0SEQUENCE_DIGITS$}");
                self.batch.extend_from_slice(frame);
            }
            peer.chats = chats;
        }
    }

    fn send_chat(&mut self) -> io::Result<()> {
        if self.batch.is_empty() {
            return Ok(());
        }
        for (index, peer) in self.peers.iter_mut().enumerate() {
            if let Some(peer) = peer.as_mut().filter(|peer| peer.handshake.is_none())
                && peer.waiting.len() < WAITING_BYTES
            {
                peer.write(&self.epoll, index, &self.batch)?;
            }
        }
        self.batch.clear();
        Ok(())
    }

    fn tick(&mut self, seen: u64) -> io::Result<()> {
        for (tick, &stamp) in self.ticks.iter_mut().zip(&self.stamps) {
            let (seconds, micros) = (seen / SECOND, seen % SECOND / 1000);
            let _ = write!(&mut tick[stamp..], "{seconds:010}.{micros:06}");
        }
        for (index, peer) in self.peers.iter_mut().enumerate() {
            if let Some(peer) = peer.as_mut().filter(|peer| peer.handshake.is_none())
                && peer.waiting.is_empty()
            {
                let room = self.load.room_of(peer.member);
                peer.write(&self.epoll, index, &self.ticks[room])?;
            }
        }
        Ok(())
    }

    fn finish(&mut self, index: usize) -> io::Result<()> {
        match &mut self.peers[index] {
            Some(peer) => peer.write(&self.epoll, index, &[]),
            None => Ok(()),
        }
    }
}

impl Peer {
    /// Writes what waits and then `bytes`, and keeps what the socket does not take.
    fn write(&mut self, epoll: &OwnedFd, index: usize, bytes: &[u8]) -> io::Result<()> {
        let waited = !self.waiting.is_empty();
        // A connection that is gone is noticed, and forgotten, when it is read.
        if waited {
            let sent = send_some(&self.socket, &self.waiting).unwrap_or(self.waiting.len());
            self.waiting.drain(..sent);
        }
        let mut sent = 0;
        if self.waiting.is_empty() && !bytes.is_empty() {
            sent = send_some(&self.socket, bytes).unwrap_or(bytes.len());
        }
        self.waiting.extend_from_slice(&bytes[sent..]);
        if waited == self.waiting.is_empty() {
            let wanted = if waited { EventFlags::IN } else { EventFlags::IN | EventFlags::OUT };
            epoll::modify(epoll, &self.socket, epoll::EventData::new_u64(index as u64), wanted)?;
        }
        Ok(())
    }
}

/// The member's number and the answer, once the whole request has arrived.
fn answer(request: &[u8]) -> Option<(usize, String)> {
    let text = std::str::from_utf8(request).ok()?;
    text.ends_with("\r\n\r\n").then_some(())?;
    let member = text.strip_prefix("GET /u")?.get(..5)?.parse().ok()?;
    let key = text.split("Sec-WebSocket-Key: ").nth(1)?.lines().next()?;
    let accept = derive_accept_key(key.as_bytes());
    Some((
        member,
        format!(
            "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
             Sec-WebSocket-Accept: {accept}\r\n\r\n"
        ),
    ))
}
