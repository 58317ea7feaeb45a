//! Listeners that come while the server runs. Each first gets what is there, and then all that
//! follows: the hub admits it between two inputs, when every event of the past has been told. After
//! a loss it gets what is there again.

use std::sync::Arc;

use tokio::sync::mpsc;

use super::Hub;
use super::events::EventReceiver;
use crate::lobby::event::{EventKind, Interest, LobbyEvent, Present, PresentRoom, PresentUser};

/// Subscriptions that may wait for the hub.
const SUBSCRIPTION_QUEUE: usize = 16;

/// Why there is no subscription.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SubscribeError {
    /// The server has stopped.
    #[error("the server has stopped, so no more events will come")]
    Stopped,
    /// Too many subscriptions are waiting for the server's next turn.
    #[error("{SUBSCRIPTION_QUEUE} subscriptions are already waiting; try again in a moment")]
    Busy,
}

/// What a listener asks for, and where its events go.
#[derive(Debug)]
pub(crate) struct Subscription {
    interest: Interest,
    events: mpsc::Sender<LobbyEvent>,
}

/// Subscribes to the events of a running hub. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Subscriber(mpsc::Sender<Subscription>);

impl Subscriber {
    /// A subscriber, and the hub's end of its channel.
    pub(crate) fn new() -> (Self, mpsc::Receiver<Subscription>) {
        let (sender, receiver) = mpsc::channel(SUBSCRIPTION_QUEUE);
        (Self(sender), receiver)
    }

    /// Subscribes with a queue of `capacity` events, at least 1. The first event is
    /// [`EventKind::Present`], and whatever is sent to the hub once this has returned is told after
    /// it. After an [`EventKind::Lost`] there is another. The queue ends after the last event of the server's drain.
    ///
    /// # Errors
    /// If the hub has stopped, or is so busy that too many subscriptions wait.
    pub(crate) fn subscribe(
        &self,
        interest: Interest,
        capacity: usize,
    ) -> Result<EventReceiver, SubscribeError> {
        let (events, receiver) = mpsc::channel(capacity.max(1));
        match self.0.try_send(Subscription { interest, events }) {
            Ok(()) => Ok(receiver),
            Err(mpsc::error::TrySendError::Full(_)) => Err(SubscribeError::Busy),
            Err(mpsc::error::TrySendError::Closed(_)) => Err(SubscribeError::Stopped),
        }
    }
}

impl Hub {
    /// Admits the listeners that wait, and tells those that have lost track who is there. Only
    /// between two inputs.
    pub(super) fn admit_waiting(&mut self) {
        while let Ok(subscription) = self.subscriptions.try_recv() {
            self.admit(subscription);
        }
        if self.dispatch.events.has_lost_track() {
            let present = Arc::new(self.present());
            self.dispatch.events.tell_present(self.clock.now(), &present);
        }
    }

    /// Admits a listener. Only between two inputs.
    pub(super) fn admit(&mut self, subscription: Subscription) {
        let Subscription { interest, events } = subscription;
        let kind = EventKind::Present(Arc::new(self.present()));
        // A new queue has room for it, unless its receiver is gone already.
        if events.try_send(LobbyEvent { time: self.clock.now(), kind }).is_ok() {
            self.dispatch.events.add(events, Box::new(move || interest), true);
        }
    }

    fn present(&self) -> Present {
        let registry = self.lobby.registry();
        let rooms = self
            .lobby
            .rooms()
            .iter()
            .map(|room| PresentRoom { name: room.name.clone(), own_fps: room.cadence.own_fps });
        let users = registry.logged_in().filter_map(|session| {
            Some(PresentUser {
                session: session.id,
                user: session.user.as_ref()?.name.clone(),
                peer: self.dispatch.get(session.id)?.peer,
                rooms: session.memberships.iter().map(|place| place.name.clone()).collect(),
            })
        });
        let is_user = |id| registry.get(id).is_some_and(|session| session.user.is_some());
        let others = self.dispatch.connections().filter(|connection| !is_user(connection.id));
        Present {
            fps: self.lobby.fps(),
            rooms: rooms.collect(),
            users: users.collect(),
            connections: others.map(|connection| (connection.id, connection.peer)).collect(),
        }
    }
}
