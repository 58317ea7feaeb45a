//! The program: its flags, what it prints, its signals and its exit codes.

mod support;

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::thread;

use rustix::process::{Pid, Signal, kill_process};
use support::client::Client;
use support::hall::LOOPBACK;
use support::said::Said;
use support::{join, say, within};
use tokio::sync::mpsc;

/// The program, without anything from the environment that would set it up.
fn program(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_vrlobby"));
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("VRLOBBY_") {
            command.env_remove(name);
        }
    }
    command.args(args).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// What the program prints and exits with, where it ends by itself.
async fn output(mut command: Command) -> (Option<i32>, String, String) {
    let end = tokio::task::spawn_blocking(move || command.output());
    let Output { status, stdout, stderr } =
        within("the end of the program", end).await.expect("no panic").expect("a program");
    let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
    (status.code(), text(stdout), text(stderr))
}

/// A server as a process.
struct Running {
    child: Child,
    stderr: mpsc::UnboundedReceiver<String>,
    /// All lines of stderr so far.
    said: Vec<String>,
}

impl Running {
    fn start(mut command: Command) -> Self {
        let mut child = command.spawn().expect("a program");
        let pipe = BufReader::new(child.stderr.take().expect("a pipe"));
        let (sender, stderr) = mpsc::unbounded_channel();
        thread::spawn(move || {
            for line in pipe.split(b'\n').map_while(Result::ok) {
                let _ = sender.send(String::from_utf8_lossy(&line).into_owned());
            }
        });
        Self { child, stderr, said: Vec::new() }
    }

    fn headless(args: &[&str]) -> Self {
        let args = [&["--headless", "--ip", "127.0.0.1", "--port", "0"], args].concat();
        Self::start(program(&args))
    }

    /// Waits for a line of stderr that holds `words`.
    async fn says(&mut self, words: &str) -> String {
        if let Some(line) = self.said.iter().find(|line| line.contains(words)) {
            return line.clone();
        }
        within(&format!("{words:?} on stderr"), async {
            while let Some(line) = self.stderr.recv().await {
                self.said.push(line.clone());
                if line.contains(words) {
                    return line;
                }
            }
            panic!("the program ended without {words:?}: {:#?}", self.said);
        })
        .await
    }

    /// Where it says that it listens.
    async fn addr(&mut self) -> SocketAddr {
        let line = self.says("127.0.0.1:").await;
        let (_, port) = line.split_once("127.0.0.1:").expect("just found");
        let port: String = port.chars().take_while(char::is_ascii_digit).collect();
        (LOOPBACK, port.parse().expect("a port")).into()
    }

    async fn client(&mut self, name: &str) -> Client {
        let mut client = Client::connect_to(self.addr().await).await;
        client.enter(name, "").await;
        client
    }

    fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).expect("a signal");
    }

    /// Waits for its end; what it printed on stderr is in `said` then.
    async fn end(&mut self) -> ExitStatus {
        within("the end of the program", async {
            while let Some(line) = self.stderr.recv().await {
                self.said.push(line);
            }
        })
        .await;
        self.child.wait().expect("an exit status")
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Only matters where a test fails: nothing is left behind.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

async fn drains_at(signal: Signal) {
    let mut server = Running::headless(&[]);
    let mut ada = server.client("ada").await;
    let mut bob = server.client("bob").await;
    ada.expect("lobby", "bob", "join", r#""""#).await;
    server.signal(signal);
    ada.is_told_1001().await;
    bob.is_told_1001().await;
    assert_eq!(server.end().await.code(), Some(0), "{:#?}", server.said);
    let mut stdout = String::new();
    let pipe = server.child.stdout.as_mut().expect("a pipe");
    pipe.read_to_string(&mut stdout).expect("UTF-8");
    assert_eq!(stdout, "", "the log is on stderr");
}

#[tokio::test]
async fn sigterm_drains_and_exits_with_0() {
    drains_at(Signal::TERM).await;
}

#[tokio::test]
async fn sigint_drains_and_exits_with_0() {
    drains_at(Signal::INT).await;
}

#[tokio::test]
async fn a_signal_counts_as_soon_as_it_says_that_it_listens() {
    for _ in 0..20 {
        let mut server = Running::headless(&[]);
        server.says("127.0.0.1:").await;
        server.signal(Signal::TERM);
        assert_eq!(server.end().await.code(), Some(0), "{:#?}", server.said);
    }
}

#[tokio::test]
async fn without_a_terminal_it_says_so_and_runs_headless() {
    let mut server = Running::start(program(&["--ip", "127.0.0.1", "--port", "0"]));
    server.says("terminal").await;
    let mut ada = server.client("ada").await;
    ada.quiet().await;
    server.signal(Signal::TERM);
    ada.is_told_1001().await;
    assert_eq!(server.end().await.code(), Some(0), "{:#?}", server.said);
}

#[tokio::test]
async fn what_a_client_sends_reaches_no_terminal_as_control_characters() {
    let mut server = Running::headless(&["--log-level", "trace"]);
    let mut ada = server.client("ada").await;
    for text in [
        "\u{1b}[2Jnot JSON\u{7}\r",
        r#"{"system":"\u001b[2J\u0007\u202e"}"#,
        r#"{"room":"\u001b[2J\u009b","type":"msg","data":"x"}"#,
        r#"{"room":"nowhere","type":"\u001b]0;x\u0007","data":"x"}"#,
        r#"{"system":"login","options":{"user":"\u001b[31mx","pass":"\u001b"}}"#,
    ] {
        ada.send(text).await;
        assert!(ada.answer().await.code >= 400);
    }
    ada.send(r#"{"room":"lobby","type":"\u001b[2J\u202e","data":"\u001b[2J\r\u009b"}"#).await;
    ada.event().await;
    server.signal(Signal::TERM);
    ada.is_told_1001().await;
    server.end().await;
    assert!(server.said.iter().any(|line| line.contains("ada")), "{:#?}", server.said);
    let bad = |c: char| c.is_control() || c == '\u{202e}';
    let raw: Vec<_> = server.said.iter().filter(|line| line.contains(bad)).collect();
    assert!(raw.is_empty(), "{raw:#?}");
}

#[tokio::test]
async fn the_log_level_says_how_much_is_logged() {
    // Logins are told at info, joins and leaves at debug too, each request at trace.
    let mut lines = Vec::new();
    for levels in [["2", "info"], ["3", "debug"], ["4", "trace"]] {
        for level in levels {
            lines.push(lines_about_a_visit(level).await);
        }
    }
    let [info, by_2, debug, by_3, trace, by_4] = lines[..] else { panic!("six levels") };
    assert_eq!((by_2, by_3, by_4), (info, debug, trace));
    assert!(0 < info && info < debug && debug < trace, "{lines:?}");
}

/// How many lines a server logs at `level` that name a user who comes and talks.
async fn lines_about_a_visit(level: &str) -> usize {
    let mut server = Running::headless(&["--log-level", level]);
    let mut visitor = server.client("a visitor").await;
    visitor.send(&say("lobby", "hello")).await;
    visitor.hears("lobby", "a visitor", "hello").await;
    server.signal(Signal::TERM);
    visitor.is_told_1001().await;
    assert_eq!(server.end().await.code(), Some(0), "{level}: {:#?}", server.said);
    server.said.iter().filter(|line| line.contains("a visitor")).count()
}

#[tokio::test]
async fn a_taken_port_exits_with_1_and_names_it() {
    let taken = TcpListener::bind((LOOPBACK, 0)).expect("a port");
    let port = taken.local_addr().expect("an address").port().to_string();
    let (code, _, stderr) =
        output(program(&["--headless", "--ip", "127.0.0.1", "--port", &port])).await;
    assert_eq!(code, Some(1), "{stderr}");
    assert!(stderr.contains(&port), "{stderr}");
    assert!(!stderr.contains("panicked"), "{stderr}");
}

#[tokio::test]
async fn a_wrong_value_exits_with_2_and_says_what_is_allowed() {
    // Had the port been looked at first, that would be what is complained of.
    let taken = TcpListener::bind((LOOPBACK, 0)).expect("a port");
    let port = taken.local_addr().expect("an address").port().to_string();
    for (flag, value, allowed) in [
        ("fps", "0", "240"),
        ("fps", "240.5", "240"),
        ("fps", "fast", "240"),
        ("fps", "NaN", "240"),
        ("fps", "-1", "240"),
        ("ip", "nowhere", "address"),
        ("log-level", "5", "trace"),
        ("log-level", "loud", "trace"),
        ("max-message-bytes", "lots", "KiB"),
        ("max-connections", "0", "1"),
        ("idle-timeout", "0", "0.1"),
        ("limits", "strict", "open"),
        ("queue-bytes", "1", "KiB"),
        ("threads", "0", "1024"),
        ("memory-bytes", "8MiB", "16MiB"),
    ] {
        let arg = format!("--{flag}={value}");
        let args = ["--headless", "--ip=127.0.0.1", "--port", &port, &arg];
        let args = if flag == "ip" { &args[..][2..] } else { &args[..] };
        let (code, stdout, stderr) = output(program(args)).await;
        assert_eq!(code, Some(2), "{arg}: {stderr}");
        assert_eq!(stdout, "", "{arg}");
        for words in [flag, value, allowed] {
            assert!(stderr.contains(words), "{words:?} is missing for {arg}: {stderr}");
        }
    }
    let (code, _, stderr) = output(program(&["--headless", "--port", "70000"])).await;
    assert_eq!(code, Some(2), "{stderr}");
    for words in ["port", "70000", "65535"] {
        assert!(stderr.replace(',', "").contains(words), "{words:?} is missing: {stderr}");
    }
}

#[tokio::test]
async fn a_wrong_value_says_where_it_came_from() {
    let mut command = program(&["--headless"]);
    command.env("VRLOBBY_FPS", "fast");
    let (code, _, stderr) = output(command).await;
    assert_eq!(code, Some(2), "{stderr}");
    assert!(stderr.contains("VRLOBBY_FPS") && stderr.contains("fast"), "{stderr}");

    let file = settings_file("fps = \"fast\"\n");
    let path = file.path().to_string_lossy();
    let (code, _, stderr) = output(program(&["--headless", "--config", &path])).await;
    assert_eq!(code, Some(2), "{stderr}");
    assert!(stderr.contains(&*path) && stderr.contains("fast"), "{stderr}");

    let file = settings_file("fsp = 5\n");
    let path = file.path().to_string_lossy();
    let (code, _, stderr) = output(program(&["--headless", "--config", &path])).await;
    assert_eq!(code, Some(2), "{stderr}");
    assert!(stderr.contains("fsp"), "{stderr}");
}

#[tokio::test]
async fn what_is_no_flag_and_what_is_no_file_exits_with_2() {
    let (code, _, stderr) = output(program(&["--prot", "1"])).await;
    assert_eq!(code, Some(2), "{stderr}");
    assert!(stderr.contains("--prot"), "{stderr}");
    let missing = "no-such-directory/vrlobby.toml";
    let (code, _, stderr) = output(program(&["--headless", "--config", missing])).await;
    assert_eq!(code, Some(2), "{stderr}");
    assert!(stderr.contains(missing), "{stderr}");
}

fn settings_file(content: &str) -> tempfile::NamedTempFile {
    let mut file = tempfile::NamedTempFile::new().expect("a file");
    file.write_all(content.as_bytes()).expect("a file");
    file
}

/// How many rooms a user of this server may be in.
async fn rooms_allowed(command: Command) -> usize {
    let mut server = Running::start(command);
    let mut ada = server.client("ada").await;
    let mut rooms = 1;
    loop {
        ada.send(&join(&format!("room {rooms}"))).await;
        match ada.said().await {
            Said::Event(_) => rooms += 1,
            Said::Answer(answer) => {
                assert_eq!(answer.code, 413);
                return rooms;
            }
        }
    }
}

#[tokio::test]
async fn a_flag_beats_the_environment_that_beats_the_file_that_beats_the_ready_set() {
    let file = settings_file("max-rooms-per-user = 2\nlimits = \"open\"\n");
    let path = file.path().to_string_lossy().into_owned();
    let none = ["--headless", "--ip", "127.0.0.1", "--port", "0", "--config", &path];
    let flag = [&none[..], &["--max-rooms-per-user", "4"]].concat();
    let with_env = |args: &[&str]| {
        let mut command = program(args);
        command.env("VRLOBBY_MAX_ROOMS_PER_USER", "3");
        command
    };
    assert_eq!(rooms_allowed(program(&none)).await, 2);
    assert_eq!(rooms_allowed(with_env(&none)).await, 3);
    assert_eq!(rooms_allowed(with_env(&flag)).await, 4);
    assert_eq!(rooms_allowed(program(&flag)).await, 4);
    let file = settings_file("limits = \"open\"\n");
    let path = file.path().to_string_lossy().into_owned();
    let open = ["--headless", "--ip", "127.0.0.1", "--port", "0", "--config", &path];
    assert_eq!(rooms_allowed(program(&open)).await, 16);
    assert_eq!(rooms_allowed(program(&[&open[..], &["--limits", "lab"]].concat())).await, 64);
}

#[tokio::test]
async fn help_tells_each_setting_with_its_default() {
    let (code, stdout, stderr) = output(program(&["--help"])).await;
    assert_eq!((code, stderr.as_str()), (Some(0), ""));
    // However it is wrapped.
    let help = stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    for (setting, default) in [
        ("ip", "0.0.0.0"),
        ("port", "42069"),
        ("fps", "1"),
        ("threads", "auto"),
        ("log-level", "debug"),
        ("limits", "lab"),
        ("max-message-bytes", "1MiB"),
        ("max-connections", "20000"),
        ("max-connections-per-address", "none"),
        ("handshake-timeout", "10"),
        ("handshake-bytes", "16KiB"),
        ("login-timeout", "30"),
        ("idle-timeout", "20"),
        ("max-rooms-per-user", "64"),
        ("max-rooms", "1024"),
        ("messages-per-s", "1000"),
        ("messages-burst", "5000"),
        ("bytes-per-s", "8000000"),
        ("bytes-burst", "16MiB"),
        ("queue-bytes", "1MiB"),
        ("memory-bytes", "auto"),
        ("history-messages", "50"),
        ("history-bytes", "256KiB"),
        ("origin", "any"),
    ] {
        let (_, of_setting) = help
            .split_once(&format!("--{setting} <"))
            .unwrap_or_else(|| panic!("--{setting} is missing:\n{stdout}"));
        let (_, told) = of_setting.split_once("[default: ").expect("a default");
        let told: String = told.chars().filter(|c| !c.is_whitespace()).collect();
        assert!(told.starts_with(default), "{setting}: {told:.40}");
        let variable = format!("VRLOBBY_{}", setting.replace('-', "_").to_uppercase());
        assert!(help.contains(&variable), "{variable} is missing:\n{stdout}");
    }
    for flag in ["--headless", "--config", "bots"] {
        assert!(help.contains(flag), "{flag} is missing:\n{stdout}");
    }
}

#[tokio::test]
async fn version_is_told() {
    let (code, stdout, _) = output(program(&["--version"])).await;
    assert_eq!(code, Some(0));
    assert_eq!(stdout.trim(), concat!("vrlobby ", env!("CARGO_PKG_VERSION")));
}
