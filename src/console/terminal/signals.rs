//! Signals, delivered to the event loop.

use std::io::{self, Read};
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use signal_hook::consts::{SIGCONT, SIGHUP, SIGINT, SIGTERM, SIGWINCH};
use signal_hook::{SigId, flag, low_level};

/// Collects signals while it lives.
#[derive(Debug)]
pub struct Signals {
    wake: UnixStream,
    ids: Vec<SigId>,
    flags: Vec<(i32, Arc<AtomicBool>)>,
}

impl Signals {
    /// Collects from now on.
    ///
    /// # Errors
    /// If the system does not allow signal handlers.
    pub fn listen() -> io::Result<Self> {
        let (wake, sender) = UnixStream::pair()?;
        wake.set_nonblocking(true)?;
        sender.set_nonblocking(true)?;
        let mut signals = Self { wake, ids: Vec::new(), flags: Vec::new() };
        for signal in [SIGINT, SIGTERM, SIGHUP, SIGWINCH, SIGCONT] {
            let came = Arc::new(AtomicBool::new(false));
            signals.ids.push(flag::register(signal, came.clone())?);
            signals.ids.push(low_level::pipe::register(signal, sender.try_clone()?)?);
            signals.flags.push((signal, came));
        }
        Ok(signals)
    }

    /// Becomes readable when a signal has arrived.
    pub(crate) fn wake(&self) -> &UnixStream {
        &self.wake
    }

    /// Takes the signals that have arrived since the last call.
    pub(crate) fn take(&self) -> Vec<i32> {
        let mut buffer = [0; 64];
        while (&self.wake).read(&mut buffer).is_ok_and(|count| count == buffer.len()) {}
        let came = self.flags.iter().filter(|(_, came)| came.swap(false, Ordering::SeqCst));
        came.map(|(signal, _)| *signal).collect()
    }
}

impl Drop for Signals {
    fn drop(&mut self) {
        for id in self.ids.drain(..) {
            low_level::unregister(id);
        }
    }
}
