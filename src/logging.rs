//! The log: where lines go, and a level that changes while the server runs.
//!
//! The library only emits `tracing` events. A program calls [`init`] to have them written as
//! vrlobby's own does; one that embeds the server may install any other subscriber instead.
//! Nothing here waits for a disk, a pipe or a terminal: lines are handed to a thread through a
//! bounded queue, and what doesn't fit is counted and said in the log itself.

mod layer;
mod line;
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
use crate::model::LogLevel;

/// How long the program's end may be held up by a log that is written slowly.
pub const FLUSH_TIMEOUT: Duration = Duration::from_secs(1);

/// Where the log goes, besides a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogTarget {
    /// One line an event on stderr, with the time in UTC.
    Stderr,
    /// The console's log pane (tui-logger).
    Pane,
}

/// Why there is no log.
#[derive(Debug, Error)]
pub enum LoggingError {
    /// The file can't be opened for appending.
    #[error("the log file {path:?} can't be opened: {error}; choose another with --log-file")]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
    /// A thread for the log can't be started.
    #[error("no thread for the log: {0}")]
    Thread(String),
    /// The process has a `tracing` subscriber already.
    #[error("this process has a tracing subscriber already, so vrlobby's can't be installed")]
    Installed,
    /// The subscriber that this control belongs to is gone.
    #[error("the log's level can't be changed: {0}")]
    Gone(#[from] reload::Error),
}

/// Installs the log for the whole process: events up to `level`, to `target` and to `log_file`.
///
/// Keep the guard until the end of `main`: dropping it writes out what is waiting.
///
/// # Errors
/// If the file can't be opened, a thread can't be started, or the process has a subscriber.
pub fn init(
    target: LogTarget,
    level: LogLevel,
    log_file: Option<&Path>,
) -> Result<(LogControl, LogGuard), LoggingError> {
    let mut sinks = Vec::new();
    if let Some(path) = log_file {
        let file = OpenOptions::new().append(true).create(true).open(path);
        let file = file.map_err(|error| LoggingError::File { path: path.to_owned(), error })?;
        sinks.push(Sink::Writer(writer(format!("log file {path:?}"), file)?));
    }
    match target {
        LogTarget::Stderr => sinks.push(Sink::Writer(writer("stderr".to_owned(), io::stderr())?)),
        LogTarget::Pane => {
            // All that is captured reaches the pane; what it shows is the console's choice.
            tui_logger::init_logger(tui_logger::LevelFilter::Trace)
                .map_err(|error| LoggingError::Thread(error.to_string()))?;
            sinks.push(Sink::Pane);
        }
    }
    let (subscriber, control, guard) = build(sinks, level);
    tracing::subscriber::set_global_default(subscriber).map_err(|_| LoggingError::Installed)?;
    Ok((control, guard))
}

fn writer(name: String, out: impl io::Write + Send + 'static) -> Result<LineWriter, LoggingError> {
    LineWriter::spawn(Box::new(out), move |trouble| match trouble {
        Some(error) => tracing::error!(%error, "{name} can't be written; its lines are lost"),
        None => tracing::warn!("{name} can be written again"),
    })
    .map_err(|error| LoggingError::Thread(error.to_string()))
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

/// A global filter, so that an event that is not wanted costs one load of its call site's state.
fn filter(level: LogLevel) -> Targets {
    let level = match level {
        LogLevel::Error => LevelFilter::ERROR,
        LogLevel::Warn => LevelFilter::WARN,
        LogLevel::Info => LevelFilter::INFO,
        LogLevel::Debug => LevelFilter::DEBUG,
        LogLevel::Trace => LevelFilter::TRACE,
    };
    // What the libraries below have to say about every packet is not the operator's concern.
    Targets::new().with_target("vrlobby", level).with_default(level.min(LevelFilter::WARN))
}

/// Changes what is captured, from now on. Cheap to clone.
#[derive(Clone, Debug)]
pub struct LogControl {
    handle: reload::Handle<Targets, Registry>,
    level: Arc<Mutex<LogLevel>>,
    writers: Arc<[LineWriter]>,
}

impl LogControl {
    /// The most detailed level that is captured.
    pub fn level(&self) -> LogLevel {
        *self.level.lock()
    }

    /// Sets the most detailed level that is captured.
    ///
    /// # Errors
    /// [`LoggingError::Gone`] if the log's subscriber is.
    pub fn set_level(&self, level: LogLevel) -> Result<(), LoggingError> {
        let mut current = self.level.lock();
        self.handle.reload(filter(level))?;
        *current = level;
        Ok(())
    }

    /// Lines that were lost since the start because stderr or the file was written too slowly or
    /// not at all. What the pane lost it says itself.
    pub fn lost_lines(&self) -> u64 {
        self.writers.iter().map(LineWriter::lost).sum()
    }
}

/// Writes out what is waiting when it is dropped, for at most [`FLUSH_TIMEOUT`].
#[derive(Debug)]
#[must_use = "dropping it flushes the log; keep it until the end of main"]
pub struct LogGuard {
    writers: Arc<[LineWriter]>,
    pane: bool,
}

impl LogGuard {
    /// Waits until all that was logged before is written, at most until `deadline`; whether it is.
    pub fn flush(&self, deadline: Instant) -> bool {
        if self.pane {
            tui_logger::move_events();
        }
        // Each has its turn, also after one that is stalled.
        let stalled = self.writers.iter().filter(|writer| !writer.flush(deadline)).count();
        stalled == 0
    }
}

impl Drop for LogGuard {
    fn drop(&mut self) {
        self.flush(Instant::now() + FLUSH_TIMEOUT);
    }
}

#[cfg(test)]
mod tests;
