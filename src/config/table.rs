//! The table of all settings: flags, environment, file, help and checks are made from it.

use super::error::{ConfigError, Given, Source};
use super::slot::{Number, Slot, Unit, Whole};
use super::{ServeOptions, Settings};
use crate::model::{FPS_RANGE, Limits};

/// The heading under which the help lists a setting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Group {
    Server,
    Log,
    Console,
    Limits,
}

/// One setting.
pub(super) struct Setting {
    /// Its flag without dashes, which is its key in a file too.
    pub(super) name: &'static str,
    /// What the help calls its value.
    pub(super) value: &'static str,
    pub(super) group: Group,
    pub(super) help: &'static str,
    pub(super) slot: for<'a> fn(&'a mut ServeOptions) -> Slot<'a>,
}

impl Setting {
    /// Its environment variable.
    pub(super) fn variable(&self) -> String {
        variable(self.name)
    }

    pub(super) fn is_switch(&self) -> bool {
        matches!((self.slot)(&mut ServeOptions::default()), Slot::Switch(..))
    }

    pub(super) fn is_list(&self) -> bool {
        matches!((self.slot)(&mut ServeOptions::default()), Slot::Origins(_))
    }

    /// That `value` is not allowed.
    pub(super) fn wrong(&self, value: String, source_of_value: Option<Source>) -> ConfigError {
        let allowed = (self.slot)(&mut ServeOptions::default()).allowed();
        ConfigError::Value { setting: self.name, value, source_of_value, allowed }
    }
}

/// The environment variable of the setting `name`.
pub(super) fn variable(name: &str) -> String {
    format!("VRLOBBY_{}", name.replace('-', "_").to_ascii_uppercase())
}

const SECONDS: (f64, f64) = (0.1, 86_400.0);
const KIB: u64 = 1 << 10;
const MIB: u64 = 1 << 20;

macro_rules! setting {
    ($name:literal, $value:literal, $group:ident, $help:literal, $slot:expr) => {
        Setting { name: $name, value: $value, group: Group::$group, help: $help, slot: $slot }
    };
}

/// All settings but `config` and `limits`, in the order of the help.
pub(super) const SETTINGS: &[Setting] = &[
    setting!("ip", "ADDRESS", Server, "Address to listen on", |o| Slot::Address(
        &mut o.settings.ip
    )),
    setting!("port", "PORT", Server, "Port to listen on; 0 lets the system choose one", |o| {
        Slot::Whole(Whole::Port(&mut o.settings.port), Unit::Plain, 0, 65_535)
    }),
    setting!("fps", "RATE", Server, "How often a second poses are handed on", |o| Slot::Number(
        Number::Plain(&mut o.settings.fps),
        Unit::Plain,
        *FPS_RANGE.start(),
        *FPS_RANGE.end()
    )),
    setting!("log-level", "LEVEL", Log, "The most detailed level that is logged", |o| Slot::Level(
        &mut o.settings.log_level
    )),
    setting!("log-file", "PATH", Log, "File to which the log is appended", |o| Slot::Path(
        &mut o.log_file
    )),
    setting!("headless", "", Console, "Run without the console, log to stderr", |o| Slot::Switch(
        &mut o.headless,
        false
    )),
    setting!("no-mouse", "", Console, "Leave the mouse to the terminal", |o| Slot::Switch(
        &mut o.mouse,
        true
    )),
    setting!(
        "on-hangup",
        "ACTION",
        Console,
        "What to do when the terminal is gone (SIGHUP)",
        |o| Slot::Hangup(&mut o.on_hangup)
    ),
    setting!(
        "max-message-bytes",
        "SIZE",
        Limits,
        "Largest message; a larger one is closed with 1009",
        |o| bytes(&mut o.settings.limits.max_message_bytes, KIB, 64 * MIB)
    ),
    setting!("max-connections", "N", Limits, "Connections in all", |o| count(
        &mut o.settings.limits.max_connections,
        1,
        1_000_000
    )),
    setting!("max-connections-per-address", "N", Limits, "Connections from one address", |o| {
        Slot::Whole(
            Whole::Optional(&mut o.settings.limits.max_connections_per_address),
            Unit::Plain,
            1,
            1_000_000,
        )
    }),
    setting!("handshake-timeout", "SECONDS", Limits, "Time for a complete handshake", |o| seconds(
        &mut o.settings.limits.handshake_timeout
    )),
    setting!("handshake-bytes", "SIZE", Limits, "Largest handshake", |o| bytes(
        &mut o.settings.limits.handshake_bytes,
        KIB,
        MIB
    )),
    setting!("login-timeout", "SECONDS", Limits, "Time to log in", |o| seconds(
        &mut o.settings.limits.login_timeout
    )),
    setting!(
        "idle-timeout",
        "SECONDS",
        Limits,
        "A peer that answers nothing, no ping either, for this long is gone",
        |o| seconds(&mut o.settings.limits.idle_timeout)
    ),
    setting!("max-rooms-per-user", "N", Limits, "Rooms that one user may be in", |o| Slot::Whole(
        Whole::Unbounded(&mut o.settings.limits.max_rooms_per_user),
        Unit::Plain,
        1,
        1_000_000
    )),
    setting!("max-rooms", "N", Limits, "Rooms in all", |o| count(
        &mut o.settings.limits.max_rooms,
        1,
        1_000_000
    )),
    setting!(
        "messages-per-s",
        "RATE",
        Limits,
        "Messages a second and connection, on average; transforms are apart",
        |o| Slot::Number(
            Number::Optional(&mut o.settings.limits.messages_per_s),
            Unit::Plain,
            0.1,
            1e6
        )
    ),
    setting!(
        "messages-burst",
        "N",
        Limits,
        "Messages that may come at once after a quiet time",
        |o| Slot::Whole(
            Whole::Short(&mut o.settings.limits.messages_burst),
            Unit::Plain,
            1,
            1_000_000
        )
    ),
    setting!("bytes-per-s", "SIZE", Limits, "Bytes a second and connection, on average", |o| {
        Slot::Number(
            Number::Optional(&mut o.settings.limits.bytes_per_s),
            Unit::Bytes,
            KIB as f64,
            (1024 * MIB) as f64,
        )
    }),
    setting!(
        "bytes-burst",
        "SIZE",
        Limits,
        "Bytes that may come at once after a quiet time",
        |o| Slot::Whole(
            Whole::Short(&mut o.settings.limits.bytes_burst),
            Unit::Bytes,
            KIB,
            1024 * MIB
        )
    ),
    setting!(
        "queue-bytes",
        "SIZE",
        Limits,
        "What may wait for one client; above that it is closed with 1008",
        |o| bytes(&mut o.settings.limits.queue_bytes, 64 * KIB, 1024 * MIB)
    ),
    setting!("history-messages", "N", Limits, "Messages kept for each room", |o| count(
        &mut o.settings.limits.history_messages,
        0,
        10_000
    )),
    setting!("history-bytes", "SIZE", Limits, "Bytes kept for each room", |o| bytes(
        &mut o.settings.limits.history_bytes,
        KIB,
        64 * MIB
    )),
    setting!(
        "origin",
        "ORIGIN",
        Limits,
        "Web pages that may connect; repeat it or separate by commas. Native clients always may",
        |o| Slot::Origins(&mut o.settings.limits.origins)
    ),
];

fn bytes(place: &mut usize, least: u64, most: u64) -> Slot<'_> {
    Slot::Whole(Whole::Size(place), Unit::Bytes, least, most)
}

fn count(place: &mut usize, least: u64, most: u64) -> Slot<'_> {
    Slot::Whole(Whole::Size(place), Unit::Plain, least, most)
}

fn seconds(place: &mut std::time::Duration) -> Slot<'_> {
    Slot::Number(Number::Seconds(place), Unit::Seconds, SECONDS.0, SECONDS.1)
}

/// Checks each setting by itself, then those that depend on each other.
pub(super) fn check(settings: &Settings) -> Result<(), ConfigError> {
    let mut options = ServeOptions { settings: settings.clone(), ..ServeOptions::default() };
    for setting in SETTINGS {
        let slot = (setting.slot)(&mut options);
        if !slot.is_allowed() {
            let value = slot.show();
            return Err(setting.wrong(value, None));
        }
    }
    check_together(&settings.limits, |_| None)
}

/// Checks the limits that depend on each other; `source` tells where a setting came from.
pub(super) fn check_together(
    limits: &Limits,
    source: impl Fn(&str) -> Option<Source>,
) -> Result<(), ConfigError> {
    let conflict = |both: [(&'static str, usize); 2], rule| {
        let both = both.map(|(setting, value)| Given {
            setting,
            value: value.to_string(),
            source: source(setting),
        });
        Err(ConfigError::Conflict { both: Box::new(both), rule })
    };
    if limits.history_bytes > limits.queue_bytes {
        return conflict(
            [("history-bytes", limits.history_bytes), ("queue-bytes", limits.queue_bytes)],
            "who joins is sent the history at once, so queue-bytes must be at least history-bytes",
        );
    }
    let burst = limits.bytes_burst as usize;
    if limits.bytes_per_s.is_some() && burst < limits.max_message_bytes {
        return conflict(
            [("max-message-bytes", limits.max_message_bytes), ("bytes-burst", burst)],
            "the largest message comes at once, so bytes-burst must be at least \
             max-message-bytes (or bytes-per-s none)",
        );
    }
    Ok(())
}
