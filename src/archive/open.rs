//! Opens the database of a recording: for reading wherever it lies, or for a change.

use std::ffi::OsString;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, ErrorCode, OpenFlags, ffi};

use super::error::ArchiveError;
use super::schema::{APPLICATION_ID, VERSION};

/// How long to wait for a writer that is about to complete the file.
const BUSY: Duration = Duration::from_secs(5);

/// A recording's database, open for reading.
pub(super) struct Opened {
    pub(super) db: Connection,
    /// Whether the database says that it has a log, and there is none beside it.
    pub(super) lacks_log: bool,
}

/// Opens a file, and checks that it is a recording that this version of the program can read.
///
/// # Errors
/// If the file can't be read, is no recording, or has another version of the schema.
pub(super) fn open(file: &Path) -> Result<Opened, ArchiveError> {
    check_file(file)?;
    // Before SQLite looks at the file: it makes an empty log where there is none.
    let has_log = beside(file, "-wal").exists();
    let sqlite = |error| ArchiveError::sqlite(file, error);
    let (db, application) = connect(file).map_err(sqlite)?;
    check(file, &db, application)?;
    let mode: String =
        db.pragma_query_value(None, "journal_mode", |row| row.get(0)).map_err(sqlite)?;
    let lacks_log = mode == "wal" && !has_log;
    if !db.table_exists(None, "meta").map_err(sqlite)? {
        return Err(empty(file, lacks_log));
    }
    Ok(Opened { db, lacks_log })
}

/// Opens a file in order to change it, and checks that it is a recording of this version of the
/// program.
///
/// # Errors
/// As [`open`], or if the file can't be written.
pub(super) fn open_to_change(file: &Path) -> Result<Connection, ArchiveError> {
    // In the same words as for reading, and before SQLite could change anything.
    drop(open(file)?);
    let sqlite = |error| ArchiveError::sqlite(file, error);
    let (db, application) = connect_to_change(file).map_err(sqlite)?;
    check(file, &db, application)?;
    Ok(db)
}

/// Makes what happened to a file's name durable: that it was made, renamed or removed.
///
/// # Errors
/// If the folder can't be opened or synced.
pub(super) fn sync_folder(file: &Path) -> io::Result<()> {
    // Elsewhere, folders can't be opened as files.
    if cfg!(unix) {
        let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty());
        File::open(folder.unwrap_or(Path::new(".")))?.sync_all()?;
    }
    Ok(())
}

fn check(file: &Path, db: &Connection, application: i64) -> Result<(), ArchiveError> {
    if application != APPLICATION_ID {
        let reason = "it is another program's SQLite database".to_owned();
        return Err(ArchiveError::Foreign { file: file.to_owned(), reason });
    }
    let found = pragma(db, "user_version").map_err(|error| ArchiveError::sqlite(file, error))?;
    if found != VERSION {
        return Err(ArchiveError::Version { file: file.to_owned(), found });
    }
    Ok(())
}

/// The name of a file that SQLite keeps beside a database.
pub(super) fn beside(file: &Path, suffix: &str) -> PathBuf {
    let mut name = OsString::from(file);
    name.push(suffix);
    name.into()
}

fn empty(file: &Path, lacks_log: bool) -> ArchiveError {
    let file = file.to_owned();
    if lacks_log {
        let log = beside(&file, "-wal");
        let reason = format!(
            "it is empty without its log {}, which is not beside it; copy both files",
            log.display()
        );
        ArchiveError::Damaged { file, reason }
    } else {
        let reason = "it is empty; its recording was never confirmed as started".to_owned();
        ArchiveError::Foreign { file, reason }
    }
}

/// Gives a clear answer for what SQLite would only say that it can't open. Does not open the file:
/// closing it again would drop the locks of a recorder in this process (POSIX advisory locks belong
/// to the process).
fn check_file(file: &Path) -> Result<(), ArchiveError> {
    let unreadable = |reason: String| ArchiveError::File { file: file.to_owned(), reason };
    let metadata = std::fs::metadata(file).map_err(|error| unreadable(error.to_string()))?;
    if metadata.is_dir() {
        return Err(unreadable("it is a folder".to_owned()));
    }
    if !metadata.is_file() {
        return Err(unreadable("it is no regular file".to_owned()));
    }
    #[cfg(unix)]
    rustix::fs::access(file, rustix::fs::Access::READ_OK)
        .map_err(|error| unreadable(std::io::Error::from(error).to_string()))?;
    if metadata.len() == 0 {
        return Err(empty(file, false));
    }
    Ok(())
}

/// Opens the database and returns its application's id, the first thing that is read from it.
fn connect(file: &Path) -> Result<(Connection, i64), rusqlite::Error> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let db = Connection::open_with_flags(file, flags)?;
    db.busy_timeout(BUSY)?;
    match pragma(&db, "application_id") {
        Ok(application) => Ok((db, application)),
        Err(error)
            if error.sqlite_error_code() == Some(ErrorCode::CannotOpen)
                && !beside(file, "-shm").exists() =>
        {
            connect_without_index(file, flags).map_err(|_| error)
        }
        // The program or the machine died while it changed the file outside of its log. SQLite
        // undoes that as soon as somebody opens it who may write.
        Err(rusqlite::Error::SqliteFailure(error, _))
            if error.extended_code == ffi::SQLITE_READONLY_ROLLBACK =>
        {
            drop(connect_to_change(file)?);
            let db = Connection::open_with_flags(file, flags)?;
            db.busy_timeout(BUSY)?;
            let application = pragma(&db, "application_id")?;
            Ok((db, application))
        }
        Err(error) => Err(error),
    }
}

fn connect_to_change(file: &Path) -> Result<(Connection, i64), rusqlite::Error> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let db = Connection::open_with_flags(file, flags)?;
    db.busy_timeout(BUSY)?;
    let application = pragma(&db, "application_id")?;
    Ok((db, application))
}

/// Reads a log in a folder that can't be written. SQLite wants to put an index of it there, which
/// all connections share; with exclusive locking it has the index in its memory, and without locks
/// it needs no permission to write. Safe, as without a shared index nobody is writing.
#[cfg(unix)]
fn connect_without_index(
    file: &Path,
    flags: OpenFlags,
) -> Result<(Connection, i64), rusqlite::Error> {
    let db = Connection::open_with_flags_and_vfs(file, flags, c"unix-none")?;
    db.execute_batch("PRAGMA locking_mode=EXCLUSIVE")?;
    let application = pragma(&db, "application_id")?;
    Ok((db, application))
}

#[cfg(not(unix))]
fn connect_without_index(_: &Path, _: OpenFlags) -> Result<(Connection, i64), rusqlite::Error> {
    Err(rusqlite::Error::InvalidQuery)
}

fn pragma(db: &Connection, name: &str) -> Result<i64, rusqlite::Error> {
    db.pragma_query_value(None, name, |row| row.get(0))
}
