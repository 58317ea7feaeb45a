//! Why a recording can't be made or read.

use std::path::{Path, PathBuf};

use super::schema::VERSION;

/// Why a recording can't be made or read.
#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    /// The file exists already.
    #[error("{} exists already; choose another name, a recording never overwrites a file", .0.display())]
    Exists(PathBuf),
    /// The file can't be opened.
    #[error("{}: {reason}", file.display())]
    File {
        /// The file.
        file: PathBuf,
        /// What the system says.
        reason: String,
    },
    /// It is no recording.
    #[error("{} is not a recording made by vrlobby: {reason}", file.display())]
    Foreign {
        /// The file.
        file: PathBuf,
        /// What it is instead.
        reason: String,
    },
    /// It was made by a version of the program whose schema this one does not know.
    #[error(
        "{} has version {found} of the schema, and this program reads version {VERSION}; use the \
         program that made it, or a newer one", file.display()
    )]
    Version {
        /// The file.
        file: PathBuf,
        /// Its version.
        found: i64,
    },
    /// A value in it is not what it should be.
    #[error("{} is damaged: {reason}", file.display())]
    Damaged {
        /// The file.
        file: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// There is no such user, room or time in it.
    #[error("{} has no {what} {name:?}; it has {known}", file.display())]
    Unknown {
        /// The file.
        file: PathBuf,
        /// "user" or "room".
        what: &'static str,
        /// What was asked for.
        name: String,
        /// What there is.
        known: String,
    },
    /// Somebody else writes it, or has it open while it should be changed.
    #[error(
        "{} is being recorded or changed at this moment; stop the recording, and close other \
         programs that have it open", .0.display()
    )]
    InUse(PathBuf),
    /// The database could not be read or written.
    #[error("{}: {source}", file.display())]
    Sqlite {
        /// The file.
        file: PathBuf,
        /// What SQLite says.
        source: rusqlite::Error,
    },
}

impl ArchiveError {
    pub(super) fn sqlite(file: &Path, source: rusqlite::Error) -> Self {
        use rusqlite::ErrorCode;
        let file = file.to_owned();
        match source.sqlite_error_code() {
            Some(ErrorCode::NotADatabase) => {
                Self::Foreign { file, reason: "it is no SQLite database".to_owned() }
            }
            Some(ErrorCode::DatabaseCorrupt) => Self::Damaged { file, reason: source.to_string() },
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Self::InUse(file),
            Some(ErrorCode::CannotOpen) => Self::File { file, reason: source.to_string() },
            _ => Self::Sqlite { file, source },
        }
    }
}
