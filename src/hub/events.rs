//! The stream of events, for logs, recordings and metrics.
//!
//! Each listener has its own bounded queue. The hub never waits for it: events that don't fit are
//! counted, and the listener gets the count in their place.

use std::time::Duration;

use tokio::sync::mpsc;

use crate::clock;
use crate::lobby::event::{EventKind, Interest, LobbyEvent};
use crate::model::Timestamp;

/// How long the end waits for a listener that has to be told how many events it has lost.
const LAST_WORD: Duration = Duration::from_millis(500);

/// Receives events.
pub(crate) type EventReceiver = mpsc::Receiver<LobbyEvent>;

struct Listener {
    events: mpsc::Sender<LobbyEvent>,
    interest: Box<dyn Fn() -> Interest + Send>,
    /// Events that have not fitted since the last that did.
    lost: u64,
}

/// All listeners.
#[derive(Default)]
pub(crate) struct Events {
    listeners: Vec<Listener>,
    interest: Interest,
}

impl Events {
    /// Adds a listener with a queue of `capacity` events. The hub asks for its `interest` again at
    /// each turn.
    pub(crate) fn listen(
        &mut self,
        capacity: usize,
        interest: impl Fn() -> Interest + Send + 'static,
    ) -> EventReceiver {
        let (events, receiver) = mpsc::channel(capacity);
        self.send_to(events, interest);
        receiver
    }

    /// Adds a listener whose queue exists already.
    pub(crate) fn send_to(
        &mut self,
        events: mpsc::Sender<LobbyEvent>,
        interest: impl Fn() -> Interest + Send + 'static,
    ) {
        self.listeners.push(Listener { events, interest: Box::new(interest), lost: 0 });
        self.begin_turn();
    }

    /// The combined interest of all listeners.
    pub(crate) fn interest(&self) -> Interest {
        self.interest
    }

    /// Asks all listeners for their interest, and removes those that are gone.
    pub(crate) fn begin_turn(&mut self) {
        self.listeners.retain(|listener| !listener.events.is_closed());
        let interests = self.listeners.iter().map(|listener| (listener.interest)());
        self.interest = interests.fold(Interest::default(), Interest::or);
    }

    /// Ends all queues, once each listener knows how many events it has lost.
    pub(super) async fn end(&mut self, now: Timestamp) {
        let deadline = clock::monotonic() + LAST_WORD;
        for Listener { events, lost, .. } in self.listeners.drain(..) {
            if lost > 0 {
                let kind = EventKind::Lost { count: lost };
                let last = events.send(LobbyEvent { time: now, kind });
                let _ = tokio::time::timeout_at(deadline, last).await;
            }
        }
    }

    /// Sends an event to all listeners that are interested in it.
    pub(crate) fn tell(&mut self, event: LobbyEvent) {
        for listener in &mut self.listeners {
            if (listener.interest)().covers(&event) {
                listener.tell(event.clone());
            }
        }
    }
}

impl Listener {
    fn tell(&mut self, event: LobbyEvent) {
        if self.lost > 0 {
            let kind = EventKind::Lost { count: self.lost };
            if self.events.try_send(LobbyEvent { time: event.time, kind }).is_ok() {
                self.lost = 0;
            }
        }
        if self.lost > 0 || self.events.try_send(event).is_err() {
            self.lost += 1;
        }
    }
}

impl std::fmt::Debug for Events {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Events({} listeners)", self.listeners.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::RoomName;

    fn opened(n: u64) -> LobbyEvent {
        let kind = EventKind::RoomOpened { room: RoomName::lobby() };
        LobbyEvent { time: Timestamp::from_micros(n), kind }
    }

    fn shown(receiver: &mut EventReceiver) -> Vec<String> {
        std::iter::from_fn(|| receiver.try_recv().ok())
            .map(|event| match event.kind {
                EventKind::Lost { count } => format!("lost {count}"),
                _ => event.time.as_micros().to_string(),
            })
            .collect()
    }

    #[test]
    fn a_full_queue_loses_events_and_tells_how_many() {
        let mut events = Events::default();
        let mut receiver = events.listen(2, || Interest::ALL);
        (1..=5).for_each(|n| events.tell(opened(n)));
        assert_eq!(shown(&mut receiver), ["1", "2"]);
        (6..=7).for_each(|n| events.tell(opened(n)));
        assert_eq!(shown(&mut receiver), ["lost 3", "6"]);
        events.tell(opened(8));
        assert_eq!(shown(&mut receiver), ["lost 1", "8"]);
    }

    #[tokio::test(start_paused = true)]
    async fn the_end_tells_what_was_lost_last() {
        let mut events = Events::default();
        let mut receiver = events.listen(1, || Interest::ALL);
        let _deaf = {
            let receiver = events.listen(1, || Interest::ALL);
            (1..=3).for_each(|n| events.tell(opened(n)));
            receiver
        };
        let end = events.end(Timestamp::from_micros(4));
        let read = async {
            let mut read = Vec::new();
            while let Some(event) = receiver.recv().await {
                read.push(event);
            }
            read
        };
        let ((), read) = tokio::join!(end, read);
        assert!(matches!(
            read[..],
            [
                LobbyEvent { kind: EventKind::RoomOpened { .. }, .. },
                LobbyEvent { kind: EventKind::Lost { count: 2 }, .. }
            ]
        ));
    }

    #[test]
    fn listeners_get_only_the_events_they_ask_for() {
        let mut events = Events::default();
        assert_eq!(events.interest(), Interest::default());
        let mut receiver = events.listen(9, || Interest { ticks: true, ..Interest::default() });
        assert!(events.interest().ticks && !events.interest().presence);
        events.tell(opened(1));
        assert!(shown(&mut receiver).is_empty());
        drop(receiver);
        events.begin_turn();
        assert_eq!(events.interest(), Interest::default());
    }
}
