//! Reads a recording with SQLite alone, and sets the stage for one.

use std::path::{Path, PathBuf};

use rusqlite::types::FromSql;
use rusqlite::{Connection, OpenFlags, Row};
use tempfile::TempDir;
use vrlobby::Settings;
use vrlobby::model::RecordingFields;
use vrlobby::operator::{Command, RecordingProgress, RecordingStatus};

use crate::support::hall::{FPS, Hall};

/// A server that records into `session.db` from the start, in a folder of its own.
pub(super) fn recorded(fields: RecordingFields) -> (Hall, TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("session.db");
    let mut settings = Settings { fps: FPS, ..Settings::default() };
    settings.recording.path = Some(file.clone());
    settings.recording.fields = fields;
    (Hall::set(settings), folder, file)
}

/// What starts a recording into `path`, with the defaults.
pub(super) fn record(path: &Path) -> Command {
    Command::StartRecording { path: Some(path.to_owned()), fields: RecordingFields::default() }
}

/// What is in a folder, sorted.
pub(super) fn names_in(folder: &Path) -> Vec<String> {
    let entries = folder.read_dir().expect("a folder");
    let name = |entry: std::io::Result<std::fs::DirEntry>| {
        entry.expect("an entry").file_name().into_string().expect("text")
    };
    let mut names: Vec<String> = entries.map(name).collect();
    names.sort();
    names
}

pub(super) fn running(status: &RecordingStatus) -> Option<&RecordingProgress> {
    match status {
        RecordingStatus::Running(progress) => Some(progress),
        _ => None,
    }
}

/// A recording as any SQLite client sees it.
pub(super) struct Db(Connection);

impl Db {
    pub(super) fn open(file: &Path) -> Self {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY;
        Self(Connection::open_with_flags(file, flags).expect("a database"))
    }

    pub(super) fn rows<T>(
        &self,
        sql: &str,
        read: impl FnMut(&Row<'_>) -> Result<T, rusqlite::Error>,
    ) -> Vec<T> {
        let mut statement = self.0.prepare(sql).expect("SQL");
        let rows = statement.query_map([], read).expect("rows");
        rows.collect::<Result<_, _>>().expect("values")
    }

    /// The first column of each row.
    pub(super) fn column<T: FromSql>(&self, sql: &str) -> Vec<T> {
        self.rows(sql, |row| row.get(0))
    }

    pub(super) fn one<T: FromSql>(&self, sql: &str) -> T {
        let mut column = self.column(sql);
        assert_eq!(column.len(), 1, "{sql}");
        column.remove(0)
    }

    pub(super) fn ending(&self) -> Option<String> {
        self.column("SELECT value FROM meta WHERE key = 'ending'").pop()
    }
}
