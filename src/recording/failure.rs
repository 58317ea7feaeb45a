//! Why a recording can't go on.

use std::path::PathBuf;

use crate::archive::ArchiveError;

/// Why a recording can't start or go on, as a sentence.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// The file can't be made or written.
    #[error("{0}")]
    Archive(#[from] ArchiveError),
    /// The key file can't be made or written.
    #[error("{}: {source}", file.display())]
    Key {
        /// The key file.
        file: PathBuf,
        /// The system's error.
        source: std::io::Error,
    },
    /// Another file has its name now, or none.
    #[error("{} was removed, moved or replaced", .0.display())]
    Gone(PathBuf),
    /// Another program is writing to it.
    #[error("another program is writing to {}; try again when it is done", .0.display())]
    Held(PathBuf),
    /// Something else.
    #[error("{0}")]
    Other(String),
}
