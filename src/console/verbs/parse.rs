//! What a typed command means.

use std::path::PathBuf;
use std::sync::Arc;

use super::arguments::{self, column, level, new_room, set_fps, user};
use super::table::VERBS;
use super::words::split;
use crate::console::state::{App, Pane, RoomSort, UserSort, file_named};
use crate::model::{LogLevel, MarkPhase, SessionId};
use crate::operator::Command;

/// What a typed line means.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Intent {
    Send(Command),
    Kick { session: SessionId, user: Arc<str>, reason: Option<String> },
    Close(Arc<str>),
    Mark(String, MarkPhase),
    Record(Option<PathBuf>),
    StopRecording,
    Show(LogLevel),
    Target(Option<String>),
    Room(Arc<str>),
    User(SessionId),
    Filter(String),
    SortRooms(RoomSort),
    SortUsers(UserSort),
    Freeze,
    Help,
    Quit,
}

/// Parses a line.
///
/// # Errors
/// What is wrong with the line, and what to type instead.
pub(crate) fn parse(line: &str, app: &App) -> Result<Intent, String> {
    let Some((name, rest)) = split(line) else {
        return Err("type a command; Tab shows them".to_owned());
    };
    // An unambiguous prefix is enough.
    let mut matching = VERBS.iter().filter(|verb| verb.name.starts_with(&name));
    let exact = VERBS.iter().find(|verb| verb.name == name);
    let verb = match (exact, matching.next(), matching.next()) {
        (Some(verb), _, _) | (None, Some(verb), None) => verb,
        (None, Some(one), Some(other)) => {
            return Err(format!("{name:?} may be {} or {}", one.name, other.name));
        }
        _ => return Err(format!("there is no command {name:?}; ? lists them")),
    };
    let usage = || format!(":{} {}", verb.name, verb.usage);
    let text = rest.trim();
    let first = split(rest);
    let word = first.as_ref().map(|(word, _)| word.as_str());
    let second = first.as_ref().and_then(|(_, rest)| split(rest)).map(|(word, _)| word);
    let needed = || word.ok_or_else(|| format!("use it as {}", usage()));
    let room = || arguments::room(word, app);
    Ok(match verb.name {
        "kick" => {
            let name = needed()?;
            let user = user(name, app)?;
            let reason = first.as_ref().map(|(_, rest)| rest.trim()).unwrap_or_default();
            let reason = (!reason.is_empty()).then(|| reason.to_owned());
            Intent::Kick { session: user.session, user: user.name.clone(), reason }
        }
        "close" => Intent::Close(room()?),
        "fps" => Intent::Send(set_fps(needed()?, second)?),
        "say" | "sayall" => {
            needed()?;
            let room = if verb.name == "say" {
                Some(arguments::room(None, app)?.to_string())
            } else {
                None
            };
            Intent::Send(Command::Announce { room, text: text.to_owned() })
        }
        "pin" => Intent::Send(Command::PinRoom { room: new_room(word, app)?, pinned: true }),
        "unpin" => Intent::Send(Command::PinRoom { room: new_room(word, app)?, pinned: false }),
        "title" => {
            let room = arguments::room(None, app)?.to_string();
            Intent::Send(Command::SetTitle { room, title: text.to_owned() })
        }
        "show" => Intent::Show(level(needed()?)?),
        "capture" => Intent::Send(Command::SetLogLevel { level: level(needed()?)? }),
        "target" => Intent::Target(word.map(str::to_owned)),
        "room" => {
            needed()?;
            Intent::Room(room()?)
        }
        "user" => Intent::User(user(needed()?, app)?.session),
        "filter" => Intent::Filter(text.to_owned()),
        "sort" if app.pane == Pane::Rooms => Intent::SortRooms(column(needed()?)?),
        "sort" => Intent::SortUsers(column(needed()?)?),
        "record" if text == "stop" && app.running().is_none() && !app.frozen => {
            return Err("nothing is being recorded".to_owned());
        }
        "record" if text == "stop" => Intent::StopRecording,
        "record" => Intent::Record(file_named(&arguments::label(text))?),
        "mark" | "begin" => {
            needed()?;
            let is_mark = verb.name == "mark";
            let phase = if is_mark { MarkPhase::Instant } else { MarkPhase::Begin };
            Intent::Mark(arguments::label(text), phase)
        }
        "end" => {
            needed()?;
            Intent::Mark(arguments::open_label(text, app)?, MarkPhase::End)
        }
        "subject" => {
            let user = arguments::recorded_user(needed()?, app)?;
            second.ok_or_else(|| format!("use it as {}", usage()))?;
            let rest = first.as_ref().map(|(_, rest)| rest.trim()).unwrap_or_default();
            Intent::Send(Command::SetSubject { user, subject: arguments::label(rest) })
        }
        "consent" => {
            let user = arguments::recorded_user(needed()?, app)?;
            let consent = second.ok_or_else(|| format!("use it as {}", usage()))?;
            Intent::Send(Command::SetConsent { user, consent: arguments::yes(&consent)? })
        }
        "replay" if text == "stop" => Intent::Send(Command::StopReplay),
        "replay" => {
            let path = file_named(needed()?)?.ok_or_else(|| format!("use it as {}", usage()))?;
            Intent::Send(Command::StartReplay { path, into: second })
        }
        "freeze" => Intent::Freeze,
        "help" => Intent::Help,
        _ => Intent::Quit,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::console::fixtures::busy;

    #[test]
    fn reads_names_with_spaces() {
        let app = busy();
        let line = r#"fps 12,5 "main hall""#;
        let room = Some("main hall".to_owned());
        assert_eq!(parse(line, &app), Ok(Intent::Send(Command::SetFps { room, fps: Some(12.5) })));
    }

    #[test]
    fn finds_users_without_regard_to_case() {
        let app = busy();
        let Ok(Intent::Kick { user, reason, .. }) = parse("kick ADA not nice ", &app) else {
            panic!("ada is there");
        };
        assert_eq!((&*user, reason.as_deref()), ("ada", Some("not nice")));
    }

    #[test]
    fn a_replay_has_a_file_and_may_have_a_room() {
        let app = busy();
        let start = |path: &str, into: Option<&str>| {
            let into = into.map(str::to_owned);
            Ok(Intent::Send(Command::StartReplay { path: path.into(), into }))
        };
        assert_eq!(parse("replay pilot.db", &app), start("pilot.db", None));
        let line = r#"replay "my pilot.db" "new hall""#;
        assert_eq!(parse(line, &app), start("my pilot.db", Some("new hall")));
        assert_eq!(parse("replay stop", &app), Ok(Intent::Send(Command::StopReplay)));
        assert_eq!(parse("replay", &app).unwrap_err(), "use it as :replay FILE [ROOM]");
        assert!(parse("replay ~/pilot.db", &app).unwrap_err().contains("in full"));
    }

    #[test]
    fn says_what_is_wrong() {
        let app = busy();
        let wrong = |line| parse(line, &app).expect_err(line);
        assert_eq!(wrong("kick nobody"), "there is no user \"nobody\"");
        assert_eq!(wrong("kick"), "use it as :kick USER [REASON]");
        assert_eq!(wrong("fps fast"), "\"fast\" is not a rate: fps is a number from 0.1 to 240");
        assert_eq!(wrong("s"), "\"s\" may be say or sayall");
        assert_eq!(wrong("dance"), "there is no command \"dance\"; ? lists them");
        assert!(wrong("show loud").contains("0 to 4"));
    }
}
