//! Space on the disk.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::failure::Failure;

const MIB: u64 = 1 << 20;

/// A recording does not start with less free space.
const FLOOR: u64 = 64 * MIB;

/// A recording ends by itself with less free space, so that it is complete.
const LAST: u64 = 16 * MIB;

/// What one user who sends 72 poses a second adds in a second, in bytes.
const BYTES_PER_USER: f64 = 72.0 * 75.0;

/// The free space in a folder.
#[derive(Clone, Debug)]
pub(super) struct Space {
    folder: PathBuf,
}

impl Space {
    /// The space for a file.
    pub(super) fn around(file: &Path) -> Self {
        Self { folder: file.parent().unwrap_or(Path::new("/")).to_owned() }
    }

    /// Free bytes; `None` where the system does not tell.
    pub(super) fn free(&self) -> Option<u64> {
        #[cfg(unix)]
        {
            let stat = rustix::fs::statvfs(&self.folder).ok()?;
            // Some file systems don't count at all.
            (stat.f_blocks > 0).then(|| stat.f_bavail.saturating_mul(stat.f_frsize))
        }
        #[cfg(not(unix))]
        None
    }

    /// Checks that there is enough to start with.
    ///
    /// # Errors
    /// How much is free, if that is too little.
    pub(super) fn check_start(&self) -> Result<(), Failure> {
        let advice =
            "a recording starts with 64 MiB at least; make room, or record to another disk";
        self.check(FLOOR, advice)
    }

    /// Checks that there is enough to go on.
    ///
    /// # Errors
    /// How much is free, if that is too little.
    pub(super) fn check_going_on(&self) -> Result<(), Failure> {
        self.check(LAST, "a recording needs 16 MiB to end well")
    }

    fn check(&self, least: u64, advice: &'static str) -> Result<(), Failure> {
        match self.free() {
            Some(free) if free < least => {
                let (free, folder) = (show_bytes(free), self.folder.display());
                Err(Failure::Other(format!("only {free} are free in {folder}: {advice}")))
            }
            _ => Ok(()),
        }
    }

    /// What is free, and for how long that is enough, as words for the operator.
    pub(super) fn outlook(&self, users: usize) -> String {
        let Some(free) = self.free() else { return String::new() };
        let users = if users == 0 { 20 } else { users };
        let hours = free as f64 / (users as f64 * BYTES_PER_USER) / 3600.0;
        let hours = if hours < 10.0 { format!("{hours:.1}") } else { format!("{hours:.0}") };
        let s = if users == 1 { "" } else { "s" };
        format!(
            "; {} free, enough for about {hours} h of {users} user{s} at 72 Hz",
            show_bytes(free)
        )
    }
}

/// How long `free` bytes last.
pub(super) fn lasts(free: u64, bytes_per_s: f64) -> Option<Duration> {
    let seconds = free as f64 / bytes_per_s;
    // Durations beyond this don't exist.
    (bytes_per_s > 0.0 && seconds < 1e15).then(|| Duration::from_secs_f64(seconds))
}

/// As `1.5 GiB`.
pub(super) fn show_bytes(bytes: u64) -> String {
    let mib = bytes as f64 / MIB as f64;
    if mib < 1024.0 { format!("{mib:.1} MiB") } else { format!("{:.1} GiB", mib / 1024.0) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn space_is_told_in_hours() {
        assert_eq!(lasts(7200, 1.0), Some(Duration::from_secs(7200)));
        assert_eq!(lasts(7200, 0.0), None);
        assert_eq!(show_bytes(3 << 29), "1.5 GiB");
        let outlook = Space::around(&std::env::temp_dir().join("x.db")).outlook(1);
        assert!(outlook.is_empty() || outlook.contains("h of 1 user at 72 Hz"), "{outlook}");
    }

    #[test]
    fn too_little_space_is_refused_with_how_much_there_is() {
        let space = Space::around(&std::env::temp_dir().join("x.db"));
        if let Some(free) = space.free() {
            space.check(free / 2, "").unwrap();
            let error = space.check(free * 2, "make room").unwrap_err().to_string();
            assert!(error.contains("are free in") && error.contains("make room"), "{error}");
        }
    }
}
