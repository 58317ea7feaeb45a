//! A network of the benchmark's own: a loopback interface with nothing else on it, and with plain
//! congestion control.
//!
//! Under BBR, where it is the machine's default, the largest loads scattered widely and delivered
//! less; the crate's documentation has the figures.

use std::io;
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};

/// Reno, because every kernel has it and any user may choose it.
const PREPARE: &str = "ip link set lo up && echo reno > /proc/sys/net/ipv4/tcp_congestion_control";

/// Where the benchmark's traffic goes.
#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Network {
    /// A network of its own if that can be had, else the machine's.
    Own,
    /// The machine's loopback interface with its settings.
    Host,
}

/// Restarts this program in a network of its own. Returns only if that fails, with the reason.
pub(crate) fn enter_own() -> io::Error {
    let user = if rustix::process::geteuid().is_root() { "--keep-caps" } else { "--map-root-user" };
    let unshare = |script: &str| {
        let mut command = Command::new("unshare");
        command.args(["--net", user, "sh", "-c", script]);
        command
    };
    let tried = unshare(PREPARE).stdout(Stdio::null()).stderr(Stdio::null()).status();
    match (tried, std::env::current_exe()) {
        (Ok(status), Ok(program)) if status.success() => {
            unshare(&format!("{PREPARE} && exec \"$0\" \"$@\" --network host"))
                .arg(program)
                .args(std::env::args_os().skip(1))
                .exec()
        }
        (Ok(status), Ok(_)) => io::Error::other(format!("unshare: {status}")),
        (Err(error), _) | (_, Err(error)) => error,
    }
}
