//! One ghost: carries out its actions on a connection of its own, one after the other.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::sleep_until;

use super::error::ReplayError;
use super::link::{Heard, Link};
use super::place::Action;
use super::queue::Queue;
use super::shared::{Report, Shared};
use crate::client;
use crate::clock::{self, Instant};

/// A server that doesn't answer a login or join within this time has lost it.
const ENTRY_PATIENCE: Duration = Duration::from_secs(10);

/// How long to be silent after the server has refused a request as one too many. A server counts
/// refusals that follow each other within a second as a flood, which it ends by closing.
const RATE_PAUSE: Duration = Duration::from_millis(1100);

/// A connection that ends this soon after an error 403 was ended by the operator.
const KICK_WINDOW: Duration = Duration::from_secs(2);

/// Names that are tried.
const NAMES: usize = 100;

/// A request that has to be answered before anything else is sent.
#[derive(Clone, Debug, PartialEq)]
enum Entry {
    LogIn,
    Join(usize),
}

/// One ghost.
pub(super) struct Ghost {
    index: usize,
    shared: Arc<Shared>,
    reports: mpsc::Sender<Report>,
    /// Names that were in use.
    attempts: usize,
    name: String,
    link: Option<Link>,
    is_logged_in: bool,
    rooms: Vec<usize>,
    entry: Option<(Entry, Instant)>,
    /// Until then nothing is sent.
    silent_until: Option<Instant>,
    queue: Queue,
    denied: Option<Instant>,
    is_sent_away: bool,
}

impl Ghost {
    pub(super) fn new(index: usize, shared: Arc<Shared>, reports: mpsc::Sender<Report>) -> Self {
        Self {
            index,
            reports,
            attempts: 0,
            name: shared.roster.names[index].attempt(0),
            link: None,
            is_logged_in: false,
            rooms: Vec::new(),
            entry: None,
            silent_until: None,
            queue: Queue::default(),
            denied: None,
            is_sent_away: false,
            shared,
        }
    }

    /// Carries out actions until there are no more to come, then leaves.
    ///
    /// # Errors
    /// If the server can't be reached, goes away, or does not let it in.
    pub(super) async fn run(
        mut self,
        mut actions: mpsc::Receiver<Action>,
    ) -> Result<(), ReplayError> {
        loop {
            let alarm = self.entry.as_ref().map(|(_, until)| *until).or(self.silent_until);
            tokio::select! {
                action = actions.recv(), if !self.queue.is_full() => {
                    let Some(action) = action else { break };
                    self.queue.push(action);
                    while !self.queue.is_full()
                        && let Ok(action) = actions.try_recv()
                    {
                        self.queue.push(action);
                    }
                }
                heard = hear(&mut self.link, &self.name) => self.take(heard).await?,
                () = sleep_until(alarm.unwrap_or_else(clock::monotonic)), if alarm.is_some() => {
                    self.silent_until = None;
                    if self.entry.is_some() {
                        return Err(self.lost(format!("no answer within {ENTRY_PATIENCE:?}")));
                    }
                }
            }
            self.work().await?;
        }
        self.log_out().await;
        Ok(())
    }

    /// Carries out what is waiting, as far as it can be now.
    async fn work(&mut self) -> Result<(), ReplayError> {
        if self.is_sent_away {
            return self.do_nothing().await;
        }
        let (mut requests, mut dues, mut poses) = (Vec::new(), Vec::new(), 0);
        while self.entry.is_none() && self.silent_until.is_none() {
            let Some(action) = self.queue.pop() else { break };
            let names = self.shared.roster.clone();
            let name = |room: usize| &*names.rooms[room];
            match action {
                Action::Connect => self.connect().await?,
                Action::LogIn if self.is_logged_in => {}
                Action::LogIn => {
                    self.connect().await?;
                    let password = format!("{}-{}", self.shared.password, self.index);
                    requests.push(client::login(&self.name, &password));
                    self.expect(Entry::LogIn);
                }
                Action::LogOut => {
                    self.send(&mut requests).await?;
                    self.log_out().await;
                }
                Action::Join(room) if self.rooms.contains(&room) => {}
                Action::Join(room) => {
                    requests.push(client::join(name(room)));
                    self.expect(Entry::Join(room));
                }
                Action::Leave(room) if self.leave(room) => requests.push(client::leave(name(room))),
                Action::Move { room, pose, due } if self.rooms.contains(&room) => {
                    requests.push(client::transform(name(room), &pose));
                    poses += 1;
                    dues.extend(due);
                }
                Action::Say(saying) if self.rooms.contains(&saying.room) => {
                    requests.push(client::say(name(saying.room), &saying.kind, &saying.data));
                }
                // It is not in that room: the operator has closed it, or the server refused it.
                Action::Leave(_) | Action::Move { .. } | Action::Say(_) => {}
                Action::Report(generation) => {
                    self.send(&mut requests).await?;
                    self.report(Report::InPlace { ghost: self.index, generation }).await;
                }
            }
        }
        self.send(&mut requests).await?;
        if poses > 0 {
            self.shared.poses.fetch_add(poses, Ordering::Relaxed);
            let (now, mut lateness) = (clock::monotonic(), self.shared.lateness.lock());
            dues.into_iter().for_each(|due| lateness.record(now.saturating_duration_since(due)));
        }
        self.shared.skipped.fetch_add(self.queue.trim(), Ordering::Relaxed);
        Ok(())
    }

    async fn connect(&mut self) -> Result<(), ReplayError> {
        if self.link.is_none() {
            self.link = Some(Link::open(&self.shared.target).await?);
        }
        Ok(())
    }

    async fn send(&mut self, requests: &mut Vec<String>) -> Result<(), ReplayError> {
        if requests.is_empty() {
            return Ok(());
        }
        let Some(link) = &mut self.link else {
            requests.clear();
            return Ok(());
        };
        link.send(requests).await.map_err(|reason| self.lost(reason))
    }

    fn expect(&mut self, entry: Entry) {
        self.entry = Some((entry, clock::monotonic() + ENTRY_PATIENCE));
    }

    /// Returns whether it was in that room.
    fn leave(&mut self, room: usize) -> bool {
        let before = self.rooms.len();
        self.rooms.retain(|other| *other != room);
        self.rooms.len() < before
    }

    async fn log_out(&mut self) {
        if let Some(link) = self.link.take() {
            link.close().await;
        }
        self.is_offline();
    }

    fn is_offline(&mut self) {
        self.link = None;
        self.rooms.clear();
        if std::mem::take(&mut self.is_logged_in) {
            self.shared.online.fetch_sub(1, Ordering::Relaxed);
        }
    }

    /// Takes in what the server says.
    async fn take(&mut self, heard: Heard) -> Result<(), ReplayError> {
        match heard {
            Heard::Answer { code, reason } if code >= 400 => self.refused(code, reason)?,
            Heard::Answer { code: 202, .. } if self.is_entering(&Entry::LogIn) => {
                self.entry = None;
                self.is_logged_in = true;
                self.rooms = vec![self.shared.roster.lobby];
                self.shared.online.fetch_add(1, Ordering::Relaxed);
            }
            Heard::Answer { .. } => {}
            Heard::Joined(room) => {
                if let Some(room) = self.room(&room) {
                    self.joined(room);
                }
            }
            // The operator has closed the room. It stays away until it joins the next time.
            Heard::Left(room) => {
                self.room(&room).map(|room| self.leave(room));
            }
            Heard::Closed(reason) => {
                let is_kicked = self.denied.is_some_and(|at| clock::monotonic() - at < KICK_WINDOW);
                // Who connects early may not be waited for.
                let is_idle = !self.is_logged_in && self.entry.is_none();
                self.is_offline();
                if is_kicked {
                    self.is_sent_away = true;
                    self.report(Report::SentAway).await;
                } else if !is_idle {
                    return Err(self.lost(reason));
                }
            }
        }
        Ok(())
    }

    fn is_entering(&self, entry: &Entry) -> bool {
        self.entry.as_ref().is_some_and(|(waiting, _)| waiting == entry)
    }

    fn room(&self, name: &str) -> Option<usize> {
        self.shared.roster.rooms.iter().position(|room| **room == *name)
    }

    fn joined(&mut self, room: usize) {
        if self.is_entering(&Entry::Join(room)) {
            self.entry = None;
        }
        if !self.rooms.contains(&room) {
            self.rooms.push(room);
        }
    }

    /// Takes in that a request was refused.
    fn refused(&mut self, code: u16, reason: String) -> Result<(), ReplayError> {
        let entry = self.entry.as_ref().map(|(entry, _)| entry.clone());
        match (code, entry) {
            (409, Some(Entry::LogIn)) if self.attempts + 1 < NAMES => {
                self.attempts += 1;
                self.name = self.shared.roster.names[self.index].attempt(self.attempts);
                self.entry = None;
                self.queue.push_first(Action::LogIn);
                return Ok(());
            }
            (409, Some(Entry::Join(room))) => {
                self.joined(room);
                return Ok(());
            }
            // One too many: the same again later.
            (429 | 500, entry) => {
                self.silent_until = Some(clock::monotonic() + RATE_PAUSE);
                self.entry = None;
                match entry {
                    Some(Entry::LogIn) => self.queue.push_first(Action::LogIn),
                    Some(Entry::Join(room)) => self.queue.push_first(Action::Join(room)),
                    None => {}
                }
            }
            // Answers poses that were in flight when a room was closed.
            (401, _) => {}
            (_, Some(Entry::LogIn)) => {
                let (ghost, url) = (self.name.clone(), self.shared.target.url.clone());
                return Err(ReplayError::Refused { ghost, url, reason });
            }
            (_, Some(Entry::Join(_))) => self.entry = None,
            (403, None) => self.denied = Some(clock::monotonic()),
            _ => {}
        }
        self.shared.refused.fetch_add(1, Ordering::Relaxed);
        *self.shared.refusal.lock() = Some(format!("{}: {reason}", self.name));
        Ok(())
    }

    /// Whoever was sent away keeps nobody waiting.
    async fn do_nothing(&mut self) -> Result<(), ReplayError> {
        while let Some(action) = self.queue.pop() {
            if let Action::Report(generation) = action {
                self.report(Report::InPlace { ghost: self.index, generation }).await;
            }
        }
        Ok(())
    }

    async fn report(&self, report: Report) {
        // Nobody listens any more once the replay is over.
        let _ = self.reports.send(report).await;
    }

    fn lost(&self, reason: String) -> ReplayError {
        let (ghost, url) = (self.name.clone(), self.shared.target.url.clone());
        ReplayError::Lost { ghost, url, reason }
    }
}

/// Waits for something on a connection; for ever if there is none.
async fn hear(link: &mut Option<Link>, own: &str) -> Heard {
    match link {
        Some(link) => link.hear(own).await,
        None => std::future::pending().await,
    }
}
