//! The network: listens, admits, and reads and writes connections.

pub(crate) mod admission;
pub(crate) mod gate;
mod http;
pub(crate) mod listen;
mod quota;
pub(crate) mod serve;
pub(crate) mod session;
pub(crate) mod threads;
