//! What a run of bots is asked to do.

use std::ops::RangeInclusive;

use super::error::BotsError;
use crate::model::DEFAULT_PORT;

/// Allowed numbers of bots.
pub const USERS_RANGE: RangeInclusive<usize> = 1..=5000;
/// Allowed numbers of rooms.
pub const ROOMS_RANGE: RangeInclusive<usize> = 1..=1000;
/// Allowed pose rates per bot, in Hz.
pub const HZ_RANGE: RangeInclusive<f64> = 0.1..=240.0;

/// What the bots do.
#[derive(Clone, Debug, PartialEq)]
pub struct BotOptions {
    /// The server: `ws://host[:port][/path]`. `ws://` may be omitted; the default port is 42069.
    pub url: String,
    /// Number of bots, within [`USERS_RANGE`].
    pub users: usize,
    /// Number of rooms, within [`ROOMS_RANGE`]; at most one per bot is used.
    pub rooms: usize,
    /// Poses a second sent by each bot, within [`HZ_RANGE`].
    pub hz: f64,
    /// Whether each bot says something or presses a button every 5 to 20 s.
    pub chat: bool,
    /// How long to continue once all have arrived, in seconds; `None` until stopped.
    pub seconds: Option<f64>,
    /// Equal seeds give equal paths.
    pub seed: u64,
}

impl Default for BotOptions {
    fn default() -> Self {
        Self {
            url: format!("ws://127.0.0.1:{DEFAULT_PORT}"),
            users: 20,
            rooms: 2,
            hz: 30.0,
            chat: false,
            seconds: None,
            seed: 1,
        }
    }
}

impl BotOptions {
    /// Whether every option is within its range.
    pub(super) fn check(&self) -> Result<(), BotsError> {
        let bad = |name, value: String, allowed: &'static str| {
            Err(BotsError::BadOption { name, value, allowed })
        };
        if !USERS_RANGE.contains(&self.users) {
            return bad("users", self.users.to_string(), "1 to 5000");
        }
        if !ROOMS_RANGE.contains(&self.rooms) {
            return bad("rooms", self.rooms.to_string(), "1 to 1000");
        }
        if !HZ_RANGE.contains(&self.hz) {
            return bad("hz", self.hz.to_string(), "0.1 to 240");
        }
        match self.seconds {
            // At most a year; a longer run need not end by itself.
            Some(seconds) if !(seconds > 0.0 && seconds <= 31_536_000.0) => {
                bad("seconds", seconds.to_string(), "more than 0, up to 31536000")
            }
            _ => Ok(()),
        }
    }
}
