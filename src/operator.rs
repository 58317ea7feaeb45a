//! All that a console, in this process or another, may see and do.
//!
//! Everything here but the channels is plain data. What the server is doing is a [`Snapshot`],
//! built at most ten times a second and only while somebody holds a [`SnapshotReader`]; what it
//! should do is a [`Command`], answered within the hub's next turn.

mod command;
mod port;
mod recording;
mod replay;
mod snapshot;

pub use self::command::{COMMAND_QUEUE, Command, Done, OperatorError, TEXT_LIMIT};
#[cfg(feature = "recording")]
pub(crate) use self::port::PlayerPort;
pub(crate) use self::port::{CommandRequest, OperatorPort};
pub use self::port::{Operator, Pending, SnapshotReader};
#[cfg(feature = "recording")]
pub(crate) use self::port::{RecorderInput, RecorderPort};
pub use self::recording::{RecordedPerson, RecordingProgress, RecordingStatus};
pub use self::replay::ReplayStatus;
pub use self::snapshot::{
    CHAT_LINES, ChatLine, ClockReading, ClockStep, Focus, Liveness, PoseRow, Presence, RefusalLine,
    RoomRow, SNAPSHOT_INTERVAL, ServerInfo, Snapshot, TickTiming, Traffic, UserDetail, UserRow,
};
