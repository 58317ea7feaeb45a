//! What to replay, where and how.

use std::ops::RangeInclusive;
use std::path::PathBuf;

use super::error::ReplayError;
use crate::model::RoomName;

/// What the speed may be.
pub const SPEED_RANGE: RangeInclusive<f64> = 0.1..=16.0;

/// What to replay, where and how.
#[derive(Clone, Debug, PartialEq)]
pub struct ReplayOptions {
    /// The recording.
    pub file: PathBuf,
    /// The server that the ghosts come to, as `ws://host:port`.
    pub url: String,
    /// The room that all ghosts join; `None` for the rooms of the recording.
    pub into: Option<String>,
    /// How fast, within [`SPEED_RANGE`]; 1 is as fast as the recording.
    pub speed: f64,
    /// Where to begin, in microseconds since the start of the recording.
    pub from: Option<i64>,
    /// Where to end, in microseconds since the start of the recording.
    pub until: Option<i64>,
    /// Begin again at the end.
    pub looping: bool,
    /// Put the ghosts in their places, and wait for [`ReplayControl::TogglePause`].
    ///
    /// [`ReplayControl::TogglePause`]: crate::model::ReplayControl::TogglePause
    pub start_paused: bool,
}

impl ReplayOptions {
    /// All of a recording, once, as fast as it was recorded.
    pub fn new(file: impl Into<PathBuf>, url: impl Into<String>) -> Self {
        Self {
            file: file.into(),
            url: url.into(),
            into: None,
            speed: 1.0,
            from: None,
            until: None,
            looping: false,
            start_paused: false,
        }
    }

    /// Checks what can be checked without the recording.
    pub(super) fn check(&self) -> Result<(), ReplayError> {
        if !SPEED_RANGE.contains(&self.speed) {
            return Err(ReplayError::Speed(self.speed));
        }
        if let Some(room) = &self.into {
            RoomName::new(room)
                .map_err(|reason| ReplayError::Room { room: room.clone(), reason })?;
        }
        Ok(())
    }
}
