//! Settings and their defaults: from flags, environment variables, a TOML file, or a program that
//! embeds the server; complete and checked before anything binds.

mod bots;
mod check;
mod cli;
mod export;
mod inspect;
mod layers;
mod number;
mod options;
mod origin;
mod people;
mod position;
mod redact;
mod replay;
mod slot;
mod table;
#[cfg(test)]
mod tests;

pub use bots::BotArgs;
pub use check::ConfigError;
pub use cli::{Invocation, parse};
pub use export::{ExportArgs, ExportFormat, ExportLayout};
pub use inspect::InspectArgs;
pub use options::{DEFAULT_FPS, OnHangup, RecordingSettings, ServeOptions, Settings};
pub use redact::RedactArgs;
pub use replay::ReplayArgs;

pub use crate::model::DEFAULT_PORT;
