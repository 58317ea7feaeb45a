//! vrlobby: a chat and presence server for VR headsets.

pub mod clock;
pub mod config;
pub mod lobby;
pub mod operator;
pub mod protocol;
