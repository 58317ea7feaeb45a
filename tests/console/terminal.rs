//! A pseudo-terminal with the program on it.

use std::io::{Read, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};
use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};
use rustix::process::{Pid, Signal, kill_process};

const COLUMNS: u16 = 120;
const ROWS: u16 = 40;

/// How long a test waits for a condition. Generous, because tests share two cores.
const PATIENCE: Duration = Duration::from_secs(30);

/// How often a condition is polled.
const POLL: Duration = Duration::from_millis(10);

/// Waits until a condition holds; panics with `what` if it never does.
pub(crate) async fn until(what: &str, condition: impl Fn() -> bool) {
    let start = Instant::now();
    while !condition() {
        assert!(start.elapsed() < PATIENCE, "waited {PATIENCE:?} in vain: {what}");
        tokio::time::sleep(POLL).await;
    }
}

/// Everything that the program has sent.
struct Seen {
    parser: vt100::Parser,
    bytes: Vec<u8>,
    ended: bool,
}

#[derive(Default)]
struct Valve {
    shut: Mutex<bool>,
    opened: Condvar,
    vanished: AtomicBool,
}

pub(crate) struct Terminal {
    master: Option<Box<dyn MasterPty + Send>>,
    writer: Option<Box<dyn Write + Send>>,
    child: Box<dyn Child + Send + Sync>,
    seen: Arc<Mutex<Seen>>,
    valve: Arc<Valve>,
    modes_before: String,
}

impl Terminal {
    pub(crate) fn start(args: &[&str]) -> Self {
        Self::start_with(args, &[])
    }

    pub(crate) fn start_with(args: &[&str], environment: &[(&str, &str)]) -> Self {
        let size = PtySize { rows: ROWS, cols: COLUMNS, pixel_width: 0, pixel_height: 0 };
        let pair = native_pty_system().openpty(size).expect("a pseudo-terminal");
        let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_vrlobby"));
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("VRLOBBY_") {
                command.env_remove(name);
            }
        }
        command.env_remove("NO_COLOR");
        command.env_remove("COLORTERM");
        command.env("TERM", "xterm-256color");
        for (name, value) in environment {
            command.env(name, value);
        }
        command.args(["--ip", "127.0.0.1", "--port", "0"]);
        command.args(args);
        let modes_before = modes(&*pair.master);
        let child = pair.slave.spawn_command(command).expect("the program");
        drop(pair.slave);
        let mut reader = pair.master.try_clone_reader().expect("a reader");
        let writer = pair.master.take_writer().expect("a writer");
        let parser = vt100::Parser::new(ROWS, COLUMNS, 0);
        let seen = Arc::new(Mutex::new(Seen { parser, bytes: Vec::new(), ended: false }));
        let valve = Arc::new(Valve::default());
        let (eyes, tap) = (seen.clone(), valve.clone());
        thread::spawn(move || {
            let mut buffer = [0; 4096];
            while !tap.vanished.load(Ordering::SeqCst) {
                let mut shut = tap.shut.lock();
                while *shut {
                    tap.opened.wait(&mut shut);
                }
                drop(shut);
                match reader.read(&mut buffer) {
                    Ok(count) if count > 0 => {
                        let mut seen = eyes.lock();
                        seen.parser.process(&buffer[..count]);
                        seen.bytes.extend_from_slice(&buffer[..count]);
                    }
                    _ => break,
                }
            }
            eyes.lock().ended = true;
        });
        let (master, writer) = (Some(pair.master), Some(writer));
        Self { master, writer, child, seen, valve, modes_before }
    }

    pub(crate) fn screen(&self) -> String {
        self.seen.lock().parser.screen().contents()
    }

    /// Waits until the screen meets a condition; panics with the screen if it never does.
    pub(crate) async fn comes_to(&self, what: &str, condition: impl Fn(&str) -> bool) {
        let start = Instant::now();
        while !condition(&self.screen()) {
            let waited = start.elapsed();
            assert!(waited < PATIENCE, "waited in vain for {what} in\n{}", self.screen());
            tokio::time::sleep(POLL).await;
        }
    }

    pub(crate) async fn shows(&self, text: &str) {
        self.comes_to(text, |screen| screen.contains(text)).await;
    }

    /// The address in the top line.
    pub(crate) async fn address(&self) -> String {
        self.shows("ws://127.0.0.1:").await;
        let screen = self.screen();
        let (_, rest) = screen.split_once("ws://").expect("just seen");
        rest.split_whitespace().next().expect("just seen").to_owned()
    }

    pub(crate) fn press(&mut self, keys: &str) {
        let writer = self.writer.as_mut().expect("a terminal that has not vanished");
        writer.write_all(keys.as_bytes()).expect("a terminal");
        writer.flush().expect("a terminal");
    }

    /// Moves down the list of users until `name` is selected.
    pub(crate) async fn selects(&mut self, name: &str) {
        let start = Instant::now();
        while !self.is_filled(name) {
            assert!(start.elapsed() < PATIENCE, "{name} is not selected in\n{}", self.screen());
            self.press("j");
            // It shows a frame later.
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }

    fn any_cell(&self, name: &str, is: impl Fn(&vt100::Cell) -> bool) -> bool {
        let seen = self.seen.lock();
        let screen = seen.parser.screen();
        let name: Vec<String> = name.chars().map(String::from).collect();
        (0..ROWS).any(|row| {
            (0..COLUMNS - name.len() as u16).any(|column| {
                name.iter().zip(column..).all(|(ch, column)| {
                    screen.cell(row, column).is_some_and(|cell| cell.contents() == ch && is(cell))
                })
            })
        })
    }

    /// Returns whether a name is on the background of the selected row in the focused pane.
    fn is_filled(&self, name: &str) -> bool {
        self.any_cell(name, |cell| cell.bgcolor() == vt100::Color::Idx(253))
    }

    pub(crate) fn is_reversed(&self, name: &str) -> bool {
        self.any_cell(name, vt100::Cell::inverse)
    }

    /// Returns whether any sequence that sets a colour was ever sent.
    pub(crate) fn has_sent_colour(&self) -> bool {
        let seen = self.seen.lock();
        let text = String::from_utf8_lossy(&seen.bytes).into_owned();
        let sequences = text.split("\x1b[").skip(1).filter_map(|rest| {
            let end = rest.find(|ch: char| !ch.is_ascii_digit() && ch != ';')?;
            rest[end..].starts_with('m').then_some(&rest[..end])
        });
        let is_colour = |number: &str| {
            matches!(number.parse::<u32>(), Ok(30..=38 | 40..=48 | 90..=97 | 100..=107))
        };
        sequences.flat_map(|sequence| sequence.split(';')).any(is_colour)
    }

    fn pid(&self) -> Pid {
        let pid = self.child.process_id().and_then(|pid| i32::try_from(pid).ok());
        pid.and_then(Pid::from_raw).expect("a running program")
    }

    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(self.pid(), signal).expect("a running program");
    }

    /// Stops accepting output, as a terminal does after Ctrl-S.
    pub(crate) fn stall(&self) {
        *self.valve.shut.lock() = true;
    }

    pub(crate) fn go_on(&self) {
        *self.valve.shut.lock() = false;
        self.valve.opened.notify_all();
    }

    /// Closes, as a window or an SSH connection does.
    pub(crate) fn vanish(&mut self) {
        self.valve.vanished.store(true, Ordering::SeqCst);
        self.writer = None;
        self.master = None;
    }

    /// The CPU time that the program has used, user and system.
    pub(crate) fn cpu_time(&self) -> Duration {
        let pid = self.child.process_id().expect("a running program");
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).expect("a running program");
        // Fields 14 and 15 of proc(5), in hundredths of a second; the name before them may hold spaces.
        let after_name = stat.rsplit(") ").next().unwrap_or_default();
        let fields: Vec<u64> =
            after_name.split(' ').skip(11).take(2).filter_map(|field| field.parse().ok()).collect();
        Duration::from_millis(fields.iter().sum::<u64>() * 10)
    }

    /// Waits for the program to end; returns its exit code.
    pub(crate) async fn end(&mut self) -> u32 {
        let start = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().expect("a program") {
                return status.exit_code();
            }
            assert!(start.elapsed() < PATIENCE, "it does not end:\n{}", self.screen());
            tokio::time::sleep(POLL).await;
        }
    }

    /// Asserts that the terminal is as it was before the program: modes, screen, cursor, mouse and
    /// pastes.
    pub(crate) fn is_as_before(&self) {
        let start = Instant::now();
        while !self.seen.lock().ended {
            assert!(start.elapsed() < PATIENCE, "the terminal is still held");
            thread::sleep(POLL);
        }
        let seen = self.seen.lock();
        let screen = seen.parser.screen();
        assert!(!screen.alternate_screen(), "the alternate screen is left");
        assert!(!screen.hide_cursor(), "the cursor is shown");
        assert!(!screen.bracketed_paste(), "pastes are not bracketed");
        assert_eq!(screen.mouse_protocol_mode(), vt100::MouseProtocolMode::None);
        let master = self.master.as_ref().expect("a terminal that has not vanished");
        assert_eq!(modes(&**master), self.modes_before);
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        self.go_on();
        // A failed test leaves no process behind.
        if let Ok(None) = self.child.try_wait() {
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }
}

fn modes(master: &dyn MasterPty) -> String {
    format!("{:?}", master.get_termios())
}
