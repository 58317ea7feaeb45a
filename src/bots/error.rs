//! Why a run of bots fails.

/// Why a run failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BotsError {
    /// An option is out of range.
    #[error("--{name} {value} is out of range: it is {allowed}")]
    BadOption {
        /// The option.
        name: &'static str,
        /// The value given.
        value: String,
        /// The allowed values.
        allowed: &'static str,
    },
    /// The address is invalid.
    #[error("{url:?} is not a server address: {reason}; use --url ws://host:port")]
    BadUrl {
        /// The address given.
        url: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The connection was refused.
    #[error("nothing listens at {url}; start the server with `vrlobby` or give --url")]
    NothingListens {
        /// The server's address.
        url: String,
    },
    /// Connecting failed.
    #[error("{url} can't be reached: {reason}; check the address, the network and `ulimit -n`")]
    Unreachable {
        /// The server's address.
        url: String,
        /// The system's error.
        reason: String,
    },
    /// Something answers, but it isn't a WebSocket server.
    #[error("{url} is not a vrlobby server: {reason}; give its address with --url")]
    NoWebSocket {
        /// The server's address.
        url: String,
        /// What went wrong.
        reason: String,
    },
    /// The server answered the handshake with an HTTP error.
    #[error("{url} turned the bots away with HTTP {status} {reason}; see the server's limits")]
    TurnedAway {
        /// The server's address.
        url: String,
        /// The HTTP status.
        status: u16,
        /// The body of its answer.
        reason: String,
    },
    /// The bots connected, but none got into its room.
    #[error("{url} let no bot in: {reason}; see the server's log")]
    NobodyGotIn {
        /// The server's address.
        url: String,
        /// The server's reason, or what didn't happen.
        reason: String,
    },
}
