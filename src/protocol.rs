//! The wire: what a client may say, what it is told, and how both are written.
//!
//! It does no I/O. [`decode`](decode::decode) turns the text of a message into a typed [`Request`]
//! or a [`Refusal`]; [`encode`] writes answers and events, WebSocket header included, once for
//! everyone who gets them. What both follow is the wire contract:
#![doc = include_str!("protocol/contract.md")]

mod code;
pub mod decode;
pub mod encode;
mod event;
mod json;
mod number;
mod password;
mod pose;
mod refusal;
mod request;
mod scan;
pub mod websocket;

pub use code::Code;
pub use event::EventBody;
pub use password::Password;
pub use refusal::Refusal;
pub use request::Request;

pub use crate::model::LOBBY;

/// The sender of the operator's announcements; nobody can log in with this name.
pub const SERVER_USER: &str = "*server*";

/// The deepest nesting of objects and arrays in a message.
pub const MAX_DEPTH: usize = 64;

/// The longest `type` of an event, in Unicode scalar values.
pub const MAX_TYPE_CHARS: usize = 64;
