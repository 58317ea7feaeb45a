//! What a recording says about itself.

use crate::model::{RecordingFields, Timestamp};

/// What a recording says about itself.
#[derive(Clone, Debug, PartialEq)]
pub struct About {
    /// The program that made it, as `vrlobby 0.1.0`.
    pub program: String,
    /// When it started, on the server's clock; the anchor of every other time.
    pub start: Timestamp,
    /// The same in the local time of the machine, as RFC 3339.
    pub start_local: String,
    /// What the operator wrote into it, and the conventions of its numbers. Of the privacy
    /// settings it has `names` and `chat` only.
    pub fields: RecordingFields,
    /// How it ended.
    pub ending: Ending,
    /// Microseconds from its start up to which it is complete.
    pub end: i64,
    /// Events lost because the disk could not keep up.
    pub lost: u64,
}

/// How a recording ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ending {
    /// It was stopped.
    Whole,
    /// It stopped by itself, for this reason.
    Early(String),
    /// It is still being written, or the program or the machine died.
    Interrupted,
}

impl Ending {
    /// `whole`, `interrupted`, or the reason for an early end.
    pub fn name(&self) -> &str {
        match self {
            Self::Whole => "whole",
            Self::Early(reason) => reason,
            Self::Interrupted => "interrupted",
        }
    }
}

/// Someone whose data is in a recording.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// The number in the tables.
    pub id: i64,
    /// The pseudonym.
    pub subject: String,
    /// The user's name, if names are recorded.
    pub name: Option<String>,
}

/// A room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Room {
    /// The number in the tables.
    pub id: i64,
    /// Its name.
    pub name: String,
}

/// One stay of one user in one room. Times are in microseconds since the start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stay {
    /// The number in the tables: a pose's `member`.
    pub id: i64,
    /// Whose.
    pub person: i64,
    /// Where.
    pub room: i64,
    /// When it began.
    pub joined: i64,
    /// When it ended; `None` if it lasted to the end or an interruption.
    pub left: Option<i64>,
}

/// What was left out for want of consent or by choice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeftOut {
    /// What: `people`, `poses`, `messages` and so on.
    pub what: String,
    /// How many.
    pub count: u64,
}
