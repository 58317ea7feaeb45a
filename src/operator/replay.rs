//! How a replay is doing.

use serde::{Deserialize, Serialize};

use crate::model::ReplayProgress;

/// Whether a recording is being replayed, and how far it has got.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub enum ReplayStatus {
    /// There has been none, or this program can't replay.
    #[default]
    Off,
    /// It runs.
    Running(ReplayProgress),
    /// The last one has ended.
    Ended {
        /// How far it came.
        progress: ReplayProgress,
        /// Why it ended before it was stopped or complete, as a sentence.
        error: Option<String>,
    },
}

impl ReplayStatus {
    /// What runs.
    pub fn running(&self) -> Option<&ReplayProgress> {
        match self {
            Self::Running(progress) => Some(progress),
            Self::Off | Self::Ended { .. } => None,
        }
    }
}
