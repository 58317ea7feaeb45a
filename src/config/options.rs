//! What can be set for a server and for the program around it, with the defaults.

use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;

#[cfg(doc)]
use crate::model::FPS_RANGE;
use crate::model::{DEFAULT_PORT, Limits, LogLevel, RecordingFields};

/// The default tick rate; the original server's.
pub const DEFAULT_FPS: f64 = 1.0;

/// All that a server needs to know before it binds.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// The address to listen on; unspecified for all interfaces.
    pub ip: IpAddr,
    /// The port to listen on; 0 lets the system choose one.
    pub port: u16,
    /// Ticks a second in rooms without a rate of their own, within [`FPS_RANGE`].
    pub fps: f64,
    /// The most detailed level to log.
    pub log_level: LogLevel,
    /// Threads that read and write connections, 1 to 1024; `None` for one per core.
    pub threads: Option<usize>,
    /// What clients may take and cost.
    pub limits: Limits,
    /// What to record.
    pub recording: RecordingSettings,
}

/// What to record. Programs that are built without the Cargo feature `recording` don't start with a
/// path.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RecordingSettings {
    /// Record from the start: a file, which must not exist yet, or an existing folder, in which the
    /// file gets a name with the date.
    pub path: Option<PathBuf>,
    /// What a recording says about itself, and what it keeps of people, unless the operator changes
    /// it.
    pub fields: RecordingFields,
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
            recording: RecordingSettings::default(),
        }
    }
}

/// All that the program needs to know to run the server.
#[derive(Clone, Debug, PartialEq)]
pub struct ServeOptions {
    /// The server's own settings.
    pub settings: Settings,
    /// Run without the console and log to stderr.
    pub headless: bool,
    /// Whether the console takes the mouse; otherwise the terminal's own selection works.
    pub mouse: bool,
    /// What to do when the terminal hangs up.
    pub on_hangup: OnHangup,
    /// A file to append the log to.
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

/// What the program does when its terminal hangs up (SIGHUP).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnHangup {
    /// Go on without the console.
    Keep,
    /// Drain and exit.
    #[default]
    Stop,
}
