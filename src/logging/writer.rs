//! Lines on their way to a file or stderr, which may be slow, stalled or broken.

use std::io::{self, ErrorKind, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};
use tracing::Level;

use super::layer::stamped;

/// Lines that may wait for a slow file or stderr; what comes on top of them is lost and counted.
pub const QUEUE_LINES: usize = 4096;

/// Written at once at most, roughly: enough to make a system call cheap.
const BATCH_BYTES: usize = 64 << 10;

/// How soon a stream that takes nothing just now is tried again.
const RETRY: Duration = Duration::from_millis(10);

/// Hands lines to a thread of its own that writes them. Never blocks. Cheap to clone.
#[derive(Clone, Debug)]
pub(super) struct LineWriter {
    queue: SyncSender<String>,
    state: Arc<State>,
}

#[derive(Debug, Default)]
struct State {
    queued: AtomicU64,
    /// Lost since the start.
    lost: AtomicU64,
    /// Lost, and not yet said in the log.
    unreported: AtomicU64,
    /// Taken from the queue and dealt with.
    done: Mutex<u64>,
    progress: Condvar,
}

impl State {
    fn lose(&self, lines: u64) {
        self.lost.fetch_add(lines, Ordering::Relaxed);
        self.unreported.fetch_add(lines, Ordering::Relaxed);
    }
}

impl LineWriter {
    /// Starts a thread that writes to `out` and calls `report` with the error when writing begins
    /// to fail, and with none when it works again.
    pub(super) fn spawn(
        out: Box<dyn Write + Send>,
        report: impl Fn(Option<io::Error>) + Send + 'static,
    ) -> io::Result<Self> {
        let (queue, lines) = sync_channel(QUEUE_LINES);
        let state = Arc::new(State::default());
        let shared = state.clone();
        thread::Builder::new()
            .name("log-writer".to_owned())
            .spawn(move || write_lines(out, &lines, &shared, report))?;
        Ok(Self { queue, state })
    }

    /// Queues a line, or counts it as lost.
    pub(super) fn write(&self, line: String) {
        if self.queue.try_send(line).is_ok() {
            self.state.queued.fetch_add(1, Ordering::Relaxed);
        } else {
            self.state.lose(1);
        }
    }

    /// Lines lost since the start.
    pub(super) fn lost(&self) -> u64 {
        self.state.lost.load(Ordering::Relaxed)
    }

    /// Waits until all lines that this thread queued before are dealt with, at most until
    /// `deadline`; whether they are.
    pub(super) fn flush(&self, deadline: Instant) -> bool {
        let queued = self.state.queued.load(Ordering::Relaxed);
        let mut done = self.state.done.lock();
        while *done < queued {
            if self.state.progress.wait_until(&mut done, deadline).timed_out() {
                return *done >= queued;
            }
        }
        true
    }
}

fn write_lines(
    mut out: Box<dyn Write + Send>,
    lines: &Receiver<String>,
    state: &State,
    report: impl Fn(Option<io::Error>),
) {
    let mut failing = false;
    let mut batch = String::new();
    while let Ok(line) = lines.recv() {
        batch.clear();
        let mut count = 0;
        let mut next = Some(line);
        while let Some(line) = next {
            batch.push_str(&line);
            batch.push('\n');
            count += 1;
            next = if batch.len() < BATCH_BYTES { lines.try_recv().ok() } else { None };
        }
        let lost = state.unreported.swap(0, Ordering::Relaxed);
        if lost > 0 {
            let text =
                format!("log lines were lost, as they could not be written in time count={lost}");
            batch.push_str(&stamped(Level::WARN, &text));
            batch.push('\n');
        }
        match write_all(&mut *out, batch.as_bytes()) {
            Ok(()) if failing => {
                failing = false;
                report(None);
            }
            Ok(()) => {}
            Err(error) => {
                state.unreported.fetch_add(lost, Ordering::Relaxed);
                state.lose(count);
                if !failing {
                    failing = true;
                    report(Some(error));
                }
            }
        }
        *state.done.lock() += count;
        state.progress.notify_all();
    }
}

/// Like `Write::write_all`, but waits where a terminal or pipe was set not to block by whoever
/// shares it.
fn write_all(out: &mut dyn Write, mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        match out.write(bytes) {
            Ok(0) => return Err(ErrorKind::WriteZero.into()),
            Ok(written) => bytes = &bytes[written..],
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) if error.kind() == ErrorKind::WouldBlock => thread::sleep(RETRY),
            Err(error) => return Err(error),
        }
    }
    out.flush()
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{Sender, channel};

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

    /// Says that a write has begun, then waits for what to do: take it, or fail.
    struct Gate {
        begun: Sender<()>,
        answers: Receiver<io::Result<()>>,
        memory: Memory,
    }

    impl Write for Gate {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let _ = self.begun.send(());
            // A test that has dropped its end lets everything through.
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
        let writer = LineWriter::spawn(Box::new(gate), move |trouble| {
            let _ = report.send(trouble.map(|error| error.to_string()));
        });
        Stalled { writer: writer.unwrap(), begun: has_begun, answers, memory, reports }
    }

    fn soon() -> Instant {
        Instant::now() + Duration::from_secs(20)
    }

    #[test]
    fn lines_are_written_in_order_and_flushed() {
        let memory = Memory::default();
        let writer = LineWriter::spawn(Box::new(memory.clone()), |_| {}).unwrap();
        for n in 0..1000 {
            writer.write(format!("line {n}"));
        }
        assert!(writer.flush(soon()));
        let expected: String = (0..1000).map(|n| format!("line {n}\n")).collect();
        assert_eq!(memory.text(), expected);
        assert_eq!(writer.lost(), 0);
    }

    #[test]
    fn a_stalled_stream_loses_lines_and_says_how_many() {
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
        assert!(
            text.contains(
                " WARN  log lines were lost, as they could not be written in time count=5\n"
            ),
            "{text}"
        );
    }

    #[test]
    fn a_broken_stream_is_reported_once_and_again_when_it_works() {
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
