//! What the ghosts of a replay share with each other and with whoever directs them.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize};

use parking_lot::Mutex;

use super::lateness::Lateness;
use super::roster::Roster;
use crate::client::Target;

/// Actions that may wait for a ghost: far more than come within the time after which a connection
/// that takes nothing is lost.
pub(super) const ACTIONS: usize = 4096;

/// What all ghosts of a replay share.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) target: Target,
    pub(super) roster: Arc<Roster>,
    pub(super) password: String,
    /// How many are logged in.
    pub(super) online: AtomicUsize,
    pub(super) poses: AtomicU64,
    pub(super) skipped: AtomicU64,
    pub(super) refused: AtomicU64,
    pub(super) refusal: Mutex<Option<String>>,
    pub(super) lateness: Mutex<Lateness>,
}

/// What a ghost reports.
#[derive(Debug)]
pub(super) enum Report {
    /// It has done all that came before [`Action::Report`].
    InPlace { ghost: usize, generation: u64 },
    /// The operator has sent it away.
    SentAway,
}
