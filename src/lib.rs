//! vrlobby: an IRC-like chat and presence server for VR headsets.
//!
//! Headsets connect over WebSocket and speak small JSON messages: they log in, join rooms, chat,
//! send events and stream where their head is. Chat is handed on at once, poses in batches, at
//! the rate that the operator chose.
//!
//! [`Server::builder`] starts a server within another program; [`ServerHandle::operator`] gives
//! the hold on it that a console has.

pub mod addresses;
pub mod bots;
pub mod clock;
pub mod config;
mod connection;
#[cfg(unix)]
pub mod console;
mod hub;
mod lobby;
pub mod logging;
pub mod model;
mod net;
pub mod operator;
pub mod protocol;
pub mod server;

/// What happens on a server, told to programs that embed it.
pub mod events {
    pub use crate::lobby::event::{EventKind, Interest, LobbyEvent, Message};
}

pub use config::Settings;
pub use model::{Limits, LogLevel};
pub use operator::Operator;
pub use server::{Builder, EndSignals, Server, ServerError, ServerHandle};

/// Keeps the README's library example compiling.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
