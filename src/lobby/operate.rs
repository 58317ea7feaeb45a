//! What the operator does to the world.

use std::sync::Arc;

use super::room::Event;
use super::{Lobby, Note, Post};
use crate::model::{FPS_RANGE, RoomId, RoomName, SessionId, Timestamp, UserName};
use crate::operator::{Command, Done, OperatorError, TEXT_LIMIT};
use crate::protocol::encode::{self, json_string};
use crate::protocol::websocket::CloseReason;
use crate::protocol::{Code, EventBody, LOBBY, SERVER_USER};

type Outcome = Result<Done, OperatorError>;

fn done(message: impl Into<String>, users: usize) -> Outcome {
    Ok(Done { message: message.into(), users })
}

fn check_text(text: &str) -> Result<(), OperatorError> {
    match text.chars().count() {
        1..=TEXT_LIMIT => Ok(()),
        count => Err(OperatorError::TextLength(count)),
    }
}

impl Lobby {
    /// Carries out a command of the operator's. The log's level is not the lobby's affair.
    ///
    /// # Errors
    /// Why it was not carried out; then nothing has changed.
    pub fn operate(&mut self, command: Command, now: Timestamp, post: &mut impl Post) -> Outcome {
        match command {
            Command::Kick { user, reason } => self.kick(&user, reason.as_deref(), now, post),
            Command::KickSession { session, reason } => {
                self.kick_session(session, reason.as_deref(), now, post)
            }
            Command::CloseRoom { room } => self.close_room(&room, now, post),
            Command::SetFps { room, fps } => self.set_fps(room.as_deref(), fps, now),
            Command::Announce { room, text } => self.announce(room.as_deref(), &text, now, post),
            Command::PinRoom { room, pinned } => self.pin(&room, pinned, post),
            Command::SetTitle { room, title } => self.set_title(&room, title),
            Command::SetLogLevel { .. } => Err(OperatorError::LogNotOurs),
        }
    }

    fn find_room(&self, name: &str) -> Result<RoomId, OperatorError> {
        self.by_name.get(name).copied().ok_or_else(|| OperatorError::NoSuchRoom(name.to_owned()))
    }

    fn kick(
        &mut self,
        name: &str,
        reason: Option<&str>,
        now: Timestamp,
        post: &mut impl Post,
    ) -> Outcome {
        if let Some(reason) = reason {
            check_text(reason)?;
        }
        let no_such_user = || OperatorError::NoSuchUser(name.to_owned());
        let user = UserName::new(name).map_err(|_| no_such_user())?;
        let id: SessionId = self.names.get(user.folded()).copied().ok_or_else(no_such_user)?;
        self.kick_session(id, reason, now, post)
    }

    fn kick_session(
        &mut self,
        id: SessionId,
        reason: Option<&str>,
        now: Timestamp,
        post: &mut impl Post,
    ) -> Outcome {
        if let Some(reason) = reason {
            check_text(reason)?;
        }
        let name = self.name_of(id).ok_or(OperatorError::NoSuchSession(id))?;
        let told = match reason {
            Some(reason) => format!("kicked by the operator: {reason}"),
            None => "kicked by the operator".to_owned(),
        };
        self.reply(id, &encode::refusal(Code::AccessDenied, now, &told), post);
        self.disconnect(id, now, post);
        post.close(id, CloseReason::new(CloseReason::POLICY, told));
        let why = reason.map(|reason| format!(": {reason}")).unwrap_or_default();
        done(format!("kicked {name}{why}"), 1)
    }

    fn close_room(&mut self, name: &str, now: Timestamp, post: &mut impl Post) -> Outcome {
        if name == LOBBY {
            return Err(OperatorError::LobbyStays);
        }
        let id = self.find_room(name)?;
        let members: Vec<SessionId> = self
            .room(id)
            .map(|room| room.members.iter().map(|member| member.session).collect())
            .unwrap_or_default();
        for member in &members {
            self.flush_earlier(*member, id, post);
        }
        if let Some(room) = self.room_mut(id) {
            room.clear(now, post);
        }
        self.outgoing.retain(|outgoing| *outgoing != id);
        for member in &members {
            let Some(session) = self.session_mut(*member) else { continue };
            session.rooms.retain(|membership| membership.room != id);
            if let (Some(session), Some(room)) = (self.session(*member), self.room(id))
                && let Some(user) = &session.user
            {
                post.note(Note::Left { user: &user.name, room: &room.name });
            }
        }
        self.sweep(id, post);
        done(format!("closed {name}; {} left it", count(members.len(), "user")), members.len())
    }

    fn set_fps(&mut self, name: Option<&str>, fps: Option<f64>, now: Timestamp) -> Outcome {
        if let Some(fps) = fps
            && !FPS_RANGE.contains(&fps)
        {
            return Err(OperatorError::FpsOutOfRange(fps));
        }
        let rooms: Vec<RoomId> = match name {
            Some(name) => vec![self.find_room(name)?],
            None => self.rooms.iter().flatten().map(|room| room.id).collect(),
        };
        let mut had_own = 0;
        if name.is_none()
            && let Some(fps) = fps
        {
            self.fps = fps;
        }
        let mut users = 0;
        for id in rooms {
            let server_fps = self.fps;
            let Some(room) = self.room_mut(id) else { continue };
            let own = if name.is_some() { fps } else { None };
            if name.is_none() && room.cadence.own_fps.is_some() {
                had_own += 1;
            }
            room.cadence.own_fps = own;
            users += room.members.len();
            if let Some(old) = room.cadence.next_due {
                let due = room.cadence.due(now, own.unwrap_or(server_fps));
                room.cadence.next_due = Some(due);
                self.due.remove(&(old, id));
                self.due.insert((due, id));
            }
        }
        let message = match (name, fps) {
            (Some(name), Some(fps)) => format!("{name} ticks at {fps} fps"),
            (Some(name), None) => format!("{name} follows the server's {} fps", self.fps),
            (None, _) if had_own > 0 => format!(
                "all rooms tick at {} fps; {} gave up a rate of their own",
                self.fps,
                count(had_own, "room")
            ),
            (None, _) => format!("all rooms tick at {} fps", self.fps),
        };
        done(message, users)
    }

    fn announce(
        &mut self,
        name: Option<&str>,
        text: &str,
        now: Timestamp,
        post: &mut impl Post,
    ) -> Outcome {
        check_text(text)?;
        let rooms: Vec<RoomId> = match name {
            Some(name) => vec![self.find_room(name)?],
            None => self.rooms.iter().flatten().map(|room| room.id).collect(),
        };
        let event = Arc::new(Event {
            time: now,
            user: SERVER_USER.into(),
            user_json: json_string(SERVER_USER).into(),
            body: EventBody::new("msg", &json_string(text)),
        });
        // What was announced before in other rooms goes out before this.
        self.flush(post);
        let mut heard = std::collections::HashSet::new();
        for id in &rooms {
            self.tell(*id, &event, now, post);
            if let Some(room) = self.room(*id) {
                heard.extend(room.members.iter().map(|member| member.session));
            }
        }
        let place = match name {
            Some(name) => name.to_owned(),
            None => count(rooms.len(), "room"),
        };
        done(format!("told {} in {place}", count(heard.len(), "user")), heard.len())
    }

    fn pin(&mut self, name: &str, pinned: bool, post: &mut impl Post) -> Outcome {
        let id = match self.find_room(name) {
            Ok(id) => id,
            Err(error) if !pinned => return Err(error),
            Err(_) => {
                let name = RoomName::new(name).map_err(|error| OperatorError::BadRoomName {
                    name: name.to_owned(),
                    reason: error.to_string(),
                })?;
                let rooms = self.rooms.len() - self.free_rooms.len();
                if rooms >= self.limits.max_rooms {
                    return Err(OperatorError::TooManyRooms(rooms));
                }
                post.note(Note::RoomOpened { room: &name });
                self.open(name)
            }
        };
        let mut users = 0;
        if let Some(room) = self.room_mut(id) {
            room.pinned = pinned;
            users = room.members.len();
        }
        if pinned {
            return done(format!("{name} stays, also when nobody is in it"), users);
        }
        self.sweep(id, post);
        let message = match self.room(id) {
            Some(_) => format!("{name} goes when its last member leaves"),
            None => format!("{name} was empty and is gone"),
        };
        done(message, users)
    }

    fn set_title(&mut self, name: &str, title: String) -> Outcome {
        if !title.is_empty() {
            check_text(&title)?;
        }
        let id = self.find_room(name)?;
        let message = match title.as_str() {
            "" => format!("{name} has no title now"),
            title => format!("{name} is titled {title:?}"),
        };
        let mut users = 0;
        if let Some(room) = self.room_mut(id) {
            users = room.members.len();
            room.title = title;
        }
        done(message, users)
    }
}

fn count(n: usize, what: &str) -> String {
    format!("{n} {what}{}", if n == 1 { "" } else { "s" })
}
