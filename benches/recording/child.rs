//! The program as a process whose time and memory are measured.

use std::error::Error;
use std::ffi::OsStr;
use std::fs;
use std::io::Read;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// How often its memory is looked at. The peak is the kernel's own, so that only what is allocated
/// right before the end can be missed.
const POLL: Duration = Duration::from_millis(2);

/// What a run of the program took.
#[derive(Clone, Copy)]
pub(crate) struct Ran {
    pub(crate) wall: Duration,
    /// The most memory that it had at once, in bytes (VmHWM).
    pub(crate) peak: u64,
}

/// Runs `vrlobby` to its end.
pub(crate) fn run<S: AsRef<OsStr>>(args: &[S]) -> Result<Ran, Box<dyn Error>> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_vrlobby"));
    command.args(args).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
    let began = Instant::now();
    let mut child = command.spawn()?;
    let mut stderr = child.stderr.take().ok_or("no stderr")?;
    let said = thread::spawn(move || {
        let mut said = String::new();
        stderr.read_to_string(&mut said).map(|_| said)
    });
    let (status_file, mut peak) = (format!("/proc/{}/status", child.id()), 0);
    let status = loop {
        peak = peak.max(fs::read_to_string(&status_file).map_or(0, |text| peak_of(&text)));
        if let Some(status) = child.try_wait()? {
            break status;
        }
        thread::sleep(POLL);
    };
    let wall = began.elapsed();
    let said = said.join().map_err(|_| "a panic")??;
    if !status.success() {
        let args: Vec<_> = args.iter().map(|arg| arg.as_ref().to_string_lossy()).collect();
        return Err(format!("vrlobby {}: {status}: {}", args.join(" "), said.trim()).into());
    }
    Ok(Ran { wall, peak })
}

fn peak_of(status: &str) -> u64 {
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib = line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<u64>().ok());
    kib.unwrap_or_default() << 10
}
