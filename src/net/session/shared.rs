//! What all sessions share.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use tokio::sync::mpsc;

use crate::clock::Clock;
use crate::hub::{Input, Pacing};
use crate::model::{Budget, Limits};
use crate::net::gate::Gates;

/// What all sessions share.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) clock: Clock,
    pub(crate) limits: Limits,
    pub(crate) budget: Budget,
    pub(crate) hub: mpsc::Sender<Input>,
    pub(crate) pacing: Arc<Pacing>,
    pub(crate) gates: Gates,
    /// Whether the hub wants every round trip, not only those of clients that compare clocks.
    pub(crate) round_trips_wanted: Arc<AtomicBool>,
}
