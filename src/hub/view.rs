//! Builds the operator's snapshots.

use std::net::SocketAddr;
use std::time::Duration;

use crate::connection::Connection;
use crate::lobby::Lobby;
use crate::lobby::cadence::period;
use crate::lobby::event::Message;
use crate::lobby::registry::Session;
use crate::lobby::room::Room;
use crate::model::{SessionId, Timestamp};
use crate::operator::{
    ChatLine, Focus, Liveness, PoseRow, Presence, RefusalLine, RoomRow, Snapshot, UserDetail,
    UserRow,
};

/// A user that sends no request for this long is idle.
const IDLE_AFTER: Duration = Duration::from_secs(5);

/// A user that leaves a ping unanswered for this long is asleep.
const ASLEEP_AFTER: Duration = Duration::from_secs(3);

/// The longest text of a chat line, in characters.
const CHAT_TEXT: usize = 500;

/// Seconds over which a user's rate is measured.
const RATE_SECONDS: u64 = 5;

/// What a snapshot shows of a connection.
#[derive(Clone, Debug, Default)]
pub(crate) struct ConnectionView {
    /// Where it connects from.
    pub(crate) peer: Option<SocketAddr>,
    /// The last round-trip time.
    pub(crate) round_trip: Option<Duration>,
    /// Bytes sent to it.
    pub(crate) bytes_out: u64,
    /// Ticks it skipped.
    pub(crate) skipped_ticks: u64,
    /// Bytes queued for it.
    pub(crate) queued_bytes: usize,
    /// How long ago it last sent anything.
    pub(crate) silent_for: Duration,
    /// How long ago a ping was sent that it has not answered yet.
    pub(crate) unanswered_ping: Option<Duration>,
}

impl ConnectionView {
    /// Reads it from a connection.
    pub(crate) fn of(connection: &Connection, now: Timestamp) -> Self {
        let (liveness, outbox) = (&connection.liveness, &connection.outbox);
        let (heard, pinged) = (liveness.heard(), liveness.pinged());
        Self {
            peer: Some(connection.peer),
            round_trip: liveness.round_trip(),
            bytes_out: outbox.bytes_out(),
            skipped_ticks: outbox.skipped_ticks(),
            queued_bytes: outbox.waiting(),
            silent_for: now.since(heard),
            unanswered_ping: (pinged > heard).then(|| now.since(pinged)),
        }
    }
}

/// Fills in what comes from the lobby: rooms, users, chat, the user in focus and the rates.
pub(crate) fn view(
    lobby: &Lobby,
    now: Timestamp,
    focus: &Focus,
    connection: impl Fn(SessionId) -> Option<ConnectionView>,
    snapshot: &mut Snapshot,
) {
    snapshot.fps = lobby.fps();
    let (rooms, registry) = (lobby.rooms(), lobby.registry());
    snapshot.rooms = rooms.iter().map(|room| room_row(lobby, room, now)).collect();
    snapshot.users.reserve_exact(registry.users());
    snapshot.users.extend(
        registry.logged_in().map(|session| {
            user_row(lobby, session, now, connection(session.id).unwrap_or_default())
        }),
    );
    let fastest = rooms
        .iter()
        .filter(|room| room.len() > 0)
        .map(|room| room.cadence.own_fps.unwrap_or(lobby.fps()))
        .fold(lobby.fps(), f64::max);
    snapshot.tick.budget = period(fastest);
    let (totals, (transforms, messages)) = (lobby.totals(), lobby.rates());
    let traffic = &mut snapshot.traffic;
    traffic.transforms = totals.transforms;
    traffic.messages = totals.messages;
    traffic.refusals = totals.refusals;
    traffic.transforms_per_s = transforms.last(now).into();
    traffic.messages_per_s = messages.last(now).into();
    traffic.transforms_history = transforms.history(now);
    snapshot.chat = focus
        .room
        .as_deref()
        .and_then(|name| rooms.find(name))
        .and_then(|id| rooms.get(id).ok())
        .map(|room| room.recent.iter().map(|message| chat_line(message)).collect())
        .unwrap_or_default();
    snapshot.user = focus
        .user
        .and_then(|id| registry.get(id))
        .filter(|session| session.user.is_some())
        .map(|session| user_detail(session, now));
}

fn room_row(lobby: &Lobby, room: &Room, now: Timestamp) -> RoomRow {
    RoomRow {
        name: room.name.shared(),
        title: room.title.clone(),
        pinned: room.pinned,
        users: room.len(),
        fps: room.cadence.own_fps.unwrap_or(lobby.fps()),
        own_fps: room.cadence.own_fps.is_some(),
        transforms_per_s: room.transforms.last(now).into(),
        ticks_per_s: room.ticks.last(now).into(),
        messages_per_s: room.messages.last(now).into(),
        transforms_history: room.transforms.history(now),
    }
}

fn user_row(
    lobby: &Lobby,
    session: &Session,
    now: Timestamp,
    connection: ConnectionView,
) -> UserRow {
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
            .memberships
            .iter()
            .map(|membership| Presence {
                room: membership.name.shared(),
                pose: lobby
                    .rooms()
                    .get(membership.room)
                    .ok()
                    .and_then(|room| room.member(membership.member)?.pose.as_ref())
                    .map(|(time, pose)| PoseRow {
                        pos: pose.pos,
                        rot: pose.rot,
                        age: now.since(*time),
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

fn user_detail(session: &Session, now: Timestamp) -> UserDetail {
    let mut detail = UserDetail { session: session.id, ..UserDetail::default() };
    if let Some(stream) = &session.stream {
        detail.transforms_history = stream.per_second.history(now);
    }
    if let Some(journal) = &session.journal {
        detail.messages = journal
            .messages
            .iter()
            .map(|(room, message)| (room.shared(), chat_line(message)))
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

fn chat_line(message: &Message) -> ChatLine {
    let (kind, data) = message.body.parts();
    let text = match serde_json::from_str::<String>(data) {
        Ok(text) => text,
        Err(_) => data.to_owned(),
    };
    let end = text.char_indices().nth(CHAT_TEXT).map_or(text.len(), |(end, _)| end);
    ChatLine {
        time: message.time,
        user: message.user.clone(),
        kind: kind.into(),
        text: text[..end].into(),
    }
}
