//! Settings and their defaults: from flags, environment variables, a TOML file, or a program that
//! embeds the server; complete and checked before anything binds.

mod bots;
mod check;
mod cli;
mod layers;
mod number;
mod options;
mod origin;
mod slot;
mod table;
#[cfg(test)]
mod tests;

pub use bots::BotArgs;
pub use check::ConfigError;
pub use cli::{Invocation, parse};
pub use options::{DEFAULT_FPS, OnHangup, ServeOptions, Settings};

pub use crate::model::DEFAULT_PORT;
