//! The operator's marks on the session's timeline.

use serde::{Deserialize, Serialize};

/// Whether a mark is an instant, or where an interval begins or ends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MarkPhase {
    /// A single moment.
    #[default]
    Instant,
    /// The beginning of an interval.
    Begin,
    /// The end of the interval of the same label that began last.
    End,
}
