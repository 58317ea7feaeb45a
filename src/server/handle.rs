//! A running server.

use std::net::SocketAddr;
use std::sync::Arc;
use std::thread::JoinHandle;

use tokio::sync::watch;

use super::error::ServerError;
use super::signals::EndSignals;
use crate::operator::{Operator, ServerInfo};

/// A running server. Dropping it stops the server without waiting.
#[derive(Debug)]
pub struct ServerHandle {
    pub(super) operator: Operator,
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
