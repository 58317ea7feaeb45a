//! The log of a whole process. `logging::init` works only once, so this file holds one test.

use std::time::{Duration, Instant};

use vrlobby::LogLevel;
use vrlobby::logging::{self, LogTarget, LoggingError};

#[test]
fn a_process_logs_to_a_file_and_follows_its_control() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("vrlobby.log");
    std::fs::write(&path, "before\n").unwrap();

    let (control, guard) = logging::init(LogTarget::Pane, LogLevel::Info, Some(&path)).unwrap();
    let log = |text: &str| {
        tracing::info!(target: "vrlobby::test", level = "info", "{text}");
        tracing::debug!(target: "vrlobby::test", level = "debug", "{text}");
    };
    log("one");
    control.set_level(LogLevel::Debug).unwrap();
    std::thread::spawn(move || log("two")).join().unwrap();
    control.set_level(LogLevel::Error).unwrap();
    log("three");
    assert!(guard.flush(Instant::now() + Duration::from_secs(20)));

    let text = std::fs::read_to_string(&path).unwrap();
    let tails: Vec<_> = text.lines().map(|line| line.get(28..).unwrap_or(line)).collect();
    assert_eq!(
        tails,
        ["before", "INFO  one level=info", "INFO  two level=info", "DEBUG two level=debug"]
    );
    assert_eq!(control.lost_lines(), 0);

    let again = logging::init(LogTarget::Stderr, LogLevel::Info, None);
    assert!(matches!(again, Err(LoggingError::Installed)));
}
