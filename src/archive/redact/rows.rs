//! The rows of a recording that is changed.

use std::path::{Path, PathBuf};

use rusqlite::{Connection, ErrorCode, OptionalExtension, ToSql, params};

use super::mentions::Mentions;
use super::outcome::Redaction;
use crate::archive::error::ArchiveError;
use crate::archive::meta;
use crate::archive::open::{open_to_change, sync_folder};
use crate::archive::row::EventKind;
use crate::model::LOBBY;

/// The entry of `meta` that counts the people who were removed.
const REDACTED: &str = "redacted";

/// The entry of `meta` that is there from a removal until the file has been rewritten.
const UNFINISHED: &str = "redaction_unfinished";

/// A recording that is changed.
#[derive(Debug)]
pub(super) struct Rows {
    db: Connection,
    file: PathBuf,
}

type Changed<T = ()> = Result<T, ArchiveError>;

impl Rows {
    /// Opens a recording.
    pub(super) fn open(file: &Path) -> Changed<Self> {
        Ok(Self { db: open_to_change(file)?, file: file.to_owned() })
    }

    /// Locks the recording, which may be open nowhere else, and takes in its log.
    pub(super) fn lock(&self) -> Changed {
        // Whoever records has it open all the time: no use in waiting.
        self.batch("PRAGMA busy_timeout=0; PRAGMA journal_mode=DELETE")?;
        // If the log came back after a power cut, it would undo the removal.
        self.sync_folder()?;
        // With a log, an interruption leaves a file that can be read, even by those who can't
        // write. Deleted content is overwritten.
        self.batch(
            "PRAGMA locking_mode=EXCLUSIVE;
             PRAGMA journal_mode=WAL;
             PRAGMA synchronous=FULL;
             PRAGMA secure_delete=ON;
             PRAGMA foreign_keys=OFF;
             PRAGMA cache_size=-16384",
        )
    }

    /// The number and the recorded name of a subject.
    pub(super) fn person(&self, subject: &str) -> Changed<Option<(i64, Option<String>)>> {
        self.with(|db| {
            db.query_row("SELECT id, name FROM person WHERE subject = ?", [subject], |row| {
                Ok((row.get(0)?, row.get(1)?))
            })
            .optional()
        })
    }

    /// The error that tells which subjects there are.
    pub(super) fn unknown(&self, subject: &str) -> Changed<ArchiveError> {
        let known: Vec<String> = self.with(|db| {
            let mut people = db.prepare("SELECT subject FROM person ORDER BY id")?;
            people.query_map([], |row| row.get(0))?.collect()
        })?;
        let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
        let (file, name) = (self.file.clone(), subject.to_owned());
        Ok(ArchiveError::Unknown { file, what: "subject", name, known })
    }

    /// Whether a removal was interrupted before the file had been rewritten.
    pub(super) fn is_unfinished(&self) -> Changed<bool> {
        self.with(|db| db.prepare("SELECT 1 FROM meta WHERE key = ?")?.exists([UNFINISHED]))
    }

    /// Removes a person and mentions of them, in one transaction, and counts what it removes.
    pub(super) fn remove(
        &self,
        person: i64,
        mentions: &Mentions,
        redaction: &mut Redaction,
    ) -> Changed {
        self.batch("BEGIN IMMEDIATE")?;
        let poses = "DELETE FROM pose WHERE member IN (SELECT id FROM member WHERE person = ?)";
        redaction.poses = self.run(poses, &[&person])?;
        for (table, count) in [
            ("event", &mut redaction.events),
            ("marker", &mut redaction.markers),
            ("probe", &mut redaction.probes),
            ("round_trip", &mut redaction.round_trips),
            ("member", &mut redaction.stays),
        ] {
            *count = self.run(&format!("DELETE FROM {table} WHERE person = ?"), &[&person])?;
        }
        self.run("DELETE FROM person WHERE id = ?", &[&person])?;
        redaction.mentions = self.remove_mentions(mentions)?;
        self.note(redaction)?;
        self.batch("COMMIT")
    }

    /// Rewrites the file, so that nothing of what was removed is left between its rows.
    pub(super) fn vacuum(&self) -> Changed {
        self.batch("PRAGMA wal_checkpoint(TRUNCATE); VACUUM")?;
        self.run("DELETE FROM meta WHERE key = ?", &[&UNFINISHED]).map(drop)
    }

    /// Leaves one complete file.
    pub(super) fn close(self) -> Changed {
        self.batch("PRAGMA wal_checkpoint(TRUNCATE); PRAGMA journal_mode=DELETE")?;
        self.sync_folder()?;
        self.db.close().map_err(|(_, error)| ArchiveError::sqlite(&self.file, error))
    }

    fn remove_mentions(&self, mentions: &Mentions) -> Changed<u64> {
        let mut count = 0;
        let text = |text: &str| mentions.replace(text);
        let json = |text: &str| mentions.replace_json(text);
        // The column, which of its rows, and whether it holds JSON.
        let said = EventKind::Said.name();
        count += self.replace("event", "type", "type IS NOT NULL", text)?;
        count += self.replace("event", "data", &format!("kind = '{said}'"), json)?;
        let others = format!("kind != '{said}' AND data IS NOT NULL");
        count += self.replace("event", "data", &others, text)?;
        count += self.replace("marker", "label", "TRUE", text)?;
        count += self.replace("room", "name", &format!("name != '{LOBBY}'"), text)?;
        count += self.replace("meta", "value", &meta::is_free_text("key"), text)?;
        count += self.replace("meta", "key", &meta::is_own_field("key"), text)?;
        Ok(count)
    }

    /// Replaces mentions in a column; returns how many there were.
    fn replace(
        &self,
        table: &str,
        column: &str,
        wanted: &str,
        replaced: impl Fn(&str) -> Option<(String, u64)>,
    ) -> Changed<u64> {
        let row = if table == "meta" { "key" } else { "id" };
        let (mut changes, mut count) = (Vec::new(), 0);
        self.with(|db| {
            let select = format!("SELECT {row}, {column} FROM {table} WHERE {wanted}");
            let mut select = db.prepare(&select)?;
            let mut rows = select.query([])?;
            while let Some(row) = rows.next()? {
                if let Some((text, mentions)) = replaced(row.get_ref(1)?.as_str()?) {
                    count += mentions;
                    changes.push((row.get::<_, rusqlite::types::Value>(0)?, text));
                }
            }
            Ok(())
        })?;
        let update = format!("UPDATE {table} SET {column} = ? WHERE {row} = ?");
        for (key, text) in changes {
            self.update_unique(&update, &key, &text)?;
        }
        Ok(count)
    }

    /// Updates a row. Where the text must not be there twice, it gets a number.
    fn update_unique(&self, update: &str, key: &dyn ToSql, text: &str) -> Changed {
        let mut number = 1;
        let mut unique = text.to_owned();
        loop {
            let updated = self
                .db
                .prepare_cached(update)
                .and_then(|mut update| update.execute(params![unique, key]));
            match updated {
                Err(error) if error.sqlite_error_code() == Some(ErrorCode::ConstraintViolation) => {
                    number += 1;
                    unique = format!("{text} {number}");
                }
                updated => return updated.map(drop).map_err(|error| self.error(error)),
            }
        }
    }

    /// Writes that somebody was removed.
    fn note(&self, redaction: &Redaction) -> Changed {
        let data = serde_json::to_string(redaction).unwrap_or_default();
        // After all that was recorded, so that the order of rows stays that of time.
        self.run(
            "INSERT INTO event (time, kind, data)
             SELECT max(
                 coalesce((SELECT max(time) FROM event), 0),
                 coalesce((SELECT CAST(value AS INTEGER) FROM meta WHERE key = ?), 0)
             ), ?, ?",
            params![meta::END_US, EventKind::Redacted.name(), data],
        )?;
        self.run(
            "INSERT INTO meta (key, value) VALUES (?, '1')
             ON CONFLICT DO UPDATE SET value = CAST(value AS INTEGER) + 1",
            &[&REDACTED],
        )?;
        self.run("INSERT OR REPLACE INTO meta (key, value) VALUES (?, 'yes')", &[&UNFINISHED])?;
        Ok(())
    }

    fn sync_folder(&self) -> Changed {
        sync_folder(&self.file).map_err(|error| ArchiveError::File {
            file: self.file.clone(),
            reason: error.to_string(),
        })
    }

    fn batch(&self, sql: &str) -> Changed {
        self.with(|db| db.execute_batch(sql))
    }

    fn run(&self, sql: &str, row: &[&dyn ToSql]) -> Changed<u64> {
        self.with(|db| db.execute(sql, row)).map(|rows| rows as u64)
    }

    fn with<T>(&self, change: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> Changed<T> {
        change(&self.db).map_err(|error| self.error(error))
    }

    fn error(&self, error: rusqlite::Error) -> ArchiveError {
        if error.sqlite_error_code() != Some(ErrorCode::DiskFull) {
            return ArchiveError::sqlite(&self.file, error);
        }
        let reason = "the disk is full; taking somebody out needs as much free space as the file \
                      has, beside it and in the folder for temporary files (SQLITE_TMPDIR)";
        ArchiveError::File { file: self.file.clone(), reason: reason.to_owned() }
    }
}
