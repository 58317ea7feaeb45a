//! Why a run of bots fails.

use crate::client::ConnectError;

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
    /// The server can't be reached.
    #[error(transparent)]
    Connect(#[from] ConnectError),
    /// The bots connected, but none got into its room.
    #[error("{url} let no bot in: {reason}; see the server's log")]
    NobodyGotIn {
        /// The server's address.
        url: String,
        /// The server's reason, or what didn't happen.
        reason: String,
    },
}
