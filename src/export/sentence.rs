//! Events and markers as sentences, for logs that people read.

use super::source::Source;
use crate::archive::{Ending, EventKind, EventRow, MarkerRow};

/// How grave a sentence is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Level {
    /// It belongs to the session.
    Info,
    /// Something did not go as it was meant to.
    Warning,
    /// Data is missing.
    Error,
}

/// What an event says, and how grave it is.
pub(super) fn of_event(source: &Source, row: &EventRow) -> (Level, String) {
    let user = row.person.map_or("the operator", |person| source.user(person));
    let room = row.room.map_or("", |room| source.room(room));
    let data = row.data.as_deref().unwrap_or_default();
    let type_ = row.type_.as_deref().unwrap_or_default();
    let count = row.count.unwrap_or_default();
    let text = match row.kind {
        EventKind::LoggedIn => format!("{user} logged in"),
        EventKind::LoggedOut => format!("{user} logged out"),
        EventKind::TookOver => format!("{user} came back on a new connection"),
        EventKind::Joined => format!("{user} joined {room}"),
        EventKind::Left => format!("{user} left {room}"),
        EventKind::RoomOpened => format!("room {room} opened"),
        EventKind::RoomClosed => format!("room {room} closed"),
        EventKind::Said if type_ == "msg" => format!("{user}: {}", plain(data)),
        EventKind::Said => format!("{user} sent {type_} {data}"),
        EventKind::Fps => match (row.room, &row.data) {
            (None, _) => format!("the server ticks {data} times a second"),
            (Some(_), Some(fps)) => format!("room {room} ticks {fps} times a second"),
            (Some(_), None) => format!("room {room} ticks at the server's rate"),
        },
        EventKind::Operated => format!("the operator: {data}"),
        EventKind::Refused => {
            let code = row.code.unwrap_or_default();
            return (Level::Warning, format!("{user}: {count} refused with {code}: {data}"));
        }
        EventKind::Lost => return (Level::Error, format!("{count} events are missing here")),
        EventKind::Redacted => {
            return (Level::Warning, format!("somebody was taken out: {data}"));
        }
    };
    (Level::Info, text)
}

/// What a marker says; `at_end` for the end of an interval.
pub(super) fn of_marker(row: &MarkerRow, at_end: bool) -> String {
    let label = &row.label;
    match (row.is_interval, at_end) {
        (false, _) => format!("marker: {label}"),
        (true, false) => format!("marker: {label} begins"),
        (true, true) => format!("marker: {label} ends"),
    }
}

/// What is to be said of the end of a recording; `None` if it was stopped.
pub(super) fn of_ending(ending: &Ending) -> Option<String> {
    match ending {
        Ending::Whole => None,
        Ending::Early(reason) => Some(format!("the recording ended early: {reason}")),
        Ending::Interrupted => Some("the recording was interrupted, or still goes on".to_owned()),
    }
}

/// A message's text if it is a JSON string, or its JSON.
fn plain(json: &str) -> String {
    serde_json::from_str(json).unwrap_or_else(|_| json.to_owned())
}
