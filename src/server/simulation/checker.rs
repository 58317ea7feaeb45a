//! Checks a history against the wire contract.
//!
//! The hub's events are one sequence; [`Model`] derives from it what each connection has to be
//! sent. What the connection's client has read must be exactly that, in that order, up to where
//! the connection broke off; so all members of a room see one order, each sender's order is kept,
//! and nothing is lost or doubled. In step with it go the client's requests: each is answered, in
//! order, or has had its effect. The pose lane is apart: a tick must be a complete picture that the
//! room once was, newer than the one before, and show nobody who has left.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fmt;
use std::time::Duration;

use super::clocks::Told;
use super::history::{Asked, Connection, Ending, Entry, Got, Heads, History, Step};
use super::model::{Expect, Model, Session};
use crate::lobby::event::EventKind;
use crate::model::Timestamp;
use crate::operator::Command;

/// A server that is told to stop is gone by then.
const DRAIN: Duration = Duration::from_secs(5);

/// A client that reads is told of what happens, and answered, within this time.
const PROMPT: Duration = Duration::from_millis(250);

/// Who has read nothing for a while has caught up by then.
const CATCH_UP: Duration = Duration::from_secs(1);

/// Something that must not be.
#[derive(Debug)]
pub(super) struct Violation {
    /// The connection that has seen it, and after how many steps.
    pub(super) place: Option<(usize, usize)>,
    pub(super) what: String,
}

impl Violation {
    pub(super) fn new(place: Option<(usize, usize)>, what: impl Into<String>) -> Self {
        Self { place, what: what.into() }
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.place {
            Some((connection, step)) => {
                write!(f, "connection {connection}, step {step}: {}", self.what)
            }
            None => f.write_str(&self.what),
        }
    }
}

/// Fails with a formatted violation unless a condition holds.
macro_rules! ensure {
    ($condition:expr, $($what:tt)+) => {
        if !$condition {
            return Err($crate::server::simulation::checker::Violation::new(None, format!($($what)+)));
        }
    };
}
pub(super) use ensure;

/// Checks everything.
pub(super) fn check(history: &History) -> Result<(), Violation> {
    let model = Model::new(history)?;
    let mut present = BTreeMap::new();
    for (index, connection) in history.connections.iter().enumerate() {
        let mut reader = Reader::new(history, &model, connection)
            .map_err(|violation| Violation::new(Some((index, 0)), violation.what))?;
        let result = reader.read_all();
        let at = reader.at;
        result.map_err(|violation| Violation::new(Some((index, at)), violation.what))?;
        if let Some(user) = reader.user_at_the_end() {
            let rooms: Vec<String> = reader.views.keys().cloned().collect();
            let twice = present.insert(user.to_owned(), (connection.session, rooms));
            ensure!(twice.is_none(), "{user} is there twice");
        }
    }
    if !history.abrupt {
        // No ghosts: what the operator sees is what the events say, and what the clients believe.
        let mut sight = model.sight();
        super::clocks::check_sight(history)?;
        sight.clocks = history.sight.clocks.clone();
        ensure!(history.sight == sight, "the operator sees {:?} for {sight:?}", history.sight);
        ensure!(sight.users == present, "clients believe {present:?} for {sight:?}");
    }
    let drain = history.drained.map(|drained| drained.since(history.stopped));
    ensure!(drain.is_some_and(|drain| drain <= DRAIN), "it took {drain:?} to stop");
    Ok(())
}

/// What a client knows of a room that it is in.
#[derive(Debug, Default)]
struct View {
    members: BTreeSet<String>,
    heads: Heads,
    /// The number of the event that its last picture came with.
    picture: usize,
}

/// Follows one client through what it did and read.
struct Reader<'a> {
    history: &'a History,
    model: &'a Model,
    connection: &'a Connection,
    session: Option<&'a Session>,
    /// What is to come.
    expected: VecDeque<&'a (usize, Expect)>,
    asked: VecDeque<(Timestamp, &'a Asked)>,
    pings: VecDeque<&'a [u8]>,
    clocks: Told,
    logged_in: bool,
    views: BTreeMap<String, View>,
    /// Rooms that the operator is closing: it was told of its own leave, but not yet of everyone's.
    left: BTreeSet<String>,
    user: Option<&'a str>,
    /// The number of the last event that it was told of.
    seen: usize,
    ending: Option<(Timestamp, Ending)>,
    close: Option<(u16, &'a str)>,
    kicked: Option<String>,
    stalled: bool,
    opened: bool,
    /// Its handshake was refused.
    refused: bool,
    last_sent: Option<Timestamp>,
    /// It reads on without a pause from then.
    awake: Timestamp,
    /// The time of the last answer or event.
    told: Timestamp,
    /// When what it is looking at happened.
    now: Timestamp,
    /// What it is looking at, as an index into the steps.
    at: usize,
}

impl<'a> Reader<'a> {
    fn new(
        history: &'a History,
        model: &'a Model,
        connection: &'a Connection,
    ) -> Result<Self, Violation> {
        let session = model.sessions.get(&connection.session);
        Ok(Self {
            history,
            model,
            connection,
            session,
            expected: session.map(|session| session.expected.iter().collect()).unwrap_or_default(),
            asked: VecDeque::new(),
            pings: VecDeque::new(),
            clocks: Told::new(history, connection)?,
            logged_in: false,
            views: BTreeMap::new(),
            left: BTreeSet::new(),
            user: None,
            seen: 0,
            ending: None,
            close: None,
            kicked: None,
            stalled: false,
            opened: false,
            refused: false,
            last_sent: None,
            awake: Timestamp::default(),
            told: Timestamp::default(),
            now: Timestamp::default(),
            at: 0,
        })
    }

    fn read_all(&mut self) -> Result<(), Violation> {
        self.check_taken()?;
        let mut over = false;
        for (time, step) in &self.connection.steps {
            ensure!(!over, "something came after the end");
            self.now = *time;
            match step {
                Step::Open => self.opened = true,
                Step::Asked(asked) => {
                    if let Asked::Login { user, .. } = asked {
                        self.user = Some(user);
                    }
                    // Nobody carries out what comes after the end.
                    if self.ending.is_none() {
                        self.asked.push_back((*time, asked));
                    }
                    self.last_sent = Some(*time);
                }
                Step::Pinged(payload) => {
                    self.pings.push_back(payload);
                    self.last_sent = Some(*time);
                }
                Step::Stall(until) => {
                    self.stalled = true;
                    self.awake = until.plus(CATCH_UP);
                }
                Step::Ends(ending) => self.ending = Some((*time, *ending)),
                Step::Got(Got::End | Got::Reset) => over = true,
                Step::Got(Got::Http(status)) => {
                    let fits = status == "408" || (status == "400" && self.ending.is_some());
                    ensure!(!self.opened && fits, "HTTP status {status}");
                    self.refused = true;
                }
                Step::Got(got) => {
                    ensure!(self.opened, "it came before the handshake's answer");
                    ensure!(self.close.is_none(), "it came after the close frame");
                    self.read(got)?;
                }
            }
            self.at += 1;
        }
        self.finish()
    }

    /// Whatever the server has taken from it was sent by it, once, in that order.
    fn check_taken(&self) -> Result<(), Violation> {
        let session = Some(self.connection.session);
        let mut asked = self.connection.steps.iter().filter_map(|(_, step)| match step {
            Step::Asked(asked) => Some(asked),
            _ => None,
        });
        for event in &self.history.events {
            let taken = match &event.kind {
                EventKind::Said { session: by, room, message } if *by == session => {
                    let (kind, data) = message.body.parts();
                    Asked::Say {
                        room: room.as_str().into(),
                        kind: kind.into_owned(),
                        data: data.into(),
                    }
                }
                EventKind::Moved { session: by, room, pose, client_time }
                    if Some(*by) == session =>
                {
                    let mark = pose.pos[0] as u64;
                    Asked::Pose { room: room.as_str().into(), mark, time: *client_time }
                }
                _ => continue,
            };
            ensure!(asked.any(|asked| *asked == taken), "it never sent {taken:?}, or not then");
        }
        Ok(())
    }

    /// Passes over what requests have come to without an answer.
    fn skip_silent(&mut self) {
        while let Some((at, expect)) = self.expected.front() {
            let matches = match (expect, self.asked.front()) {
                (
                    Expect::Posed { room, mark },
                    Some((_, Asked::Pose { room: asked, mark: sent, .. })),
                ) => room == asked && mark == sent,
                (Expect::Left { room }, Some((_, Asked::Leave(asked)))) => room == asked,
                _ => false,
            };
            if !matches {
                return;
            }
            if let Expect::Left { room } = expect {
                self.views.remove(room);
            }
            self.seen = *at;
            self.expected.pop_front();
            self.asked.pop_front();
        }
    }

    fn read(&mut self, got: &'a Got) -> Result<(), Violation> {
        if matches!(got, Got::Answer { .. } | Got::Events { .. }) {
            self.skip_silent();
        }
        match got {
            Got::Answer { code, time, detail } => {
                self.tell(*time)?;
                if *code >= 400 {
                    self.refusal(*code, detail)
                } else {
                    self.answer(*code, *time, detail)
                }
            }
            Got::Events { room, entries } => self.events(room, entries),
            Got::Tick { room, heads } => self.tick(room, heads),
            Got::Pong(payload) => {
                while let Some(sent) = self.pings.pop_front() {
                    // One above the quota gets none.
                    if sent == payload {
                        return Ok(());
                    }
                }
                Err(Violation::new(None, "a pong that was not asked for"))
            }
            Got::Close { code, reason } => {
                self.close = Some((*code, reason));
                Ok(())
            }
            Got::Garbage(what) => Err(Violation::new(None, format!("garbage: {what}"))),
            Got::Ping | Got::Http(_) | Got::End | Got::Reset => Ok(()),
        }
    }

    /// Something that happened at `time` is read.
    fn tell(&mut self, time: Timestamp) -> Result<(), Violation> {
        ensure!(time >= self.told, "time runs back, from {} to {time}", self.told);
        self.told = time;
        self.check_prompt(time)
    }

    /// A client that reads has it soon; large messages apart, which take their time.
    fn check_prompt(&self, time: Timestamp) -> Result<(), Violation> {
        let age = self.now.since(time);
        let prompt = age <= PROMPT || self.now < self.awake || self.history.large;
        ensure!(prompt, "it has come only after {age:?}");
        Ok(())
    }

    /// The request that is answered, and when it was sent.
    fn answered_of(&mut self) -> Result<Option<(Timestamp, &'a Asked)>, Violation> {
        let Some((time, asked)) = self.asked.pop_front() else { return Ok(None) };
        self.check_prompt(time)?;
        Ok(Some((time, asked)))
    }

    /// The request that is answered.
    fn answered(&mut self) -> Result<Option<&'a Asked>, Violation> {
        Ok(self.answered_of()?.map(|(_, asked)| asked))
    }

    fn answer(&mut self, code: u16, time: Timestamp, detail: &str) -> Result<(), Violation> {
        let (sent, asked) = self.answered_of()?.unzip();
        let fits = match asked {
            Some(Asked::Ping) => code == 220 && detail == "{}",
            Some(Asked::Probe { time: shown }) => {
                let sent = (sent.unwrap_or_default(), *shown);
                self.clocks.answer(sent, (time, detail), self.logged_in)?;
                code == 220
            }
            Some(Asked::Help) => code == 214,
            Some(Asked::Rooms) => {
                self.rooms(detail)?;
                code == 212
            }
            Some(Asked::Login { .. }) => {
                let greeting = self.expected.pop_front().map(|(_, expect)| expect);
                self.logged_in = true;
                code == 202 && matches!(greeting, Some(Expect::Greeting))
            }
            _ => false,
        };
        ensure!(fits, "{code} in answer to {asked:?}");
        Ok(())
    }

    /// The rooms that are listed are those that there were at a moment between what the client was
    /// told last and what it will be told next.
    fn rooms(&self, detail: &str) -> Result<(), Violation> {
        let listed: BTreeMap<String, String> = serde_json::from_str(detail)
            .map_err(|error| Violation::new(None, format!("{detail}: {error}")))?;
        let listed: BTreeSet<String> = listed.into_keys().collect();
        let until = self.expected.front().map_or(usize::MAX, |(at, _)| *at);
        let moments = &self.model.room_names;
        let from = moments.iter().rposition(|(at, _)| *at <= self.seen).unwrap_or(0);
        let found = moments[from..]
            .iter()
            .take_while(|(at, _)| *at <= until)
            .any(|(_, names)| *names == listed);
        ensure!(found, "there were never the rooms {listed:?} then");
        Ok(())
    }

    fn refusal(&mut self, code: u16, detail: &str) -> Result<(), Violation> {
        let detail: BTreeMap<String, String> = serde_json::from_str(detail)
            .map_err(|error| Violation::new(None, format!("{detail}: {error}")))?;
        let reason = detail.get("reason").cloned().unwrap_or_default();
        if code == 403 && reason.starts_with("kicked by the operator") {
            ensure!(self.kicked.is_none(), "kicked twice");
            self.kicked = Some(reason);
            return Ok(());
        }
        let next = self.expected.front().map(|(_, expect)| expect);
        let fits = matches!(next, Some(Expect::Error { code: other, reason: why })
            if *other == code && *why == reason);
        ensure!(fits, "refused with {code}, {reason}, where {next:?} was to come");
        let asked = self.answered()?;
        let may_be = match asked {
            None => false,
            Some(_) if code == 429 => true,
            Some(Asked::Ping | Asked::Probe { .. }) => false,
            Some(Asked::Nonsense) => code == 406,
            Some(Asked::Login { .. }) => code == 409,
            Some(_) if self.views.is_empty() && code == 403 => true,
            Some(Asked::Unknown) => code == 501,
            Some(Asked::Join(_)) => code == 409 || code == 413,
            Some(Asked::Leave(room) | Asked::List(room))
            | Some(Asked::Say { room, .. } | Asked::Pose { room, .. }) => {
                code == 401 && !self.views.contains_key(room)
            }
            Some(Asked::Rooms | Asked::Help) => false,
        };
        ensure!(may_be, "{code} in answer to {asked:?}");
        self.pass();
        Ok(())
    }

    /// Passes over what was expected and has come.
    fn pass(&mut self) {
        if let Some((at, _)) = self.expected.pop_front() {
            self.seen = *at;
        }
    }

    fn events(&mut self, room: &str, entries: &[Entry]) -> Result<(), Violation> {
        let is_listing = entries.iter().all(|entry| entry.kind == "join")
            && entries.iter().any(|entry| Some(entry.user.as_str()) == self.user);
        // Before it is in the room, the listing is that of its login.
        if is_listing
            && self.views.contains_key(room)
            && matches!(self.asked.front(), Some((_, Asked::List(asked))) if asked == room)
        {
            self.answered()?;
            return self.listing(room, entries);
        }
        let next = self.expected.front().map(|(_, expect)| expect);
        let wrong =
            || Err(Violation::new(None, format!("{room}: {entries:?} where {next:?} was to come")));
        match next {
            Some(Expect::Listing { room: to, members, by_login })
                if to == room && members == entries =>
            {
                if !by_login {
                    let asked = self.answered()?;
                    let joined = matches!(asked, Some(Asked::Join(asked)) if asked == room);
                    ensure!(joined, "joined {room} in answer to {asked:?}");
                }
                let members = entries.iter().map(|entry| entry.user.clone()).collect();
                let view = View { members, ..View::default() };
                ensure!(self.views.insert(room.into(), view).is_none(), "joined {room} twice");
                self.pass();
                let at = self.seen;
                self.view(room)?.picture = at;
                self.listing(room, entries)
            }
            Some(Expect::History { room: to, entries: kept }) if to == room && kept == entries => {
                self.pass();
                Ok(())
            }
            Some(Expect::Event { room: to, entry, own })
                if to == room && std::slice::from_ref(entry) == entries =>
            {
                if *own {
                    let asked = self.answered()?;
                    let is_echo = matches!(asked, Some(Asked::Say { room: to, kind, data })
                        if to == room && *kind == entry.kind && *data == entry.data);
                    ensure!(is_echo, "{entry:?} in answer to {asked:?}");
                }
                self.pass();
                self.tell(entry.time)?;
                self.presence(room, entry)
            }
            _ => wrong(),
        }
    }

    fn view(&mut self, room: &str) -> Result<&mut View, Violation> {
        let view = self.views.get_mut(room);
        view.ok_or_else(|| Violation::new(None, format!("it is not in {room}")))
    }

    /// A listing is what the events have said.
    fn listing(&mut self, room: &str, entries: &[Entry]) -> Result<(), Violation> {
        let view = self.view(room)?;
        let listed: BTreeSet<&str> = entries.iter().map(|entry| entry.user.as_str()).collect();
        let known: BTreeSet<&str> = view.members.iter().map(String::as_str).collect();
        ensure!(listed == known, "{room} lists {listed:?} for {known:?}");
        ensure!(listed.len() == entries.len(), "{room} lists somebody twice: {entries:?}");
        let names = entries.iter().map(|entry| entry.user.to_lowercase());
        ensure!(names.is_sorted(), "{room} is not sorted: {entries:?}");
        Ok(())
    }

    fn presence(&mut self, room: &str, entry: &Entry) -> Result<(), Violation> {
        let me = self.user == Some(&entry.user);
        let view = self.view(room)?;
        match entry.kind.as_str() {
            "join" => {
                let new = view.members.insert(entry.user.clone());
                ensure!(new, "{} has joined {room} twice", entry.user);
            }
            "leave" => {
                view.heads.remove(&entry.user);
                ensure!(view.members.remove(&entry.user), "a ghost leaves {room}: {}", entry.user);
                if me {
                    self.left.insert(room.to_owned());
                }
            }
            _ => {
                let known = entry.user == "*server*" || view.members.contains(&entry.user);
                ensure!(known, "a ghost speaks in {room}: {}", entry.user);
            }
        }
        // Whoever has been told of its own leave is in the room until it was told of everyone's.
        if self.left.contains(room)
            && self.views.get(room).is_some_and(|view| view.members.is_empty())
        {
            self.left.remove(room);
            self.views.remove(room);
        }
        Ok(())
    }

    fn tick(&mut self, room: &str, heads: &Heads) -> Result<(), Violation> {
        if let Some((at, Expect::Picture { room: to, heads: all })) = self.expected.front()
            && to == room
        {
            ensure!(all == heads, "{room}: {heads:?} for {all:?} to one who joins");
            let at = *at;
            self.pass();
            let view = self.view(room)?;
            (view.heads, view.picture) = (heads.clone(), at);
            return Ok(());
        }
        let silent = |expect: &Expect| matches!(expect, Expect::Posed { .. } | Expect::Left { .. });
        let next = self.expected.iter().find(|(_, expect)| !silent(expect));
        let next = next.map_or(usize::MAX, |(at, _)| *at);
        let pictures = self.model.pictures.get(room).map(Vec::as_slice).unwrap_or_default();
        let view = self.view(room)?;
        let ghost = heads.keys().find(|user| !view.members.contains(*user));
        ensure!(ghost.is_none(), "a tick of {room} shows {ghost:?}, who is not there");
        let newer = pictures.partition_point(|picture| picture.at <= view.picture);
        let mut alike = pictures[newer..].iter().filter(|picture| picture.heads == *heads);
        let Some(picture) = alike.next() else {
            let what = format!("{room} was never like this since its last tick: {heads:?}");
            return Err(Violation::new(None, what));
        };
        ensure!(picture.at < next, "a tick of {room} overtakes what happened before it");
        (view.heads, view.picture) = (heads.clone(), picture.at);
        // It may have been like this more than once.
        let latest = alike.take_while(|picture| picture.at < next).last().unwrap_or(picture);
        self.check_prompt(latest.time)
    }

    /// Whether the client was there and well until the end.
    fn stayed(&self) -> bool {
        self.ending.is_none() && self.close.is_some_and(|(code, _)| code == 1001)
    }

    /// The name under which it was logged in at the end.
    fn user_at_the_end(&self) -> Option<&'a str> {
        let logged_in = self.session?.user.is_some();
        self.user.filter(|_| self.stayed() && logged_in)
    }

    /// What must be so once the connection is over.
    fn finish(&mut self) -> Result<(), Violation> {
        self.skip_silent();
        // Rooms that the user was in when the connection ended were not left by request.
        while matches!(self.expected.front(), Some((_, Expect::Left { .. } | Expect::End))) {
            self.expected.pop_front();
        }
        let Some((code, reason)) = self.close else { return self.broken_off() };
        if is_abandoned(reason) {
            return self.abandoned(reason);
        }
        self.check_reason(code, reason)?;
        let next = self.expected.front();
        ensure!(next.is_none(), "closed with {code} {reason} before {next:?} was sent");
        let stopped = code == 1001;
        let own = self.ending.is_some_and(|(_, ending)| match ending {
            Ending::Close(sent) => code == sent.unwrap_or(1000),
            Ending::Fault(fault) => code == fault,
            _ => false,
        });
        if own || (stopped && !self.history.abrupt) {
            let left = self.asked.front();
            ensure!(left.is_none(), "closed with {code} {reason} before {left:?} was answered");
        }
        if stopped && !self.history.abrupt {
            for (room, view) in &self.views {
                let now = self.model.heads(room);
                ensure!(
                    view.heads == now,
                    "its last tick of {room} is {:?} for {now:?}",
                    view.heads
                );
            }
        }
        Ok(())
    }

    /// A connection that ends without a close frame.
    fn broken_off(&self) -> Result<(), Violation> {
        let excused = self.ending.is_some()
            || self.stalled
            || self.refused
            || (!self.opened && self.history.abrupt);
        ensure!(excused, "it was cut off without a close frame");
        Ok(())
    }

    /// A connection that was closed at once, so that not all that was to come has come.
    fn abandoned(&self, reason: &str) -> Result<(), Violation> {
        let session = self.session;
        ensure!(
            session.is_some_and(|session| session.user.is_none()),
            "{reason}, and its user has not left"
        );
        let silent = self.last_sent.is_none_or(|sent| {
            self.connection
                .steps
                .last()
                .is_some_and(|(end, _)| end.since(sent) > Duration::from_secs(4))
        });
        let well = !self.stalled && self.ending.is_none();
        ensure!(
            !well
                || (silent && !self.opened)
                || reason.starts_with("the server is out of memory")
                || ((self.history.tight || (self.history.large && self.connection.slow))
                    && reason.starts_with("you read too slowly")),
            "closed although it read everything: {reason}"
        );
        Ok(())
    }

    /// Every close has a code and a reason that fits.
    fn check_reason(&self, code: u16, reason: &str) -> Result<(), Violation> {
        let fits = match code {
            1001 => {
                let end = self.connection.steps.iter().map(|(time, _)| *time).max();
                reason == "the server is going down"
                    && end.is_some_and(|end| end >= self.history.stopped)
            }
            1008 if reason.starts_with("kicked by the operator") => {
                let kicked = self.kicked.as_deref() == Some(reason);
                kicked
                    && self.history.operated.iter().any(|done| {
                        matches!(done.command, Command::Kick { .. }) && done.outcome.is_ok()
                    })
            }
            1008 if reason == "you logged in on another connection" => {
                self.session.is_some_and(|session| session.taken_over)
            }
            1008 if reason.starts_with("you did not log in within") => {
                self.session.is_some_and(|session| session.user.is_none())
            }
            1008 => reason.starts_with("you kept sending more than the limit"),
            _ => match self.ending {
                Some((_, Ending::Close(sent))) => code == sent.unwrap_or(1000),
                Some((_, Ending::Fault(fault))) => code == fault && !reason.is_empty(),
                _ => false,
            },
        };
        ensure!(fits, "closed with {code}, {reason:?}");
        let kicked = self.kicked.is_some();
        ensure!(!kicked || reason.starts_with("kicked"), "kicked, but closed with {reason:?}");
        Ok(())
    }
}

/// Whether a connection was closed without what waited for it.
fn is_abandoned(reason: &str) -> bool {
    ["you read too slowly", "you read nothing", "you sent nothing", "the server is out of"]
        .iter()
        .any(|start| reason.starts_with(start))
}
