//! What an operator may do with a replay, and what there is to see of it.

use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// The speeds that [`ReplayControl::Faster`] and [`ReplayControl::Slower`] step through.
pub const REPLAY_SPEEDS: [f64; 8] = [0.1, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0];

/// Something to do with a replay that runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReplayControl {
    /// Pause, or go on.
    TogglePause,
    /// Pause, and go on to the next pose.
    Step,
    /// Move by seconds, back if negative.
    SeekBy(i32),
    /// Move to a tenth of the replayed part, 0 to 9.
    SeekToTenth(u8),
    /// Move to a position in the recording.
    SeekTo(Duration),
    /// Move to the next marker.
    NextMarker,
    /// Move to the marker before.
    PreviousMarker,
    /// The next higher speed of [`REPLAY_SPEEDS`].
    Faster,
    /// The next lower speed of [`REPLAY_SPEEDS`].
    Slower,
}

/// A marker of the recording.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReplayMarker {
    /// Where it is, since the start of the recording.
    pub at: Duration,
    /// What it marks, as it was written; not fit for a terminal as it is.
    pub label: String,
}

/// How far a replay has got. Positions are counted from the start of the recording.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ReplayProgress {
    /// The recording.
    pub file: PathBuf,
    /// The room that all ghosts join; `None` for the rooms of the recording.
    pub into: Option<String>,
    /// Where the replayed part begins.
    pub from: Duration,
    /// Where it ends.
    pub until: Duration,
    /// Where it is now.
    pub position: Duration,
    /// How many times as fast as the recording.
    pub speed: f64,
    /// Whether it is paused.
    pub paused: bool,
    /// Whether the ghosts are still taking their places at [`Self::position`].
    pub seeking: bool,
    /// How often it has begun again at the end.
    pub rounds: u64,
    /// The users in the recording.
    pub people: usize,
    /// How many of them are on the server as ghosts.
    pub ghosts: usize,
    /// The last marker that was passed.
    pub marker: Option<ReplayMarker>,
    /// The next marker.
    pub next_marker: Option<ReplayMarker>,
    /// Poses sent.
    pub poses: u64,
    /// Poses left out, as there were more than a client may send.
    pub skipped: u64,
    /// Requests that the server refused.
    pub refused: u64,
    /// The reason of the last refusal, as one printable line.
    pub refusal: Option<String>,
    /// How late poses were sent: 99 of 100 were not later than this. `None` before the first.
    pub lateness_p99: Option<Duration>,
}
