//! The log: where lines go, and a level that can be changed while the server runs.
//!
//! The library only emits `tracing` events. A program calls [`init`] to get the same log as the
//! vrlobby binary; a program that embeds the server may install any other subscriber instead.
//! Logging never waits for a disk, a pipe or a terminal: lines go through a bounded queue to a
//! thread that writes them, and the log says how many didn't fit or couldn't be written.

mod layer;
mod line;
mod output;
mod throttle;
mod writer;

use std::fs::OpenOptions;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use thiserror::Error;
use tracing::Subscriber;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::{Registry, reload};

use self::layer::{LineLayer, Sink};
pub use self::line::LINE_CHARS;
pub use self::throttle::{OncePerSecond, RateLimitedLog};
use self::writer::LineWriter;
pub use self::writer::QUEUE_LINES;
use crate::clock;
use crate::model::LogLevel;

/// How long a log that is written slowly may delay the program's exit.
pub const FLUSH_TIMEOUT: Duration = Duration::from_secs(1);

/// Where the log goes, apart from a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogTarget {
    /// Stderr, one line per event, with the time in UTC.
    Stderr,
    /// The console's log pane (tui-logger).
    Pane,
}

/// Why the log can't be installed or changed.
#[derive(Debug, Error)]
pub enum LoggingError {
    /// The file can't be opened for appending.
    #[error("the log file {path:?} can't be opened: {error}; choose another with --log-file")]
    File {
        /// The file.
        path: PathBuf,
        /// The system's error.
        error: io::Error,
    },
    /// The log pane's thread can't be started.
    #[error("no thread for the log: {0}")]
    Thread(String),
    /// The process has a `tracing` subscriber already.
    #[error("this process has a tracing subscriber already, so vrlobby's can't be installed")]
    Installed,
    /// The subscriber that the control belongs to no longer exists.
    #[error("the log's level can't be changed: {0}")]
    Gone(#[from] reload::Error),
}

/// Installs the log for the whole process: events up to `level` go to `target` and `log_file`.
///
/// Keep the guard until the end of `main`: dropping it flushes the log.
///
/// # Errors
/// If the file can't be opened, the pane's thread can't be started, or the process already has a
/// `tracing` subscriber.
///
/// # Panics
/// If the system can't start a thread that writes to the file or stderr.
pub fn init(
    target: LogTarget,
    level: LogLevel,
    log_file: Option<&Path>,
) -> Result<(LogControl, LogGuard), LoggingError> {
    let mut sinks = Vec::new();
    if let Some(path) = log_file {
        let file = OpenOptions::new().append(true).create(true).open(path);
        let file = file.map_err(|error| LoggingError::File { path: path.to_owned(), error })?;
        sinks.push(Sink::Writer(writer(format!("log file {path:?}"), file)));
    }
    match target {
        LogTarget::Stderr => sinks.push(Sink::Writer(writer("stderr".to_owned(), io::stderr()))),
        LogTarget::Pane => {
            // Everything captured reaches the pane; the console chooses what to show.
            tui_logger::init_logger(tui_logger::LevelFilter::Trace)
                .map_err(|error| LoggingError::Thread(error.to_string()))?;
            sinks.push(Sink::Pane);
        }
    }
    let (subscriber, control, guard) = build(sinks, level);
    tracing::subscriber::set_global_default(subscriber).map_err(|_| LoggingError::Installed)?;
    Ok((control, guard))
}

fn writer(name: String, out: impl io::Write + Send + 'static) -> LineWriter {
    let report = move |trouble| match trouble {
        Some(error) => tracing::error!(%error, "{name} can't be written; its lines are lost"),
        None => tracing::warn!("{name} can be written again"),
    };
    LineWriter::spawn(Box::new(out), Box::new(report))
}

fn build(sinks: Vec<Sink>, level: LogLevel) -> (impl Subscriber, LogControl, LogGuard) {
    let (filter, handle) = reload::Layer::new(filter(level));
    let writers: Arc<[LineWriter]> = sinks.iter().filter_map(Sink::writer).cloned().collect();
    let pane = sinks.iter().any(|sink| matches!(sink, Sink::Pane));
    let subscriber = tracing_subscriber::registry().with(filter).with(LineLayer::new(sinks));
    let control =
        LogControl { handle, level: Arc::new(Mutex::new(level)), writers: writers.clone() };
    (subscriber, control, LogGuard { writers, pane })
}

/// A global filter, so that a suppressed event costs one load of its call site's state.
fn filter(level: LogLevel) -> Targets {
    let level = match level {
        LogLevel::Error => LevelFilter::ERROR,
        LogLevel::Warn => LevelFilter::WARN,
        LogLevel::Info => LevelFilter::INFO,
        LogLevel::Debug => LevelFilter::DEBUG,
        LogLevel::Trace => LevelFilter::TRACE,
    };
    // The operator doesn't need what the libraries below log about every packet.
    Targets::new().with_target("vrlobby", level).with_default(level.min(LevelFilter::WARN))
}

/// Changes the captured level while the program runs. Cheap to clone.
#[derive(Clone, Debug)]
pub struct LogControl {
    handle: reload::Handle<Targets, Registry>,
    level: Arc<Mutex<LogLevel>>,
    writers: Arc<[LineWriter]>,
}

impl LogControl {
    /// The most detailed level captured.
    pub fn level(&self) -> LogLevel {
        *self.level.lock()
    }

    /// Sets the most detailed level to capture.
    ///
    /// # Errors
    /// [`LoggingError::Gone`] if the log's subscriber no longer exists.
    pub fn set_level(&self, level: LogLevel) -> Result<(), LoggingError> {
        let mut current = self.level.lock();
        self.handle.reload(filter(level))?;
        *current = level;
        Ok(())
    }

    /// Lines lost since the start because stderr or the file was too slow or failed. The pane
    /// reports its own losses.
    pub fn lost_lines(&self) -> u64 {
        self.writers.iter().map(LineWriter::lost).sum()
    }
}

/// Flushes the log when dropped, waiting at most [`FLUSH_TIMEOUT`].
#[derive(Debug)]
#[must_use = "dropping it flushes the log; keep it until the end of main"]
pub struct LogGuard {
    writers: Arc<[LineWriter]>,
    pane: bool,
}

impl LogGuard {
    /// Waits until everything logged so far is written, at most until `deadline`. Returns whether
    /// it is.
    pub fn flush(&self, deadline: Instant) -> bool {
        if self.pane {
            tui_logger::move_events();
        }
        // Every writer is flushed, even after one that has stalled.
        let stalled = self.writers.iter().filter(|writer| !writer.flush(deadline)).count();
        stalled == 0
    }
}

impl Drop for LogGuard {
    fn drop(&mut self) {
        self.flush(clock::monotonic().into_std() + FLUSH_TIMEOUT);
    }
}

#[cfg(test)]
mod tests;
