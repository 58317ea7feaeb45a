//! Replays a recording: its users come to a running server as ghosts, through the ordinary
//! protocol, so that clients see them like anyone else.
//!
//! ```text
//! archive ─▶ timeline, on a thread that reads ahead (loader)
//!               │ who is where at a position, and then what happens, in order
//!               ▼
//! controls ─▶ scheduler: what is due by now; pure, time is passed in
//!               │ actions, one bounded queue a ghost
//!               ▼
//!            ghosts: one connection each ─▶ server
//! ```
//!
//! [`Player`] runs all of it on a thread of its own; [`run`] is the command line's view of one.

mod engine;
mod error;
mod ghost;
mod keys;
mod lateness;
mod link;
mod loader;
mod name;
mod options;
mod place;
mod player;
mod playhead;
mod queue;
mod rate;
mod roster;
mod scheduler;
mod shared;
mod show;
mod status_line;
mod timeline;

pub use self::error::ReplayError;
pub use self::options::{ReplayOptions, SPEED_RANGE};
pub use self::player::Player;
pub use self::show::run;
pub use crate::client::ConnectError;
