//! Why an export failed.

use std::io;
use std::path::{Path, PathBuf};

use crate::archive::ArchiveError;

/// Why an export failed. Nothing is left where the output would have been.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// The recording can't be read, or has no such user or room.
    #[error(transparent)]
    Archive(#[from] ArchiveError),
    /// The output is there already.
    #[error("{} exists already; choose another --output, or replace it with --force", .0.display())]
    Exists(PathBuf),
    /// The output can't be written.
    #[error("can't write {}: {source}", file.display())]
    Write {
        /// The file or folder.
        file: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// Something can't be written; `run` says where.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// The options don't go together, or this build lacks the format.
    #[error("{0}")]
    Options(String),
    /// It was stopped on the way.
    #[error("stopped; nothing was written")]
    Stopped,
}

impl ExportError {
    /// Adds what was being written to an error that does not know it.
    pub(super) fn writing(self, file: &Path) -> Self {
        match self {
            Self::Io(source) => Self::Write { file: file.to_owned(), source },
            other => other,
        }
    }
}
