//! The arguments of `vrlobby replay`.

use std::path::PathBuf;

use clap::Args;

use super::position::position;
use crate::model::DEFAULT_PORT;

/// Which recording to replay, where and how.
#[derive(Args, Clone, Debug, PartialEq)]
pub struct ReplayArgs {
    /// The recording
    pub file: PathBuf,
    /// The server that the ghosts come to
    #[arg(long, value_name = "URL", default_value_t = format!("ws://127.0.0.1:{DEFAULT_PORT}"))]
    pub url: String,
    /// How fast, 0.1 to 16
    #[arg(long, value_name = "FACTOR", default_value_t = 1.0)]
    pub speed: f64,
    /// Where to begin: seconds, or HH:MM:SS since the start
    #[arg(long, value_name = "TIME", value_parser = position)]
    pub from: Option<i64>,
    /// Where to end: seconds, or HH:MM:SS since the start
    #[arg(long, value_name = "TIME", value_parser = position)]
    pub until: Option<i64>,
    /// The room that all ghosts join [default: the rooms of the recording]
    #[arg(long, value_name = "ROOM")]
    pub into: Option<String>,
    /// Begin again at the end
    #[arg(long)]
    pub r#loop: bool,
    /// Wait for a key at the beginning
    #[arg(long)]
    pub start_paused: bool,
}
