//! What a redaction has done.

use std::fmt;
use std::path::PathBuf;

use serde::Serialize;

/// What was taken out of a recording.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Redaction {
    /// The day on which it was done, as `2025-11-13`.
    pub date: String,
    /// Poses.
    pub poses: u64,
    /// Stays in rooms.
    pub stays: u64,
    /// Messages, refused requests and all else in the table `event`.
    pub events: u64,
    /// Markers.
    pub markers: u64,
    /// Clock probes.
    pub probes: u64,
    /// Round trips.
    pub round_trips: u64,
    /// Mentions in what others said, in markers, in the names of rooms and in fields.
    pub mentions: u64,
    /// What was done to the key file.
    #[serde(skip)]
    pub key: KeyRedaction,
    /// They had been taken out before, and only what an interruption had left was completed.
    #[serde(skip)]
    pub was_interrupted: bool,
}

/// What a redaction did to the key file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum KeyRedaction {
    /// There is none. Unless names are recorded, mentions by name were not looked for.
    #[default]
    Missing,
    /// So many rows of it were removed.
    Removed {
        /// The key file.
        file: PathBuf,
        /// How many.
        rows: u64,
    },
}

impl fmt::Display for Redaction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.was_interrupted {
            f.write_str("completed a redaction that had been interrupted")?;
        } else {
            let counts = [
                (self.poses, "pose"),
                (self.stays, "stay"),
                (self.events, "event"),
                (self.markers, "marker"),
                (self.probes, "clock probe"),
                (self.round_trips, "round trip"),
            ];
            f.write_str("removed ")?;
            for (number, what) in counts {
                write!(f, "{}, ", count(number, what))?;
            }
            write!(f, "and {} in what others said", count(self.mentions, "mention"))?;
        }
        match &self.key {
            KeyRedaction::Missing => f.write_str(
                "\nThere is no key file beside it: mentions by name were looked for only if \
                     the recording has names",
            ),
            KeyRedaction::Removed { file, rows } => {
                write!(f, "\n{}: removed {}", file.display(), count(*rows, "row"))
            }
        }
    }
}

fn count(n: u64, what: &str) -> String {
    format!("{n} {what}{}", if n == 1 { "" } else { "s" })
}
