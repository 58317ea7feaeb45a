//! The stream of events, for logs, recordings and metrics.
//!
//! Each listener has its own bounded queue. The hub never waits for it: events that don't fit are
//! counted, and the listener gets the count in their place.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;

use crate::clock;
use crate::lobby::event::{EventKind, Interest, LobbyEvent, Present};
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
    /// Whether it keeps track of who is there, and has to be told after a loss.
    keeps_track: bool,
    /// It has been told of a loss, but not of who is there since.
    lost_track: bool,
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

    /// Adds a listener to everything that after a loss is told who is there, so that it can keep
    /// track.
    #[cfg(feature = "recording")]
    pub(crate) fn keep_track(&mut self, capacity: usize) -> EventReceiver {
        let (events, receiver) = mpsc::channel(capacity);
        self.add(events, Box::new(|| Interest::ALL), true);
        receiver
    }

    /// Adds a listener whose queue exists already.
    pub(crate) fn send_to(
        &mut self,
        events: mpsc::Sender<LobbyEvent>,
        interest: impl Fn() -> Interest + Send + 'static,
    ) {
        self.add(events, Box::new(interest), false);
    }

    /// Adds a listener. One that `keeps_track` is told who is there after a loss.
    pub(super) fn add(
        &mut self,
        events: mpsc::Sender<LobbyEvent>,
        interest: Box<dyn Fn() -> Interest + Send>,
        keeps_track: bool,
    ) {
        let listener = Listener { events, interest, lost: 0, keeps_track, lost_track: false };
        self.listeners.push(listener);
        self.begin_turn();
    }

    /// Whether a listener has to be told who is there, and can be.
    pub(super) fn has_lost_track(&self) -> bool {
        self.listeners.iter().any(Listener::awaits_present)
    }

    /// Tells the listeners that have lost track who is there. Only between two inputs.
    pub(super) fn tell_present(&mut self, time: Timestamp, present: &Arc<Present>) {
        for listener in self.listeners.iter_mut().filter(|listener| listener.awaits_present()) {
            let kind = EventKind::Present(present.clone());
            listener.lost_track = listener.events.try_send(LobbyEvent { time, kind }).is_err();
        }
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
    fn awaits_present(&self) -> bool {
        self.lost_track && self.events.capacity() > 0
    }

    fn tell(&mut self, event: LobbyEvent) {
        if self.lost > 0 {
            let kind = EventKind::Lost { count: self.lost };
            if self.events.try_send(LobbyEvent { time: event.time, kind }).is_ok() {
                self.lost = 0;
                self.lost_track = self.keeps_track;
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

    #[test]
    fn who_keeps_track_is_told_who_is_there_after_a_loss() {
        let mut events = Events::default();
        let (sender, mut receiver) = mpsc::channel(2);
        events.add(sender, Box::new(|| Interest::ALL), true);
        let mut log = events.listen(2, || Interest::ALL);
        (1..=3).for_each(|n| events.tell(opened(n)));
        assert!(!events.has_lost_track(), "it does not know of the loss");
        shown(&mut receiver);
        events.tell(opened(4));
        assert!(!events.has_lost_track(), "its queue is full");
        assert_eq!(shown(&mut receiver), ["lost 1", "4"]);
        assert!(events.has_lost_track());
        events.tell_present(Timestamp::from_micros(5), &Arc::default());
        events.tell(opened(6));
        assert!(!events.has_lost_track());
        assert!(matches!(receiver.try_recv().unwrap().kind, EventKind::Present(_)));
        assert_eq!(shown(&mut receiver), ["6"]);
        assert_eq!(shown(&mut log), ["1", "2"]);
        events.tell(opened(7));
        assert_eq!(shown(&mut log), ["lost 3", "7"]);
        assert!(!events.has_lost_track(), "a log keeps no track");
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
