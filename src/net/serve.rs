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

/// A byte stream that a client connects over: TCP, or a pipe in a test.
pub(crate) trait Transport: AsyncRead + AsyncWrite + Send + Unpin + 'static {
    /// Its two halves, to be used independently.
    fn halves(self) -> (ReceiveHalf, Box<dyn SendHalf>);
}

impl Transport for TcpStream {
    fn halves(self) -> (ReceiveHalf, Box<dyn SendHalf>) {
        let (read, write) = self.into_split();
        (Box::new(read), Box::new(write))
    }
}

/// What is needed to serve connections.
#[derive(Debug)]
pub(crate) struct Service {
    pub(crate) shared: Arc<Shared>,
    pub(crate) refused: Arc<Refused>,
    pub(crate) stopping: watch::Receiver<bool>,
}

impl Service {
    /// Serves a connection to its end. Call it on the permit's thread.
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
            // An incomplete handshake does not delay the end.
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
        // A task of its own: the handshake makes this one large.
        tokio::spawn(async move {
            session.await;
            drop(permit);
        });
    }
}

/// Answers a connection that is not admitted.
pub(super) async fn turn_away<S: Transport>(mut stream: S, answer: Answer, service: &Service) {
    let mut stopping = service.stopping.clone();
    tokio::select! {
        _ = http::serve(&mut stream, &service.shared.limits, Some(answer)) => {}
        _ = stopping.wait_for(|stop| *stop) => {}
    }
}
