//! The server's threads, each of which reads and writes its own connections.
//!
//! Each has its own runtime, and a connection stays on its thread: there is no work stealing and no
//! contended lock. The hub runs on the first.

use std::sync::Arc;
use std::thread::JoinHandle;

use tokio::runtime::{Builder, Handle, Runtime};
use tokio::sync::watch;

use crate::connection::Flusher;
use crate::hub::Pacing;

/// Tasks that run, mostly reads of a few microseconds each, before a thread polls for more input.
/// Large enough that all ready connections are read before the hub's turn; otherwise the hub would
/// send a tick without the poses that are waiting to be read.
const CONNECTIONS_READ_IN_A_ROW: u32 = 512;

/// A thread that runs tasks.
#[derive(Clone, Debug)]
pub(crate) struct ThreadHandle(Handle);

impl ThreadHandle {
    /// Spawns a task on the thread.
    pub(crate) fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        self.0.spawn(task);
    }
}

/// Threads that are ready to run, all but the first.
#[derive(Debug)]
pub(crate) struct Threads {
    first: Runtime,
    others: Vec<Runtime>,
    /// One for each thread, the first included.
    pub(crate) flushers: Vec<Arc<Flusher>>,
}

impl Threads {
    /// Prepares `count` threads, at least one.
    ///
    /// # Errors
    /// If the system lacks the resources.
    pub(crate) fn new(count: usize, pacing: &Arc<Pacing>) -> std::io::Result<Self> {
        let count = count.max(1);
        Ok(Self {
            first: runtime(pacing)?,
            others: (1..count).map(|_| runtime(pacing)).collect::<Result<_, _>>()?,
            flushers: (0..count).map(|_| Arc::default()).collect(),
        })
    }

    /// The first thread's runtime.
    pub(crate) fn first(&self) -> &Runtime {
        &self.first
    }

    /// Handles of all threads, the first included.
    pub(crate) fn handles(&self) -> Vec<ThreadHandle> {
        let others = self.others.iter().map(|runtime| ThreadHandle(runtime.handle().clone()));
        std::iter::once(ThreadHandle(self.first.handle().clone())).chain(others).collect()
    }

    /// Runs `main` on a new thread, and the others beside it until `main` is done.
    ///
    /// # Errors
    /// If the system can't start them.
    pub(crate) fn run<T: Send + 'static>(
        self,
        main: impl Future<Output = T> + Send + 'static,
    ) -> std::io::Result<JoinHandle<T>> {
        let (done, _) = watch::channel(false);
        let mut others = Vec::new();
        for (index, (runtime, flusher)) in
            self.others.into_iter().zip(self.flushers.into_iter().skip(1)).enumerate()
        {
            let mut done = done.subscribe();
            let thread = std::thread::Builder::new().name(format!("vrlobby-{}", index + 2)).spawn(
                move || {
                    runtime.block_on(async move {
                        tokio::select! {
                            () = flusher.run() => {}
                            // Even if the first thread has failed to start.
                            _ = done.wait_for(|done| *done) => {}
                        }
                    });
                    runtime.shutdown_background();
                },
            )?;
            others.push(thread);
        }
        std::thread::Builder::new().name("vrlobby-1".into()).spawn(move || {
            let result = self.first.block_on(main);
            self.first.shutdown_background();
            done.send_replace(true);
            for other in others {
                // A thread's panic has been logged where it happened.
                let _ = other.join();
            }
            result
        })
    }
}

fn runtime(pacing: &Arc<Pacing>) -> std::io::Result<Runtime> {
    let pacing = pacing.clone();
    Builder::new_current_thread()
        .event_interval(CONNECTIONS_READ_IN_A_ROW)
        .on_thread_park(move || pacing.before_park())
        .enable_all()
        .build()
}
