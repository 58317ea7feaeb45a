//! A running server.

use std::net::SocketAddr;
use std::sync::Arc;
use std::thread::JoinHandle;

use tokio::sync::{mpsc, watch};

use super::error::ServerError;
use super::signals::EndSignals;
use crate::hub::{SubscribeError, Subscriber};
use crate::lobby::event::{Interest, LobbyEvent};
use crate::operator::{Operator, ServerInfo};

/// A running server. Dropping it stops the server without waiting.
#[derive(Debug)]
pub struct ServerHandle {
    pub(super) operator: Operator,
    pub(super) subscriber: Subscriber,
    pub(super) stop: Arc<watch::Sender<bool>>,
    pub(super) finished: watch::Receiver<()>,
    pub(super) thread: Option<JoinHandle<Result<(), ServerError>>>,
}

impl ServerHandle {
    /// Where it listens, and the addresses for headsets.
    pub fn info(&self) -> &ServerInfo {
        self.operator.info()
    }

    /// Where it listens.
    pub fn local_addr(&self) -> SocketAddr {
        self.info().listening
    }

    /// A handle on the server, with full rights to see and do everything.
    pub fn operator(&self) -> Operator {
        self.operator.clone()
    }

    /// Subscribes, from now on, to the events that `interest` asks for, in order, through a queue of
    /// `capacity` events. The first event is
    /// [`EventKind::Present`](crate::events::EventKind::Present), all that is there by then; the
    /// last is the last one before the server's end. The server never waits for the queue: events
    /// that don't fit are lost, and counted by
    /// [`EventKind::Lost`](crate::events::EventKind::Lost) in their place, soon followed by another
    /// `Present`. Dropping the receiver ends the subscription.
    ///
    /// # Errors
    /// [`SubscribeError::Stopped`] if the server has stopped, [`SubscribeError::Busy`] if too many
    /// subscriptions are waiting for its next turn.
    pub fn subscribe(
        &self,
        interest: Interest,
        capacity: usize,
    ) -> Result<mpsc::Receiver<LobbyEvent>, SubscribeError> {
        self.subscriber.subscribe(interest, capacity)
    }

    /// Asks it to stop: what was accepted is carried out, and every client is closed with 1001.
    /// Returns at once.
    pub fn stop(&self) {
        self.stop.send_replace(true);
    }

    /// Waits, as a future, until it has stopped.
    pub async fn finished(&mut self) {
        // Nothing is ever sent: the sender is dropped at the end.
        let _ = self.finished.changed().await;
    }

    /// Blocks until it has stopped, at most 5 s after [`Self::stop`].
    ///
    /// # Errors
    /// If a thread of the server panicked.
    pub fn wait(mut self) -> Result<(), ServerError> {
        match self.thread.take().map(JoinHandle::join) {
            Some(Ok(result)) => result,
            Some(Err(_)) => Err(ServerError::Panicked),
            None => Ok(()),
        }
    }

    /// Logs where headsets connect to.
    pub fn announce(&self) {
        tracing::info!("listening on {}", self.local_addr());
        for url in &self.info().urls {
            tracing::info!("headsets connect to {url}");
        }
    }

    /// As [`Self::run_until`], for signals that come from now on.
    ///
    /// # Errors
    /// As [`Self::run_until`], or if signals can't be listened for.
    pub fn run_until_signalled(self) -> Result<(), ServerError> {
        self.run_until(EndSignals::listen()?)
    }

    /// Logs its addresses, blocks until one of `signals` comes or the operator stops it, and then
    /// until it has drained.
    ///
    /// # Errors
    /// If a thread of the server panicked.
    pub fn run_until(mut self, signals: EndSignals) -> Result<(), ServerError> {
        self.announce();
        if let Some(signal) = signals.wait(self.finished()) {
            tracing::info!("{signal}: telling everyone and stopping");
            self.stop();
        }
        self.wait()
    }
}

impl Drop for ServerHandle {
    fn drop(&mut self) {
        self.stop.send_replace(true);
    }
}
