//! Every setting with its default: from the command line, the environment, a TOML file, or set
//! by a program that embeds the server; complete and checked before anything binds.

mod bots;
mod cli;
mod error;
mod layers;
mod origin;
mod slot;
mod table;
#[cfg(test)]
mod tests;

use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;

pub use bots::BotArgs;
pub use cli::parse;
pub use error::{ConfigError, Given, ParseError, Source};

use crate::model::{Limits, LogLevel};

/// The default port (wire contract, "Transport").
pub const DEFAULT_PORT: u16 = 42069;

/// Ticks a second unless set; the original server's.
pub const DEFAULT_FPS: f64 = 1.0;

/// All that a server needs to know before it binds anything.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// The address to listen on; unspecified for all interfaces.
    pub ip: IpAddr,
    /// The port to listen on; 0 lets the system choose one.
    pub port: u16,
    /// Ticks a second for rooms that have no rate of their own, within [`FPS_RANGE`].
    pub fps: f64,
    /// The most detailed level that is captured in the log.
    pub log_level: LogLevel,
    /// Threads that read and write connections, at least 1; `None` for one a core.
    pub threads: Option<usize>,
    /// What a client may take and cost.
    pub limits: Limits,
}

impl Settings {
    /// Checks every setting, as those from the command line are checked.
    ///
    /// # Errors
    /// The first setting that is out of its range, with its value and what is allowed, or two
    /// that contradict each other.
    pub fn check(&self) -> Result<(), ConfigError> {
        table::check(self)
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            ip: IpAddr::V4(Ipv4Addr::UNSPECIFIED),
            port: DEFAULT_PORT,
            fps: DEFAULT_FPS,
            log_level: LogLevel::Debug,
            threads: None,
            limits: Limits::lab(),
        }
    }
}

impl Limits {
    /// Checks every limit, as those from the command line are checked.
    ///
    /// # Errors
    /// The first limit that is out of its range, with its value and what is allowed, or two that
    /// contradict each other.
    pub fn check(&self) -> Result<(), ConfigError> {
        table::check(&Settings { limits: self.clone(), ..Settings::default() })
    }
}

/// What the command line asks for.
#[derive(Clone, Debug, PartialEq)]
pub enum Invocation {
    /// Run the server.
    Serve(ServeOptions),
    /// Let simulated headsets visit a server.
    Bots(BotArgs),
}

/// All that the program needs to know to run the server.
#[derive(Clone, Debug, PartialEq)]
pub struct ServeOptions {
    /// The server's own settings.
    pub settings: Settings,
    /// Run without the console, with the log on stderr.
    pub headless: bool,
    /// Whether the console takes the mouse; without it the terminal's own selection works.
    pub mouse: bool,
    /// What a hang-up of the terminal does.
    pub on_hangup: OnHangup,
    /// A file to which the log is appended.
    pub log_file: Option<PathBuf>,
}

impl Default for ServeOptions {
    fn default() -> Self {
        Self {
            settings: Settings::default(),
            headless: false,
            mouse: true,
            on_hangup: OnHangup::default(),
            log_file: None,
        }
    }
}

/// What the program does when its terminal is gone (SIGHUP).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnHangup {
    /// Go on without the console.
    Keep,
    /// Drain and exit.
    #[default]
    Stop,
}
