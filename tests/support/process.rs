//! The program as a process of its own, headless.

use std::io::Read;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicU16, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use super::PATIENCE;

pub(crate) struct Process {
    child: Child,
    addr: SocketAddr,
    log: Option<JoinHandle<String>>,
}

impl Process {
    /// Starts the program and returns as soon as its port answers, which may be before it has
    /// logged a word; the connection that shows it is given back.
    pub(crate) fn start(args: &[&str]) -> (Self, TcpStream) {
        Self::start_as(Command::new(env!("CARGO_BIN_EXE_vrlobby")), args)
    }

    /// As [`Self::start`], with files that can't grow beyond so many blocks of 512 bytes: writing
    /// more fails.
    pub(crate) fn start_limited(blocks: u32, args: &[&str]) -> (Self, TcpStream) {
        let mut shell = Command::new("sh");
        // Without the signal that ends a process at the limit.
        let script = format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$0\" \"$@\"");
        shell.args(["-c", &script, env!("CARGO_BIN_EXE_vrlobby")]);
        Self::start_as(shell, args)
    }

    fn start_as(mut command: Command, args: &[&str]) -> (Self, TcpStream) {
        let addr: SocketAddr = (Ipv4Addr::LOCALHOST, free_port()).into();
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("VRLOBBY_") {
                command.env_remove(name);
            }
        }
        command.args(["--headless", "--ip", "127.0.0.1", "--port", &addr.port().to_string()]);
        command.args(args).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("a program");
        let mut stderr = child.stderr.take().expect("a pipe");
        let log = std::thread::spawn(move || {
            let mut bytes = Vec::new();
            let _ = stderr.read_to_end(&mut bytes);
            String::from_utf8_lossy(&bytes).into_owned()
        });
        let mut process = Self { child, addr, log: Some(log) };
        let started = Instant::now();
        loop {
            if let Ok(stream) = TcpStream::connect(addr) {
                return (process, stream);
            }
            if let Ok(Some(status)) = process.child.try_wait() {
                let log = process.log.take().map(JoinHandle::join);
                panic!("the program ended with {status} before its port answered: {log:?}");
            }
            assert!(started.elapsed() < PATIENCE, "the port does not answer");
            std::thread::yield_now();
        }
    }

    pub(crate) fn addr(&self) -> SocketAddr {
        self.addr
    }

    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).expect("a signal");
    }

    /// Waits for its end: how it ended, how long that took, and what it logged.
    pub(crate) fn end(mut self) -> (ExitStatus, Duration, String) {
        let started = Instant::now();
        let mut log = self.log.take().map(JoinHandle::join).expect("it ends once");
        // The log ends when the process does.
        let status = self.child.wait().expect("an exit status");
        (status, started.elapsed(), std::mem::take(log.as_mut().expect("a log")))
    }

    /// Bytes of memory that are really there.
    #[cfg(target_os = "linux")]
    pub(crate) fn resident_bytes(&self) -> usize {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()));
        let status = status.expect("a process that runs");
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("VmRSS");
        let kib: usize = line.trim().trim_end_matches(" kB").parse().expect("kB");
        kib << 10
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Only matters where a test fails: nothing is left behind.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A port that nobody listens on. It is below those that the system gives to outgoing connections:
/// connecting to one of these again and again may connect to itself.
fn free_port() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    for _ in 0..10_000 {
        let offset = std::process::id() as u16 ^ NEXT.fetch_add(1, Ordering::Relaxed);
        let port = 20_000 + offset % 10_000;
        if TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok() {
            return port;
        }
    }
    panic!("no free port");
}
