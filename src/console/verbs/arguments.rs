//! Arguments of typed commands, and what is wrong with those that can't be used.

use std::sync::Arc;

use super::words::split;
use crate::console::state::{App, Column};
use crate::model::LogLevel;
use crate::operator::{Command, UserRow};

/// Parses a rate; `server` or nothing makes a room follow the server's rate again.
pub(crate) fn set_fps(rate: &str, room: Option<String>) -> Result<Command, String> {
    if matches!(rate, "" | "server") {
        return match room {
            Some(room) => Ok(Command::SetFps { room: Some(room), fps: None }),
            None => Err("type a rate, such as 30".to_owned()),
        };
    }
    let fps = rate.replace(',', ".").parse::<f64>();
    match fps {
        Ok(fps) if fps.is_finite() => Ok(Command::SetFps { room, fps: Some(fps) }),
        _ => Err(format!("{rate:?} is not a rate: fps is a number from 0.1 to 240")),
    }
}

/// Finds a room by name, or else the selected one.
pub(crate) fn room(word: Option<&str>, app: &App) -> Result<Arc<str>, String> {
    match word {
        None => {
            let selected = app.rooms.selected.clone();
            selected.ok_or_else(|| "no room is selected; name one".to_owned())
        }
        Some(name) => {
            let found = app.snapshot.rooms.iter().find(|room| &*room.name == name);
            found.map(|room| room.name.clone()).ok_or_else(|| format!("there is no room {name:?}"))
        }
    }
}

/// The name of a room that need not exist yet, or else of the selected one.
pub(crate) fn new_room(word: Option<&str>, app: &App) -> Result<String, String> {
    match word {
        Some(name) => Ok(name.to_owned()),
        None => Ok(room(None, app)?.to_string()),
    }
}

/// Finds a user by name; the exact one first, then regardless of case.
pub(crate) fn user<'a>(name: &str, app: &'a App) -> Result<&'a UserRow, String> {
    let users = &app.snapshot.users;
    let found = users.iter().find(|user| &*user.name == name);
    let found =
        found.or_else(|| users.iter().find(|user| user.name.to_lowercase() == name.to_lowercase()));
    found.ok_or_else(|| format!("there is no user {name:?}"))
}

/// Finds a user who is there, or whom the recording has met, by name.
pub(crate) fn recorded_user(name: &str, app: &App) -> Result<String, String> {
    let here = user(name, app).map(|user| user.name.to_string());
    let met = || app.running()?.people.iter().find(|person| person.user == name);
    here.or_else(|error| met().map(|person| person.user.clone()).ok_or(error))
}

/// Takes a text as a label, with or without quotes around it.
pub(crate) fn label(text: &str) -> String {
    match split(text) {
        Some((word, rest)) if text.starts_with('"') && rest.trim().is_empty() => word,
        _ => text.to_owned(),
    }
}

/// The label of an interval that is open.
pub(crate) fn open_label(text: &str, app: &App) -> Result<String, String> {
    let (label, open) = (label(text), app.open_intervals());
    if app.frozen || open.contains(&label) {
        return Ok(label);
    }
    Err(match &open[..] {
        [] => format!("there is no interval {label:?}: none is open"),
        _ => format!("there is no interval {label:?}; open: {}", open.join(", ")),
    })
}

/// Parses yes or no.
pub(crate) fn yes(word: &str) -> Result<bool, String> {
    match word {
        "yes" | "y" => Ok(true),
        "no" | "n" => Ok(false),
        _ => Err(format!("{word:?} is neither yes nor no")),
    }
}

/// Parses a log level, by name or by number.
pub(crate) fn level(name: &str) -> Result<LogLevel, String> {
    let by_number = name.parse::<usize>().ok().and_then(|at| LogLevel::ALL.get(at));
    let found = LogLevel::ALL.iter().find(|level| level.name() == name).or(by_number);
    found.copied().ok_or_else(|| {
        format!("{name:?} is not a level: error, warn, info, debug, trace, or 0 to 4")
    })
}

/// Finds a column of a list by name.
pub(crate) fn column<Sort: Column>(name: &str) -> Result<Sort, String> {
    let found = Sort::ALL.iter().find(|sort| sort.name() == name);
    let names: Vec<&str> = Sort::ALL.iter().map(|sort| sort.name()).collect();
    found.copied().ok_or_else(|| format!("{name:?} is not a column: {}", names.join(", ")))
}
