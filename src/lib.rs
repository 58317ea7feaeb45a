//! vrlobby: a chat and presence server for VR headsets.

pub mod bots;
pub mod clock;
pub mod config;
pub mod operator;
