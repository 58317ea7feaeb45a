//! Why a replay can't start, or ends early.

use std::path::PathBuf;

use crate::archive::ArchiveError;
use crate::client::ConnectError;
use crate::model::NameError;

/// Why a replay can't start, or ends early.
#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    /// The recording can't be read.
    #[error(transparent)]
    Archive(#[from] ArchiveError),
    /// The server can't be reached.
    #[error(transparent)]
    Connect(#[from] ConnectError),
    /// The speed is out of range.
    #[error("--speed {0} is out of range: it is a number from 0.1 to 16")]
    Speed(f64),
    /// The room that all ghosts are to join can't be one.
    #[error("--into {room:?} can't be a room: {reason}")]
    Room {
        /// What was given.
        room: String,
        /// What is wrong with it.
        reason: NameError,
    },
    /// There is nothing between the two ends.
    #[error(
        "nothing to replay from {from:.3} s until {until:.3} s: {} is {length:.3} s long",
        file.display()
    )]
    Nothing {
        /// The recording.
        file: PathBuf,
        /// Where to begin, in seconds.
        from: f64,
        /// Where to end, in seconds.
        until: f64,
        /// How long it is, in seconds.
        length: f64,
    },
    /// Nobody is in the recording.
    #[error("{} has no users to replay", .0.display())]
    Nobody(PathBuf),
    /// A connection was lost.
    #[error("{ghost:?} lost its connection to {url}: {reason}")]
    Lost {
        /// The ghost.
        ghost: String,
        /// The server.
        url: String,
        /// What happened.
        reason: String,
    },
    /// The server did not let a ghost in.
    #[error("{url} does not let {ghost:?} in: {reason}")]
    Refused {
        /// The ghost.
        ghost: String,
        /// The server.
        url: String,
        /// The server's reason.
        reason: String,
    },
    /// All ghosts were kicked.
    #[error("the operator of {0} has sent every ghost away")]
    AllGone(String),
    /// The system refused a thread, a timer or the like.
    #[error("the replay can't run: {0}")]
    System(#[from] std::io::Error),
    /// A bug.
    #[error("internal error, please report it: {0}")]
    Internal(String),
}
