//! The checks that all settings pass, from the command line or from a program.

use thiserror::Error;

use super::options::{ServeOptions, Settings};
use super::table::{SETTINGS, Setting};
use crate::model::Limits;

/// Why settings can't be used: what is wrong, with which value, from where, and what to do.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{0}")]
pub struct ConfigError(pub(super) String);

impl Settings {
    /// Checks every setting as the command line does.
    ///
    /// # Errors
    /// The first setting that is out of its range, with its value and what is allowed, or two
    /// that contradict each other.
    pub fn check(&self) -> Result<(), ConfigError> {
        check(self, |_| None)
    }
}

impl Limits {
    /// Checks every limit as the command line does.
    ///
    /// # Errors
    /// The first limit that is out of its range, with its value and what is allowed, or two that
    /// contradict each other.
    pub fn check(&self) -> Result<(), ConfigError> {
        Settings { limits: self.clone(), ..Settings::default() }.check()
    }
}

/// Checks each setting by itself, then those that depend on each other. `source` tells where a
/// setting came from; `None` for a default or a program's own value.
pub(super) fn check<'a>(
    settings: &Settings,
    source: impl Fn(&str) -> Option<&'a str>,
) -> Result<(), ConfigError> {
    let mut options = ServeOptions { settings: settings.clone(), ..ServeOptions::default() };
    for setting in SETTINGS {
        let slot = (setting.slot)(&mut options);
        if !slot.is_allowed() {
            return Err(wrong(setting, &slot.show(), source(setting.name)));
        }
    }
    let given = |name, value| format!("{name} is {value}{}", from(source(name)));
    let Limits { history_bytes, queue_bytes, max_message_bytes, .. } = settings.limits;
    if history_bytes > queue_bytes {
        return Err(ConfigError(format!(
            "{} and {}: a client that joins is sent the history at once, so queue-bytes must be \
             at least history-bytes",
            given("history-bytes", history_bytes),
            given("queue-bytes", queue_bytes),
        )));
    }
    let burst = settings.limits.bytes_burst as usize;
    if settings.limits.bytes_per_s.is_some() && burst < max_message_bytes {
        return Err(ConfigError(format!(
            "{} and {}: the largest message arrives at once, so bytes-burst must be at least \
             max-message-bytes (or bytes-per-s none)",
            given("max-message-bytes", max_message_bytes),
            given("bytes-burst", burst),
        )));
    }
    Ok(())
}

/// The error that `value` is not allowed for `setting`.
pub(super) fn wrong(setting: &Setting, value: &str, source: Option<&str>) -> ConfigError {
    let allowed = (setting.slot)(&mut ServeOptions::default()).allowed();
    let name = setting.name;
    ConfigError(format!("wrong value {value:?} for {name}{}: allowed is {allowed}", from(source)))
}

fn from(source: Option<&str>) -> String {
    source.map(|source| format!(" (from {source})")).unwrap_or_default()
}
