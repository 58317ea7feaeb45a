//! Builds the operator's snapshots.

use std::borrow::Cow;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use crate::clock_offset::Track;
use crate::connection::Connection;
use crate::lobby::Lobby;
use crate::lobby::cadence::period;
use crate::lobby::event::Message;
use crate::lobby::registry::{Membership, Session};
use crate::lobby::room::Room;
use crate::model::{SessionId, Timestamp};
use crate::operator::{
    ChatLine, ClockReading, ClockStep, Focus, Liveness, PoseRow, Presence, RefusalLine, RoomRow,
    Snapshot, UserDetail, UserRow,
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
    fill_users(lobby, now, connection, &mut snapshot.users);
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

/// Fills in all users' rows. Rows of an earlier snapshot are overwritten, which for the most part
/// allocates nothing and counts no references.
fn fill_users(
    lobby: &Lobby,
    now: Timestamp,
    connection: impl Fn(SessionId) -> Option<ConnectionView>,
    rows: &mut Vec<UserRow>,
) {
    let mut users = 0;
    for session in lobby.registry().logged_in() {
        if rows.len() == users {
            rows.push(UserRow::default());
        }
        let connection = connection(session.id).unwrap_or_default();
        fill_user(lobby, session, now, connection, &mut rows[users]);
        users += 1;
    }
    rows.truncate(users);
}

fn fill_user(
    lobby: &Lobby,
    session: &Session,
    now: Timestamp,
    connection: ConnectionView,
    row: &mut UserRow,
) {
    let stream = session.stream.as_ref();
    let gaps = stream.and_then(|stream| stream.gaps.p95_and_longest(now));
    // Named one by one, so that none keeps what it had before.
    let UserRow {
        session: id,
        name,
        peer,
        connected,
        rooms,
        transforms_per_s,
        gap_p95,
        gap_longest,
        round_trip,
        bytes_out,
        skipped_ticks,
        queued_bytes,
        refusals,
        liveness,
        silent_for,
        clock,
    } = row;
    *id = session.id;
    match &session.user {
        Some(user) => set_shared(name, user.name.as_str(), || user.name.shared()),
        None => *name = Arc::default(),
    }
    *peer = connection.peer;
    *connected = now.since(session.connected);
    rooms.truncate(session.memberships.len());
    for (place, membership) in session.memberships.iter().enumerate() {
        if rooms.len() == place {
            rooms.push(Presence::default());
        }
        let room = &membership.name;
        set_shared(&mut rooms[place].room, room.as_str(), || room.shared());
        rooms[place].pose = pose(lobby, membership, now);
    }
    *transforms_per_s = stream.map_or(0.0, |stream| stream.per_second.mean(now, RATE_SECONDS));
    *gap_p95 = gaps.map(|(p95, _)| p95);
    *gap_longest = gaps.map(|(_, longest)| longest);
    *round_trip = connection.round_trip;
    *bytes_out = connection.bytes_out;
    *skipped_ticks = connection.skipped_ticks;
    *queued_bytes = connection.queued_bytes;
    *refusals = session.refusals;
    *liveness = liveness_of(session, &connection, now);
    *silent_for = connection.silent_for;
    *clock = session.clock.as_ref().and_then(|clock| clock_reading(clock, now));
}

fn clock_reading(clock: &Track, now: Timestamp) -> Option<ClockReading> {
    let (offset, bound) = clock.offset(now)?;
    Some(ClockReading {
        offset,
        bound,
        steps: clock.steps(),
        probes: clock.probes(),
        newest: now.since(clock.newest()),
    })
}

/// Sets a name, unless it is the same one already.
fn set_shared(name: &mut Arc<str>, to: &str, shared: impl FnOnce() -> Arc<str>) {
    if !std::ptr::eq(&**name, to) {
        *name = shared();
    }
}

fn pose(lobby: &Lobby, membership: &Membership, now: Timestamp) -> Option<PoseRow> {
    let room = lobby.rooms().get(membership.room).ok()?;
    let (time, pose) = room.member(membership.member)?.pose.as_ref()?;
    Some(PoseRow { pos: pose.pos, rot: pose.rot, age: now.since(*time) })
}

fn liveness_of(session: &Session, connection: &ConnectionView, now: Timestamp) -> Liveness {
    if connection.unanswered_ping > Some(ASLEEP_AFTER) {
        Liveness::Asleep
    } else if now.since(session.last_request) > IDLE_AFTER {
        Liveness::Idle
    } else {
        Liveness::Active
    }
}

fn user_detail(session: &Session, now: Timestamp) -> UserDetail {
    let mut detail = UserDetail { session: session.id, ..UserDetail::default() };
    if let Some(stream) = &session.stream {
        detail.transforms_history = stream.per_second.history(now);
    }
    if let Some(clock) = &session.clock {
        detail.clock_drift_ppm = clock.drift().map(|drift| drift * 1e6);
        detail.clock_step =
            clock.last_step().map(|step| ClockStep { ago: now.since(step.at), by: step.by });
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
    ChatLine {
        time: message.time,
        user: message.user.clone(),
        kind: kind.into(),
        text: text_of(data).into(),
    }
}

/// The beginning of the text that a JSON string stands for, or of any other JSON as it is.
fn text_of(json: &str) -> Cow<'_, str> {
    let Some(string) = json.strip_prefix('"') else { return beginning(json).into() };
    let plain = beginning(string);
    match plain.bytes().position(|byte| matches!(byte, b'"' | b'\\')) {
        Some(escape) if plain.as_bytes()[escape] == b'\\' => {
            unescaped(string).map_or(beginning(json).into(), Cow::Owned)
        }
        Some(end) => plain[..end].into(),
        None => plain.into(),
    }
}

/// At most [`CHAT_TEXT`] characters.
fn beginning(text: &str) -> &str {
    let mut rest = text.chars();
    rest.nth(CHAT_TEXT - 1);
    &text[..text.len() - rest.as_str().len()]
}

/// At most [`CHAT_TEXT`] characters of the inside of a JSON string; `None` if it isn't text.
fn unescaped(string: &str) -> Option<String> {
    let mut end = 0;
    for _ in 0..CHAT_TEXT {
        end += match string.get(end..)?.as_bytes() {
            [] | [b'"', ..] => break,
            // One character as a surrogate pair.
            [b'\\', b'u', b'd' | b'D', b'8' | b'9' | b'a' | b'b' | b'A' | b'B', ..] => 12,
            [b'\\', b'u', ..] => 6,
            [b'\\', ..] => 2,
            _ => string[end..].chars().next().map_or(1, char::len_utf8),
        };
    }
    serde_json::from_str(&format!("\"{}\"", string.get(..end)?)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_beginning_of_a_long_text_is_read() {
        assert_eq!(text_of(r#""a\n\u00e9\ud83d\ude00b""#), "a\né😀b");
        assert_eq!(text_of("[1,2]"), "[1,2]");
        assert_eq!(text_of(r#""\ud83d""#), r#""\ud83d""#, "a lone surrogate is not text");
        assert_eq!(text_of(r#""cut sho"#), "cut sho", "a journal's excerpt");
        for (json, shown) in [("x", "x"), ("é", "é"), (r"\\", "\\"), (r"\ud83d\ude00", "😀")] {
            let long = format!("\"{}\"", json.repeat(CHAT_TEXT + 1));
            assert_eq!(text_of(&long), shown.repeat(CHAT_TEXT), "{json}");
        }
    }
}
