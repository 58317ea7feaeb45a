//! What an operator can have done, and what came of it.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::model::{LogLevel, MarkPhase, RecordingFields, ReplayControl, SessionId};

/// Commands that may wait for the hub before the next is refused as [`OperatorError::Busy`].
pub const COMMAND_QUEUE: usize = 64;

/// The longest text of a kick reason, an announcement or a title, in characters.
pub const TEXT_LIMIT: usize = 500;

/// Something for the server to do. Names are compared as the wire contract compares them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Command {
    /// Disconnect a user: error 403 with the reason, then close 1008.
    Kick {
        /// The user's name.
        user: String,
        /// Shown to the user; at most [`TEXT_LIMIT`] characters.
        reason: Option<String>,
    },
    /// As [`Self::Kick`], for one particular connection: between an operator's confirmation and the
    /// kick, the name may have passed to somebody else.
    KickSession {
        /// The connection.
        session: SessionId,
        /// Shown to the user; at most [`TEXT_LIMIT`] characters.
        reason: Option<String>,
    },
    /// Remove everyone from a room, and the room too unless it is pinned. `lobby` can't be closed.
    CloseRoom {
        /// The room's name.
        room: String,
    },
    /// Change how often poses are sent out.
    SetFps {
        /// A room, or `None` for the whole server, including rooms with a rate of their own.
        room: Option<String>,
        /// Ticks a second, 0.1 to 240; `None` lets the room follow the server's rate again.
        fps: Option<f64>,
    },
    /// Say something as `*server*`.
    Announce {
        /// A room, or `None` for all.
        room: Option<String>,
        /// At most [`TEXT_LIMIT`] characters.
        text: String,
    },
    /// Keep a room when its last member leaves, or stop keeping it. Pinning creates a room that
    /// does not exist.
    PinRoom {
        /// The room's name.
        room: String,
        /// Whether it is kept.
        pinned: bool,
    },
    /// Set the title that `rooms` lists.
    SetTitle {
        /// The room's name.
        room: String,
        /// At most [`TEXT_LIMIT`] characters; empty to remove it.
        title: String,
    },
    /// Set a mark in the events, and so in a recording.
    Mark {
        /// What it marks; 1 to [`TEXT_LIMIT`] characters.
        label: String,
        /// An instant, or an interval's begin or end.
        phase: MarkPhase,
    },
    /// Change what the log captures from now on.
    SetLogLevel {
        /// The most detailed level that is captured.
        level: LogLevel,
    },
    /// Start recording. Answered once the first transaction is on disk.
    StartRecording {
        /// The file, which must not exist yet, or a folder, in which the file gets a name with the
        /// date; `None` for the folder that the server was started with, or the working directory.
        path: Option<PathBuf>,
        /// What the recording says about itself, and what it keeps of people.
        fields: RecordingFields,
    },
    /// Stop recording. Answered once the file is complete.
    StopRecording,
    /// Name the subject that a user is recorded as. Applies to all that is recorded of them.
    SetSubject {
        /// The user's name.
        user: String,
        /// 1 to 64 characters, not used by anyone else.
        subject: String,
    },
    /// Keep a user's data from now on, or only count it.
    SetConsent {
        /// The user's name.
        user: String,
        /// Whether their data is kept.
        consent: bool,
    },
    /// Let the users of a recording come to this server as ghosts. Answered once the recording is
    /// open and the server has let the first of them in.
    StartReplay {
        /// The recording, on the server's machine.
        path: PathBuf,
        /// The room that all ghosts join; `None` for the rooms of the recording.
        into: Option<String>,
    },
    /// Steer the replay that runs.
    ControlReplay(ReplayControl),
    /// Stop the replay: all ghosts leave.
    StopReplay,
}

impl Command {
    /// Whether it is the recorder that carries it out, not the hub.
    pub(crate) fn is_for_recorder(&self) -> bool {
        matches!(
            self,
            Self::StartRecording { .. }
                | Self::StopRecording
                | Self::SetSubject { .. }
                | Self::SetConsent { .. }
        )
    }

    /// Whether it is the player that carries it out, not the hub.
    pub(crate) fn is_for_player(&self) -> bool {
        matches!(self, Self::StartReplay { .. } | Self::ControlReplay(_) | Self::StopReplay)
    }
}

/// A command that was carried out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Done {
    /// What happened, as a sentence for a toast or a log.
    pub message: String,
    /// How many users it affected.
    pub users: usize,
}

/// A command that was not carried out, and why.
#[derive(Clone, Debug, PartialEq, thiserror::Error, Serialize, Deserialize)]
pub enum OperatorError {
    /// Nobody is logged in with that name.
    #[error("there is no user {0:?}; perhaps they have just left")]
    NoSuchUser(String),
    /// That connection has ended, or nobody is logged in on it.
    #[error("connection {0} has ended; its user has left, or is back on a new one")]
    NoSuchSession(SessionId),
    /// There is no such room.
    #[error("there is no room {0:?}; perhaps its last member has just left")]
    NoSuchRoom(String),
    /// `lobby` always exists.
    #[error("lobby always exists and can't be closed; kick its users one by one instead")]
    LobbyStays,
    /// A rate outside 0.1 to 240.
    #[error("{0} is out of range: fps is a number from 0.1 to 240")]
    FpsOutOfRange(f64),
    /// A room name that the wire contract refuses.
    #[error("{name:?} can't be a room name: {reason}")]
    BadRoomName {
        /// What was given.
        name: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A text of more than [`TEXT_LIMIT`] characters, or an empty one where text is needed.
    #[error("a text has 1 to {TEXT_LIMIT} characters, this one has {0}")]
    TextLength(usize),
    /// There are as many rooms as the limit allows.
    #[error("there are {0} rooms already, which is the limit (max-rooms)")]
    TooManyRooms(usize),
    /// This program was built without the wing that records.
    #[error("this program was built without recording (the Cargo feature \"recording\")")]
    CannotRecord,
    /// A recording runs already.
    #[error("{} is being recorded already; stop it first", .0.display())]
    RecordingRuns(PathBuf),
    /// No recording runs.
    #[error("nothing is being recorded")]
    NotRecording,
    /// The recording could not be started, changed or completed; the sentence says why and what to
    /// do.
    #[error("{0}")]
    Recording(String),
    /// This program was built without the wing that replays.
    #[error("this program was built without replay (the Cargo feature \"recording\")")]
    CannotReplay,
    /// A replay runs already.
    #[error("{} is being replayed already; stop it first", .0.display())]
    ReplayRuns(PathBuf),
    /// No replay runs.
    #[error("nothing is being replayed")]
    NotReplaying,
    /// The replay could not be started; the sentence says why and what to do.
    #[error("{0}")]
    Replay(String),
    /// The log's level can't be changed in this process.
    #[error("this process does not log through vrlobby, so the level can't be changed here")]
    LogNotOurs,
    /// One of the server's invariants does not hold.
    #[error("internal error, please report it: {0}")]
    Internal(String),
    /// More commands are waiting than the queue holds.
    #[error("{COMMAND_QUEUE} commands are already waiting; try again in a moment")]
    Busy,
    /// The server has stopped.
    #[error("the server has stopped")]
    Stopped,
}
