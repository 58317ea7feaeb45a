//! The server's state: who is connected, which rooms there are, who is in them and where.
//!
//! Pure and synchronous: the time is passed in, and whatever has to be sent goes to a
//! [`Delivery`]. [`registry`] knows who is who, a [`room`] knows its members by number. [`Lobby`]
//! carries out requests on both: this module answers them, `members` has the comings and goings,
//! `talk` what members send, `clocks` how clients compare clocks, and `actions` what an operator
//! does.

mod actions;
pub(crate) mod cadence;
mod clocks;
pub(crate) mod delivery;
pub(crate) mod event;
mod history;
mod invariant;
mod members;
pub(crate) mod meter;
pub(crate) mod registry;
pub(crate) mod room;
mod rooms;
mod run;
mod talk;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

pub(crate) use self::actions::{FpsChange, RoomsFull};
pub(crate) use self::delivery::Delivery;
use self::delivery::tell;
use self::event::{EventKind, LobbyEvent};
pub(crate) use self::invariant::report;
use self::meter::PerSecond;
use self::registry::Registry;
use self::rooms::Rooms;
use self::run::Run;
use crate::model::{Budget, Hold, Limits, SessionId, Timestamp};
use crate::protocol::encode::{self, HELP};
use crate::protocol::{Code, Refusal, Request};

/// Totals since the start.
#[derive(Clone, Debug, Default)]
pub(crate) struct Totals {
    /// Transforms accepted.
    pub(crate) transforms: u64,
    /// Messages and events accepted.
    pub(crate) messages: u64,
    /// Requests refused.
    pub(crate) refusals: u64,
}

/// The rooms, and everyone who is connected.
#[derive(Debug)]
pub(crate) struct Lobby {
    limits: Limits,
    /// Ticks a second of rooms without a rate of their own.
    fps: f64,
    budget: Budget,
    registry: Registry,
    rooms: Rooms,
    run: Run,
    totals: Totals,
    transforms: PerSecond,
    messages: PerSecond,
}

impl Lobby {
    /// An empty lobby at `fps` ticks a second, whose frames and histories are charged to `budget`.
    pub(crate) fn new(limits: Limits, fps: f64, budget: Budget) -> Self {
        Self {
            limits,
            fps,
            registry: Registry::default(),
            rooms: Rooms::new(budget.clone()),
            budget,
            run: Run::default(),
            totals: Totals::default(),
            transforms: PerSecond::default(),
            messages: PerSecond::default(),
        }
    }

    /// The totals since the start.
    pub(crate) fn totals(&self) -> &Totals {
        &self.totals
    }

    /// Ticks a second of rooms without a rate of their own.
    pub(crate) fn fps(&self) -> f64 {
        self.fps
    }

    /// Who is who.
    pub(crate) fn registry(&self) -> &Registry {
        &self.registry
    }

    /// All rooms.
    pub(crate) fn rooms(&self) -> &Rooms {
        &self.rooms
    }

    /// Transforms and messages a second, of the whole server.
    pub(crate) fn rates(&self) -> (&PerSecond, &PerSecond) {
        (&self.transforms, &self.messages)
    }

    /// The name of the user that is logged in on a connection.
    pub(crate) fn name_of(&self, id: SessionId) -> Option<Arc<str>> {
        self.registry.get(id)?.user.as_ref().map(|user| user.name.shared())
    }

    /// Carries out a request, or answers one that could not be decoded. Does nothing if the
    /// connection has ended.
    #[cfg(test)]
    pub(crate) fn handle(
        &mut self,
        id: SessionId,
        request: Result<Request, Refusal>,
        now: Timestamp,
        out: &mut impl Delivery,
    ) {
        self.handle_holding(id, request, None, now, out);
    }

    /// Carries out a request, or answers one that could not be decoded. Does nothing if the
    /// connection has ended. `hold` is dropped once its effects have been written to everyone.
    pub(crate) fn handle_holding(
        &mut self,
        id: SessionId,
        request: Result<Request, Refusal>,
        hold: Option<Hold>,
        now: Timestamp,
        out: &mut impl Delivery,
    ) {
        let Some(session) = self.registry.get_mut(id) else { return };
        session.last_request = now;
        let outcome = match (request, session.user.is_some()) {
            (Ok(Request::Transform { room, pose, time }), true) => {
                self.transform(id, &room, pose, time, now, out)
            }
            (Ok(Request::Say { room, event }), true) => self.say(id, &room, event, hold, now, out),
            (request, logged_in) => {
                // Whatever is sent from here on comes after the messages before it.
                self.flush(out);
                self.carry_out(id, request, logged_in, now, out)
            }
        };
        if let Err(refusal) = outcome {
            self.refuse(id, &refusal, 1, now, out);
        }
    }

    fn carry_out(
        &mut self,
        id: SessionId,
        request: Result<Request, Refusal>,
        logged_in: bool,
        now: Timestamp,
        out: &mut impl Delivery,
    ) -> Result<(), Refusal> {
        match request {
            Ok(Request::Login { user, password }) => self.login(id, user, password, now, out),
            Ok(Request::Ping { time: Some(client) }) => {
                self.compare_clocks(id, client, now, || None, now, out);
                Ok(())
            }
            Ok(Request::Ping { time: None }) => {
                out.reliable(id, &encode::answer(Code::Pong, now, "{}"));
                Ok(())
            }
            Err(refusal) if logged_in || refusal.before_login => Err(refusal),
            _ if !logged_in => Err(Refusal::new(
                Code::AccessDenied,
                "log in first; only login and ping go before it",
            )),
            Ok(Request::Rooms) => {
                let titles = self.rooms.titles();
                let answer = encode::answer(Code::Listing, now, &titles);
                out.costly(id, &self.budget.share(answer, Vec::new()));
                Ok(())
            }
            Ok(Request::Help) => {
                out.reliable(id, &encode::answer(Code::Help, now, HELP));
                Ok(())
            }
            Ok(Request::Join(room)) => self.join(id, room, None, now, out),
            Ok(Request::Leave(room)) => {
                let membership = self.registry.known(id)?.membership(&room)?.clone();
                self.leave(id, &membership, now, out)
            }
            Ok(Request::List(room)) => {
                let room = self.registry.known(id)?.membership(&room)?.room;
                out.costly(id, &self.rooms.get(room)?.listing());
                Ok(())
            }
            Ok(Request::Transform { .. } | Request::Say { .. }) | Err(_) => {
                Err(Refusal::internal("a request took the path of another"))
            }
        }
    }

    /// Sends the messages gathered so far. Call this at the end of a turn.
    pub(crate) fn flush(&mut self, out: &mut impl Delivery) {
        let Some((room, frames)) = self.run.take(&self.budget) else { return };
        match self.rooms.get(room) {
            Ok(room) => room.send(&frames, out),
            Err(broken) => report(&broken),
        }
    }

    /// When the next tick is due, if any room has new poses.
    pub(crate) fn next_due(&self) -> Option<Timestamp> {
        self.rooms.next_due()
    }

    /// Sends the ticks that are due; returns how late the latest of them was, if there was one.
    pub(crate) fn tick(&mut self, now: Timestamp, out: &mut impl Delivery) -> Option<Duration> {
        let mut latest = None;
        while let Some((due, id)) = self.rooms.take_due(now) {
            // New members are announced before they appear in a tick.
            self.flush(out);
            let late = now.since(due);
            latest.get_or_insert(late);
            let room = match self.rooms.get_mut(id) {
                Ok(room) => room,
                Err(broken) => {
                    report(&broken);
                    continue;
                }
            };
            room.cadence.ticked(due);
            let members = room.tick(now, out);
            if out.interest().ticks {
                let kind = EventKind::Ticked { room: room.name.clone(), members, late };
                out.event(LobbyEvent { time: now, kind });
            }
        }
        latest
    }

    /// Answers `count` requests of one session that were refused one after the other, for the same
    /// reason. Does nothing if the connection has ended.
    pub(crate) fn refuse(
        &mut self,
        id: SessionId,
        refusal: &Refusal,
        count: u32,
        now: Timestamp,
        out: &mut impl Delivery,
    ) {
        if refusal.code == Code::InternalError {
            report(refusal);
        }
        self.flush(out);
        let Some(session) = self.registry.get_mut(id) else { return };
        let reason: Arc<str> = refusal.reason.as_ref().into();
        session.note_refusals(count, (now, refusal.code, reason.clone()));
        self.totals.refusals += u64::from(count);
        let answer = encode::refusal(refusal.code, now, &refusal.reason);
        if count == 1 {
            out.reliable(id, &answer);
        } else {
            let answers = Bytes::from(answer.repeat(count as usize));
            out.reliable(id, &self.budget.share(answers, Vec::new()));
        }
        let code = refusal.code;
        tell(out, now, || EventKind::Refused { session: id, code, reason, count });
    }
}
