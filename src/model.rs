//! The ground floor: ids, names, poses, marks, levels, limits and time. Depends on nothing else in this
//! crate.

mod budget;
mod code_points;
mod id;
mod level;
mod limits;
mod mark;
mod name;
mod pose;
mod probe;
mod recording;
mod replay;
pub mod space;
pub mod text;
mod time;

pub use budget::{Budget, Charge, Hold, Pressure};
pub use id::{RoomId, SessionId};
pub use level::LogLevel;
pub use limits::{FPS_RANGE, Limits};
pub use mark::MarkPhase;
pub(crate) use name::fold as fold_name;
pub use name::{LOBBY, MAX_ROOM_CHARS, MAX_USER_CHARS, NameError, RoomName, UserName};
pub use pose::Pose;
pub use probe::ClockProbe;
pub use recording::{
    Consent, FieldError, MAX_FIELD_CHARS, MAX_SUBJECT_CHARS, Privacy, RecordingFields,
    check_subject,
};
pub use replay::{REPLAY_SPEEDS, ReplayControl, ReplayMarker, ReplayProgress};
pub use time::Timestamp;

/// Seconds of history that a sparkline shows.
pub const HISTORY_SECONDS: usize = 60;

/// The default port of the wire contract.
pub const DEFAULT_PORT: u16 = 42069;
