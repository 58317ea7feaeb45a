//! The log's own end of a file or stderr: queues lines and never waits for them to be written.
//!
//! `tracing-appender` brings the bounded queue, the count of lines that didn't fit, and the thread
//! that writes. Three of the log's promises it doesn't keep, so they are kept here and in
//! [`Output`]:
//!
//! - It swallows write errors. `Output` counts the lines they cost, reports the first error, and
//!   says in the log how many lines were lost.
//! - It flushes only when its `WorkerGuard` is dropped, which may take 1.1 s for each file, doesn't
//!   return whether it succeeded, and prints to stdout, where the console may be, or panics if
//!   stdout is closed. The guard is therefore never dropped; [`LineWriter::flush`] has a deadline.
//! - It makes a system call for each line; `Output` writes them in batches.

use std::io::Write;
use std::sync::Arc;
use std::time::Instant;

use parking_lot::Mutex;
use tracing_appender::non_blocking::{NonBlocking, NonBlockingBuilder};

use super::output::{Output, Progress, Report};

/// Lines that may wait for a slow file or stderr; further ones are lost and counted.
pub const QUEUE_LINES: usize = 4096;

/// Queues lines for a thread that writes them. Never blocks. Cheap to clone.
#[derive(Clone, Debug)]
pub(super) struct LineWriter {
    queue: Arc<Mutex<Queue>>,
    progress: Arc<Progress>,
}

#[derive(Debug)]
struct Queue {
    lines: NonBlocking,
    /// Lines that found room in it.
    accepted: u64,
}

impl LineWriter {
    /// Starts a thread that writes to `out` and calls `report` with the error when writing starts
    /// to fail, and with `None` when it works again.
    ///
    /// # Panics
    /// If the system has no thread to spare.
    pub(super) fn spawn(out: Box<dyn Write + Send>, report: Report) -> Self {
        let progress = Arc::new(Progress::default());
        let (lines, guard) = NonBlockingBuilder::default()
            .lossy(true)
            .buffered_lines_limit(QUEUE_LINES)
            .thread_name("log-writer")
            .finish(Output::new(out, report, progress.clone()));
        std::mem::forget(guard);
        progress.count_dropped_with(lines.error_counter());
        Self { queue: Arc::new(Mutex::new(Queue { lines, accepted: 0 })), progress }
    }

    /// Queues a line, or counts it as lost.
    pub(super) fn write(&self, mut line: String) {
        line.push('\n');
        // Held by one thread at a time, so that a change of the count is due to this line.
        let mut queue = self.queue.lock();
        let dropped = self.progress.dropped();
        // Always succeeds: a line that doesn't fit is only counted.
        let _ = queue.lines.write_all(line.as_bytes());
        queue.accepted += u64::from(self.progress.dropped() == dropped);
    }

    /// Lines lost since the start.
    pub(super) fn lost(&self) -> u64 {
        self.progress.lost()
    }

    /// Waits until all lines queued so far are written or lost, at most until `deadline`. Returns
    /// whether they are.
    pub(super) fn flush(&self, deadline: Instant) -> bool {
        let accepted = self.queue.lock().accepted;
        self.progress.wait_for(accepted, deadline)
    }
}

#[cfg(test)]
mod tests {
    use std::io::{self, ErrorKind};
    use std::sync::mpsc::{Receiver, Sender, channel};
    use std::time::Duration;

    use super::*;

    #[derive(Clone, Default)]
    struct Memory(Arc<Mutex<Vec<u8>>>);

    impl Memory {
        fn text(&self) -> String {
            String::from_utf8(self.0.lock().clone()).unwrap()
        }
    }

    impl Write for Memory {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    /// Announces that a write has begun, then waits to be told whether it succeeds.
    struct Gate {
        begun: Sender<()>,
        answers: Receiver<io::Result<()>>,
        memory: Memory,
    }

    impl Write for Gate {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let _ = self.begun.send(());
            // Once the test has dropped its end, everything succeeds.
            self.answers.recv().unwrap_or(Ok(()))?;
            self.memory.write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    struct Stalled {
        writer: LineWriter,
        begun: Receiver<()>,
        answers: Sender<io::Result<()>>,
        memory: Memory,
        reports: Receiver<Option<String>>,
    }

    fn gated() -> Stalled {
        let (begun, has_begun) = channel();
        let (answers, answer) = channel();
        let (report, reports) = channel();
        let memory = Memory::default();
        let gate = Gate { begun, answers: answer, memory: memory.clone() };
        let report = Box::new(move |trouble: Option<io::Error>| {
            let _ = report.send(trouble.map(|error| error.to_string()));
        });
        let writer = LineWriter::spawn(Box::new(gate), report);
        Stalled { writer, begun: has_begun, answers, memory, reports }
    }

    fn soon() -> Instant {
        Instant::now() + Duration::from_secs(20)
    }

    #[test]
    fn lines_are_written_in_order_and_flushed() {
        let memory = Memory::default();
        let writer = LineWriter::spawn(Box::new(memory.clone()), Box::new(|_| {}));
        for n in 0..1000 {
            writer.write(format!("line {n}"));
        }
        assert!(writer.flush(soon()));
        let expected: String = (0..1000).map(|n| format!("line {n}\n")).collect();
        assert_eq!(memory.text(), expected);
        assert_eq!(writer.lost(), 0);
    }

    #[test]
    fn a_stalled_stream_loses_lines_and_logs_how_many() {
        let Stalled { writer, begun, answers, memory, .. } = gated();
        writer.write("first".into());
        begun.recv_timeout(Duration::from_secs(20)).unwrap();
        for _ in 0..QUEUE_LINES + 5 {
            writer.write("more".into());
        }
        assert_eq!(writer.lost(), 5);
        assert!(!writer.flush(Instant::now()));
        drop(answers);
        assert!(writer.flush(soon()));
        let text = memory.text();
        assert_eq!(text.lines().filter(|line| *line == "more").count(), QUEUE_LINES);
        assert_eq!(text.matches("lines were lost").count(), 1);
        let notice =
            " WARN  log lines were lost because they couldn't be written in time count=5\n";
        assert!(text.contains(notice), "{text}");
    }

    #[test]
    fn a_broken_stream_is_reported_once_and_so_is_its_recovery() {
        let Stalled { writer, answers, memory, reports, .. } = gated();
        for n in 0..3 {
            answers.send(Err(io::Error::other("disk full"))).unwrap();
            writer.write(format!("gone {n}"));
            assert!(writer.flush(soon()));
        }
        answers.send(Err(ErrorKind::Interrupted.into())).unwrap();
        answers.send(Err(ErrorKind::WouldBlock.into())).unwrap();
        answers.send(Ok(())).unwrap();
        writer.write("kept".into());
        assert!(writer.flush(soon()));
        assert_eq!(writer.lost(), 3);
        let text = memory.text();
        assert!(text.starts_with("kept\n") && text.ends_with("count=3\n"), "{text}");
        let reports: Vec<_> = reports.try_iter().collect();
        assert_eq!(reports, [Some("disk full".to_owned()), None]);
    }
}
