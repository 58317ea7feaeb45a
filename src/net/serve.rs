//! One connection from its first byte to its last, over any byte stream.

use std::net::SocketAddr;
use std::sync::Arc;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::sync::watch;

use super::admission::Permit;
use super::http::{self, Answer};
use super::session::{self, ReceiveHalf, Shared};
use crate::connection::{Connection, Outbox, SendHalf};
use crate::hub::Refused;

/// A byte stream that a client may come on: TCP is one, a test's pipe another.
pub(crate) trait Transport: AsyncRead + AsyncWrite + Send + Unpin + 'static {
    /// Its two directions, to be used apart.
    fn halves(self) -> (ReceiveHalf, Box<dyn SendHalf>);
}

impl Transport for TcpStream {
    fn halves(self) -> (ReceiveHalf, Box<dyn SendHalf>) {
        let (read, write) = self.into_split();
        (Box::new(read), Box::new(write))
    }
}

/// What it takes to serve connections.
#[derive(Debug)]
pub(crate) struct Service {
    pub(crate) shared: Arc<Shared>,
    pub(crate) refused: Arc<Refused>,
    pub(crate) stopping: watch::Receiver<bool>,
}

impl Service {
    /// Serves a connection until it is over. To be called on the thread of its permit.
    pub(crate) async fn serve<S: Transport>(
        self: Arc<Self>,
        mut stream: S,
        peer: SocketAddr,
        permit: Permit,
    ) {
        let shared = &self.shared;
        let mut stopping = self.stopping.clone();
        let early = tokio::select! {
            early = http::serve(&mut stream, &shared.limits, None) => early,
            // A handshake that is only half complete does not hold the end up.
            _ = stopping.wait_for(|stop| *stop) => return,
        };
        let Some(early) = early else {
            self.refused.add(|| format!("{peer} did not complete a WebSocket handshake"));
            return;
        };
        let (read, write) = stream.halves();
        let outbox = Outbox::new(write, shared.limits.queue_bytes);
        let now = shared.clock.now();
        let connection = Connection::new(permit.id, peer, permit.thread, outbox, now);
        let session = session::run(shared.clone(), Arc::new(connection), read, early);
        // A task of its own: this one is as large as the handshake.
        tokio::spawn(async move {
            session.await;
            drop(permit);
        });
    }
}

/// Answers a connection for which there is no place.
pub(super) async fn turn_away<S: Transport>(mut stream: S, answer: Answer, service: &Service) {
    let mut stopping = service.stopping.clone();
    tokio::select! {
        _ = http::serve(&mut stream, &service.shared.limits, Some(answer)) => {}
        _ = stopping.wait_for(|stop| *stop) => {}
    }
}
