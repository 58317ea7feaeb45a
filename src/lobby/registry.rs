//! Connections, the users that are logged in on them, and the rooms that these are in.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use smallvec::SmallVec;

use super::event::Message;
use super::meter::{Gaps, PerSecond};
use super::room::MemberId;
use crate::clock_offset::Track;
use crate::model::{RoomId, RoomName, SessionId, Timestamp, UserName};
use crate::protocol::{Code, Password, Refusal};

/// Entries of each kind that a journal keeps.
const JOURNAL_LINES: usize = 20;

/// Bytes of a message that a journal keeps.
const JOURNAL_TEXT: usize = 1024;

/// A connection.
#[derive(Debug)]
pub(crate) struct Session {
    pub(crate) id: SessionId,
    pub(crate) user: Option<User>,
    /// In the order of joining.
    pub(crate) memberships: SmallVec<[Membership; 1]>,
    pub(crate) connected: Timestamp,
    pub(crate) last_request: Timestamp,
    pub(crate) refusals: u64,
    /// Only for sessions that stream, so that others cost little.
    pub(crate) stream: Option<Box<Stream>>,
    pub(crate) journal: Option<Box<Journal>>,
    /// Only for users who compare clocks.
    pub(crate) clock: Option<Box<Track>>,
}

/// The user that is logged in on a connection.
#[derive(Debug)]
pub(crate) struct User {
    pub(crate) name: UserName,
    /// The name as a JSON string.
    pub(super) json: Arc<str>,
    pub(super) password: Password,
}

/// A user's stay in a room.
#[derive(Clone, Debug)]
pub(crate) struct Membership {
    pub(crate) room: RoomId,
    pub(crate) name: RoomName,
    pub(crate) member: MemberId,
}

/// How evenly a user streams, over all rooms.
#[derive(Debug, Default)]
pub(crate) struct Stream {
    pub(crate) per_second: PerSecond,
    pub(crate) gaps: Gaps,
}

/// A user's last messages and refusals, for the operator.
#[derive(Debug, Default)]
pub(crate) struct Journal {
    pub(crate) messages: VecDeque<(RoomName, Arc<Message>)>,
    pub(crate) refusals: VecDeque<(Timestamp, Code, Arc<str>)>,
}

impl Session {
    /// The user that is logged in.
    ///
    /// # Errors
    /// 500 if there is none, which breaks an invariant.
    pub(super) fn user(&self) -> Result<&User, Refusal> {
        self.user
            .as_ref()
            .ok_or_else(|| Refusal::internal(format!("nobody is logged in on {}", self.id)))
    }

    /// The membership in a room.
    ///
    /// # Errors
    /// 401 if it is not in that room.
    pub(super) fn membership(&self, name: &RoomName) -> Result<&Membership, Refusal> {
        self.memberships.iter().find(|membership| membership.name == *name).ok_or_else(|| {
            Refusal::new(
                Code::Unauthorized,
                format!("you are not in the room {:?}; join it first", name.as_str()),
            )
        })
    }

    /// Notes a message in the journal.
    pub(super) fn note_message(&mut self, room: RoomName, message: &Arc<Message>) {
        let journal = self.journal.get_or_insert_default();
        push_bounded(&mut journal.messages, (room, excerpt(message)));
    }

    /// Counts refused requests and notes the last.
    pub(super) fn note_refusals(&mut self, count: u32, line: (Timestamp, Code, Arc<str>)) {
        self.refusals += u64::from(count);
        push_bounded(&mut self.journal.get_or_insert_default().refusals, line);
    }
}

/// All connections, and the users that are logged in on them.
#[derive(Debug, Default)]
pub(crate) struct Registry {
    /// By slot.
    sessions: Vec<Option<Session>>,
    /// By folded name, which is the order of listings.
    names: BTreeMap<Arc<str>, SessionId>,
}

impl Registry {
    /// How many are logged in.
    #[cfg(test)]
    pub(crate) fn users(&self) -> usize {
        self.names.len()
    }

    /// The sessions that are logged in, sorted by name without case.
    pub(crate) fn logged_in(&self) -> impl Iterator<Item = &Session> {
        self.names.values().filter_map(|id| self.get(*id))
    }

    /// One connection; `None` once it has ended.
    pub(crate) fn get(&self, id: SessionId) -> Option<&Session> {
        self.sessions.get(id.slot())?.as_ref().filter(|session| session.id == id)
    }

    pub(super) fn get_mut(&mut self, id: SessionId) -> Option<&mut Session> {
        self.sessions.get_mut(id.slot())?.as_mut().filter(|session| session.id == id)
    }

    /// As [`Self::get_mut`], for a session that must exist.
    ///
    /// # Errors
    /// 500 if it doesn't.
    pub(super) fn known(&mut self, id: SessionId) -> Result<&mut Session, Refusal> {
        self.get_mut(id).ok_or_else(|| Refusal::internal(format!("there is no session {id}")))
    }

    /// The session that is logged in with a name equal to this one.
    pub(crate) fn find(&self, name: &UserName) -> Option<SessionId> {
        self.names.get(name.folded()).copied()
    }

    /// Adds a connection. No other open connection may have its slot.
    pub(super) fn insert(&mut self, id: SessionId, now: Timestamp) {
        if self.sessions.len() <= id.slot() {
            self.sessions.resize_with(id.slot() + 1, || None);
        }
        self.sessions[id.slot()] = Some(Session {
            id,
            user: None,
            memberships: SmallVec::new(),
            connected: now,
            last_request: now,
            refusals: 0,
            stream: None,
            journal: None,
            clock: None,
        });
    }

    /// Logs a user in on a connection. No other user may have an equal name.
    pub(super) fn log_in(&mut self, id: SessionId, user: User) -> Result<(), Refusal> {
        let folded = user.name.folded().clone();
        self.known(id)?.user = Some(user);
        self.names.insert(folded, id);
        Ok(())
    }

    /// Removes a connection, and frees the name of its user.
    pub(super) fn remove(&mut self, id: SessionId) -> Option<Session> {
        self.get(id)?;
        let session = self.sessions.get_mut(id.slot())?.take()?;
        if let Some(user) = &session.user {
            self.names.remove(user.name.folded());
        }
        Some(session)
    }
}

/// The message, or its beginning if it is large: a journal keeps no large messages alive.
fn excerpt(message: &Arc<Message>) -> Arc<Message> {
    let text = &message.body.text;
    if text.len() <= JOURNAL_TEXT {
        return message.clone();
    }
    let end = (0..=JOURNAL_TEXT).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(0);
    let body = crate::protocol::EventBody { text: text[..end].into(), kept: message.body.kept };
    let (user, user_json) = (message.user.clone(), message.user_json.clone());
    Arc::new(Message { time: message.time, user, user_json, body, _charge: None })
}

fn push_bounded<T>(lines: &mut VecDeque<T>, line: T) {
    if lines.len() == JOURNAL_LINES {
        lines.pop_front();
    }
    lines.push_back(line);
}
