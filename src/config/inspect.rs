//! The arguments of `vrlobby inspect`.

use std::path::PathBuf;

use clap::Args;

/// Which recording to look at, and how to tell.
#[derive(Args, Clone, Debug, PartialEq)]
pub struct InspectArgs {
    /// The recording
    pub file: PathBuf,
    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
}
