//! The network: listening, admission, and reading and writing connections.

pub(crate) mod admission;
pub(crate) mod gate;
mod http;
pub(crate) mod listen;
mod quota;
pub(crate) mod serve;
pub(crate) mod session;
pub(crate) mod threads;
