//! The key file beside a recording: who the subjects are.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::ops::Range;
use std::path::{Path, PathBuf};

use crate::archive::open::sync_folder;

/// The columns that are read.
const SUBJECT: &str = "subject";
const NAME: &str = "name";

/// The key file of a recording, as it was read.
#[derive(Debug)]
pub(super) struct KeyFile {
    file: PathBuf,
    text: String,
    rows: Vec<Row>,
}

#[derive(Debug)]
struct Row {
    /// Where it is in the text, with the end of its line.
    place: Range<usize>,
    subject: String,
    name: String,
}

impl KeyFile {
    /// Where the key file of a recording is: `session.key.csv` beside `session.db`.
    pub(super) fn path(recording: &Path) -> PathBuf {
        recording.with_extension("key.csv")
    }

    /// Reads the key file of a recording; `None` if there is none.
    ///
    /// # Errors
    /// If it can't be read, or has no column for the subject or the name.
    pub(super) fn read(recording: &Path) -> io::Result<Option<Self>> {
        let file = Self::path(recording);
        let text = match fs::read_to_string(&file) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        let mut records = records(&text).into_iter();
        let (_, header) = records.next().unwrap_or_default();
        let column = |name: &str| {
            let place =
                header.iter().position(|title| title.trim_start_matches('\u{feff}') == name);
            place.ok_or_else(|| io::Error::other(format!("its first line has no column {name:?}")))
        };
        let (subject, name) = (column(SUBJECT)?, column(NAME)?);
        let rows = records.map(|(place, mut fields)| {
            let mut field = |column| fields.get_mut(column).map(std::mem::take).unwrap_or_default();
            Row { place, subject: field(subject), name: field(name) }
        });
        let rows = rows.collect();
        Ok(Some(Self { file, text, rows }))
    }

    /// The file.
    pub(super) fn file(&self) -> &Path {
        &self.file
    }

    /// The names of a subject.
    pub(super) fn names<'a>(&'a self, subject: &str) -> impl Iterator<Item = &'a str> {
        let rows = self.rows.iter().filter(move |row| row.subject == subject);
        rows.map(|row| row.name.as_str())
    }

    /// Takes the rows of a subject out; returns how many there were. The file is replaced by one
    /// step: after a power cut there is the old or the new one.
    ///
    /// # Errors
    /// If the file can't be written; it is as it was then.
    pub(super) fn remove(&self, subject: &str) -> io::Result<u64> {
        let rows = || self.rows.iter().filter(|row| row.subject == subject);
        if rows().next().is_none() {
            return Ok(0);
        }
        let (mut left, mut done) = (String::with_capacity(self.text.len()), 0);
        for row in rows() {
            left.push_str(&self.text[done..row.place.start]);
            done = row.place.end;
        }
        left.push_str(&self.text[done..]);
        let new = self.file.with_extension("csv.new");
        // What an interruption left behind; it may have other permissions.
        if let Err(error) = fs::remove_file(&new)
            && error.kind() != io::ErrorKind::NotFound
        {
            return Err(error);
        }
        let mut file = create_private(&new)?;
        file.write_all(left.as_bytes())?;
        file.sync_all()?;
        fs::rename(&new, &self.file)?;
        sync_folder(&self.file)?;
        Ok(rows().count() as u64)
    }
}

/// Makes a file that only its owner can read.
fn create_private(file: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(file)
}

/// The records of a CSV file (RFC 4180) with their places, line ends included. Empty lines are left
/// out.
fn records(text: &str) -> Vec<(Range<usize>, Vec<String>)> {
    let (mut records, mut start) = (Vec::new(), 0);
    while start < text.len() {
        let (fields, length) = record(&text[start..]);
        if fields.iter().any(|field| !field.is_empty()) {
            records.push((start..start + length, fields));
        }
        start += length;
    }
    records
}

/// The first record of a text, and its length in bytes.
fn record(text: &str) -> (Vec<String>, usize) {
    let (mut fields, mut field, mut is_quoted) = (Vec::new(), String::new(), false);
    let mut chars = text.char_indices().peekable();
    let mut length = text.len();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' if is_quoted && chars.next_if(|(_, next)| *next == '"').is_some() => {
                field.push('"')
            }
            '"' if is_quoted || field.is_empty() => is_quoted = !is_quoted,
            ',' if !is_quoted => fields.push(std::mem::take(&mut field)),
            '\n' if !is_quoted => {
                length = at + 1;
                break;
            }
            '\r' if !is_quoted => {}
            c => field.push(c),
        }
    }
    fields.push(field);
    (fields, length)
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "subject,name,address,first_seen\n\
        S01,Anna,127.0.0.1:5000,2025-11-13T03:13:20Z\r\n\
        S02,\"Bob \"\"the, builder\"\"\nof B\",::1,\n\
        \n\
        S01,Annabel,127.0.0.1:5001,\n\
        S010,Zoë,127.0.0.1:5001,";

    #[test]
    fn rows_of_a_subject_are_removed_and_others_stay_as_they_are() {
        let folder = tempfile::tempdir().unwrap();
        let recording = folder.path().join("a.db");
        assert!(KeyFile::read(&recording).unwrap().is_none());
        let file = folder.path().join("a.key.csv");
        std::fs::write(&file, KEY).unwrap();
        std::fs::write(folder.path().join("a.key.csv.new"), "left by an interruption").unwrap();
        let key = KeyFile::read(&recording).unwrap().unwrap();
        assert_eq!(key.names("S01").collect::<Vec<_>>(), ["Anna", "Annabel"]);
        assert_eq!(key.names("S02").collect::<Vec<_>>(), ["Bob \"the, builder\"\nof B"]);
        assert_eq!(key.names("S010").collect::<Vec<_>>(), ["Zoë"]);
        assert_eq!(key.names("S07").count(), 0);
        assert_eq!(key.remove("S07").unwrap(), 0);
        assert_eq!(std::fs::read_to_string(&file).unwrap(), KEY);
        assert_eq!(key.remove("S01").unwrap(), 2);
        let left: String =
            KEY.split_inclusive('\n').filter(|line| !line.starts_with("S01,")).collect();
        assert_eq!(std::fs::read_to_string(&file).unwrap(), left);
        assert_eq!(folder.path().read_dir().unwrap().count(), 1);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600);
        }
        let key = KeyFile::read(&recording).unwrap().unwrap();
        assert_eq!(key.remove("S02").unwrap(), 1);
        assert_eq!(key.remove("S010").unwrap(), 1);
    }

    #[test]
    fn a_file_without_the_columns_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        for text in ["", "subject;name\nS01;Anna\n", "who,name\n"] {
            std::fs::write(folder.path().join("a.key.csv"), text).unwrap();
            let error = KeyFile::read(&folder.path().join("a.db")).unwrap_err().to_string();
            assert!(error.contains("no column \"subject\""), "{error}");
        }
    }
}
