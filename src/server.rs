//! The server as a whole: settings in, a running server out.

mod error;
mod event_log;
mod handle;
#[cfg(not(feature = "recording"))]
mod no_recorder;
#[cfg(feature = "recording")]
mod recorder;
#[cfg(feature = "recording")]
mod replay_desk;
mod signals;
#[cfg(test)]
mod simulation;
mod world;

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::{mpsc, oneshot, watch};

pub use self::error::ServerError;
use self::error::bind_error;
pub use self::handle::ServerHandle;
#[cfg(not(feature = "recording"))]
use self::no_recorder::Recorder;
#[cfg(feature = "recording")]
use self::recorder::Recorder;
pub use self::signals::EndSignals;
use self::world::{World, WorldParts};
use crate::addresses;
use crate::clock::Clock;
use crate::config::Settings;
use crate::hub::{Events, Pacing};
use crate::lobby::event::{Interest, LobbyEvent};
use crate::logging::{self, LogControl, LogTarget};
use crate::model::{Limits, LogLevel, RecordingFields};
use crate::net::admission::Admission;
use crate::net::listen::Acceptor;
use crate::net::threads::Threads;
use crate::operator::ServerInfo;

/// How long clients have, from the signal to stop, to read what was accepted.
pub const DRAIN_TIMEOUT: Duration = Duration::from_secs(4);

/// Connections that may be waiting to be accepted.
const BACKLOG: i32 = 4096;

/// Where a server begins: [`Server::builder`].
#[derive(Debug)]
pub struct Server;

impl Server {
    /// A server with default settings, to be changed and started.
    ///
    /// ```
    /// use vrlobby::{LogLevel, Server};
    ///
    /// let server = Server::builder()
    ///     .ip([127, 0, 0, 1].into())
    ///     .port(0) // any free port; the default is 42069
    ///     .fps(30.0)
    ///     .log_level(LogLevel::Info)
    ///     .start()?;
    /// println!("headsets connect to {}", server.info().urls[0]);
    /// // … act as the operator: server.operator() …
    /// server.stop();
    /// server.wait()?;
    /// # Ok::<(), vrlobby::ServerError>(())
    /// ```
    pub fn builder() -> Builder {
        Builder { settings: Settings::default(), log: None, listeners: Vec::new() }
    }
}

/// Settings of a server that has not started yet.
#[derive(Clone, Debug)]
#[must_use = "a builder does nothing until it is started"]
pub struct Builder {
    settings: Settings,
    log: Option<LogControl>,
    listeners: Vec<(Interest, mpsc::Sender<LobbyEvent>)>,
}

impl Builder {
    /// The address to listen on; all interfaces unless set.
    pub fn ip(mut self, ip: IpAddr) -> Self {
        self.settings.ip = ip;
        self
    }

    /// The port to listen on, 42069 unless set; 0 for any that is free.
    pub fn port(mut self, port: u16) -> Self {
        self.settings.port = port;
        self
    }

    /// Ticks a second, 0.1 to 240, 1 unless set.
    pub fn fps(mut self, fps: f64) -> Self {
        self.settings.fps = fps;
        self
    }

    /// The most detailed level that [`Builder::run`] logs.
    pub fn log_level(mut self, level: LogLevel) -> Self {
        self.settings.log_level = level;
        self
    }

    /// Threads that read and write connections, at least 1; one for each core unless set.
    pub fn threads(mut self, threads: usize) -> Self {
        self.settings.threads = Some(threads);
        self
    }

    /// What clients may use; [`Limits::lab`] unless set.
    pub fn limits(mut self, limits: Limits) -> Self {
        self.settings.limits = limits;
        self
    }

    /// Records from the start: into a file, which must not exist yet, or into an existing folder, in
    /// which the file gets a name with the date.
    pub fn record(mut self, path: impl Into<PathBuf>) -> Self {
        self.settings.recording.path = Some(path.into());
        self
    }

    /// All settings at once.
    pub fn settings(mut self, settings: Settings) -> Self {
        self.settings = settings;
        self
    }

    /// Lets the operator change the level of this log.
    pub fn log_control(mut self, log: LogControl) -> Self {
        self.log = Some(log);
        self
    }

    /// Subscribes to the events that `interest` asks for, in order, through a queue of `capacity`
    /// events. The server never waits for it: events that don't fit are lost, and counted by
    /// [`EventKind::Lost`](crate::events::EventKind::Lost) in their place.
    /// [`ServerHandle::subscribe`] does the same while the server runs.
    pub fn events(&mut self, interest: Interest, capacity: usize) -> mpsc::Receiver<LobbyEvent> {
        let (sender, receiver) = mpsc::channel(capacity.max(1));
        self.listeners.push((interest, sender));
        receiver
    }

    /// Binds, and serves on its own threads until the handle is stopped or dropped.
    ///
    /// Events go to whatever `tracing` subscriber the program has.
    ///
    /// # Errors
    /// If a setting is out of range, the address can't be listened on, or the recording that it
    /// is to make can't begin.
    pub fn start(self) -> Result<ServerHandle, ServerError> {
        self.settings.check()?;
        // Before there is a runtime, which must not be dropped if the caller is in an async context.
        let socket = bind(&self.settings)?;
        let listening = socket.local_addr().map_err(|source| bind_error(&self.settings, source))?;
        let clock = Clock::start();
        let info = ServerInfo {
            listening,
            urls: addresses::urls(listening),
            started: clock.now(),
            recording_defaults: RecordingFields::default(),
            recording_path: None,
        };
        let (stop, stopping) = watch::channel(false);
        let stop = Arc::new(stop);
        let mut events = Events::default();
        #[cfg_attr(not(feature = "recording"), expect(unused_mut, reason = "nobody replays"))]
        let (mut operator, mut port, recorder) =
            Recorder::prepare(&self.settings, info, stop.clone(), clock, &mut events)?;
        #[cfg(feature = "recording")]
        let player = operator.add_player(&mut port);
        let cores = || std::thread::available_parallelism().map_or(1, usize::from);
        let pacing = Arc::new(Pacing::new(clock));
        let threads = Threads::new(self.settings.threads.unwrap_or_else(cores), &pacing)
            .map_err(ServerError::Threads)?;
        let listener = {
            let _context = threads.first().enter();
            TcpListener::from_std(socket).map_err(|source| bind_error(&self.settings, source))?
        };
        for (interest, sender) in self.listeners {
            events.send_to(sender, move || interest);
        }
        let records = event_log::keep(events.listen(event_log::QUEUE, event_log::interest));
        let World { hub, service, subscriber } = World::new(WorldParts {
            settings: self.settings,
            clock,
            pacing,
            flushers: threads.flushers.clone(),
            port,
            log: self.log,
            events,
            stopping: stopping.clone(),
        });
        let recorder = recorder.start(operator.clone(), subscriber.clone(), clock)?;
        let limits = &service.shared.limits;
        let admission = Admission::new(limits.max_connections, limits.max_connections_per_address);
        let (done, finished) = watch::channel(());
        let handles = threads.handles();
        let thread = threads
            .run(async move {
                let _done = done;
                // The log is written on another thread than the hub's, if there is one.
                let (recorded, records_kept) = oneshot::channel();
                if let Some(thread) = handles.last() {
                    thread.spawn(async move {
                        records.await;
                        let _ = recorded.send(());
                    });
                    #[cfg(feature = "recording")]
                    thread.spawn(replay_desk::run(player, listening, stopping.clone()));
                }
                let acceptor = Acceptor {
                    listener,
                    refused: service.refused.clone(),
                    service,
                    admission: admission.clone(),
                    threads: handles,
                    stopping: stopping.clone(),
                };
                let hub = tokio::spawn(hub.run(stopping));
                tokio::spawn(acceptor.run());
                let result = hub.await.map_err(|_| ServerError::Panicked);
                let recorded = tokio::task::spawn_blocking(|| recorder.finish());
                // The hub has closed everyone; give them time to read it.
                let drained = async {
                    admission.emptied().await;
                    let _ = records_kept.await;
                };
                let (_, recorded) = tokio::join!(
                    tokio::time::timeout(DRAIN_TIMEOUT, drained),
                    tokio::time::timeout(DRAIN_TIMEOUT, recorded),
                );
                if recorded.is_err() {
                    tracing::error!("the recording has not been completed: the disk is too slow");
                }
                result
            })
            .map_err(ServerError::Threads)?;
        Ok(ServerHandle { operator, subscriber, stop, finished, thread: Some(thread) })
    }

    /// Starts, serves until SIGINT or SIGTERM (Ctrl-C on Windows), drains and returns. Logs to
    /// stderr, unless the program has a `tracing` subscriber already.
    ///
    /// # Errors
    /// As [`Builder::start`], or if the server fails while it runs.
    pub fn run(mut self) -> Result<(), ServerError> {
        self.settings.check()?;
        let signals = EndSignals::listen()?;
        let mut log_guard = None;
        if self.log.is_none()
            && let Ok((log, guard)) =
                logging::init(LogTarget::Stderr, self.settings.log_level, None)
        {
            self.log = Some(log);
            log_guard = Some(guard);
        }
        let result = self.start()?.run_until(signals);
        drop(log_guard);
        result
    }
}

fn bind(settings: &Settings) -> Result<std::net::TcpListener, ServerError> {
    let address = SocketAddr::new(settings.ip, settings.port);
    let bind = || -> std::io::Result<std::net::TcpListener> {
        let domain = socket2::Domain::for_address(address);
        let socket = socket2::Socket::new(domain, socket2::Type::STREAM, None)?;
        if cfg!(unix) {
            // A restart must not wait until connections of the previous run have timed out.
            socket.set_reuse_address(true)?;
        }
        if address.is_ipv6() {
            socket.set_only_v6(false)?;
        }
        socket.set_nonblocking(true)?;
        socket.bind(&address.into())?;
        socket.listen(BACKLOG)?;
        Ok(socket.into())
    };
    bind().map_err(|source| bind_error(settings, source))
}
