//! What the operator sees of the world.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use super::room::{Event, Room, period};
use super::{Lobby, Session};
use crate::model::{Pose, SessionId, Timestamp};
use crate::operator::{
    ChatLine, Focus, Liveness, PoseRow, Presence, RefusalLine, RoomRow, Snapshot, UserDetail,
    UserRow,
};
use crate::protocol::LOBBY;

/// Sending nothing of its own for this long makes a user idle.
const IDLE_AFTER: Duration = Duration::from_secs(5);

/// Leaving a ping unanswered for this long makes a user asleep.
const ASLEEP_AFTER: Duration = Duration::from_secs(3);

/// The longest text of a chat line, in characters.
const CHAT_TEXT: usize = 500;

/// Seconds over which a user's rate is measured.
const RATE_SECONDS: u64 = 5;

/// What the lobby does not know of a session: its connection.
#[derive(Clone, Debug, Default)]
pub struct ConnectionView {
    /// Where it connects from.
    pub peer: Option<SocketAddr>,
    /// The last round-trip time.
    pub round_trip: Option<Duration>,
    /// Bytes sent to it.
    pub bytes_out: u64,
    /// Ticks it skipped.
    pub skipped_ticks: u64,
    /// Bytes waiting for it.
    pub queued_bytes: usize,
    /// How long ago anything came from it.
    pub silent_for: Duration,
    /// How long ago the ping was sent that it has not answered yet.
    pub unanswered_ping: Option<Duration>,
}

impl Lobby {
    /// Fills in what the lobby knows: rooms, users, chat, the user in focus and the rates.
    pub fn view(
        &self,
        now: Timestamp,
        focus: &Focus,
        connection: impl Fn(SessionId) -> ConnectionView,
        snapshot: &mut Snapshot,
    ) {
        snapshot.fps = self.fps;
        let mut rooms: Vec<(bool, String, &Room)> = self
            .rooms
            .iter()
            .flatten()
            .map(|room| (room.name.as_str() != LOBBY, room.name.order(), room))
            .collect();
        rooms.sort_by(|a, b| (a.0, &a.1).cmp(&(b.0, &b.1)));
        snapshot.rooms = rooms.iter().map(|(.., room)| self.room_row(room, now)).collect();
        let mut users: Vec<&Session> = self.sessions.iter().flatten().collect();
        users.retain(|session| session.user.is_some());
        users.sort_by(|a, b| look(a).cmp(&look(b)));
        snapshot.users = users
            .iter()
            .map(|session| self.user_row(session, now, connection(session.id)))
            .collect();
        let fastest = self
            .rooms
            .iter()
            .flatten()
            .filter(|room| !room.members.is_empty())
            .map(|room| room.cadence.own_fps.unwrap_or(self.fps))
            .fold(self.fps, f64::max);
        snapshot.tick.budget = period(fastest);
        let traffic = &mut snapshot.traffic;
        traffic.transforms = self.totals.transforms;
        traffic.messages = self.totals.messages;
        traffic.refusals = self.totals.refusals;
        traffic.transforms_per_s = self.transforms.last(now).into();
        traffic.messages_per_s = self.messages.last(now).into();
        traffic.transforms_history = self.transforms.history(now);
        snapshot.chat = focus
            .room
            .as_deref()
            .and_then(|name| self.by_name.get(name))
            .and_then(|id| self.room(*id))
            .map(|room| room.recent().map(|event| chat_line(event)).collect())
            .unwrap_or_default();
        snapshot.user = focus
            .user
            .and_then(|id| self.session(id))
            .filter(|session| session.user.is_some())
            .map(|session| user_detail(session, now));
    }

    fn room_row(&self, room: &Room, now: Timestamp) -> RoomRow {
        RoomRow {
            name: room.name.shared(),
            title: room.title.clone(),
            pinned: room.pinned,
            users: room.members.len(),
            fps: room.cadence.own_fps.unwrap_or(self.fps),
            own_fps: room.cadence.own_fps.is_some(),
            transforms_per_s: room.transforms.last(now).into(),
            ticks_per_s: room.ticks.last(now).into(),
            messages_per_s: room.messages.last(now).into(),
            transforms_history: room.transforms.history(now),
        }
    }

    fn user_row(&self, session: &Session, now: Timestamp, connection: ConnectionView) -> UserRow {
        let gaps = session.stream.as_ref().and_then(|stream| stream.gaps.p95_and_longest(now));
        let liveness = if connection.unanswered_ping > Some(ASLEEP_AFTER) {
            Liveness::Asleep
        } else if now.since(session.last_request) > IDLE_AFTER {
            Liveness::Idle
        } else {
            Liveness::Active
        };
        UserRow {
            session: session.id,
            name: session.user.as_ref().map(|user| user.name.shared()).unwrap_or_default(),
            peer: connection.peer,
            connected: now.since(session.connected),
            rooms: session
                .rooms
                .iter()
                .map(|membership| Presence {
                    room: membership.name.shared(),
                    pose: self
                        .room(membership.room)
                        .and_then(|room| room.members.get(membership.place))
                        .and_then(|member| member.pose)
                        .map(|(time, Pose { pos, rot })| PoseRow {
                            pos,
                            rot,
                            age: now.since(time),
                        }),
                })
                .collect(),
            transforms_per_s: session
                .stream
                .as_ref()
                .map_or(0.0, |stream| stream.per_second.mean(now, RATE_SECONDS)),
            gap_p95: gaps.map(|(p95, _)| p95),
            gap_longest: gaps.map(|(_, longest)| longest),
            round_trip: connection.round_trip,
            bytes_out: connection.bytes_out,
            skipped_ticks: connection.skipped_ticks,
            queued_bytes: connection.queued_bytes,
            refusals: session.refusals,
            liveness,
            silent_for: connection.silent_for,
        }
    }
}

fn look(session: &Session) -> Option<&Arc<str>> {
    session.user.as_ref().map(|user| user.name.folded())
}

fn user_detail(session: &Session, now: Timestamp) -> UserDetail {
    let mut detail = UserDetail { session: session.id, ..UserDetail::default() };
    if let Some(stream) = &session.stream {
        detail.transforms_history = stream.per_second.history(now);
    }
    if let Some(journal) = &session.journal {
        detail.messages = journal
            .messages
            .iter()
            .map(|(room, event)| (room.shared(), chat_line(event)))
            .collect();
        detail.refusals = journal
            .refusals
            .iter()
            .map(|(time, code, reason)| RefusalLine {
                time: *time,
                code: code.number(),
                reason: reason.clone(),
            })
            .collect();
    }
    detail
}

fn chat_line(event: &Event) -> ChatLine {
    let (kind, data) = event.body.parts();
    let text = match serde_json::from_str::<String>(data) {
        Ok(text) => text,
        Err(_) => data.to_owned(),
    };
    let end = text.char_indices().nth(CHAT_TEXT).map_or(text.len(), |(end, _)| end);
    ChatLine {
        time: event.time,
        user: event.user.clone(),
        kind: kind.into(),
        text: text[..end].into(),
    }
}
