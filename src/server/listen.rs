//! Accepting connections, within limits.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};

use crate::outbox::Outbox;
use crate::seats::{Full, Seats};
use crate::session::handshake::{self, HttpRefusal};
use crate::session::{self, Connection, Shared};

/// How long accepting pauses when the system has no more file descriptors or memory.
const ACCEPT_PAUSE: Duration = Duration::from_millis(250);

/// Connections that are told at the same time that there is no place; more are just dropped.
const MAX_REFUSALS: usize = 64;

/// Bytes in the kernel that are not sent yet, from which on it takes no more: what a slow reader
/// gets late is at most this old.
const NOT_SENT_LOW_WATER: u32 = 256 << 10;

/// Connections that were refused, and why the last one was.
#[derive(Debug, Default)]
pub(crate) struct Refused {
    total: AtomicU64,
    last: Mutex<String>,
}

impl Refused {
    pub(crate) fn total(&self) -> u64 {
        self.total.load(Ordering::Relaxed)
    }

    pub(crate) fn last(&self) -> String {
        self.last.lock().clone()
    }

    fn add(&self, why: impl FnOnce() -> String) {
        self.total.fetch_add(1, Ordering::Relaxed);
        *self.last.lock() = why();
    }
}

/// Accepts for ever.
pub(super) async fn accept(
    listener: TcpListener,
    shared: Arc<Shared>,
    seats: Arc<Seats>,
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
        match seats.take(peer.ip()) {
            Ok(seat) => {
                let shared = shared.clone();
                let refused = refused.clone();
                tokio::spawn(async move { serve(stream, peer, seat, shared, refused).await });
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
    seat: crate::seats::Seat,
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
    let connection = Connection::new(seat.id, peer, outbox, shared.clock.now(), seat);
    session::run(shared, Arc::new(connection), read, early).await;
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
pub(super) async fn until(mut stop: watch::Receiver<bool>, task: impl Future<Output = ()>) {
    tokio::select! {
        _ = stop.wait_for(|stop| *stop) => {}
        () = task => {}
    }
}

/// Listens for a signal to end from now on; the future says which came.
pub(super) fn signal() -> impl Future<Output = &'static str> {
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
