//! Clients that compare their clocks with the server's.

use std::time::Duration;

use super::Hub;
use crate::lobby::Delivery;
use crate::model::{SessionId, Timestamp};
use crate::protocol::websocket::{OpCode, control_frame};

/// How often a client is pinged at most because it compares clocks. Of two pings on their way, only
/// the last could be told from the other by its answer.
const PING_INTERVAL: Duration = Duration::from_secs(1);

impl Hub {
    /// Answers a ping that was sent at `client`, on its client's clock, and read at `received`.
    pub(super) fn compare_clocks(&mut self, id: SessionId, client: f64, received: Timestamp) {
        // The messages before it go first, so that the answer's time is as late as it can be.
        self.lobby.flush(&mut self.dispatch);
        let now = self.clock.now();
        // Before the answer: a client that has answered the ping when it probes next has sent that
        // probe after the ping.
        if self.lobby.wants_round_trip(id, now)
            && self
                .dispatch
                .get(id)
                .is_some_and(|open| now.since(open.liveness.pinged()) >= PING_INTERVAL)
        {
            self.ping(id, now);
        }
        let connection = self.dispatch.get(id).cloned();
        let known = || connection?.liveness.last_round_trip();
        let now = self.clock.now();
        self.lobby.compare_clocks(id, client, received, known, now, &mut self.dispatch);
    }

    /// Pings a connection, to see that it is alive and how long its round trip takes.
    pub(super) fn ping(&mut self, id: SessionId, now: Timestamp) {
        let Some(connection) = self.dispatch.get(id) else { return };
        let ping = control_frame(OpCode::Ping, &connection.liveness.ping(now));
        self.dispatch.reliable(id, &ping);
    }
}
