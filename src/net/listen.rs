//! Accepting connections, within limits.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};

use super::admission::{Admission, Full, Permit};
use super::handshake::{self, HttpRefusal};
use super::session::{self, Shared};
use crate::connection::{Connection, Outbox};
use crate::hub::Refused;

/// How long accepting pauses when the system has no more file descriptors or memory.
const ACCEPT_PAUSE: Duration = Duration::from_millis(250);

/// Connections that are told at the same time that there is no place; more are just dropped.
const MAX_REFUSALS: usize = 64;

/// Bytes in the kernel that are not sent yet, from which on it takes no more: what a slow reader
/// gets late is at most this old.
const NOT_SENT_LOW_WATER: u32 = 256 << 10;

/// Accepts for ever.
pub(crate) async fn accept(
    listener: TcpListener,
    shared: Arc<Shared>,
    admission: Arc<Admission>,
    refused: Arc<Refused>,
) {
    let refusals = Arc::new(Semaphore::new(MAX_REFUSALS));
    loop {
        let (stream, peer) = match listener.accept().await {
            Ok(accepted) => accepted,
            Err(error) => {
                // The peer may have gone already; anything else is a lack of something, which
                // asking again at once only makes worse.
                if !is_of_the_peer(&error) {
                    refused.add(|| format!("accepting pauses: {error}"));
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
                continue;
            }
        };
        match admission.take(peer.ip()) {
            Ok(permit) => {
                let shared = shared.clone();
                let refused = refused.clone();
                tokio::spawn(async move { serve(stream, peer, permit, shared, refused).await });
            }
            Err(full) => {
                let limits = &shared.limits;
                refused.add(|| match full {
                    Full::Server => {
                        format!("{} are open, which is max-connections", limits.max_connections)
                    }
                    Full::Address => format!(
                        "{} has {} open, which is max-connections-per-address",
                        peer.ip(),
                        limits.max_connections_per_address.unwrap_or_default()
                    ),
                });
                if let Ok(permit) = refusals.clone().try_acquire_owned() {
                    let shared = shared.clone();
                    tokio::spawn(async move {
                        let mut stream = stream;
                        let answer = match full {
                            Full::Server => HttpRefusal::new(
                                "503 Service Unavailable",
                                "the server is full; try again later",
                            ),
                            Full::Address => HttpRefusal::new(
                                "429 Too Many Requests",
                                "your address has as many connections as it may; close one first",
                            ),
                        };
                        handshake::accept(&mut stream, &shared.limits, Some(answer)).await;
                        drop(permit);
                    });
                }
            }
        }
    }
}

async fn serve(
    mut stream: TcpStream,
    peer: SocketAddr,
    permit: Permit,
    shared: Arc<Shared>,
    refused: Arc<Refused>,
) {
    if let Err(error) = tune(&stream) {
        tracing::debug!(%peer, "gone before its handshake: {error}");
        return;
    }
    let Some(early) = handshake::accept(&mut stream, &shared.limits, None).await else {
        refused.add(|| format!("{peer} did not complete a WebSocket handshake"));
        return;
    };
    let (read, write) = stream.into_split();
    let outbox = Outbox::new(write, shared.limits.queue_bytes);
    let connection = Connection::new(permit.id, peer, outbox, shared.clock.now());
    session::run(shared, Arc::new(connection), read, early).await;
    drop(permit);
}

fn tune(stream: &TcpStream) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    #[cfg(target_os = "linux")]
    socket2::SockRef::from(stream).set_tcp_notsent_lowat(NOT_SENT_LOW_WATER)?;
    Ok(())
}

fn is_of_the_peer(error: &std::io::Error) -> bool {
    use std::io::ErrorKind as K;
    matches!(
        error.kind(),
        K::ConnectionAborted | K::ConnectionReset | K::ConnectionRefused | K::Interrupted
    )
}

/// Runs `task` until it is to stop.
pub(crate) async fn until(mut stop: watch::Receiver<bool>, task: impl Future<Output = ()>) {
    tokio::select! {
        _ = stop.wait_for(|stop| *stop) => {}
        () = task => {}
    }
}

/// Listens for a signal to end from now on; the future says which came.
pub(crate) fn signal() -> impl Future<Output = &'static str> {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let signals = (signal(SignalKind::interrupt()), signal(SignalKind::terminate()));
        async {
            let (Ok(mut interrupt), Ok(mut terminate)) = signals else {
                return std::future::pending().await;
            };
            tokio::select! {
                _ = interrupt.recv() => "SIGINT",
                _ = terminate.recv() => "SIGTERM",
            }
        }
    }
    #[cfg(not(unix))]
    async {
        match tokio::signal::ctrl_c().await {
            Ok(()) => "Ctrl-C",
            Err(_) => std::future::pending().await,
        }
    }
}
