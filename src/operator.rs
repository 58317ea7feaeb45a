//! All that a console, present or future, may see and do.
//!
//! Everything here is plain data, so that a console may as well run elsewhere. What the server
//! is doing is a [`Snapshot`], built at most ten times a second and only while somebody holds a
//! [`SnapshotReader`]; what it should do is a [`Command`], answered within the hub's next turn.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::sync::{mpsc, oneshot, watch};

use crate::model::{LogLevel, SessionId, Timestamp};

/// Snapshots are at least this far apart.
pub const SNAPSHOT_INTERVAL: Duration = Duration::from_millis(100);

/// Commands that may wait for the hub before the next is refused as [`OperatorError::Busy`].
pub const COMMAND_QUEUE: usize = 64;

/// Lines of chat kept for the console, for each room.
pub const CHAT_LINES: usize = 100;

/// The longest text of a kick reason, an announcement or a title, in characters.
pub const TEXT_LIMIT: usize = 500;

/// One thing that the operator wants done. Names are compared as the wire contract compares them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Command {
    /// Send a user away: error 403 with the reason, then close 1008.
    Kick {
        /// The user's name.
        user: String,
        /// Told to the user; at most [`TEXT_LIMIT`] characters.
        reason: Option<String>,
    },
    /// Send away whoever holds one connection, as [`Self::Kick`] does: what an operator confirmed
    /// is a connection, and its name may have a new holder by now.
    KickSession {
        /// The connection.
        session: SessionId,
        /// Told to the user; at most [`TEXT_LIMIT`] characters.
        reason: Option<String>,
    },
    /// Make everyone leave a room; it is gone unless it is pinned. `lobby` can't be closed.
    CloseRoom {
        /// The room's name.
        room: String,
    },
    /// Change how often poses are handed on.
    SetFps {
        /// One room, or none for the whole server: then every room follows, also those that had
        /// a rate of their own.
        room: Option<String>,
        /// Ticks a second, 0.1 to 240; none lets the room follow the server's rate again.
        fps: Option<f64>,
    },
    /// Say something as `*server*`.
    Announce {
        /// One room, or none for all.
        room: Option<String>,
        /// At most [`TEXT_LIMIT`] characters.
        text: String,
    },
    /// Keep a room when its last member leaves, or stop keeping it. Pinning opens a room that is
    /// not there.
    PinRoom {
        /// The room's name.
        room: String,
        /// Whether it stays.
        pinned: bool,
    },
    /// Set the title that `rooms` lists.
    SetTitle {
        /// The room's name.
        room: String,
        /// At most [`TEXT_LIMIT`] characters; empty for none.
        title: String,
    },
    /// Change what is captured in the log from now on.
    SetLogLevel {
        /// The most detailed level that is captured.
        level: LogLevel,
    },
}

/// A command that was carried out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Done {
    /// What happened, as a sentence for a toast or a log.
    pub message: String,
    /// How many users it touched.
    pub users: usize,
}

/// A command that was not carried out, and why.
#[derive(Clone, Debug, PartialEq, thiserror::Error, Serialize, Deserialize)]
pub enum OperatorError {
    /// Nobody of that name is logged in.
    #[error("no user is called {0:?}; perhaps it has just left")]
    NoSuchUser(String),
    /// That connection has ended, or nobody is logged in on it.
    #[error("the connection {0} has ended; its user has left, or has come back on a new one")]
    NoSuchSession(SessionId),
    /// There is no such room.
    #[error("there is no room {0:?}; perhaps its last member has just left")]
    NoSuchRoom(String),
    /// `lobby` always stands.
    #[error("lobby always stands and can't be closed; kick its users one by one instead")]
    LobbyStays,
    /// A rate outside 0.1 to 240.
    #[error("{0} is not a rate: fps is a number from 0.1 to 240")]
    FpsOutOfRange(f64),
    /// A room name that the wire contract refuses.
    #[error("{name:?} can't be a room: {reason}")]
    BadRoomName {
        /// What was given.
        name: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A text of more than [`TEXT_LIMIT`] characters, or none where one is needed.
    #[error("a text has 1 to {TEXT_LIMIT} characters, this one has {0}")]
    TextLength(usize),
    /// There are as many rooms as the limit allows.
    #[error("there are {0} rooms already, which is the limit (max-rooms)")]
    TooManyRooms(usize),
    /// The log's level can't be changed in this process.
    #[error("the log of this process is not vrlobby's, so its level can't be changed here")]
    LogNotOurs,
    /// An invariant of the server's is broken.
    #[error("a fault of vrlobby's own, please report it: {0}")]
    Internal(String),
    /// More commands are waiting than the queue holds.
    #[error("{COMMAND_QUEUE} commands are waiting already; try again in a moment")]
    Busy,
    /// The server has stopped.
    #[error("the server has stopped")]
    Stopped,
}

/// The answer to a command that was sent without waiting.
#[derive(Debug)]
pub struct Pending(oneshot::Receiver<Result<Done, OperatorError>>);

impl Pending {
    /// The answer, if it is there.
    pub fn poll(&mut self) -> Option<Result<Done, OperatorError>> {
        match self.0.try_recv() {
            Ok(answer) => Some(answer),
            Err(oneshot::error::TryRecvError::Empty) => None,
            Err(oneshot::error::TryRecvError::Closed) => Some(Err(OperatorError::Stopped)),
        }
    }

    /// Waits for the answer.
    ///
    /// # Errors
    /// Why the command was not carried out.
    pub async fn answer(self) -> Result<Done, OperatorError> {
        self.0.await.unwrap_or(Err(OperatorError::Stopped))
    }
}

/// What the console looks at closely, so that only that is built in full.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Focus {
    /// The room whose chat is wanted ([`Snapshot::chat`]); its members' poses are in the rows.
    pub room: Option<String>,
    /// The user of whom a [`UserDetail`] is wanted.
    pub user: Option<SessionId>,
}

/// What does not change while the server runs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServerInfo {
    /// Where it listens.
    pub listening: SocketAddr,
    /// Addresses that a headset can type, best first: `ws://192.168.1.20:42069`.
    pub urls: Vec<String>,
    /// When it started.
    pub started: Timestamp,
}

/// The state of the server at one moment.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Snapshot {
    /// When it was taken.
    pub taken_at: Timestamp,
    /// Counts one up with every snapshot.
    pub serial: u64,
    /// What was looked at closely when it was built, so that a chat is never taken for another
    /// room's.
    pub focus: Focus,
    /// How long the server has run.
    pub up_time: Duration,
    /// The rate of rooms that have none of their own, in ticks a second.
    pub fps: f64,
    /// What the hub's ticks cost.
    pub tick: TickTiming,
    /// The whole server's traffic.
    pub traffic: Traffic,
    /// All rooms, sorted by name without case, `lobby` first.
    pub rooms: Vec<RoomRow>,
    /// All logged-in users, sorted by name without case.
    pub users: Vec<UserRow>,
    /// The last [`CHAT_LINES`] messages of [`Focus::room`], oldest first.
    pub chat: Vec<ChatLine>,
    /// More about [`Focus::user`], while it is there.
    pub user: Option<UserDetail>,
    /// What is captured in the log; none if the log of this process is not vrlobby's.
    pub log_level: Option<LogLevel>,
}

/// What ticks cost the hub in the last second.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct TickTiming {
    /// The longest time one round of ticks took, encoding and handing over.
    pub longest: Duration,
    /// The mean of it.
    pub mean: Duration,
    /// The latest that a tick was, after it was due.
    pub latest: Duration,
    /// The time between two ticks of the fastest room: what `longest` has to stay below.
    pub budget: Duration,
}

/// Totals since the start, and rates over the last second.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Traffic {
    /// Connections now, logged in or not.
    pub connections: usize,
    /// Transforms a second, in.
    pub transforms_per_s: f64,
    /// Chat messages and events a second, in.
    pub messages_per_s: f64,
    /// Bytes a second, in.
    pub bytes_in_per_s: f64,
    /// Bytes a second, out.
    pub bytes_out_per_s: f64,
    /// Transforms in, since the start.
    pub transforms: u64,
    /// Chat messages and events in, since the start.
    pub messages: u64,
    /// Requests answered with an error, since the start.
    pub refusals: u64,
    /// Ticks that slow clients skipped, since the start.
    pub skipped_ticks: u64,
    /// Clients closed because they read too slowly, since the start.
    pub slow_closed: u64,
    /// Connections refused by a limit, since the start.
    pub connections_refused: u64,
    /// Transforms in during each of the last seconds, oldest first, at most [`HISTORY_SECONDS`].
    pub transforms_history: Vec<u32>,
    /// Bytes out during each of the last seconds, oldest first, at most [`HISTORY_SECONDS`].
    pub bytes_out_history: Vec<u64>,
}

/// One room.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct RoomRow {
    /// Its name.
    pub name: Arc<str>,
    /// Its title; empty until set.
    pub title: String,
    /// Whether it stays when its last member leaves.
    pub pinned: bool,
    /// How many are in it.
    pub users: usize,
    /// Ticks a second that it is given.
    pub fps: f64,
    /// Whether that rate is its own.
    pub own_fps: bool,
    /// Transforms a second, in, over the last whole second.
    pub transforms_per_s: f64,
    /// Ticks a second, out, over the last whole second.
    pub ticks_per_s: f64,
    /// Messages and events a second, in, over the last whole second.
    pub messages_per_s: f64,
    /// Transforms in during each of the last seconds, oldest first, at most [`HISTORY_SECONDS`].
    pub transforms_history: Vec<u32>,
}

/// How alive a user is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Liveness {
    /// Sent something of its own in the last 5 s.
    #[default]
    Active,
    /// Answers pings, but has sent nothing of its own for 5 s.
    Idle,
    /// Has left a ping unanswered for more than 3 s: most likely a headset that was taken off.
    Asleep,
}

/// One user, with the quality of its data.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct UserRow {
    /// Its connection.
    pub session: SessionId,
    /// Its name.
    pub name: Arc<str>,
    /// Where it connects from.
    pub peer: Option<SocketAddr>,
    /// How long it has been connected.
    pub connected: Duration,
    /// The rooms it is in, and its latest pose there, in the order it joined.
    pub rooms: Vec<Presence>,
    /// Transforms a second, in, over the last 5 s (or since it began, if shorter).
    pub transforms_per_s: f64,
    /// The time between two transforms, in whichever room, that 95 of 100 stay below, over the
    /// last 5 s.
    pub gap_p95: Option<Duration>,
    /// The longest time without a transform within the last 5 s, among users that stream.
    pub gap_longest: Option<Duration>,
    /// Round-trip time of the last WebSocket ping.
    pub round_trip: Option<Duration>,
    /// Bytes sent to it since it connected.
    pub bytes_out: u64,
    /// Ticks it skipped because it read too slowly.
    pub skipped_ticks: u64,
    /// Bytes that wait for it now.
    pub queued_bytes: usize,
    /// Requests of its that were answered with an error.
    pub refusals: u64,
    /// Whether it is active, idle or asleep.
    pub liveness: Liveness,
    /// How long ago it sent anything at all, a pong included.
    pub silent_for: Duration,
}

/// A user in a room.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Presence {
    /// The room.
    pub room: Arc<str>,
    /// The latest pose there, if any.
    pub pose: Option<PoseRow>,
}

/// A head, as its client gave it: by convention metres and degrees, y up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct PoseRow {
    /// Position x, y, z.
    pub pos: [f64; 3],
    /// Rotation about x, y, z.
    pub rot: [f64; 3],
    /// How old it is.
    pub age: Duration,
}

/// One message of a room's chat.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ChatLine {
    /// When it was sent.
    pub time: Timestamp,
    /// Who sent it.
    pub user: Arc<str>,
    /// Its type, `msg` for chat.
    pub kind: Arc<str>,
    /// Its data: the text itself where it is a JSON string, otherwise JSON; cut to 500 characters.
    pub text: Arc<str>,
}

/// More about one user.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct UserDetail {
    /// Its connection.
    pub session: SessionId,
    /// Transforms in during each of the last seconds, oldest first, at most [`HISTORY_SECONDS`].
    pub transforms_history: Vec<u32>,
    /// The last round-trip times, oldest first, at most [`HISTORY_SECONDS`].
    pub round_trips: Vec<Duration>,
    /// Its last messages, oldest first, at most 20, with the room of each.
    pub messages: Vec<(Arc<str>, ChatLine)>,
    /// The last answers that refused it something, oldest first, at most 20.
    pub refusals: Vec<RefusalLine>,
}

/// One request that was answered with an error.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct RefusalLine {
    /// When.
    pub time: Timestamp,
    /// The code of the answer (wire contract, "Answers").
    pub code: u16,
    /// The reason given.
    pub reason: Arc<str>,
}

pub(crate) type CommandRequest = (Command, oneshot::Sender<Result<Done, OperatorError>>);

/// A hold on the server for one who may see and do everything. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Operator {
    info: Arc<ServerInfo>,
    commands: mpsc::Sender<CommandRequest>,
    snapshots: Arc<watch::Sender<Arc<Snapshot>>>,
    focus: Arc<watch::Sender<Focus>>,
    stop: Arc<watch::Sender<bool>>,
}

/// The hub's ends of an [`Operator`]'s channels.
#[derive(Debug)]
pub(crate) struct OperatorPort {
    pub(crate) commands: mpsc::Receiver<CommandRequest>,
    pub(crate) snapshots: Arc<watch::Sender<Arc<Snapshot>>>,
    pub(crate) focus: watch::Receiver<Focus>,
}

impl Operator {
    pub(crate) fn new(info: ServerInfo, stop: Arc<watch::Sender<bool>>) -> (Self, OperatorPort) {
        let (commands, command_receiver) = mpsc::channel(COMMAND_QUEUE);
        let snapshots = Arc::new(watch::Sender::new(Arc::default()));
        let focus = Arc::new(watch::Sender::new(Focus::default()));
        let port = OperatorPort {
            commands: command_receiver,
            snapshots: snapshots.clone(),
            focus: focus.subscribe(),
        };
        (Self { info: Arc::new(info), commands, snapshots, focus, stop }, port)
    }

    /// What does not change while the server runs.
    pub fn info(&self) -> &ServerInfo {
        &self.info
    }

    /// Sends a command without waiting.
    ///
    /// # Errors
    /// [`OperatorError::Busy`] if [`COMMAND_QUEUE`] commands are waiting,
    /// [`OperatorError::Stopped`] if the server has stopped.
    pub fn try_send(&self, command: Command) -> Result<Pending, OperatorError> {
        let (answer, pending) = oneshot::channel();
        match self.commands.try_send((command, answer)) {
            Ok(()) => Ok(Pending(pending)),
            Err(mpsc::error::TrySendError::Full(_)) => Err(OperatorError::Busy),
            Err(mpsc::error::TrySendError::Closed(_)) => Err(OperatorError::Stopped),
        }
    }

    /// Has a command carried out and waits for the answer.
    ///
    /// # Errors
    /// Why the command was not carried out.
    pub async fn execute(&self, command: Command) -> Result<Done, OperatorError> {
        self.try_send(command)?.answer().await
    }

    /// Starts to look. While any reader lives, the hub builds snapshots.
    pub fn watch(&self) -> SnapshotReader {
        SnapshotReader { snapshots: self.snapshots.subscribe(), hub: self.commands.clone() }
    }

    /// Says what to build in full from the next snapshot on.
    pub fn focus(&self, focus: Focus) {
        self.focus.send_if_modified(|current| {
            let changed = *current != focus;
            *current = focus;
            changed
        });
    }

    /// Whether the server has stopped, so that no command will be answered any more.
    pub fn is_stopped(&self) -> bool {
        self.commands.is_closed()
    }

    /// Asks the server to stop: it tells every client with close 1001 and drains.
    pub fn stop(&self) {
        self.stop.send_replace(true);
    }
}

/// Reads snapshots, each shared and complete.
#[derive(Debug)]
pub struct SnapshotReader {
    snapshots: watch::Receiver<Arc<Snapshot>>,
    /// Tells when the hub has gone: an [`Operator`] keeps the snapshots' channel open.
    hub: mpsc::Sender<CommandRequest>,
}

impl SnapshotReader {
    /// The newest snapshot; the empty one with serial 0 until the first is built.
    pub fn latest(&mut self) -> Arc<Snapshot> {
        // Cloned at once: a reader that holds the borrow stalls the hub.
        self.snapshots.borrow_and_update().clone()
    }

    /// Waits for a snapshot newer than the last one read; none when the server has stopped.
    pub async fn next(&mut self) -> Option<Arc<Snapshot>> {
        tokio::select! {
            changed = self.snapshots.changed() => changed.ok()?,
            () = self.hub.closed() => return None,
        }
        Some(self.latest())
    }
}
