//! How a recording is doing.

use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::model::{SessionId, Timestamp};

/// Whether a recording runs, and how it is doing.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub enum RecordingStatus {
    /// There has been none, or this program can't record.
    #[default]
    Off,
    /// It runs.
    Running(RecordingProgress),
    /// The last one has ended.
    Ended {
        /// How far it came.
        progress: RecordingProgress,
        /// Why it ended before it was stopped, as a sentence; `None` if it is whole.
        early: Option<String>,
    },
}

/// What is on disk.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct RecordingProgress {
    /// The file.
    pub file: PathBuf,
    /// When it started, on the server's clock.
    pub since: Timestamp,
    /// The time up to which everything is on disk.
    pub until: Timestamp,
    /// The size of the file, its log included, in bytes.
    pub bytes: u64,
    /// Poses on disk.
    pub poses: u64,
    /// Poses a second, over the last second.
    pub poses_per_s: f64,
    /// Everything else on disk: messages, joins, leaves, markers and so on.
    pub events: u64,
    /// Markers on disk.
    pub markers: u64,
    /// Events lost because the disk could not keep up.
    pub lost: u64,
    /// Poses and events left out because their user has not consented.
    pub left_out: u64,
    /// How long the free space lasts at the rate of the last minute; `None` while it is unknown.
    pub space_lasts: Option<Duration>,
    /// The operator's intervals that have begun and not ended, by the label as it was given.
    pub open_intervals: Vec<String>,
    /// Everyone it has met: subject and consent.
    pub people: Vec<RecordedPerson>,
}

/// One user, as a recording knows them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordedPerson {
    /// The newest connection they were logged in on.
    pub session: SessionId,
    /// The user's name.
    pub user: String,
    /// What the recording calls them.
    pub subject: String,
    /// Whether their data is kept.
    pub consent: bool,
}
