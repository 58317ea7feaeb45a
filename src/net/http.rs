//! The HTTP head of a connection: a WebSocket handshake, a request for a route, or a refusal.
//!
//! A head must be complete within the handshake's time and size. Then [`routes`] decides: an
//! upgrade becomes a session, anything else gets one answer and the connection is closed.

mod answer;
mod head;
mod routes;
mod upgrade;

use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::time::timeout_at;

pub(super) use self::answer::Answer;
use self::head::ReadError;
use self::routes::Routed;
use crate::clock;
use crate::model::Limits;

/// How long to go on reading after an answer, so that it is not lost to a reset.
const LINGER: Duration = Duration::from_millis(500);

/// Reads a head and does what it asks for. Returns what came after it if the connection speaks
/// WebSocket from here on; `None` if it is over.
///
/// `full` is the answer if the connection is not admitted.
pub(super) async fn serve<S: AsyncRead + AsyncWrite + Unpin>(
    stream: &mut S,
    limits: &Limits,
    full: Option<Answer>,
) -> Option<Vec<u8>> {
    let deadline = clock::monotonic() + limits.handshake_timeout;
    let head = match timeout_at(deadline, head::read(stream, limits.handshake_bytes)).await {
        Ok(Ok(head)) => head,
        Ok(Err(ReadError::Gone)) => return None,
        Ok(Err(ReadError::Refused(answer))) => {
            send(stream, &answer).await;
            return None;
        }
        Err(_) => {
            let reason = format!("the handshake took longer than {:?}", limits.handshake_timeout);
            send(stream, &Answer::new("408 Request Timeout", reason)).await;
            return None;
        }
    };
    let routed = match full {
        Some(full) => Routed::Answer(full),
        None => routes::route(&head.bytes, limits),
    };
    match routed {
        Routed::Upgrade { accept } => {
            let answer = upgrade::switching_protocols(&accept);
            let written = timeout_at(deadline, stream.write_all(answer.as_bytes())).await;
            matches!(written, Ok(Ok(()))).then_some(head.rest)
        }
        Routed::Answer(answer) => {
            send(stream, &answer).await;
            None
        }
    }
}

/// Sends an answer and goes on reading for a moment.
async fn send<S: AsyncRead + AsyncWrite + Unpin>(stream: &mut S, answer: &Answer) {
    let deadline = clock::monotonic() + LINGER;
    let sent = async {
        stream.write_all(answer.encode().as_bytes()).await?;
        stream.shutdown().await?;
        let mut rest = [0; 1024];
        while stream.read(&mut rest).await? > 0 {}
        std::io::Result::Ok(())
    };
    let _ = timeout_at(deadline, sent).await;
}
