//! Why a server can't be reached.

/// Why a server can't be reached.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConnectError {
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
    #[error("{url} refused the connection with HTTP {status} {reason}; see the server's limits")]
    TurnedAway {
        /// The server's address.
        url: String,
        /// The HTTP status.
        status: u16,
        /// The body of its answer.
        reason: String,
    },
}
