//! The load generator: all members of a load in one thread, the same for every server.

mod sending;

use std::io;
use std::net::{Ipv4Addr, SocketAddr};

use rustix::buffer::spare_capacity;
use rustix::event::epoll;
use rustix::fd::OwnedFd;

use crate::clock::{self, SECOND};
use crate::conn::{Conn, Scratch};
use crate::loads::{Kind, Load};
use crate::servers::Contender;
use crate::tally::Tally;
use crate::wire;

/// Members whose ticks are read whole, to see the age of poses.
const SAMPLED: usize = 16;
/// Connections that are being set up at once.
const OPENING: usize = 64;
/// How long the setup may go without any progress.
const SETUP_STALL: u64 = 20 * SECOND;
/// How often the sockets are polled where ticks are only counted and timed. A reader that waits
/// in the kernel would be woken by the server's own write, at the server's expense, which no
/// headset at the other end of a network ever is.
const READ_EVERY: u64 = SECOND / 2000;
/// Events taken at once, so that sending is never kept waiting for long.
const EVENTS: usize = 64;

#[derive(Clone, Copy, PartialEq)]
enum Stage {
    Handshake,
    Joining,
    Joined,
    Closed,
}

struct Member {
    conn: Conn,
    stage: Stage,
    /// Whether a part of a message waits for the socket.
    blocked: bool,
}

/// All members of one load, connected to one server.
pub(crate) struct Generator<'a> {
    load: &'a Load,
    contender: Contender,
    epoll: OwnedFd,
    members: Vec<Member>,
    blocked: Vec<usize>,
    scratch: Scratch,
    /// What was seen.
    pub(crate) tally: Tally<'a>,
    /// When sending began, in nanoseconds.
    began: u64,
    poses_sent: u64,
    chats_sent: u64,
    /// Whether chatters still talk.
    talking: bool,
    /// The time from one poll to the next; 0 for waiting in the kernel.
    read_every: u64,
    /// When to poll next.
    next_read: u64,
    /// Buffers for a message and its text.
    message: Vec<u8>,
    text: Vec<u8>,
}

impl<'a> Generator<'a> {
    /// Connects all members, logs them in and lets them join.
    pub(crate) fn connect(load: &'a Load, contender: Contender, port: u16) -> io::Result<Self> {
        let mut generator = Self {
            load,
            contender,
            epoll: epoll::create(epoll::CreateFlags::CLOEXEC)?,
            members: Vec::with_capacity(load.users),
            blocked: Vec::new(),
            scratch: Scratch::new(),
            tally: Tally::new(load, contender),
            began: 0,
            poses_sent: 0,
            chats_sent: 0,
            talking: false,
            read_every: 0,
            next_read: 0,
            message: Vec::new(),
            text: Vec::new(),
        };
        let to = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let (mut joined, mut progress) = (0, clock::now());
        while joined < load.users {
            if generator.members.len() < load.users && generator.members.len() - joined < OPENING {
                generator.open(to)?;
            } else {
                generator.wait(clock::now() + SECOND)?;
            }
            let now = generator.members.iter().filter(|m| m.stage == Stage::Joined).count();
            if now > joined {
                (joined, progress) = (now, clock::now());
            }
            if clock::now() - progress > SETUP_STALL {
                let users = load.users;
                return Err(io::Error::other(format!("only {joined} of {users} members joined")));
            }
        }
        for (k, member) in generator.members.iter_mut().enumerate() {
            member.conn.whole = match load.kind {
                Kind::Poses | Kind::Stall => is_sampled(load, k),
                Kind::Chat | Kind::Capacity => true,
                _ => false,
            };
        }
        generator.tally.begin();
        if matches!(load.kind, Kind::Poses | Kind::Stall) {
            generator.read_every = READ_EVERY;
        }
        Ok(generator)
    }

    fn open(&mut self, to: SocketAddr) -> io::Result<()> {
        let k = self.members.len();
        let mut conn = Conn::open(to)?;
        let events = epoll::EventFlags::IN;
        epoll::add(&self.epoll, &conn.socket, epoll::EventData::new_u64(k as u64), events)?;
        conn.send(wire::handshake(k).as_bytes())?;
        self.members.push(Member { conn, stage: Stage::Handshake, blocked: false });
        Ok(())
    }

    /// Begins to send: poses and chat evenly spread over time and members.
    pub(crate) fn start(&mut self) {
        self.began = clock::now();
        self.talking = self.load.chatters > 0;
    }

    /// Ends the chat, so that what is still on its way can arrive.
    pub(crate) fn stop_talking(&mut self) {
        self.talking = false;
    }

    /// Chat messages sent so far.
    pub(crate) fn chats_sent(&self) -> u64 {
        self.chats_sent
    }

    /// Sends and receives until `deadline`, in nanoseconds, or until `done`.
    pub(crate) fn run(&mut self, deadline: u64, done: impl Fn(&Self) -> bool) -> io::Result<()> {
        while clock::now() < deadline && !done(self) {
            let due = self.send_due()?;
            self.wait(due.min(deadline))?;
        }
        Ok(())
    }

    /// Member `k` no longer reads.
    pub(crate) fn stop_reading(&mut self, k: usize) -> io::Result<()> {
        self.watch(k, epoll::EventFlags::empty())
    }

    /// Member `k` reads again.
    pub(crate) fn resume_reading(&mut self, k: usize) -> io::Result<()> {
        self.watch(k, epoll::EventFlags::IN)
    }

    /// Whether the server has ended the connection of member `k`.
    pub(crate) fn is_closed(&self, k: usize) -> bool {
        self.members[k].stage == Stage::Closed
    }

    fn watch(&mut self, k: usize, events: epoll::EventFlags) -> io::Result<()> {
        if self.is_closed(k) {
            return Ok(());
        }
        let data = epoll::EventData::new_u64(k as u64);
        Ok(epoll::modify(&self.epoll, &self.members[k].conn.socket, data, events)?)
    }

    /// Notes what became of a send; an error means that the server has closed the connection.
    fn sent(&mut self, k: usize, sent: io::Result<()>) -> io::Result<()> {
        match sent {
            Ok(()) if !self.members[k].conn.is_flushed() => {
                if !std::mem::replace(&mut self.members[k].blocked, true) {
                    self.blocked.push(k);
                }
                Ok(())
            }
            Ok(()) => Ok(()),
            Err(error) => self.close(k, &error.to_string()),
        }
    }

    /// Waits until something comes, or `due`, and reads.
    fn wait(&mut self, due: u64) -> io::Result<()> {
        let now = clock::now();
        if now < self.next_read {
            clock::sleep_until(due.min(self.next_read));
            if due < self.next_read {
                return Ok(());
            }
        }
        let mut events = Vec::with_capacity(EVENTS);
        let due = if self.read_every > 0 { 0 } else { due.min(now + SECOND) };
        match epoll::wait(&self.epoll, spare_capacity(&mut events), Some(&clock::until(due))) {
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
        if events.len() < EVENTS {
            self.next_read = now + self.read_every;
        }
        for event in events {
            self.readable(event.data.u64() as usize)?;
        }
        Ok(())
    }

    fn readable(&mut self, k: usize) -> io::Result<()> {
        let member = &mut self.members[k];
        if member.stage == Stage::Handshake {
            if !member.conn.read_handshake(&mut self.scratch)? {
                return Ok(());
            }
            member.conn.send(&wire::preamble(self.load, k))?;
            // The floor answers nothing; what it has been sent, it need not have read.
            let silent = self.contender == Contender::Floor;
            member.stage = if silent { Stage::Joined } else { Stage::Joining };
        }
        let tally = &mut self.tally;
        let mut pongs = Vec::new();
        let read = member.conn.read(&mut self.scratch, |frame| tally.frame(k, &frame, &mut pongs));
        if member.stage == Stage::Joining && tally.has_joined(k)? {
            member.stage = Stage::Joined;
        }
        match read {
            Ok(true) if pongs.is_empty() => Ok(()),
            Ok(true) => {
                let sent = member.conn.send(&pongs);
                self.sent(k, sent)
            }
            Ok(false) => self.close(k, "end of stream"),
            Err(error) => self.close(k, &error.to_string()),
        }
    }

    fn close(&mut self, k: usize, how: &str) -> io::Result<()> {
        let member = &mut self.members[k];
        if matches!(member.stage, Stage::Handshake | Stage::Joining) {
            return Err(io::Error::other(format!("member {k} was closed while joining: {how}")));
        }
        if member.stage == Stage::Joined {
            member.stage = Stage::Closed;
            epoll::delete(&self.epoll, &member.conn.socket)?;
            self.tally.closed(k, how);
        }
        Ok(())
    }
}

/// Whether the ticks of member `k` are read whole.
fn is_sampled(load: &Load, k: usize) -> bool {
    k.is_multiple_of(load.users.div_ceil(SAMPLED))
}
