//! vrlobby: a chat and presence server for VR headsets.

pub mod addresses;
pub mod clock;
pub mod config;
#[cfg(unix)]
pub mod console;
pub mod lobby;
pub mod logging;
pub mod operator;
pub mod printable;
pub mod protocol;
