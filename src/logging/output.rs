//! Batches of lines on their way to a file or stderr, which may be slow, stalled or broken.

use std::io::{self, ErrorKind, Write};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};
use tracing::Level;
use tracing_appender::non_blocking::ErrorCounter;

use super::line::stamped;
use crate::clock;

/// Size from which a batch is written; enough to make the system call cheap.
const BATCH_BYTES: usize = 64 << 10;

/// Wait before writing again to a stream that would block.
const RETRY: Duration = Duration::from_millis(10);

/// Called with the error when writing starts to fail, and with `None` when it works again.
pub(super) type Report = Box<dyn Fn(Option<io::Error>) + Send>;

/// How far the thread that writes has got. Shared with the threads that log.
#[derive(Debug, Default)]
pub(super) struct Progress {
    /// Lines taken from the queue and written or lost.
    done: Mutex<u64>,
    advanced: Condvar,
    /// Lines lost to write errors.
    failed: AtomicU64,
    /// Lines that didn't fit into the queue.
    dropped: OnceLock<ErrorCounter>,
}

impl Progress {
    /// Takes the queue's count, which exists only once the queue does.
    pub(super) fn count_dropped_with(&self, counter: ErrorCounter) {
        let _ = self.dropped.set(counter);
    }

    pub(super) fn dropped(&self) -> u64 {
        self.dropped.get().map_or(0, |counter| counter.dropped_lines() as u64)
    }

    /// Lines lost since the start, for either reason.
    pub(super) fn lost(&self) -> u64 {
        self.dropped() + self.failed.load(Ordering::Relaxed)
    }

    /// Waits until `lines` are done, at most until `deadline`. Returns whether they are.
    pub(super) fn wait_for(&self, lines: u64, deadline: Instant) -> bool {
        let mut done = self.done.lock();
        self.advanced.wait_while_until(&mut done, |done| *done < lines, deadline);
        *done >= lines
    }

    fn advance(&self, lines: u64) {
        *self.done.lock() += lines;
        self.advanced.notify_all();
    }
}

/// Collects lines and writes them in batches. Never fails: errors are counted and reported.
pub(super) struct Output {
    out: Box<dyn Write + Send>,
    report: Report,
    progress: Arc<Progress>,
    batch: Vec<u8>,
    /// Lines in the batch.
    lines: u64,
    /// Lost lines that the log has already mentioned.
    mentioned: u64,
    failing: bool,
}

impl Output {
    pub(super) fn new(out: Box<dyn Write + Send>, report: Report, progress: Arc<Progress>) -> Self {
        Self { out, report, progress, batch: Vec::new(), lines: 0, mentioned: 0, failing: false }
    }

    fn write_batch(&mut self) {
        let lost = self.progress.lost();
        if lost > self.mentioned {
            let count = lost - self.mentioned;
            let text = format!(
                "log lines were lost because they couldn't be written in time count={count}"
            );
            self.batch.extend_from_slice(stamped(Level::WARN, &text).as_bytes());
            self.batch.push(b'\n');
        }
        match write_fully(&mut *self.out, &self.batch) {
            Ok(()) => {
                self.mentioned = lost;
                if std::mem::take(&mut self.failing) {
                    (self.report)(None);
                }
            }
            Err(error) => {
                self.progress.failed.fetch_add(self.lines, Ordering::Relaxed);
                if !std::mem::replace(&mut self.failing, true) {
                    (self.report)(Some(error));
                }
            }
        }
        self.batch.clear();
        self.progress.advance(std::mem::take(&mut self.lines));
    }
}

impl Write for Output {
    /// Takes one whole line.
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.batch.extend_from_slice(line);
        self.lines += 1;
        if self.batch.len() >= BATCH_BYTES {
            self.write_batch();
        }
        Ok(line.len())
    }

    /// Called whenever the queue has run empty.
    fn flush(&mut self) -> io::Result<()> {
        if self.lines > 0 {
            self.write_batch();
        }
        Ok(())
    }
}

/// Like `Write::write_all`, but waits if another process that shares the terminal or pipe has set
/// it to non-blocking mode.
fn write_fully(out: &mut dyn Write, mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        match out.write(bytes) {
            Ok(0) => return Err(ErrorKind::WriteZero.into()),
            Ok(written) => bytes = &bytes[written..],
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) if error.kind() == ErrorKind::WouldBlock => clock::sleep_thread(RETRY),
            Err(error) => return Err(error),
        }
    }
    out.flush()
}
