//! The signals that end a server, listened for before the port is open.

use std::pin::Pin;

use tokio::runtime::{Builder, Runtime};

use super::error::ServerError;

/// Listens for SIGINT and SIGTERM (Ctrl-C on Windows) from its creation on. Create it before
/// [`Builder::start`](super::Builder::start): once the port answers, a signal may come.
pub struct EndSignals {
    runtime: Runtime,
    signal: Pin<Box<dyn Future<Output = &'static str>>>,
}

impl std::fmt::Debug for EndSignals {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("EndSignals")
    }
}

impl EndSignals {
    /// Listens from now on.
    ///
    /// # Errors
    /// If the system does not allow it.
    pub fn listen() -> Result<Self, ServerError> {
        let runtime =
            Builder::new_current_thread().enable_all().build().map_err(ServerError::Threads)?;
        let signal = {
            let _context = runtime.enter();
            signal().map_err(ServerError::Signals)?
        };
        Ok(Self { runtime, signal })
    }

    /// Blocks until a signal comes, whose name it returns, or until `other` resolves.
    pub(super) fn wait(self, other: impl Future<Output = ()>) -> Option<&'static str> {
        let Self { runtime, signal } = self;
        runtime.block_on(async {
            tokio::select! {
                signal = signal => Some(signal),
                () = other => None,
            }
        })
    }
}

type Signal = Pin<Box<dyn Future<Output = &'static str>>>;

#[cfg(unix)]
fn signal() -> std::io::Result<Signal> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    Ok(Box::pin(async move {
        tokio::select! {
            _ = interrupt.recv() => "SIGINT",
            _ = terminate.recv() => "SIGTERM",
        }
    }))
}

#[cfg(not(unix))]
fn signal() -> std::io::Result<Signal> {
    Ok(Box::pin(async {
        match tokio::signal::ctrl_c().await {
            Ok(()) => "Ctrl-C",
            Err(_) => std::future::pending().await,
        }
    }))
}
