//! Why a server fails.

use std::net::{IpAddr, SocketAddr};

use crate::config::{ConfigError, Settings};

/// Why a server did not start, or failed later.
#[derive(Debug, thiserror::Error)]
pub enum ServerError {
    /// A setting is out of range.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// Something else is listening there.
    #[error(
        "port {port} on {ip} is in use: stop what is listening there, or choose another with --port"
    )]
    PortTaken {
        /// The address that was asked for.
        ip: IpAddr,
        /// The port that was asked for.
        port: u16,
    },
    /// The address can't be listened on.
    #[error("can't listen on {address}: {source}")]
    Bind {
        /// The address that was asked for.
        address: SocketAddr,
        /// The system's error.
        source: std::io::Error,
    },
    /// The recording that the settings want can't begin.
    #[error("can't record: {0}")]
    Recording(String),
    /// Threads can't be started.
    #[error("can't start the server's threads: {0}")]
    Threads(std::io::Error),
    /// Signals can't be listened for.
    #[error("can't listen for signals: {0}")]
    Signals(std::io::Error),
    /// A thread of the server panicked.
    #[error("the server has panicked; the log says where")]
    Panicked,
}

/// Why a server's address can't be bound.
pub(super) fn bind_error(settings: &Settings, source: std::io::Error) -> ServerError {
    if source.kind() == std::io::ErrorKind::AddrInUse {
        return ServerError::PortTaken { ip: settings.ip, port: settings.port };
    }
    ServerError::Bind { address: SocketAddr::new(settings.ip, settings.port), source }
}
