//! The arguments of `vrlobby redact`.

use std::path::PathBuf;

use clap::Args;

/// Whom to take out of which recording.
#[derive(Args, Clone, Debug, PartialEq)]
pub struct RedactArgs {
    /// The recording, which is changed in place
    pub file: PathBuf,
    /// The subject to take out, as in the recording
    #[arg(long, value_name = "SUBJECT")]
    pub subject: String,
}
