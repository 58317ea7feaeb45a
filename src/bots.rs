//! Simulated headsets, which bring a server's rooms to life and measure how well it serves them.
//!
//! Each bot is a client of its own that uses nothing but the wire contract: it logs in, joins its
//! room, walks around, looks at others and, if asked to, talks. What the bots saw is a [`Report`].

mod connection;
mod crowd;
mod durations;
mod error;
mod hall;
mod headset;
mod ledger;
mod listener;
mod member;
mod motion;
mod names;
mod options;
mod progress;
mod report;
mod report_text;
mod run;
mod summary;
mod tally;
mod utterance;
mod wire;

pub use self::error::BotsError;
pub use self::options::{BotOptions, HZ_RANGE, ROOMS_RANGE, USERS_RANGE};
pub use self::report::{ChatReport, Report, RoomReport, Ticks, UserReport};
pub use self::run::run;
pub use crate::client::ConnectError;
