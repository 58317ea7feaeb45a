//! Accepts connections, within limits, and distributes them over the server's threads.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};

use super::admission::{Admission, Full, Permit};
use super::http::Answer;
use super::serve::{self, Service};
use super::threads::ThreadHandle;
use crate::hub::Refused;

/// How long accepting pauses when the system has no more file descriptors or memory.
const ACCEPT_PAUSE: Duration = Duration::from_millis(250);

/// How many refused connections get an answer at the same time; others are just dropped.
const MAX_REFUSALS: usize = 64;

/// Unsent bytes from which on the kernel accepts no more, which bounds how old a tick can be that a
/// slow reader gets.
const NOT_SENT_LOW_WATER: u32 = 256 << 10;

/// Accepts connections until `stopping` is true.
pub(crate) struct Acceptor {
    pub(crate) listener: TcpListener,
    pub(crate) service: Arc<Service>,
    pub(crate) admission: Arc<Admission>,
    pub(crate) refused: Arc<Refused>,
    pub(crate) threads: Vec<ThreadHandle>,
    pub(crate) stopping: watch::Receiver<bool>,
}

impl Acceptor {
    /// Runs until it is to stop.
    pub(crate) async fn run(self) {
        let mut stopping = self.stopping.clone();
        tokio::select! {
            _ = stopping.wait_for(|stop| *stop) => {}
            () = self.accept() => {}
        }
    }

    async fn accept(&self) {
        let refusals = Arc::new(Semaphore::new(MAX_REFUSALS));
        loop {
            let (stream, peer) = match self.listener.accept().await {
                Ok(accepted) => accepted,
                Err(error) => {
                    // The peer may have gone already; anything else is a lack of resources, which
                    // trying again at once only makes worse.
                    if !is_of_the_peer(&error) {
                        self.refused.add(|| format!("accepting pauses: {error}"));
                        tokio::time::sleep(ACCEPT_PAUSE).await;
                    }
                    continue;
                }
            };
            match self.admission.take(peer.ip(), self.threads.len()) {
                Ok(permit) => self.hand_over(stream, peer, permit),
                Err(full) => {
                    self.refused.add(|| self.words(full, peer));
                    if let Ok(permit) = refusals.clone().try_acquire_owned() {
                        let service = self.service.clone();
                        tokio::spawn(async move {
                            serve::turn_away(stream, answer(full), &service).await;
                            drop(permit);
                        });
                    }
                }
            }
        }
    }

    /// Serves a connection on its thread.
    fn hand_over(&self, stream: TcpStream, peer: SocketAddr, permit: Permit) {
        let thread = permit.thread;
        let service = self.service.clone();
        if thread == crate::hub::HUB_THREAD {
            tune(&stream);
            tokio::spawn(service.serve(stream, peer, permit));
            return;
        }
        // A stream wakes its task on the thread that registered it.
        let Ok(stream) = stream.into_std() else { return };
        self.threads[thread].spawn(async move {
            if let Ok(stream) = TcpStream::from_std(stream) {
                tune(&stream);
                service.serve(stream, peer, permit).await;
            }
        });
    }

    fn words(&self, full: Full, peer: SocketAddr) -> String {
        let limits = &self.service.shared.limits;
        match full {
            Full::Server => {
                format!(
                    "{} connections are open, the most that max-connections allows",
                    limits.max_connections
                )
            }
            Full::Address => format!(
                "{} has {} connections open, the most that max-connections-per-address allows",
                peer.ip(),
                limits.max_connections_per_address.unwrap_or_default()
            ),
        }
    }
}

fn answer(full: Full) -> Answer {
    match full {
        Full::Server => {
            Answer::new("503 Service Unavailable", "the server is full; try again later")
        }
        Full::Address => Answer::new(
            "429 Too Many Requests",
            "your address has as many connections as it may have; close one first",
        ),
    }
}

/// Best effort: without it a connection still works, with a little more delay.
fn tune(stream: &TcpStream) {
    let _ = stream.set_nodelay(true);
    #[cfg(target_os = "linux")]
    let _ = socket2::SockRef::from(stream).set_tcp_notsent_lowat(NOT_SENT_LOW_WATER);
}

fn is_of_the_peer(error: &std::io::Error) -> bool {
    use std::io::ErrorKind as K;
    matches!(
        error.kind(),
        K::ConnectionAborted | K::ConnectionReset | K::ConnectionRefused | K::Interrupted
    )
}
