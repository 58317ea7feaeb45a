//! Takes a person out of a recording.

mod escapes;
mod key;
mod mentions;
mod outcome;
mod rows;

use std::io;
use std::path::Path;

use self::key::KeyFile;
use self::mentions::Mentions;
pub use self::outcome::{KeyRedaction, Redaction};
use self::rows::Rows;
use super::error::ArchiveError;

/// Takes everything that a person did out of a recording, in place, and mentions of their subject
/// and their names out of what others said. Afterwards neither the file nor a log beside it holds
/// any of it. Writes that it did, but not whom it was: an event, and `redacted` in `meta`, which
/// counts people. Then removes them from the key file beside it. `date` is the day on which it is
/// done.
///
/// An interruption leaves the recording as it was, or without the person; then calling it again
/// completes what is left to do.
///
/// # Errors
/// If the file can't be read or written, is no recording, is in use, or has no such subject.
pub fn redact(file: &Path, subject: &str, date: &str) -> Result<Redaction, ArchiveError> {
    let of_key = |error: io::Error| ArchiveError::File {
        file: KeyFile::path(file),
        reason: error.to_string(),
    };
    let key = KeyFile::read(file).map_err(of_key)?;
    let names: Vec<&str> = key.iter().flat_map(|key| key.names(subject)).collect();
    let rows = Rows::open(file)?;
    let person = rows.person(subject)?;
    if person.is_none() && !rows.is_unfinished()? && names.is_empty() {
        return Err(rows.unknown(subject)?);
    }
    rows.lock()?;
    let removed = remove(&rows, person, Mentions::of(names.into_iter().chain([subject])), date);
    // Even after an error, it is to be one file again.
    let closed = rows.close();
    let mut redaction = removed?;
    closed?;
    if let Some(key) = key {
        let rows = key.remove(subject).map_err(of_key)?;
        redaction.key = KeyRedaction::Removed { file: key.file().to_owned(), rows };
    }
    Ok(redaction)
}

fn remove(
    rows: &Rows,
    person: Option<(i64, Option<String>)>,
    mut mentions: Mentions,
    date: &str,
) -> Result<Redaction, ArchiveError> {
    let mut redaction = Redaction { date: date.to_owned(), ..Redaction::default() };
    match person {
        Some((person, name)) => {
            name.iter().for_each(|name| mentions.add(name));
            rows.remove(person, &mentions, &mut redaction)?;
        }
        None => redaction.was_interrupted = true,
    }
    rows.vacuum()?;
    Ok(redaction)
}
