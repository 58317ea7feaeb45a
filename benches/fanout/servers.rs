//! The servers as child processes: starting them on their cores, and what the kernel says of them.

use std::fs;
use std::io::{self, Read, Seek};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Signal, set_parent_process_death_signal};

use crate::loads::Load;
use crate::setup::{self, Setup};
use crate::{floor, sink};

/// A server has this long to listen.
const STARTUP: Duration = Duration::from_secs(10);
/// Clock ticks a second in /proc/PID/stat; fixed on every Linux of today.
const USER_HZ: u64 = 100;

/// One of the three servers.
#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Contender {
    /// The server of this crate.
    Ours,
    /// Prepared bytes and nothing else.
    Floor,
    /// tokio-tungstenite as its documentation shows it.
    Sink,
}

impl Contender {
    /// All, in the order in which they take turns.
    pub(crate) const ALL: [Self; 3] = [Self::Ours, Self::Floor, Self::Sink];

    /// What the tables call it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Ours => "ours",
            Self::Floor => "floor",
            Self::Sink => "sink",
        }
    }
}

/// What a child is told about the server that it is to be.
pub(crate) struct Orders<'a> {
    pub(crate) contender: Contender,
    pub(crate) load: &'a Load,
    pub(crate) port: u16,
    /// The core to run on; `None` for wherever the benchmark itself may.
    pub(crate) core: Option<usize>,
    /// The ready set of limits; only ours has any.
    pub(crate) limits: &'a str,
    /// Worker threads of ours; `None` for its default.
    pub(crate) threads: Option<usize>,
}

/// What a child does: be the server, for no longer than the benchmark lives.
pub(crate) fn serve(orders: &Orders<'_>) -> io::Result<()> {
    if let Some(core) = orders.core {
        setup::pin(core)?;
    }
    set_parent_process_death_signal(Some(Signal::KILL))?;
    let (load, port) = (orders.load, orders.port);
    match orders.contender {
        Contender::Floor => floor::serve(load, port),
        Contender::Sink => sink::serve(load, port),
        Contender::Ours => {
            let threads = orders.threads.map(|threads| format!("--threads={threads}"));
            // Cores and death signal outlive exec.
            Err(Command::new(env!("CARGO_BIN_EXE_vrlobby"))
                .args(["--headless", "--ip", "127.0.0.1", "--log-level", "1"])
                .args(["--limits", orders.limits, "--fps", &load.fps.to_string()])
                .args(["--port", &port.to_string()])
                .args(threads)
                .exec())
        }
    }
}

/// Time that the host of this virtual machine took from a core, or from all, in seconds since it
/// started, in steps of 10 ms. No process is charged for it, but all wait.
pub(crate) fn stolen(core: Option<usize>) -> io::Result<f64> {
    let stat = fs::read_to_string("/proc/stat")?;
    let name = core.map_or_else(|| "cpu ".to_owned(), |core| format!("cpu{core} "));
    let line = stat.lines().find(|line| line.starts_with(&name));
    let ticks = line.and_then(|line| line.split_whitespace().nth(8)?.parse::<f64>().ok());
    Ok(ticks.unwrap_or(0.0) / USER_HZ as f64)
}

/// A server that is running. It is killed when this is dropped.
pub(crate) struct Server {
    child: Child,
    stderr: fs::File,
    /// Where it listens on 127.0.0.1.
    pub(crate) port: u16,
}

impl Server {
    /// Starts a server for `load` on its cores, and waits until it listens.
    pub(crate) fn start(load: &Load, limits: &str, setup: &Setup<'_>) -> io::Result<Self> {
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port();
        let stderr = tempfile::tempfile()?;
        let contender = setup.entrant.contender;
        let mut command = Command::new(std::env::current_exe()?);
        command
            .args(["--load", load.name, "--serve", contender.name(), "--limits", limits])
            .args(["--port", &port.to_string(), "--pinning", setup.pinning.name()])
            .args(["--server-core", &setup.cores.server.to_string()])
            .args(setup.entrant.threads.map(|threads| format!("--threads={threads}")))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(stderr.try_clone()?);
        let child = setup.cores.lend(|| command.spawn());
        let mut server = Self { child: child?, stderr, port };
        server.await_listening(contender)?;
        Ok(server)
    }

    fn await_listening(&mut self, contender: Contender) -> io::Result<()> {
        let begun = Instant::now();
        while TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)).is_err() {
            let exited = self.child.try_wait()?;
            if exited.is_some() || begun.elapsed() > STARTUP {
                let what = exited.map_or("did not listen in time".into(), |s| s.to_string());
                let said = self.said();
                let error = format!("the server \"{}\" {what}; it said: {said}", contender.name());
                return Err(io::Error::other(error));
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        Ok(())
    }

    /// What it wrote to its stderr, at most the last 2000 bytes.
    pub(crate) fn said(&mut self) -> String {
        let mut bytes = Vec::new();
        let read = self.stderr.rewind().and_then(|()| self.stderr.read_to_end(&mut bytes));
        let from = bytes.len().saturating_sub(2000);
        read.map_or_else(
            |error| error.to_string(),
            |_| String::from_utf8_lossy(&bytes[from..]).trim().to_owned(),
        )
    }

    /// CPU time it has used, user and system, in nanoseconds.
    pub(crate) fn cpu(&self) -> io::Result<u64> {
        let mut sum = 0;
        for task in fs::read_dir(format!("/proc/{}/task", self.child.id()))? {
            // A thread that ended between listing and reading is not an error.
            let Ok(text) = fs::read_to_string(task?.path().join("schedstat")) else { continue };
            sum += text.split(' ').next().and_then(|ns| ns.parse::<u64>().ok()).unwrap_or(0);
        }
        if sum > 0 { Ok(sum) } else { self.coarse_cpu() }
    }

    /// The same from /proc/PID/stat, in steps of 10 ms, for kernels without schedstat.
    fn coarse_cpu(&self) -> io::Result<u64> {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.child.id()))?;
        // The name, in brackets, may hold spaces.
        let fields = stat.rsplit(')').next().unwrap_or_default();
        let ticks = fields.split(' ').skip(12).take(2).filter_map(|n| n.parse::<u64>().ok());
        Ok(ticks.sum::<u64>() * 1_000_000_000 / USER_HZ)
    }

    /// Memory it holds, in bytes.
    pub(crate) fn rss(&self) -> io::Result<f64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kib = line.and_then(|l| l.trim().strip_suffix(" kB")?.trim().parse::<f64>().ok());
        kib.map(|kib| kib * 1024.0).ok_or_else(|| io::Error::other("no VmRSS in /proc/PID/status"))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself; then there is nothing to kill.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
