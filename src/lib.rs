//! vrlobby: an IRC-like chat and presence server for VR headsets.
//!
//! Headsets connect over WebSocket and speak small JSON messages: they log in, join rooms, chat,
//! send events and stream the pose of their head. Chat is sent on at once, poses in batches at
//! the rate that the operator sets.
//!
//! [`Server::builder`] starts a server inside another program; [`ServerHandle::operator`] returns
//! the handle on it that a console has.

pub mod addresses;
#[cfg(feature = "recording")]
pub mod archive;
pub mod bots;
mod client;
pub mod clock;
pub mod clock_offset;
pub mod config;
mod connection;
#[cfg(unix)]
pub mod console;
#[cfg(feature = "recording")]
pub mod export;
mod hub;
#[cfg(feature = "recording")]
pub mod inspect;
mod lobby;
pub mod logging;
pub mod model;
mod net;
pub mod operator;
pub mod protocol;
#[cfg(feature = "recording")]
mod recording;
#[cfg(feature = "recording")]
pub mod replay;
pub mod server;

/// What happens on a server, for programs that embed it.
pub mod events {
    pub use crate::hub::SubscribeError;
    pub use crate::lobby::event::{
        EventKind, Interest, LobbyEvent, Message, Present, PresentRoom, PresentUser,
    };
}

pub use config::Settings;
pub use model::{Limits, LogLevel};
pub use operator::Operator;
pub use server::{Builder, EndSignals, Server, ServerError, ServerHandle};

/// Keeps the README's library example compiling.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
