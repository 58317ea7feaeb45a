//! The network: listens, admits, and reads and writes sockets.

pub(crate) mod admission;
mod handshake;
pub(crate) mod listen;
pub(crate) mod session;
