//! Logs the hub's events, as `tracing` events.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::time::Duration;

use tracing::field::display;
use tracing::level_filters::LevelFilter;

use crate::clock::{self, Instant};
use crate::hub::EventReceiver;
use crate::lobby::event::{EventKind, Interest, LobbyEvent};
use crate::logging::RateLimitedLog;
use crate::model::{SessionId, Timestamp, UserName};
use crate::protocol::Code;

/// What the log shows as the place where these things happen.
const TARGET: &str = "vrlobby::lobby";

/// Events that may wait for the log.
pub(super) const QUEUE: usize = 8192;

const SECOND: Duration = Duration::from_secs(1);

/// Which events the log needs, at the level that is captured now.
pub(super) fn interest() -> Interest {
    let level = LevelFilter::current();
    Interest {
        presence: level >= LevelFilter::INFO,
        messages: level >= LevelFilter::TRACE,
        ..Interest::default()
    }
}

/// Logs events until the hub is gone.
pub(super) async fn keep(mut events: EventReceiver) {
    let mut log = Log::default();
    loop {
        // Sleeps until there is an event; after a refusal, wakes once more to log how many were left out.
        let event = match log.wake {
            None => events.recv().await,
            Some(wake) => match tokio::time::timeout_at(wake, events.recv()).await {
                Ok(event) => event,
                Err(_) => {
                    log.tell_suppressed();
                    continue;
                }
            },
        };
        match event {
            Some(event) => log.write(event),
            None => return,
        }
    }
}

#[derive(Default)]
struct Log {
    connections: HashMap<SessionId, (SocketAddr, Option<UserName>)>,
    refusals: RateLimitedLog<u16>,
    /// The time of the last event, and when to log how many refusals were left out.
    now: Timestamp,
    wake: Option<Instant>,
}

impl Log {
    fn write(&mut self, event: LobbyEvent) {
        self.now = event.time;
        match event.kind {
            EventKind::Connected { session, peer } => {
                self.connections.insert(session, (peer, None));
                tracing::debug!(target: TARGET, %peer, %session, "connected");
            }
            EventKind::Disconnected { session } => {
                let peer = self.connections.remove(&session).map(|(peer, _)| display(peer));
                tracing::debug!(target: TARGET, peer, %session, "disconnected");
            }
            EventKind::LoggedIn { session, user } => {
                let known = self.connections.get_mut(&session);
                let peer = known.map(|(peer, name)| {
                    *name = Some(user.clone());
                    display(*peer)
                });
                tracing::info!(target: TARGET, %user, peer, "logged in");
            }
            EventKind::TookOver { user, old, new } => {
                tracing::info!(target: TARGET, %user, %old, %new, "came back and took over its old connection");
            }
            EventKind::LoggedOut { user, .. } => {
                tracing::info!(target: TARGET, %user, "logged out")
            }
            EventKind::RoomOpened { room } => tracing::info!(target: TARGET, %room, "room opened"),
            EventKind::RoomClosed { room } => tracing::info!(target: TARGET, %room, "room closed"),
            EventKind::Joined { user, room, .. } => {
                tracing::debug!(target: TARGET, %user, %room, "joined")
            }
            EventKind::Left { user, room, .. } => {
                tracing::debug!(target: TARGET, %user, %room, "left")
            }
            EventKind::Said { room, message, .. } => {
                tracing::trace!(target: TARGET, user = %message.user, %room, event = &*message.body.text, "said");
            }
            EventKind::Refused { session, code, reason, .. } => {
                self.refused(session, code, &reason);
            }
            EventKind::Lost { count } => {
                tracing::warn!(target: TARGET, "{count} events are missing here: they came too fast for the log");
            }
            // Logged where the hub answers the operator.
            EventKind::Operated { .. }
            | EventKind::FpsChanged { .. }
            | EventKind::Marked { .. }
            | EventKind::Present(_)
            | EventKind::Moved { .. }
            | EventKind::Probed { .. }
            | EventKind::RoundTrip { .. }
            | EventKind::Ticked { .. } => {}
        }
    }

    fn refused(&mut self, session: SessionId, code: Code, reason: &str) {
        self.wake.get_or_insert_with(|| clock::monotonic() + SECOND);
        if let Some(more) = self.refusals.admit(code.number(), self.now) {
            let known = self.connections.get(&session);
            tracing::debug!(target: TARGET,
                code = code.number(),
                user = known.and_then(|(_, user)| user.as_ref()).map(display),
                peer = known.map(|(peer, _)| display(peer)),
                more = (more > 0).then_some(more),
                "refused: {reason}"
            );
        }
    }

    fn tell_suppressed(&mut self) {
        self.wake = None;
        for (code, more) in self.refusals.due(self.now.plus(SECOND)) {
            tracing::debug!(target: TARGET, code, "refused {more} more requests in the last second");
        }
    }
}
