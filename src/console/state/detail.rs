//! The user whose details fill the screen.

use crate::operator::{Snapshot, UserDetail, UserRow};

/// One user in detail; kept after they leave, so that their last values can be read.
#[derive(Clone, Debug, Default)]
pub(crate) struct Detail {
    pub(crate) row: UserRow,
    pub(crate) more: UserDetail,
    pub(crate) gone: bool,
    pub(crate) scroll: usize,
}

impl Detail {
    pub(crate) fn of(row: UserRow) -> Self {
        Self { row, ..Self::default() }
    }

    /// Takes over what a snapshot has on this user.
    pub(crate) fn refresh(&mut self, snapshot: &Snapshot) {
        let session = self.row.session;
        let row = snapshot.users.iter().find(|user| user.session == session);
        self.gone = row.is_none();
        if let Some(row) = row {
            self.row = row.clone();
        }
        let more = snapshot.user.as_ref().filter(|detail| detail.session == session);
        if let Some(more) = more {
            self.more = more.clone();
        }
    }
}
