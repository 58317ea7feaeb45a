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
use std::time::Duration;

pub use bots::BotArgs;
pub use cli::parse;
pub use error::{ConfigError, Given, ParseError, Source};

use crate::operator::LogLevel;

/// The port of the wire contract (PROTOCOL.md, "Transport").
pub const DEFAULT_PORT: u16 = 42069;

/// Ticks a second unless set; the original server's.
pub const DEFAULT_FPS: f64 = 1.0;

/// What `fps` may be, in ticks a second.
pub const FPS_RANGE: std::ops::RangeInclusive<f64> = 0.1..=240.0;

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
            limits: Limits::lab(),
        }
    }
}

/// What clients may take and cost. [`Limits::lab`] is the default.
#[derive(Clone, Debug, PartialEq)]
pub struct Limits {
    /// The largest message, in bytes, 1 KiB to 64 MiB; a larger one is closed with 1009.
    pub max_message_bytes: usize,
    /// Connections in all, 1 to 1,000,000; one more gets HTTP 503.
    pub max_connections: usize,
    /// Connections from one address, 1 to 1,000,000; one more gets HTTP 429. None for no limit.
    pub max_connections_per_address: Option<usize>,
    /// A handshake must be complete within this time, 0.1 s to a day.
    pub handshake_timeout: Duration,
    /// And within this many bytes, 1 KiB to 1 MiB.
    pub handshake_bytes: usize,
    /// A connection must log in within this time, 0.1 s to a day, or is closed with 1008.
    pub login_timeout: Duration,
    /// A peer from which nothing has come for this long, no pong either, is gone; 0.1 s to a day.
    pub idle_timeout: Duration,
    /// Rooms that one user may be in at once, 1 to 1,000,000; one more is 413. `usize::MAX` for no
    /// limit.
    pub max_rooms_per_user: usize,
    /// Rooms in all, 1 to 1,000,000; one more is 413.
    pub max_rooms: usize,
    /// Messages a second and connection, on average, 0.1 to 1,000,000; none for no limit.
    /// Transforms are apart: 240 a second are always fine.
    pub messages_per_s: Option<f64>,
    /// Messages that may come at once after a quiet time, 1 to 1,000,000.
    pub messages_burst: u32,
    /// Bytes a second and connection, on average, 1 KiB to 1 GiB; none for no limit.
    pub bytes_per_s: Option<f64>,
    /// Bytes that may come at once after a quiet time, 1 KiB to 1 GiB; at least
    /// `max_message_bytes` if `bytes_per_s` is set.
    pub bytes_burst: u32,
    /// Bytes that may wait for one client in its reliable lane, 64 KiB to 1 GiB; above that it is
    /// closed with 1008.
    pub queue_bytes: usize,
    /// Messages kept in a room's history, 0 to 10,000.
    pub history_messages: usize,
    /// Bytes kept in a room's history, 1 KiB to 64 MiB and at most `queue_bytes`, since who joins
    /// is sent all of it at once; a message that is larger alone is 413.
    pub history_bytes: usize,
    /// The `Origin`s that a browser page may have, at least one, as browsers send them:
    /// `scheme://host[:port]` in lower case without the scheme's default port, or `null`. None
    /// for any. Native clients send no `Origin` and always pass.
    pub origins: Option<Vec<String>>,
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

    /// Generous, for a trusted network.
    pub fn lab() -> Self {
        Self {
            max_message_bytes: 1 << 20,
            max_connections: 20_000,
            max_connections_per_address: None,
            handshake_timeout: Duration::from_secs(10),
            handshake_bytes: 16 << 10,
            login_timeout: Duration::from_secs(30),
            idle_timeout: Duration::from_secs(20),
            max_rooms_per_user: 64,
            max_rooms: 1024,
            messages_per_s: Some(1000.0),
            messages_burst: 5000,
            bytes_per_s: Some(8e6),
            bytes_burst: 16 << 20,
            queue_bytes: 1 << 20,
            history_messages: 50,
            history_bytes: 256 << 10,
            origins: None,
        }
    }

    /// For a server that strangers reach.
    pub fn open() -> Self {
        Self {
            max_connections: 5_000,
            max_connections_per_address: Some(32),
            max_rooms_per_user: 16,
            messages_per_s: Some(100.0),
            messages_burst: 200,
            bytes_per_s: Some(256e3),
            bytes_burst: 2 << 20,
            ..Self::lab()
        }
    }

    /// Counts and rates off; what bounds memory stays.
    pub fn none() -> Self {
        Self {
            max_connections: 1_000_000,
            max_connections_per_address: None,
            max_rooms_per_user: usize::MAX,
            max_rooms: 16_384,
            messages_per_s: None,
            bytes_per_s: None,
            ..Self::lab()
        }
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
