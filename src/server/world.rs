//! The server without its listener and its threads: the hub, and the service for connections.
//! A test can give it its own clock and streams.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use tokio::sync::{mpsc, watch};

use crate::clock::Clock;
use crate::config::Settings;
use crate::connection::Flusher;
use crate::hub::{Events, Hub, HubParts, INPUT_QUEUE, Pacing, Refused, Subscriber};
use crate::logging::LogControl;
use crate::model::Budget;
use crate::net::gate::Gates;
use crate::net::serve::Service;
use crate::net::session::Shared;
use crate::operator::OperatorPort;

/// The memory budget if the machine's memory is unknown.
const DEFAULT_BUDGET: usize = 1 << 30;

/// What is needed to make a world.
pub(super) struct WorldParts {
    pub(super) settings: Settings,
    pub(super) clock: Clock,
    pub(super) pacing: Arc<Pacing>,
    /// One for each thread.
    pub(super) flushers: Vec<Arc<Flusher>>,
    pub(super) port: OperatorPort,
    pub(super) log: Option<LogControl>,
    pub(super) events: Events,
    pub(super) stopping: watch::Receiver<bool>,
}

/// A hub, and what connections and event listeners need to reach it.
pub(super) struct World {
    pub(super) hub: Hub,
    pub(super) service: Arc<Service>,
    pub(super) subscriber: Subscriber,
}

impl World {
    pub(super) fn new(parts: WorldParts) -> Self {
        let WorldParts { settings, clock, pacing, flushers, port, log, events, stopping } = parts;
        let limits = settings.limits;
        let budget = Budget::new(limits.memory_bytes.unwrap_or_else(quarter_of_memory));
        let (hub_sender, inputs) = mpsc::channel(INPUT_QUEUE);
        let (subscriber, subscriptions) = Subscriber::new();
        let refused = Arc::new(Refused::default());
        let round_trips_wanted = Arc::new(AtomicBool::new(false));
        let hub = Hub::new(HubParts {
            inputs,
            subscriptions,
            port,
            clock,
            limits: limits.clone(),
            budget: budget.clone(),
            fps: settings.fps,
            flushers,
            events,
            pacing: pacing.clone(),
            refused: refused.clone(),
            round_trips_wanted: round_trips_wanted.clone(),
            log,
        });
        let gates = Gates::new(limits.queue_bytes);
        let shared =
            Shared { clock, limits, budget, hub: hub_sender, pacing, gates, round_trips_wanted };
        let service = Service { shared: Arc::new(shared), refused, stopping };
        Self { hub, service: Arc::new(service), subscriber }
    }
}

/// A quarter of the machine's memory, in bytes.
fn quarter_of_memory() -> usize {
    #[cfg(target_os = "linux")]
    {
        let info = rustix::system::sysinfo();
        let total = (info.totalram as u64).saturating_mul(u64::from(info.mem_unit.max(1)));
        if total > 0 {
            return usize::try_from(total / 4).unwrap_or(usize::MAX);
        }
    }
    DEFAULT_BUDGET
}
