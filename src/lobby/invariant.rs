//! Broken invariants, which must not pass unnoticed.

use crate::protocol::Refusal;

/// Logs that an invariant does not hold; a debug build, and so a test, panics.
pub(crate) fn report(broken: &Refusal) {
    tracing::error!("internal error, please report it: {}", broken.reason);
    debug_assert!(false, "{}", broken.reason);
}
