//! A client of the ordinary protocol, as bots and replayed users need it: connecting, requests as
//! text, and what the server says.

mod answers;
mod connect;
mod error;
mod requests;

pub(crate) use self::answers::{Entry, FrameKind, Reply, event, peek, printable, reply};
pub(crate) use self::connect::{Socket, Target};
pub use self::error::ConnectError;
pub(crate) use self::requests::{join, login, say};
#[cfg(feature = "recording")]
pub(crate) use self::requests::{leave, transform};
