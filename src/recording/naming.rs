//! Where a recording goes.

use std::path::{Path, PathBuf};

use jiff::Timestamp as JiffTimestamp;
use jiff::tz::TimeZone;

use super::failure::Failure;
use crate::model::Timestamp;

/// Recordings that may have started in one second in one folder.
const MOST: usize = 1000;

/// The folder for recordings of a server that was told to record to `path`.
pub(crate) fn folder_of(path: &Path) -> Option<PathBuf> {
    let folder = if path.is_dir() { path } else { path.parent()? };
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    std::path::absolute(folder).ok()
}

/// The file for a recording that starts at `start`: `path` itself, or, in a folder, one whose name
/// has the date.
///
/// # Errors
/// If there is something already, or the folder is not there.
pub(super) fn choose(path: &Path, start: Timestamp) -> Result<PathBuf, Failure> {
    let path = std::path::absolute(path)
        .map_err(|error| Failure::Other(format!("{}: {error}", path.display())))?;
    if path.is_dir() {
        return dated(&path, start);
    }
    match path.parent() {
        Some(parent) if parent.is_dir() && path.file_name().is_some() => {}
        _ => {
            let folder = path.parent().unwrap_or(&path).display();
            return Err(Failure::Other(format!("there is no folder {folder}; make it first")));
        }
    }
    match taken(&path) {
        Some(other) => Err(Failure::Other(format!(
            "{} exists already; choose another name, a recording never overwrites a file",
            other.display()
        ))),
        None => Ok(path),
    }
}

fn dated(folder: &Path, start: Timestamp) -> Result<PathBuf, Failure> {
    let base = format!("vrlobby-{}", local(start, "%Y-%m-%dT%H-%M-%S"));
    let names = std::iter::once(format!("{base}.db"))
        .chain((2..=MOST).map(|number| format!("{base}-{number}.db")));
    let mut files = names.map(|name| folder.join(name));
    files.find(|file| taken(file).is_none()).ok_or_else(|| {
        Failure::Other(format!("{} holds {MOST} recordings of this second", folder.display()))
    })
}

/// What is in the way of a recording. What a crash has left beside a file is part of it.
fn taken(file: &Path) -> Option<PathBuf> {
    let beside = |suffix| {
        let mut name = file.as_os_str().to_owned();
        name.push(suffix);
        PathBuf::from(name)
    };
    [file.to_owned(), beside("-wal"), beside("-journal"), key_of(file)]
        .into_iter()
        .find(|path| path.symlink_metadata().is_ok())
}

/// SQLite's log of a recording, and the log's index.
pub(super) fn logs_of(file: &Path) -> [PathBuf; 2] {
    ["-wal", "-shm"].map(|suffix| {
        let mut name = file.as_os_str().to_owned();
        name.push(suffix);
        name.into()
    })
}

/// The key file of a recording.
pub(super) fn key_of(file: &Path) -> PathBuf {
    file.with_extension("key.csv")
}

/// A moment in the local time of the machine.
pub(super) fn local(time: Timestamp, format: &str) -> String {
    let time = i64::try_from(time.as_micros()).unwrap_or(i64::MAX);
    let time = JiffTimestamp::from_microsecond(time).unwrap_or(JiffTimestamp::UNIX_EPOCH);
    time.to_zoned(TimeZone::system()).strftime(format).to_string()
}

/// RFC 3339, for [`local`].
pub(super) const RFC_3339: &str = "%Y-%m-%dT%H:%M:%S.%6f%:z";

/// Has a folder's names put on disk.
pub(super) fn sync_folder_of(file: &Path) -> std::io::Result<()> {
    if cfg!(unix)
        && let Some(folder) = file.parent()
    {
        std::fs::File::open(folder)?.sync_all()?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: Timestamp = Timestamp::from_micros(1_763_000_000_000_042);

    #[test]
    fn a_folder_gives_a_dated_name_that_is_free() {
        let folder = tempfile::tempdir().unwrap();
        let name =
            |number: &str| format!("vrlobby-{}{number}.db", local(START, "%Y-%m-%dT%H-%M-%S"));
        let chosen = || choose(folder.path(), START).unwrap();
        let first = chosen();
        assert_eq!(first, folder.path().join(name("")));
        assert_eq!(first.file_name().unwrap().len(), "vrlobby-2026-11-25T02-15-00.db".len());
        std::fs::write(&first, "").unwrap();
        let second = chosen();
        assert_eq!(second, folder.path().join(name("-2")));
        // A key without its recording is still somebody's.
        std::fs::write(key_of(&second), "").unwrap();
        assert_eq!(chosen(), folder.path().join(name("-3")));
    }

    #[test]
    fn nothing_is_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("session.db");
        assert_eq!(choose(&file, START).unwrap(), file);
        for there in ["session.db", "session.db-wal", "session.db-journal", "session.key.csv"] {
            let there = folder.path().join(there);
            std::fs::write(&there, "mine").unwrap();
            let error = choose(&file, START).unwrap_err().to_string();
            assert!(error.contains(&format!("{} exists already", there.display())), "{error}");
            std::fs::remove_file(there).unwrap();
        }
        let error = choose(&folder.path().join("no/session.db"), START).unwrap_err();
        assert!(error.to_string().contains("there is no folder"), "{error}");
    }

    #[test]
    fn a_servers_path_gives_the_folder_for_more() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(folder_of(folder.path()).unwrap(), folder.path());
        assert_eq!(folder_of(&folder.path().join("session.db")).unwrap(), folder.path());
        assert_eq!(folder_of(Path::new("session.db")), std::path::absolute(".").ok());
    }
}
