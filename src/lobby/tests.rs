//! The lobby against a plain model, and its rules one by one.

mod cadence;
mod client;
mod look;
mod mail;
mod model;
mod op;
mod play;
mod rules;
