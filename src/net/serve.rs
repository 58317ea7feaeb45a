//! One connection from its first byte to its last, over any byte stream.

use std::net::SocketAddr;
use std::sync::Arc;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::sync::watch;

use super::admission::Permit;
use super::http::{self, Answer};
use super::session::{ReceiveHalf, Session, Shared};
use crate::connection::{Connection, Outbox, SendHalf};
use crate::hub::Refused;
use crate::model::SessionId;

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
    /// Serves a connection until it is over. To be awaited on the thread of its permit.
    pub(crate) async fn serve<S: Transport>(
        self: Arc<Self>,
        stream: S,
        peer: SocketAddr,
        permit: Permit,
    ) {
        // Boxed, so that its memory is given back once it is complete.
        let session = Box::pin(self.shake_hands(stream, peer, permit.id, permit.thread)).await;
        drop(self);
        if let Some((session, early)) = session {
            session.run(early).await;
        }
        drop(permit);
    }

    async fn shake_hands<S: Transport>(
        &self,
        mut stream: S,
        peer: SocketAddr,
        id: SessionId,
        thread: usize,
    ) -> Option<(Box<Session>, Vec<u8>)> {
        let shared = &self.shared;
        let mut stopping = self.stopping.clone();
        let early = tokio::select! {
            // A handshake that is complete goes first, so that its client is told of the end.
            biased;
            early = http::serve(&mut stream, &shared.limits, None) => early,
            // A handshake that is only half complete does not hold the end up.
            _ = stopping.wait_for(|stop| *stop) => return None,
        };
        let Some(early) = early else {
            self.refused.add(|| format!("{peer} did not complete a WebSocket handshake"));
            return None;
        };
        let (read, write) = stream.halves();
        let limits = &shared.limits;
        // A message of the largest size may fill the lane before its reader has had time to read.
        let outbox = Outbox::new(write, limits.queue_bytes + limits.max_message_bytes);
        let connection = Connection::new(id, peer, thread, outbox, shared.clock.now());
        Some((Session::new(shared.clone(), Arc::new(connection), read), early))
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

#[cfg(test)]
mod tests {
    use super::*;

    /// The size of what an async function returns.
    fn size<A, B, C, D, F>(_: fn(A, B, C, D) -> F) -> usize {
        size_of::<F>()
    }

    #[test]
    fn an_idle_connection_is_small() {
        let task = size(Service::serve::<TcpStream>);
        assert!(task <= 320, "the task of a connection has {task} bytes");
        let session = size_of::<Session>();
        assert!(session <= 256, "its session has {session} bytes");
        let connection = size_of::<Connection>();
        assert!(connection <= 432, "what it shares with the hub has {connection} bytes");
    }
}
