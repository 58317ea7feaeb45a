//! How clients compare their clocks with the server's.

use std::time::Duration;

use super::Lobby;
use super::delivery::Delivery;
use super::event::{EventKind, LobbyEvent};
use crate::model::{ClockProbe, SessionId, Timestamp};
use crate::protocol::encode;

impl Lobby {
    /// Answers a ping that was sent at `client`, on its client's clock, and read at `received`. Does
    /// nothing if the connection has ended.
    pub(crate) fn compare_clocks(
        &mut self,
        id: SessionId,
        client: f64,
        received: Timestamp,
        now: Timestamp,
        out: &mut impl Delivery,
    ) {
        // What is sent from here on comes after the messages before it.
        self.flush(out);
        let Some(session) = self.registry.get_mut(id) else { return };
        session.last_request = now;
        let probe = ClockProbe { client, received, sent: now };
        out.reliable(id, &encode::clock_answer(&probe));
        if session.user.is_none() {
            return;
        }
        if out.interest().clocks {
            out.event(LobbyEvent { time: now, kind: EventKind::Probed { session: id, probe } });
        }
    }

    /// Notes that a ping of the server's was answered after `round_trip`, at `received`.
    pub(crate) fn round_trip(
        &mut self,
        id: SessionId,
        round_trip: Duration,
        received: Timestamp,
        now: Timestamp,
        out: &mut impl Delivery,
    ) {
        if self.registry.get_mut(id).is_none() {
            return;
        }
        if out.interest().clocks {
            let kind = EventKind::RoundTrip { session: id, round_trip };
            out.event(LobbyEvent { time: now, kind });
        }
    }
}
