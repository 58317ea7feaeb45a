//! `vrlobby replay` as a program: what it prints, its keys on a terminal, its exit codes.

use std::io::{Read, Write};
use std::process::{Command, Output, Stdio};
use std::sync::Arc;
use std::thread;

use parking_lot::Mutex;
use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};

use super::GHOSTS;
use super::support::{PATIENCE, within};
use super::tape::{Tape, Theatre, assert_same, poses_from};

async fn output(args: &[&str]) -> (Option<i32>, String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_vrlobby"));
    command.arg("replay").args(args).stdin(Stdio::null());
    let end = tokio::task::spawn_blocking(move || command.output());
    let Output { status, stdout, stderr } =
        within("the end of the program", end).await.expect("no panic").expect("a program");
    let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
    (status.code(), text(stdout), text(stderr))
}

#[tokio::test]
async fn without_a_terminal_it_runs_to_the_end() {
    let (mut theatre, tape) = (Theatre::open(), Tape::usual());
    let file = tape.file.to_string_lossy().into_owned();
    let url = theatre.url();
    let (code, out, err) =
        output(&[&file, "--url", &url, "--from", "0:01", "--into", "hall"]).await;
    assert_eq!((code, err.as_str()), (Some(0), ""), "{out}");
    let lines: Vec<&str> = out.lines().collect();
    assert_eq!(lines.len(), 2, "{out}");
    assert!(lines[0].starts_with("replaying ") && lines[0].contains("2 users, into hall"), "{out}");
    assert!(lines[1].contains("poses sent, 99 of 100"), "{out}");
    theatre.until_gone(&GHOSTS).await;
    let poses = theatre.poses(GHOSTS[0], "hall");
    assert_same(&poses[1..], &poses_from(1, 1_000_000));
}

#[tokio::test]
async fn errors_are_told_in_words_and_by_the_exit_code() {
    let tape = Tape::usual();
    let file = tape.file.to_string_lossy().into_owned();
    for (args, reason) in [
        (&["none.db"] as &[&str], "none.db"),
        (&[&file, "--url", "ws://127.0.0.1:1"], "nothing listens at ws://127.0.0.1:1/"),
        (&[&file, "--speed", "0"], "0.1 to 16"),
    ] {
        let (code, out, err) = output(args).await;
        assert_eq!((code, out.as_str()), (Some(1), ""), "{err}");
        assert!(err.starts_with("vrlobby: ") && err.contains(reason), "{err}");
    }
    let (code, _, err) = output(&[&file, "--from", "soon"]).await;
    assert_eq!(code, Some(2), "{err}");
    assert!(err.contains("HH:MM:SS"), "{err}");
}

const ROWS: u16 = 30;
const COLUMNS: u16 = 120;

/// The program on a pseudo-terminal.
struct Terminal {
    master: Box<dyn MasterPty + Send>,
    writer: Box<dyn Write + Send>,
    child: Box<dyn Child + Send + Sync>,
    screen: Arc<Mutex<vt100::Parser>>,
    modes_before: String,
}

fn modes(master: &dyn MasterPty) -> String {
    format!("{:?}", master.get_termios())
}

impl Terminal {
    fn start(args: &[&str]) -> Self {
        let size = PtySize { rows: ROWS, cols: COLUMNS, pixel_width: 0, pixel_height: 0 };
        let pair = native_pty_system().openpty(size).expect("a pseudo-terminal");
        let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_vrlobby"));
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("VRLOBBY_") {
                command.env_remove(name);
            }
        }
        command.args(args);
        command.env("TERM", "xterm-256color");
        let modes_before = modes(&*pair.master);
        let child = pair.slave.spawn_command(command).expect("the program");
        let mut reader = pair.master.try_clone_reader().expect("a reader");
        let screen = Arc::new(Mutex::new(vt100::Parser::new(ROWS, COLUMNS, 0)));
        let eyes = screen.clone();
        thread::spawn(move || {
            let mut buffer = [0; 4096];
            while let Ok(count @ 1..) = reader.read(&mut buffer) {
                eyes.lock().process(&buffer[..count]);
            }
        });
        let writer = pair.master.take_writer().expect("a writer");
        Self { master: pair.master, writer, child, screen, modes_before }
    }

    fn press(&mut self, keys: &str) {
        self.writer.write_all(keys.as_bytes()).expect("a terminal");
        self.writer.flush().expect("a terminal");
    }

    async fn shows(&self, text: &str) {
        let started = std::time::Instant::now();
        loop {
            let screen = self.screen.lock().screen().contents();
            if screen.contains(text) {
                return;
            }
            assert!(started.elapsed() < PATIENCE, "waited in vain for {text} in\n{screen}");
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
    }

    /// Waits for its end; the terminal is as it was before.
    async fn end(mut self) -> u32 {
        let mut killer = self.child.clone_killer();
        let end = tokio::task::spawn_blocking(move || (self.child.wait(), self.master));
        let Ok(ended) = tokio::time::timeout(PATIENCE, end).await else {
            killer.kill().expect("a program");
            panic!("the program does not end");
        };
        let (status, master) = ended.expect("no panic");
        assert_eq!(modes(&*master), self.modes_before);
        status.expect("an exit status").exit_code()
    }
}

#[tokio::test]
async fn keys_steer_it_on_a_terminal() {
    let (mut theatre, tape) = (Theatre::open(), Tape::usual());
    let (file, url) = (tape.file.to_string_lossy().into_owned(), theatre.url());
    let mut terminal =
        Terminal::start(&["replay", &file, "--url", &url, "--start-paused", "--loop"]);
    terminal.shows("Space pause").await;
    terminal.shows("⏸ 0:00:00.0 / 0:00:02  1x  2 of 2 ghosts").await;
    terminal.shows("next: begin at 0:00:00").await;
    terminal.press("]");
    terminal.shows("⏸ 0:00:00.4").await;
    terminal.shows("[begin]  next: end at 0:00:01").await;
    terminal.press("5");
    terminal.shows("⏸ 0:00:01.0").await;
    terminal.press("\x1b[D");
    terminal.shows("⏸ 0:00:00.0").await;
    terminal.press("-");
    terminal.shows("0.5x").await;
    terminal.press("+++");
    terminal.shows("4x").await;
    terminal.press(" ");
    terminal.shows("▶ ").await;
    terminal.shows("round 2").await;
    terminal.press("q");
    assert_eq!(terminal.end().await, 0);
    theatre.until_gone(&GHOSTS).await;
}

#[tokio::test]
async fn control_c_and_errors_give_the_terminal_back() {
    let (mut theatre, tape) = (Theatre::open(), Tape::usual());
    let (file, url) = (tape.file.to_string_lossy().into_owned(), theatre.url());
    let mut terminal = Terminal::start(&["replay", &file, "--url", &url, "--loop"]);
    terminal.shows("2 of 2 ghosts").await;
    terminal.press("\x03");
    assert_eq!(terminal.end().await, 0);
    theatre.until_gone(&GHOSTS).await;
    let terminal = Terminal::start(&["replay", &file, "--url", &url, "--loop"]);
    terminal.shows("2 of 2 ghosts").await;
    theatre.stop();
    terminal.shows("lost its connection").await;
    assert_eq!(terminal.end().await, 1);
}

#[tokio::test]
async fn the_console_starts_steers_and_stops_a_replay() {
    let tape = Tape::usual();
    // The form for paths with spaces.
    let file = tape.file.to_string_lossy().replace('"', "\\\"");
    let mut console = Terminal::start(&["--ip", "127.0.0.1", "--port", "0"]);
    console.shows("LIVE").await;
    console.press(&format!(":replay \"{file}\" hall\r"));
    console.shows("2 of 2 ghosts").await;
    console.press("R");
    console.shows("Space  pause").await;
    console.press("0 ");
    console.shows("REPLAY ⏸").await;
    console.press("]");
    console.shows("[begin]").await;
    // Both are on the server like anyone else.
    console.shows("ghost:S02").await;
    console.press("\x1b");
    console.shows("?  help").await;
    console.press(":replay stop\r");
    console.shows("the replay has stopped; 2 ghosts left").await;
    console.shows("0 users").await;
    console.press("q");
    assert_eq!(console.end().await, 0);
}
