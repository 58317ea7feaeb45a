//! Connections that were refused before they reached the hub.

use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::Mutex;

/// Connections that were refused, and why the last one was.
#[derive(Debug, Default)]
pub(crate) struct Refused {
    total: AtomicU64,
    last: Mutex<String>,
}

impl Refused {
    pub(crate) fn total(&self) -> u64 {
        self.total.load(Ordering::Relaxed)
    }

    pub(crate) fn last(&self) -> String {
        self.last.lock().clone()
    }

    pub(crate) fn add(&self, why: impl FnOnce() -> String) {
        self.total.fetch_add(1, Ordering::Relaxed);
        *self.last.lock() = why();
    }
}
