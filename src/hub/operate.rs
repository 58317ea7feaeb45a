//! The operator's commands, carried out on the lobby.

use crate::lobby::{Delivery, FpsChange, Lobby, RoomsFull, report};
use crate::model::{FPS_RANGE, LOBBY, MarkPhase, RoomId, RoomName, SessionId, Timestamp, UserName};
use crate::operator::{Command, Done, OperatorError, TEXT_LIMIT};
use crate::protocol::Refusal;

type Outcome = Result<Done, OperatorError>;

/// Carries out a command on the lobby, which leaves out those for the log.
///
/// # Errors
/// Why it was not carried out. Nothing has changed then.
pub(crate) fn operate(
    lobby: &mut Lobby,
    command: Command,
    now: Timestamp,
    out: &mut impl Delivery,
) -> Outcome {
    match command {
        Command::Kick { user, reason } => {
            check_reason(reason.as_deref())?;
            let session = find_user(lobby, &user)?;
            kick(lobby, session, user, reason, now, out)
        }
        Command::KickSession { session, reason } => {
            check_reason(reason.as_deref())?;
            let user = lobby.name_of(session).ok_or(OperatorError::NoSuchSession(session))?;
            kick(lobby, session, user.to_string(), reason, now, out)
        }
        Command::CloseRoom { room } if room == LOBBY => Err(OperatorError::LobbyStays),
        Command::CloseRoom { room } => {
            let id = find_room(lobby, &room)?;
            let users = lobby.close_room(id, now, out).map_err(broken)?;
            done(format!("closed {room}; {} left it", count(users, "user")), users)
        }
        Command::SetFps { room, fps } => set_fps(lobby, room.as_deref(), fps, now, out),
        Command::Announce { room, text } => {
            check_text(&text)?;
            let id = room.as_deref().map(|room| find_room(lobby, room)).transpose()?;
            let rooms = lobby.rooms().len();
            let users = lobby.announce(id, &text, now, out).map_err(broken)?;
            let place = room.unwrap_or_else(|| count(rooms, "room"));
            done(format!("told {} in {place}", count(users, "user")), users)
        }
        Command::PinRoom { room, pinned } => pin(lobby, &room, pinned, now, out),
        Command::SetTitle { room, title } => {
            if !title.is_empty() {
                check_text(&title)?;
            }
            let id = find_room(lobby, &room)?;
            let message = match title.as_str() {
                "" => format!("{room} has no title now"),
                title => format!("{room} has the title {title:?} now"),
            };
            let users = lobby.set_title(id, title).map_err(broken)?;
            done(message, users)
        }
        Command::Mark { label, phase } => {
            check_text(&label)?;
            let end = match phase {
                MarkPhase::Instant => "",
                MarkPhase::Begin => " begins",
                MarkPhase::End => " ends",
            };
            let message = format!("marked {label:?}{end}");
            lobby.mark(label.into(), phase, now, out);
            done(message, 0)
        }
        Command::SetLogLevel { .. } => Err(OperatorError::LogNotOurs),
        Command::StartRecording { .. }
        | Command::StopRecording
        | Command::SetSubject { .. }
        | Command::SetConsent { .. } => Err(OperatorError::CannotRecord),
        Command::StartReplay { .. } | Command::ControlReplay(_) | Command::StopReplay => {
            Err(OperatorError::CannotReplay)
        }
    }
}

fn kick(
    lobby: &mut Lobby,
    session: SessionId,
    user: String,
    reason: Option<String>,
    now: Timestamp,
    out: &mut impl Delivery,
) -> Outcome {
    let why = reason.map(|reason| format!(": {reason}")).unwrap_or_default();
    lobby.kick(session, format!("kicked by the operator{why}"), now, out);
    done(format!("kicked {user}{why}"), 1)
}

fn set_fps(
    lobby: &mut Lobby,
    room: Option<&str>,
    fps: Option<f64>,
    now: Timestamp,
    out: &mut impl Delivery,
) -> Outcome {
    if let Some(fps) = fps
        && !FPS_RANGE.contains(&fps)
    {
        return Err(OperatorError::FpsOutOfRange(fps));
    }
    let id = room.map(|room| find_room(lobby, room)).transpose()?;
    let FpsChange { users, gave_up } = lobby.set_fps(id, fps, now, out).map_err(broken)?;
    let server = lobby.fps();
    let message = match (room, fps) {
        (Some(room), Some(fps)) => format!("{room} ticks at {fps} fps"),
        (Some(room), None) => format!("{room} follows the server's {server} fps"),
        (None, _) if gave_up > 0 => format!(
            "all rooms tick at {server} fps, including {} with a rate of their own",
            count(gave_up, "room")
        ),
        (None, _) => format!("all rooms tick at {server} fps"),
    };
    done(message, users)
}

fn pin(
    lobby: &mut Lobby,
    room: &str,
    pinned: bool,
    now: Timestamp,
    out: &mut impl Delivery,
) -> Outcome {
    let id = match find_room(lobby, room) {
        Ok(id) => id,
        Err(error) if !pinned => return Err(error),
        Err(_) => {
            let name = RoomName::new(room).map_err(|error| OperatorError::BadRoomName {
                name: room.to_owned(),
                reason: error.to_string(),
            })?;
            lobby
                .open_room(name, now, out)
                .map_err(|RoomsFull(rooms)| OperatorError::TooManyRooms(rooms))?
        }
    };
    let users = lobby.pin(id, pinned, now, out).map_err(broken)?;
    let message = match lobby.rooms().find(room) {
        Some(_) if pinned => format!("{room} stays open even when it is empty"),
        Some(_) => format!("{room} closes when its last member leaves"),
        None => format!("{room} was empty and has been closed"),
    };
    done(message, users)
}

fn find_room(lobby: &Lobby, name: &str) -> Result<RoomId, OperatorError> {
    lobby.rooms().find(name).ok_or_else(|| OperatorError::NoSuchRoom(name.to_owned()))
}

fn find_user(lobby: &Lobby, name: &str) -> Result<SessionId, OperatorError> {
    UserName::new(name)
        .ok()
        .and_then(|name| lobby.registry().find(&name))
        .ok_or_else(|| OperatorError::NoSuchUser(name.to_owned()))
}

fn check_reason(reason: Option<&str>) -> Result<(), OperatorError> {
    reason.map_or(Ok(()), check_text)
}

fn check_text(text: &str) -> Result<(), OperatorError> {
    match text.chars().count() {
        1..=TEXT_LIMIT => Ok(()),
        count => Err(OperatorError::TextLength(count)),
    }
}

fn done(message: String, users: usize) -> Outcome {
    Ok(Done { message, users })
}

fn broken(refusal: Refusal) -> OperatorError {
    report(&refusal);
    OperatorError::Internal(refusal.reason.into_owned())
}

fn count(n: usize, what: &str) -> String {
    format!("{n} {what}{}", if n == 1 { "" } else { "s" })
}
