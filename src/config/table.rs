//! The table of settings: flags, variables, file, help, README, checks and errors are made from it.

use std::time::Duration;

use super::number::{GIB, KIB, MIB, Number, Range, TIB, Unit};
use super::options::ServeOptions;
use super::slot::Slot;
use crate::model::space::{AXES_ALLOWED, EULER_ALLOWED};
use crate::model::{FPS_RANGE, RecordingFields};

/// One setting.
pub(super) struct Setting {
    /// Its flag without dashes, which is its key in a file too.
    pub(super) name: &'static str,
    /// What the help calls its value.
    pub(super) value: &'static str,
    /// The heading of the help that lists it.
    pub(super) heading: &'static str,
    pub(super) help: &'static str,
    pub(super) slot: for<'a> fn(&'a mut ServeOptions) -> Slot<'a>,
}

/// The setting that chooses a ready set of limits; read before the limits that override it.
pub(super) const READY_SET: &str = "limits";

pub(super) const SERVER: &str = "Server";
const LOG: &str = "Log";
const CONSOLE: &str = "Console";
const RECORDING: &str = "Recording";
const LIMITS: &str = "Limits";

/// All settings but `config`, in the order in which they are listed and read.
#[rustfmt::skip] // a table
pub(super) const SETTINGS: &[Setting] = &[
    row("ip", "ADDRESS", SERVER, "Address to listen on",
        |o| Slot::Address(&mut o.settings.ip)),
    row("port", "PORT", SERVER, "Port to listen on; 0 lets the system choose one",
        |o| whole(&mut o.settings.port, 0, 65_535)),
    row("fps", "RATE", SERVER, "Ticks a second: how often poses are sent out; fractions are fine",
        |o| number(&mut o.settings.fps, Unit::Fraction, *FPS_RANGE.start(), *FPS_RANGE.end())),
    row("threads", "N", SERVER, "Threads that read and write connections; auto is one per core",
        |o| whole(&mut o.settings.threads, 1, 1024).or("auto")),
    row("log-level", "LEVEL", LOG, "Most detailed level to log",
        |o| Slot::Level(&mut o.settings.log_level)),
    row("log-file", "PATH", LOG, "File to append the log to",
        |o| Slot::Path(&mut o.log_file, "the path of a file, or none")),
    row("headless", "BOOL", CONSOLE, "Run without the console and log to stderr",
        |o| Slot::Switch(&mut o.headless, false)),
    row("no-mouse", "BOOL", CONSOLE, "Leave the mouse to the terminal",
        |o| Slot::Switch(&mut o.mouse, true)),
    row("on-hangup", "ACTION", CONSOLE, "What to do when the terminal hangs up (SIGHUP)",
        |o| Slot::Hangup(&mut o.on_hangup)),
    row("record", "PATH", RECORDING,
        "Record from the start; a file in a folder gets a name with the date",
        |o| Slot::Path(&mut o.settings.recording.path,
            "the path of a file that does not exist yet, or of a folder, or none")),
    row("study", "TEXT", RECORDING, "The study that recordings belong to",
        |o| Slot::Text(&mut fields(o).study)),
    row("session", "TEXT", RECORDING, "The session within the study",
        |o| Slot::Text(&mut fields(o).session)),
    row("condition", "TEXT", RECORDING, "The experimental condition",
        |o| Slot::Text(&mut fields(o).condition)),
    row("record-field", "NAME=VALUE", RECORDING,
        "Anything else to note; repeat the flag or separate with commas",
        |o| Slot::Fields(&mut fields(o).other)),
    row("subject", "USER=SUBJECT", RECORDING,
        "What a user is called in recordings; others get S01, S02 and so on. Repeat the flag or \
         separate with commas",
        |o| Slot::Subjects(&mut fields(o).privacy.subjects)),
    row("consent", "USERS", RECORDING,
        "Whose data is kept; others' is only counted. Repeat the flag or separate with commas",
        |o| Slot::Consent(&mut fields(o).privacy.consent)),
    row("names", "BOOL", RECORDING,
        "Write names and addresses into recordings, instead of a key file beside them",
        |o| Slot::Switch(&mut fields(o).privacy.names, false)),
    row("no-chat", "BOOL", RECORDING, "Leave messages and events out of recordings, except markers",
        |o| Slot::Switch(&mut fields(o).privacy.chat, true)),
    row("length-unit", "UNIT", RECORDING, "The unit of positions",
        |o| Slot::Word(&mut fields(o).conventions.length, "m, cm or mm")),
    row("angle-unit", "UNIT", RECORDING, "The unit of rotations",
        |o| Slot::Word(&mut fields(o).conventions.angle, "deg or rad")),
    row("axes", "AXES", RECORDING, "Where x, y and z point",
        |o| Slot::Word(&mut fields(o).conventions.axes, AXES_ALLOWED)),
    row("euler-order", "ORDER", RECORDING, "The order of the rotations",
        |o| Slot::Word(&mut fields(o).conventions.rotation, EULER_ALLOWED)),
    row(READY_SET, "SET", LIMITS, "Ready set of limits (see below); each limit given overrides it",
        |o| Slot::Limits(&mut o.settings.limits)),
    row("max-message-bytes", "SIZE", LIMITS, "Largest message; a larger one is closed with 1009",
        |o| bytes(&mut o.settings.limits.max_message_bytes, KIB, 64.0 * MIB)),
    row("max-connections", "N", LIMITS, "Connections in total; one more gets HTTP 503",
        |o| whole(&mut o.settings.limits.max_connections, 1, 1_000_000)),
    row("max-connections-per-address", "N", LIMITS,
        "Connections from one address (of IPv6 a /64); one more gets HTTP 429",
        |o| whole(&mut o.settings.limits.max_connections_per_address, 1, 1_000_000).or("none")),
    row("handshake-timeout", "SECONDS", LIMITS, "Time to complete the handshake, in seconds",
        |o| seconds(&mut o.settings.limits.handshake_timeout)),
    row("handshake-bytes", "SIZE", LIMITS, "Largest handshake",
        |o| bytes(&mut o.settings.limits.handshake_bytes, KIB, MIB)),
    row("login-timeout", "SECONDS", LIMITS, "Time to log in, in seconds",
        |o| seconds(&mut o.settings.limits.login_timeout)),
    row("idle-timeout", "SECONDS", LIMITS,
        "A peer that sends nothing for so many seconds, not even a pong, counts as gone",
        |o| seconds(&mut o.settings.limits.idle_timeout)),
    row("max-rooms-per-user", "N", LIMITS, "Rooms that one user may be in",
        |o| whole(&mut o.settings.limits.max_rooms_per_user, 1, 1_000_000).or("none")),
    row("max-rooms", "N", LIMITS, "Rooms in total",
        |o| whole(&mut o.settings.limits.max_rooms, 1, 1_000_000)),
    row("messages-per-s", "RATE", LIMITS,
        "Messages a second per connection, on average; transforms are apart, 240 a second are \
         always fine",
        |o| number(&mut o.settings.limits.messages_per_s, Unit::Fraction, 0.1, 1e6).or("none")),
    row("messages-burst", "N", LIMITS, "Messages that may arrive at once after a quiet time",
        |o| whole(&mut o.settings.limits.messages_burst, 1, 1_000_000)),
    row("bytes-per-s", "SIZE", LIMITS, "Bytes a second per connection, on average",
        |o| number(&mut o.settings.limits.bytes_per_s, Unit::BytesPerSecond, KIB, GIB).or("none")),
    row("bytes-burst", "SIZE", LIMITS, "Bytes that may arrive at once after a quiet time",
        |o| bytes(&mut o.settings.limits.bytes_burst, KIB, GIB)),
    row("queue-bytes", "SIZE", LIMITS,
        "Bytes that may wait for one client beside one largest message; above that it is closed with 1008",
        |o| bytes(&mut o.settings.limits.queue_bytes, 64.0 * KIB, GIB)),
    row("memory-bytes", "SIZE", LIMITS,
        "Memory budget for the whole server; auto is a quarter of the machine's memory",
        |o| bytes(&mut o.settings.limits.memory_bytes, 16.0 * MIB, TIB).or("auto")),
    row("history-messages", "N", LIMITS, "Messages kept per room",
        |o| whole(&mut o.settings.limits.history_messages, 0, 10_000)),
    row("history-bytes", "SIZE", LIMITS, "Bytes kept per room",
        |o| bytes(&mut o.settings.limits.history_bytes, KIB, 64.0 * MIB)),
    row("origin", "ORIGIN", LIMITS,
        "Web pages that may connect, as https://example.org; repeat the flag or separate with commas. \
         Native clients always may",
        |o| Slot::Origins(&mut o.settings.limits.origins)),
];

const fn row(
    name: &'static str,
    value: &'static str,
    heading: &'static str,
    help: &'static str,
    slot: for<'a> fn(&'a mut ServeOptions) -> Slot<'a>,
) -> Setting {
    Setting { name, value, heading, help, slot }
}

fn fields(options: &mut ServeOptions) -> &mut RecordingFields {
    &mut options.settings.recording.fields
}

fn number(field: &mut dyn Number, unit: Unit, least: f64, most: f64) -> Slot<'_> {
    Slot::Number(field, Range { unit, least, most, word: None })
}

fn whole(field: &mut dyn Number, least: u32, most: u32) -> Slot<'_> {
    number(field, Unit::Whole, least.into(), most.into())
}

fn bytes(field: &mut dyn Number, least: f64, most: f64) -> Slot<'_> {
    number(field, Unit::Bytes, least, most)
}

fn seconds(field: &mut Duration) -> Slot<'_> {
    number(field, Unit::Seconds, 0.1, 86_400.0)
}

/// The environment variable of the setting `name`.
pub(super) fn variable(name: &str) -> String {
    format!("VRLOBBY_{}", name.replace('-', "_").to_ascii_uppercase())
}
