//! Some clients in one thread, each at its own pace.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};

use rustix::buffer::spare_capacity;
use rustix::event::epoll;
use rustix::fd::OwnedFd;

use crate::clock::{self, SECOND};
use crate::conn::{Conn, Scratch};
use crate::wire;

use super::client::{Client, SLOW_LINE_BUFFER};

/// The receive buffer of a client that reads at once.
const FAST_LINE_BUFFER: usize = 1 << 20;
/// Events taken at once, so that sending is never kept waiting for long.
const EVENTS: usize = 16;
/// How long a login and joins may take.
const SETUP: u64 = 20 * SECOND;

/// All clients of one load.
pub(super) struct Crowd {
    to: SocketAddr,
    epoll: OwnedFd,
    scratch: Scratch,
    clients: Vec<Client>,
}

impl Crowd {
    pub(super) fn new(port: u16) -> io::Result<Self> {
        Ok(Self {
            to: SocketAddr::from((Ipv4Addr::LOCALHOST, port)),
            epoll: epoll::create(epoll::CreateFlags::CLOEXEC)?,
            scratch: Scratch::new(),
            clients: Vec::new(),
        })
    }

    /// Connects a client, logs it in and lets it join rooms; its number. Its line carries `line`
    /// bytes a second from then on.
    pub(super) fn join(
        &mut self,
        name: &str,
        rooms: &[String],
        line: Option<f64>,
    ) -> io::Result<usize> {
        let buffer = if line.is_some() { SLOW_LINE_BUFFER } else { FAST_LINE_BUFFER };
        let mut conn = Conn::open_with(self.to, buffer)?;
        conn.send(wire::handshake(0).as_bytes())?;
        let deadline = clock::now() + SETUP;
        while !conn.read_handshake(&mut self.scratch)? {
            wait_a_little(deadline, name)?;
        }
        let mut hello = Vec::new();
        let login = format!(r#"{{"system":"login","options":{{"user":"{name}","pass":""}}}}"#);
        wire::push_frame(&mut hello, 1, login.as_bytes());
        for room in rooms {
            let join = format!(r#"{{"room":"{room}","type":"join","data":""}}"#);
            wire::push_frame(&mut hello, 1, join.as_bytes());
        }
        wire::push_frame(&mut hello, 1, br#"{"system":"ping"}"#);
        conn.send(&hello)?;
        let mut client = Client::new(name.to_owned(), conn, line);
        while client.heard.pongs == 0 {
            wait_a_little(deadline, name)?;
            client.conn.flush()?;
            let (heard, mut pongs) = (&mut client.heard, Vec::new());
            if !client.conn.read(&mut self.scratch, |frame| heard.frame(&frame, &mut pongs))? {
                return Err(io::Error::other(format!("{name} was closed while joining")));
            }
        }
        client.heard.pongs = 0;
        // From now on, only answers are parsed.
        client.conn.whole = false;
        if line.is_some() {
            client.conn.allowance = 0;
        } else {
            let data = epoll::EventData::new_u64(self.clients.len() as u64);
            epoll::add(&self.epoll, &client.conn.socket, data, epoll::EventFlags::IN)?;
        }
        self.clients.push(client);
        Ok(self.clients.len() - 1)
    }

    pub(super) fn client(&mut self, k: usize) -> &mut Client {
        &mut self.clients[k]
    }

    /// Clients whose connection the server has ended, except those that were to be.
    pub(super) fn closed(&self, expected: &[usize]) -> usize {
        let ended = self.clients.iter().enumerate().filter(|(_, client)| client.ended.is_some());
        ended.filter(|(k, _)| !expected.contains(k)).count()
    }

    /// A line for each client that was closed, and how.
    pub(super) fn notes(&self) -> Vec<String> {
        let ended = self.clients.iter().filter_map(|client| Some((client, client.ended.as_ref()?)));
        ended
            .map(|(client, (_, how))| {
                let told = client.heard.close.as_deref().unwrap_or("no close frame");
                format!("{} was closed: {told}, {how}", client.name)
            })
            .collect()
    }

    /// Sends and receives for so many seconds.
    pub(super) fn run_for(&mut self, seconds: f64) -> io::Result<()> {
        self.run_until(seconds, |_| false)
    }

    /// The same, or until `done`.
    pub(super) fn run_until(
        &mut self,
        seconds: f64,
        done: impl Fn(&[Client]) -> bool,
    ) -> io::Result<()> {
        let deadline = clock::now() + (seconds * SECOND as f64) as u64;
        while clock::now() < deadline && !done(&self.clients) {
            let mut due = deadline;
            for k in 0..self.clients.len() {
                let client = &mut self.clients[k];
                if client.ended.is_some() {
                    continue;
                }
                match client.send_due() {
                    Ok(next) => due = due.min(next),
                    Err(error) => self.end(k, &error.to_string())?,
                }
                if self.clients[k].replenish() {
                    self.read(k)?;
                }
                due = due.min(self.clients[k].next_read());
            }
            let mut events = Vec::with_capacity(EVENTS);
            let timeout = clock::until(due);
            match epoll::wait(&self.epoll, spare_capacity(&mut events), Some(&timeout)) {
                Ok(_) | Err(rustix::io::Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
            for event in events {
                self.read(event.data.u64() as usize)?;
            }
        }
        Ok(())
    }

    fn read(&mut self, k: usize) -> io::Result<()> {
        let client = &mut self.clients[k];
        if client.ended.is_some() {
            return Ok(());
        }
        let (heard, mut pongs) = (&mut client.heard, Vec::new());
        let read = client.conn.read(&mut self.scratch, |frame| heard.frame(&frame, &mut pongs));
        match read {
            Ok(true) => match client.conn.send(&pongs) {
                Ok(()) => Ok(()),
                Err(error) => self.end(k, &error.to_string()),
            },
            Ok(false) => self.end(k, "end of stream"),
            Err(error) => self.end(k, &error.to_string()),
        }
    }

    fn end(&mut self, k: usize, how: &str) -> io::Result<()> {
        let client = &mut self.clients[k];
        if client.ended.is_none() {
            client.ended = Some((clock::now(), how.to_owned()));
            if client.is_fast() {
                epoll::delete(&self.epoll, &client.conn.socket)?;
            }
        }
        Ok(())
    }
}

fn wait_a_little(deadline: u64, name: &str) -> io::Result<()> {
    if clock::now() > deadline {
        return Err(io::Error::other(format!("{name} could not join in time")));
    }
    clock::sleep_until(clock::now() + SECOND / 5000);
    Ok(())
}
