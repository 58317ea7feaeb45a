//! The file of a recording as a name in a folder, which others may remove or replace.

use std::fs::Metadata;
use std::io;
use std::path::{Path, PathBuf};

use super::failure::Failure;
use super::naming::logs_of;

/// What a file is, whatever its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Identity(u64, u64);

impl Identity {
    #[cfg(unix)]
    fn of(file: &Metadata) -> Self {
        use std::os::unix::fs::MetadataExt;
        Self(file.dev(), file.ino())
    }

    #[cfg(not(unix))]
    fn of(_: &Metadata) -> Self {
        Self(0, 0)
    }
}

/// A recording's file and its logs, and what they were at the start.
#[derive(Debug)]
pub(super) struct Place {
    file: PathBuf,
    is: Identity,
    logs: [(PathBuf, Option<Identity>); 2],
}

impl Place {
    /// Notes what a file and its logs are.
    ///
    /// # Errors
    /// If the file is not there.
    pub(super) fn of(file: &Path) -> io::Result<Self> {
        let is = Identity::of(&file.metadata()?);
        let logs = logs_of(file).map(|log| {
            let is = log.metadata().ok().map(|log| Identity::of(&log));
            (log, is)
        });
        Ok(Self { file: file.to_owned(), is, logs })
    }

    pub(super) fn file(&self) -> &Path {
        &self.file
    }

    /// Checks that the names still are those of the same files.
    ///
    /// # Errors
    /// If not.
    pub(super) fn check(&self) -> Result<(), Failure> {
        let is = |path: &Path| path.metadata().ok().map(|file| Identity::of(&file));
        let [(log, log_is), _] = &self.logs;
        for (path, was) in [(&self.file, Some(self.is)), (log, *log_is)] {
            if is(path) != was {
                return Err(Failure::Gone(path.clone()));
            }
        }
        Ok(())
    }

    /// The size of the file and its log, in bytes.
    pub(super) fn bytes(&self) -> u64 {
        let [(log, _), _] = &self.logs;
        [&self.file, log]
            .iter()
            .filter_map(|path| path.metadata().ok())
            .map(|file| file.len())
            .sum()
    }

    /// Removes the logs that a file has left at its old name, unless they are another's.
    pub(super) fn remove_own_logs(&self) {
        if self.file.exists() {
            return;
        }
        for (log, was) in &self.logs {
            let is = log.metadata().ok().map(|file| Identity::of(&file));
            if is.is_some() && is == *was {
                let _ = std::fs::remove_file(log);
            }
        }
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_is_removed_moved_or_replaced_is_gone() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("session.db");
        let log = folder.path().join("session.db-wal");
        for (path, text) in [(&file, "12"), (&log, "345")] {
            std::fs::write(path, text).unwrap();
        }
        let place = Place::of(&file).unwrap();
        assert_eq!(place.bytes(), 5);
        place.check().unwrap();
        std::fs::rename(&file, folder.path().join("other")).unwrap();
        assert!(place.check().unwrap_err().to_string().contains("session.db was removed"));
        std::fs::write(&file, "12").unwrap();
        place.check().unwrap_err();
        place.remove_own_logs();
        assert!(log.exists(), "the log of another file");
        std::fs::rename(folder.path().join("other"), &file).unwrap();
        place.check().unwrap();
        std::fs::remove_file(&log).unwrap();
        assert!(place.check().unwrap_err().to_string().contains("session.db-wal"));
    }
}
