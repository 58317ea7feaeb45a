use std::io::Write;

use tracing::subscriber::with_default;
use tracing::{debug, error, info, info_span, trace, warn};

use super::*;

#[derive(Clone, Default)]
struct Memory(Arc<Mutex<Vec<u8>>>);

impl Write for Memory {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The lines, without their times, that `log` writes when `level` is captured at first.
fn lines(level: LogLevel, log: impl FnOnce(&LogControl)) -> Vec<String> {
    let memory = Memory::default();
    let sink = Sink::Writer(LineWriter::spawn(Box::new(memory.clone()), Box::new(|_| {})));
    let (subscriber, control, guard) = build(vec![sink], level);
    with_default(subscriber, || log(&control));
    assert!(guard.flush(Instant::now() + Duration::from_secs(20)));
    let text = String::from_utf8(memory.0.lock().clone()).unwrap();
    text.lines().map(|line| without_time(line).to_owned()).collect()
}

fn without_time(line: &str) -> &str {
    let (time, rest) = line.split_once(' ').unwrap();
    // 2026-11-22T12:00:00.123456Z
    let shape: String = time.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect();
    assert_eq!(shape, "0000-00-00T00:00:00.000000Z");
    rest
}

#[test]
fn the_message_comes_first_then_the_fields() {
    let lines = lines(LogLevel::Trace, |_| {
        info!(user = "ada", room = %"atrium", users = 3, "joined");
        warn!(rate = 2.5, late = true, gap = ?Duration::from_millis(3), "slow");
        error!("plain");
        debug!(only = 1u64);
    });
    assert_eq!(
        lines,
        [
            "INFO  joined user=ada room=atrium users=3",
            "WARN  slow rate=2.5 late=true gap=3ms",
            "ERROR plain",
            "DEBUG only=1",
        ]
    );
}

#[test]
fn no_value_can_pass_for_another_field_or_line() {
    let lines = lines(LogLevel::Info, |_| {
        info!(user = "ada room=x", "joined");
        info!(user = %"a\" room=\"x", "joined");
        info!(user = %"\"a\" room=\"x\"", "joined");
        info!(user = ?"a\nb c", list = ?[1, 2], "joined");
        info!(user = "a\n2026 ERROR \u{1b}[31m\u{202e}", empty = "", "said {}", "\r\n");
    });
    assert_eq!(
        lines,
        [
            r#"INFO  joined user="ada room=x""#,
            r#"INFO  joined user="a\" room=\"x""#,
            r#"INFO  joined user="\"a\" room=\"x\"""#,
            r#"INFO  joined user="a\nb c" list="[1, 2]""#,
            r#"INFO  said \u{d}\u{a} user="a\u{a}2026 ERROR \u{1b}[31m\u{202e}" empty="""#,
        ]
    );
}

#[test]
fn fields_of_enclosing_spans_follow() {
    let lines = lines(LogLevel::Info, |_| {
        let outer = info_span!("server", port = 5).entered();
        let inner = info_span!("session", peer = "10.0.0.1", user = tracing::field::Empty);
        inner.in_scope(|| info!("opened"));
        inner.record("user", "ada b");
        inner.in_scope(|| info!(room = "x", "joined"));
        drop(outer);
        info!("done");
    });
    assert_eq!(
        lines,
        [
            "INFO  opened peer=10.0.0.1 port=5",
            "INFO  joined room=x peer=10.0.0.1 user=\"ada b\" port=5",
            "INFO  done",
        ]
    );
}

#[test]
fn the_level_changes_while_running() {
    fn one_of_each() {
        error!("e");
        warn!("w");
        info!("i");
        debug!("d");
        trace!("t");
    }
    for (count, level) in LogLevel::ALL.into_iter().enumerate() {
        let lines = lines(LogLevel::Warn, |control| {
            assert_eq!(control.level(), LogLevel::Warn);
            control.clone().set_level(level).unwrap();
            assert_eq!(control.level(), level);
            one_of_each();
        });
        assert_eq!(lines.len(), count + 1, "{level}: {lines:?}");
    }
}

#[test]
fn other_crates_log_only_warnings_and_errors() {
    let lines = lines(LogLevel::Trace, |control| {
        info!(target: "tokio", "no");
        warn!(target: "tokio", "yes");
        control.set_level(LogLevel::Error).unwrap();
        warn!(target: "tokio", "no");
    });
    assert_eq!(lines, ["WARN  yes"]);
}

#[test]
fn the_level_can_not_be_changed_once_the_log_is_gone() {
    let (subscriber, control, guard) = build(Vec::new(), LogLevel::Info);
    drop((subscriber, guard));
    assert!(matches!(control.set_level(LogLevel::Trace), Err(LoggingError::Gone(_))));
    assert_eq!(control.level(), LogLevel::Info);
}

#[test]
fn a_long_value_is_cut() {
    let lines = lines(LogLevel::Info, |_| info!(data = "x".repeat(1 << 20), "said"));
    assert_eq!(lines[0].chars().count(), "INFO  ".len() + LINE_CHARS + "…".len() / 3);
    assert!(lines[0].starts_with("INFO  said data=xxx") && lines[0].ends_with("x…"));
}

#[test]
fn the_pane_shows_the_message_first() {
    use ratatui::buffer::Buffer;
    use ratatui::layout::Rect;
    use ratatui::widgets::Widget;

    tui_logger::set_default_level(tui_logger::LevelFilter::Trace);
    let (subscriber, _control, guard) = build(vec![Sink::Pane], LogLevel::Debug);
    with_default(subscriber, || {
        debug!(user = "a\u{1b}da", "joined");
        trace!("unwanted");
    });
    assert!(guard.flush(Instant::now()));
    let mut buffer = Buffer::empty(Rect::new(0, 0, 100, 10));
    tui_logger::TuiLoggerWidget::default().render(buffer.area, &mut buffer);
    let shown: String = buffer.content.iter().map(|cell| cell.symbol()).collect();
    assert!(shown.contains(r"joined user=a\u{1b}da"), "{shown}");
    assert!(!shown.contains("unwanted"), "{shown}");
}

/// Blocks on every write until the sender is dropped.
struct Stalled(std::sync::mpsc::Receiver<()>);

impl Write for Stalled {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let _ = self.0.recv();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn stalled_streams_delay_the_end_by_the_flush_timeout_together() {
    let (releases, sinks): (Vec<_>, Vec<_>) = (0..2)
        .map(|_| {
            let (release, stalled) = std::sync::mpsc::channel();
            let out = Box::new(Stalled(stalled));
            (release, Sink::Writer(LineWriter::spawn(out, Box::new(|_| {}))))
        })
        .unzip();
    let (subscriber, control, guard) = build(sinks, LogLevel::Info);
    with_default(subscriber, || (0..2 * QUEUE_LINES).for_each(|n| info!(n)));
    assert!(control.lost_lines() >= QUEUE_LINES as u64);
    let start = Instant::now();
    drop(guard);
    let took = start.elapsed();
    assert!(took >= FLUSH_TIMEOUT && took < FLUSH_TIMEOUT * 19 / 10, "{took:?}");
    drop(releases);
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_costs_lines_and_nothing_else() {
    let full = OpenOptions::new().append(true).open("/dev/full").unwrap();
    let memory = Memory::default();
    let sinks = vec![
        Sink::Writer(LineWriter::spawn(Box::new(full), Box::new(|_| {}))),
        Sink::Writer(LineWriter::spawn(Box::new(memory.clone()), Box::new(|_| {}))),
    ];
    let (subscriber, control, guard) = build(sinks, LogLevel::Info);
    with_default(subscriber, || {
        info!("one");
        assert!(guard.flush(Instant::now() + Duration::from_secs(20)));
        info!("two");
    });
    assert!(guard.flush(Instant::now() + Duration::from_secs(20)));
    assert_eq!(control.lost_lines(), 2);
    let text = String::from_utf8(memory.0.lock().clone()).unwrap();
    assert_eq!(text.lines().map(without_time).collect::<Vec<_>>(), ["INFO  one", "INFO  two"]);
}

#[test]
fn a_file_that_can_not_be_opened_is_an_error() {
    let path = Path::new("/nonexistent/log");
    let error = init(LogTarget::Stderr, LogLevel::Info, Some(path)).unwrap_err().to_string();
    assert!(error.contains("/nonexistent/log") && error.contains("--log-file"), "{error}");
}
