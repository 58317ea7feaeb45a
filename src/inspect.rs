//! Tells what is in a recording: who, when, how well.

mod clocks;
mod figures;
mod format;
mod gather;
mod report;
mod rhythm;
#[cfg(test)]
mod tests;
mod text;
mod user;
mod verdict;

use std::path::Path;
use std::time::Duration;

pub use self::report::{
    Clock, ClockStep, Gaps, Inspection, Line, Loss, Marker, Meaning, RateChange, Redaction,
    Silence, Spread, State, Stay, User,
};
use crate::archive::{Archive, ArchiveError, Ending};
use crate::clock;

/// A recorder puts something on disk more often than this, if only the time.
const RECORDERS_WAIT: Duration = Duration::from_millis(500);

impl Inspection {
    /// Reads a recording: whole, interrupted, or while it is being written. Of one that has not
    /// ended this takes half a second at least, which shows whether it is being written.
    ///
    /// # Errors
    /// If the file can't be read, is no recording, is damaged, or has another version of the
    /// schema.
    pub fn of(file: &Path) -> Result<Self, ArchiveError> {
        let started = clock::monotonic();
        Self::read(file, || {
            clock::sleep_thread(RECORDERS_WAIT.saturating_sub(started.elapsed()));
        })
    }

    /// The same with another way to wait for a recorder.
    fn read(file: &Path, wait: impl FnOnce()) -> Result<Self, ArchiveError> {
        let archive = Archive::open(file)?;
        let mut inspection = gather::gather(&archive)?;
        if archive.about().ending == Ending::Interrupted {
            wait();
            let later = Archive::open(file)?;
            if later.about() != archive.about() {
                inspection.state = State::Recording;
            }
        }
        for user in &mut inspection.users {
            user.verdict = verdict::of_user(user);
        }
        inspection.verdict = verdict::of_recording(&inspection);
        Ok(inspection)
    }
}
