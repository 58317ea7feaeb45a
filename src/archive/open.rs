//! Opens the file of a recording.

use std::fs::File;
use std::io;
use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags, ffi};

use super::error::ArchiveError;
use super::schema::{APPLICATION_ID, VERSION};

/// How long to wait for a writer that is about to complete the file.
const BUSY: Duration = Duration::from_secs(5);

/// What a recording is opened for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Access {
    Read,
    Change,
}

/// Opens a recording and checks that it is one, of this version of the schema.
///
/// Nothing but SQLite may open the file: closing it again would end the locks of everyone in this
/// process who has it open (fcntl(2)), and a reader elsewhere would take away a writer's log.
///
/// # Errors
/// As [`super::Archive::open`].
pub(super) fn open(file: &Path, access: Access) -> Result<Connection, ArchiveError> {
    let sqlite = |error| ArchiveError::sqlite(file, error);
    match connect(file, access) {
        // The program or the machine died while it changed the file outside of its log. SQLite
        // undoes that as soon as somebody opens it who may write.
        Err(rusqlite::Error::SqliteFailure(error, _))
            if error.extended_code == ffi::SQLITE_READONLY_ROLLBACK =>
        {
            connect(file, Access::Change).map_err(sqlite)?;
            check(file, connect(file, access).map_err(sqlite)?)
        }
        opened => check(file, opened.map_err(sqlite)?),
    }
}

/// Opens a database and reads from it, which undoes changes that were not completed.
fn connect(file: &Path, access: Access) -> Result<Connection, rusqlite::Error> {
    let access = match access {
        Access::Read => OpenFlags::SQLITE_OPEN_READ_ONLY,
        Access::Change => OpenFlags::SQLITE_OPEN_READ_WRITE,
    };
    let db = Connection::open_with_flags(file, access | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    db.busy_timeout(BUSY)?;
    db.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(()))?;
    Ok(db)
}

fn check(file: &Path, db: Connection) -> Result<Connection, ArchiveError> {
    let sqlite = |error| ArchiveError::sqlite(file, error);
    let foreign =
        |reason: &str| ArchiveError::Foreign { file: file.to_owned(), reason: reason.to_owned() };
    let pragma = |name| db.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
    if pragma("page_count").map_err(sqlite)? == 0 {
        return Err(foreign(EMPTY));
    }
    if pragma("application_id").map_err(sqlite)? != APPLICATION_ID {
        return Err(foreign("it is another program's SQLite database"));
    }
    let found = pragma("user_version").map_err(sqlite)?;
    if found != VERSION {
        return Err(ArchiveError::Version { file: file.to_owned(), found });
    }
    // The tables are there from the first commit on.
    if !db.table_exists(None, "meta").map_err(sqlite)? {
        return Err(foreign(EMPTY));
    }
    Ok(db)
}

const EMPTY: &str = "it is empty; its recording was never confirmed as started";

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
