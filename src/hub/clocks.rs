//! Clients that compare their clocks with the server's.

use std::time::Duration;

use super::Hub;
use crate::lobby::Delivery;
use crate::model::{SessionId, Timestamp};
use crate::protocol::websocket::{OpCode, control_frame};

/// A user who compares clocks is pinged with the answer, unless it was pinged within this time: a
/// comparison is worth as much as the round trip is known.
const ROUND_TRIP_AGE: Duration = Duration::from_secs(3);

impl Hub {
    /// Answers a ping that was sent at `client`, on its client's clock, and read at `received`.
    pub(super) fn compare_clocks(&mut self, id: SessionId, client: f64, received: Timestamp) {
        // The messages before it go first, so that the answer's time is as late as it can be.
        self.lobby.flush(&mut self.dispatch);
        if self.lobby.name_of(id).is_some() {
            let now = self.clock.now();
            let pinged = self.dispatch.get(id).map(|connection| connection.liveness.pinged());
            if pinged.is_some_and(|pinged| now.since(pinged) >= ROUND_TRIP_AGE) {
                self.ping(id, now);
            }
        }
        let now = self.clock.now();
        self.lobby.compare_clocks(id, client, received, now, &mut self.dispatch);
    }

    /// Pings a connection, to see that it is alive and how long its round trip takes.
    pub(super) fn ping(&mut self, id: SessionId, now: Timestamp) {
        let Some(connection) = self.dispatch.get(id) else { return };
        let ping = control_frame(OpCode::Ping, &connection.liveness.ping(now));
        self.dispatch.reliable(id, &ping);
    }
}
