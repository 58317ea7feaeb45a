//! Which part of a recording is wanted.

/// A part of a recording; the default is all of it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Selection {
    /// Only what happened in this room.
    pub room: Option<String>,
    /// Only what this user did: the subject, or the name if names are recorded.
    pub user: Option<String>,
    /// From here on, in microseconds since the start.
    pub from: Option<i64>,
    /// Up to here, in microseconds since the start, this one excluded.
    pub until: Option<i64>,
}

impl Selection {
    /// Whether a time is within it.
    pub fn covers(&self, time: i64) -> bool {
        self.from.is_none_or(|from| time >= from) && self.until.is_none_or(|until| time < until)
    }
}
