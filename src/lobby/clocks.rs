//! How clients compare their clocks with the server's.

use std::time::Duration;

use super::Lobby;
use super::delivery::Delivery;
use super::event::{EventKind, LobbyEvent};
use crate::clock_offset::Track;
use crate::model::{ClockProbe, SessionId, Timestamp};
use crate::protocol::encode;

impl Lobby {
    /// Answers a ping that was sent at `client`, on its client's clock, and read at `received`. Does
    /// nothing if the connection has ended. `known` is asked, at a user's first, for the last round
    /// trip and when its pong was read.
    pub(crate) fn compare_clocks(
        &mut self,
        id: SessionId,
        client: f64,
        received: Timestamp,
        known: impl FnOnce() -> Option<(Timestamp, Duration)>,
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
        let clock = session.clock.get_or_insert_with(|| {
            let mut clock = Box::<Track>::default();
            if let Some((received, round_trip)) = known() {
                clock.round_trip(received, round_trip);
            }
            clock
        });
        clock.probe(&probe);
        if out.interest().clocks {
            out.event(LobbyEvent { time: now, kind: EventKind::Probed { session: id, probe } });
        }
    }

    /// Whether the round trip of a user who compares clocks should be measured now.
    pub(crate) fn wants_round_trip(&self, id: SessionId, now: Timestamp) -> bool {
        self.registry.get(id).is_some_and(|session| {
            session.user.is_some()
                && session.clock.as_ref().is_none_or(|clock| clock.wants_round_trip(now))
        })
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
        let Some(session) = self.registry.get_mut(id) else { return };
        if let Some(clock) = &mut session.clock {
            clock.round_trip(received, round_trip);
        }
        if out.interest().clocks {
            let kind = EventKind::RoundTrip { session: id, round_trip };
            out.event(LobbyEvent { time: now, kind });
        }
    }
}
