//! Makes a recording.

use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, ErrorCode, OpenFlags, OptionalExtension, ToSql, params};

use super::about::About;
use super::error::ArchiveError;
use super::meta;
use super::row::{EventRow, LateTick, MarkerRow, PoseRow, ProbeRow, RoundTripRow};
use super::schema::{APPLICATION_ID, SCHEMA, VERSION};

/// How long to wait for another program that writes to the file before the caller is told.
const BUSY: Duration = Duration::from_millis(50);

/// Statements that stay prepared; more than there are.
const STATEMENTS: usize = 32;

/// Writes a recording, in transactions. What [`Self::commit`] has returned for is on disk: the
/// database is in WAL mode with `synchronous=FULL`, so that it survives a power cut.
#[derive(Debug)]
pub struct Writer {
    db: Connection,
    file: PathBuf,
}

type Written = Result<(), ArchiveError>;

impl Writer {
    /// Makes the file, readable by its owner only, and begins the first transaction. Nothing is on
    /// disk before the first [`Self::commit`].
    ///
    /// # Errors
    /// If the file exists, or can't be made or written.
    pub fn create(file: &Path, about: &About) -> Result<Self, ArchiveError> {
        create_file(file)?;
        Self::fill(file, about).inspect_err(|_| {
            // Nothing is in it yet.
            let _ = std::fs::remove_file(file);
        })
    }

    fn fill(file: &Path, about: &About) -> Result<Self, ArchiveError> {
        let sqlite = |error| ArchiveError::sqlite(file, error);
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let db = Connection::open_with_flags(file, flags).map_err(sqlite)?;
        db.busy_timeout(BUSY).map_err(sqlite)?;
        db.set_prepared_statement_cache_capacity(STATEMENTS);
        let writer = Self { db, file: file.to_owned() };
        writer.batch(&format!(
            "PRAGMA application_id={APPLICATION_ID};
             PRAGMA user_version={VERSION};
             PRAGMA journal_mode=WAL;
             PRAGMA synchronous=FULL;
             BEGIN IMMEDIATE;
             {SCHEMA}"
        ))?;
        let journal: String =
            writer.db.pragma_query_value(None, "journal_mode", |row| row.get(0)).map_err(sqlite)?;
        if journal != "wal" {
            let reason = "this file system has no shared memory, which SQLite's log needs; record \
                          to a local disk";
            return Err(ArchiveError::File { file: file.to_owned(), reason: reason.to_owned() });
        }
        for (key, value) in meta::entries(about) {
            writer.set_meta(&key, &value)?;
        }
        Ok(writer)
    }

    /// The file.
    pub fn file(&self) -> &Path {
        &self.file
    }

    /// Puts everything since the last commit on disk, and begins the next transaction if no other
    /// program holds the file. `end` is the time up to which the recording is complete.
    ///
    /// # Errors
    /// If the disk is full, or can't be written. What was written since the last commit is gone
    /// then.
    pub fn commit(&mut self, end: i64) -> Written {
        self.set_meta(meta::END_US, &end.to_string())?;
        self.batch("COMMIT")?;
        self.begin().map(drop)
    }

    /// Begins a transaction, if none has begun; returns whether one has. Otherwise another program
    /// is writing to the file, and nothing may be written until it is done.
    ///
    /// # Errors
    /// If the file can't be read.
    pub fn begin(&self) -> Result<bool, ArchiveError> {
        if !self.db.is_autocommit() {
            return Ok(true);
        }
        match self.db.execute_batch("BEGIN IMMEDIATE") {
            Ok(()) => Ok(true),
            Err(error) if error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy) => Ok(false),
            Err(error) => Err(ArchiveError::sqlite(&self.file, error)),
        }
    }

    /// Drops what was written since the last commit, so that after an error the end can be noted.
    pub fn roll_back(&mut self) {
        if !self.db.is_autocommit() {
            // If that fails, so does what follows.
            let _ = self.batch("ROLLBACK");
        }
    }

    /// What is in the file, in bytes; the file and its log together are larger.
    ///
    /// # Errors
    /// If the file can't be read.
    pub fn content_bytes(&self) -> Result<u64, ArchiveError> {
        let pragma = |name| {
            let value = self.db.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
            value.map_err(|error| ArchiveError::sqlite(&self.file, error))
        };
        let (pages, bytes) = (pragma("page_count")?, pragma("page_size")?);
        Ok(pages.unsigned_abs() * bytes.unsigned_abs())
    }

    /// Lets the file grow to so many pages only, as if the disk were full then.
    #[cfg(test)]
    pub(crate) fn limit_pages(&self, pages: u32) {
        self.batch(&format!("PRAGMA max_page_count={pages}")).expect("a limit");
    }

    /// Notes how many events have been lost in all.
    ///
    /// # Errors
    /// As [`Self::commit`].
    pub fn set_lost(&self, lost: u64) -> Written {
        self.set_meta(meta::LOST, &lost.to_string())
    }

    /// Commits, notes how the recording ended, and leaves one complete file, if nobody else has it
    /// open. `early` is the reason if it was not stopped by the operator.
    ///
    /// # Errors
    /// As [`Self::commit`], or if another program holds the file. What was committed before stays.
    pub fn finish(self, end: i64, early: Option<&str>) -> Written {
        self.note_end(end, early)?;
        self.merge();
        self.db.close().map_err(|(_, error)| ArchiveError::sqlite(&self.file, error))
    }

    /// Commits, and notes how the recording ended, as [`Self::finish`] does.
    ///
    /// # Errors
    /// As [`Self::finish`].
    pub fn note_end(&self, end: i64, early: Option<&str>) -> Written {
        self.batch("PRAGMA busy_timeout=500")?;
        if self.db.is_autocommit() {
            self.batch("BEGIN IMMEDIATE")?;
        }
        self.set_meta(meta::END_US, &end.to_string())?;
        self.set_meta(meta::ENDING, early.unwrap_or(meta::WHOLE))?;
        self.batch("COMMIT")
    }

    /// Puts SQLite's log into the file, and removes it; returns whether all is in the file. While
    /// somebody reads, or if the disk is full or fails, the log stays beside it, and part of it.
    pub fn merge(&self) -> bool {
        let is_in_file = self.put_log_into_file();
        // The log's name stays while anybody has the file open; it is empty then.
        is_in_file && self.batch("PRAGMA journal_mode=DELETE").is_ok()
    }

    /// As [`Self::merge`], for a file that was moved or removed: leaves what has its name now, and
    /// that of its log, alone.
    pub fn merge_moved(&self) -> bool {
        self.put_log_into_file()
    }

    fn put_log_into_file(&self) -> bool {
        let busy =
            self.db.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get::<_, bool>(0));
        matches!(busy, Ok(false))
    }

    /// Adds a person; returns their number.
    ///
    /// # Errors
    /// As [`Self::commit`].
    pub fn person(&self, subject: &str, name: Option<&str>) -> Result<i64, ArchiveError> {
        self.insert("INSERT INTO person (subject, name) VALUES (?, ?)", params![subject, name])
    }

    /// Gives a person another subject.
    ///
    /// # Errors
    /// As [`Self::commit`], or if somebody else has it.
    pub fn set_subject(&self, person: i64, subject: &str) -> Written {
        self.run("UPDATE person SET subject = ? WHERE id = ?", params![subject, person])
    }

    /// Changes what the operator's sentences and marks say. `change` is given each that contains
    /// `text`, and returns what it becomes.
    ///
    /// # Errors
    /// As [`Self::commit`].
    pub fn reword(&self, text: &str, change: impl Fn(&str) -> String) -> Written {
        let reword = || {
            for (select, update) in [
                (
                    "SELECT id, data FROM event WHERE kind = 'operated' AND instr(data, ?) > 0",
                    "UPDATE event SET data = ? WHERE id = ?",
                ),
                (
                    "SELECT id, label FROM marker WHERE person IS NULL AND instr(label, ?) > 0",
                    "UPDATE marker SET label = ? WHERE id = ?",
                ),
            ] {
                let mut select = self.db.prepare(select)?;
                let found = select.query_map([text], |row| Ok((row.get(0)?, row.get(1)?)))?;
                for (id, old) in found.collect::<Result<Vec<(i64, String)>, _>>()? {
                    self.db.execute(update, params![change(&old), id])?;
                }
            }
            Ok(())
        };
        reword().map_err(|error| ArchiveError::sqlite(&self.file, error))
    }

    /// Adds a room, unless it is there already; returns its number.
    ///
    /// # Errors
    /// As [`Self::commit`].
    pub fn room(&self, name: &str) -> Result<i64, ArchiveError> {
        let known = || {
            self.db
                .prepare_cached("SELECT id FROM room WHERE name = ?")?
                .query_row([name], |row| row.get(0))
                .optional()
        };
        match known().map_err(|error| ArchiveError::sqlite(&self.file, error))? {
            Some(id) => Ok(id),
            None => self.insert("INSERT INTO room (name) VALUES (?)", params![name]),
        }
    }

    /// Adds a stay; returns its number, a pose's `member`.
    ///
    /// # Errors
    /// As [`Self::commit`].
    pub fn join(&self, person: i64, room: i64, time: i64) -> Result<i64, ArchiveError> {
        let row = params![person, room, time];
        self.insert("INSERT INTO member (person, room, joined_at) VALUES (?, ?, ?)", row)
    }

    /// Ends a stay.
    ///
    /// # Errors
    /// As [`Self::commit`].
    pub fn leave(&self, member: i64, time: i64) -> Written {
        self.run("UPDATE member SET left_at = ? WHERE id = ?", params![time, member])
    }

    /// Adds a pose.
    ///
    /// # Errors
    /// As [`Self::commit`].
    pub fn pose(&self, row: &PoseRow) -> Written {
        let ([px, py, pz], [rx, ry, rz]) = (row.pose.pos, row.pose.rot);
        self.run(
            "INSERT INTO pose (time, member, pos_x, pos_y, pos_z, rot_x, rot_y, rot_z, client_time)
             VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            params![row.time, row.member, px, py, pz, rx, ry, rz, row.client_time],
        )
    }

    /// Adds an event.
    ///
    /// # Errors
    /// As [`Self::commit`].
    pub fn event(&self, row: &EventRow) -> Written {
        let EventRow { time, kind, person, room, type_, data, code, count } = row;
        self.run(
            "INSERT INTO event (time, kind, person, room, type, data, code, count)
             VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            params![time, kind.name(), person, room, type_, data, code, count],
        )
    }

    /// Adds a marker; returns its number, with which an interval is ended.
    ///
    /// # Errors
    /// As [`Self::commit`].
    pub fn marker(&self, row: &MarkerRow) -> Result<i64, ArchiveError> {
        let MarkerRow { time, end, is_interval, label, person, room } = row;
        self.insert(
            "INSERT INTO marker (time, end_time, is_interval, label, person, room)
             VALUES (?, ?, ?, ?, ?, ?)",
            params![time, end, is_interval, label, person, room],
        )
    }

    /// Ends an interval.
    ///
    /// # Errors
    /// As [`Self::commit`].
    pub fn end_interval(&self, marker: i64, time: i64) -> Written {
        self.run("UPDATE marker SET end_time = ? WHERE id = ?", params![time, marker])
    }

    /// Adds a clock probe.
    ///
    /// # Errors
    /// As [`Self::commit`].
    pub fn probe(&self, row: &ProbeRow) -> Written {
        let ProbeRow { person, client, received, sent } = row;
        self.run(
            "INSERT INTO probe (person, client, received, sent) VALUES (?, ?, ?, ?)",
            params![person, client, received, sent],
        )
    }

    /// Adds a round trip.
    ///
    /// # Errors
    /// As [`Self::commit`].
    pub fn round_trip(&self, row: &RoundTripRow) -> Written {
        self.run(
            "INSERT INTO round_trip (time, person, micros) VALUES (?, ?, ?)",
            params![row.time, row.person, row.micros],
        )
    }

    /// Adds a late tick.
    ///
    /// # Errors
    /// As [`Self::commit`].
    pub fn late_tick(&self, row: &LateTick) -> Written {
        self.run(
            "INSERT INTO late_tick (time, room, micros) VALUES (?, ?, ?)",
            params![row.time, row.room, row.micros],
        )
    }

    /// Notes how much of `what` has been left out in all.
    ///
    /// # Errors
    /// As [`Self::commit`].
    pub fn left_out(&self, what: &str, count: u64) -> Written {
        let count = i64::try_from(count).unwrap_or(i64::MAX);
        self.run(
            "INSERT OR REPLACE INTO left_out (what, count) VALUES (?, ?)",
            params![what, count],
        )
    }

    fn set_meta(&self, key: &str, value: &str) -> Written {
        self.run("INSERT OR REPLACE INTO meta (key, value) VALUES (?, ?)", params![key, value])
    }

    fn insert(&self, sql: &str, row: &[&dyn ToSql]) -> Result<i64, ArchiveError> {
        self.run(sql, row)?;
        Ok(self.db.last_insert_rowid())
    }

    fn run(&self, sql: &str, row: &[&dyn ToSql]) -> Written {
        let run = || self.db.prepare_cached(sql)?.execute(row);
        run().map(drop).map_err(|error| ArchiveError::sqlite(&self.file, error))
    }

    fn batch(&self, sql: &str) -> Written {
        self.db.execute_batch(sql).map_err(|error| ArchiveError::sqlite(&self.file, error))
    }
}

/// Makes an empty file that only its owner can read; SQLite gives its log the same permissions.
fn create_file(file: &Path) -> Written {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(file).map(drop).map_err(|error| match error.kind() {
        std::io::ErrorKind::AlreadyExists => ArchiveError::Exists(file.to_owned()),
        _ => ArchiveError::File { file: file.to_owned(), reason: error.to_string() },
    })
}
