//! What a recording leaves out, counted.

use crate::archive::{ArchiveError, Writer};

/// How much has been left out.
#[derive(Debug, Default)]
pub(super) struct LeftOut {
    /// Of whom there is nothing.
    pub(super) people: u64,
    pub(super) poses: u64,
    pub(super) messages: u64,
    pub(super) requests: u64,
    pub(super) probes: u64,
    pub(super) round_trips: u64,
    /// Messages that are left out whoever sent them.
    pub(super) chat: u64,
    /// What the file says.
    noted: [u64; 6],
}

impl LeftOut {
    /// Poses and events of users whose data is not kept.
    pub(super) fn without_consent(&self) -> u64 {
        self.poses + self.messages + self.requests + self.probes + self.round_trips
    }

    /// Writes what has changed.
    ///
    /// # Errors
    /// If it can't be written.
    pub(super) fn note(&mut self, to: &Writer) -> Result<(), ArchiveError> {
        let counts = [
            ("people", self.people),
            ("poses", self.poses),
            ("messages", self.messages + self.chat),
            ("requests", self.requests),
            ("probes", self.probes),
            ("round_trips", self.round_trips),
        ];
        for ((what, count), noted) in counts.into_iter().zip(&mut self.noted) {
            if count != *noted {
                to.left_out(what, count)?;
                *noted = count;
            }
        }
        Ok(())
    }
}
