//! The state of the server at one moment, as rows of plain data.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::recording::RecordingStatus;
use super::replay::ReplayStatus;
use crate::model::{LogLevel, RecordingFields, SessionId, Timestamp};

/// Snapshots are at least this far apart.
pub const SNAPSHOT_INTERVAL: Duration = Duration::from_millis(100);

/// How many lines of chat a snapshot shows.
pub const CHAT_LINES: usize = 100;

/// What does not change while the server runs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServerInfo {
    /// Where it listens.
    pub listening: SocketAddr,
    /// Addresses to type into a headset, best first: `ws://192.168.1.20:42069`.
    pub urls: Vec<String>,
    /// When it started.
    pub started: Timestamp,
    /// What recordings say and keep unless the operator chooses otherwise.
    pub recording_defaults: RecordingFields,
    /// The folder for recordings unless the operator chooses otherwise; `None` for the working
    /// directory.
    pub recording_path: Option<PathBuf>,
}

/// What a console shows in full; of everything else a snapshot has only the rows.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Focus {
    /// The room whose chat is wanted, in [`Snapshot::chat`].
    pub room: Option<String>,
    /// The user whose [`UserDetail`] is wanted, in [`Snapshot::user`].
    pub user: Option<SessionId>,
}

/// The state of the server at one moment.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Snapshot {
    /// When it was taken.
    pub taken_at: Timestamp,
    /// One more than in the snapshot before; the first has 1.
    pub serial: u64,
    /// The focus it was built with, so that a chat is never taken for another room's.
    pub focus: Focus,
    /// How long the server has been running.
    pub up_time: Duration,
    /// The rate of rooms without one of their own, in ticks a second.
    pub fps: f64,
    /// What the hub's ticks cost.
    pub tick: TickTiming,
    /// The whole server's traffic.
    pub traffic: Traffic,
    /// All rooms, sorted by name without case, `lobby` first.
    pub rooms: Vec<RoomRow>,
    /// All logged-in users, sorted by name without case.
    pub users: Vec<UserRow>,
    /// The last [`CHAT_LINES`] messages in [`Focus::room`], oldest first.
    pub chat: Vec<ChatLine>,
    /// More about [`Focus::user`], while they are logged in.
    pub user: Option<UserDetail>,
    /// What the log captures; `None` if this process does not log through vrlobby.
    pub log_level: Option<LogLevel>,
    /// Whether a recording runs, and how it is doing.
    pub recording: RecordingStatus,
    /// Whether a recording is being replayed, and how far it has got.
    pub replay: ReplayStatus,
}

/// What ticks cost the hub in the last second.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct TickTiming {
    /// The longest that one round of ticks took, encoding and writing included.
    pub longest: Duration,
    /// How long a round took on average.
    pub mean: Duration,
    /// The most that a tick was late.
    pub latest: Duration,
    /// The time between two ticks of the fastest room, which `longest` must stay below.
    pub budget: Duration,
}

/// Totals since the start, and rates over the last second.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Traffic {
    /// Open connections, logged in or not.
    pub connections: usize,
    /// Transforms a second, in.
    pub transforms_per_s: f64,
    /// Chat messages and events a second, in.
    pub messages_per_s: f64,
    /// Bytes a second, in.
    pub bytes_in_per_s: f64,
    /// Bytes a second, out.
    pub bytes_out_per_s: f64,
    /// Transforms in, since the start.
    pub transforms: u64,
    /// Chat messages and events in, since the start.
    pub messages: u64,
    /// Requests answered with an error, since the start.
    pub refusals: u64,
    /// Ticks that slow clients skipped, since the start.
    pub skipped_ticks: u64,
    /// Clients closed for reading too slowly, since the start.
    pub slow_closed: u64,
    /// Connections refused by a limit, since the start.
    pub connections_refused: u64,
    /// Transforms in during each of the last seconds, oldest first, at most [`HISTORY_SECONDS`](crate::model::HISTORY_SECONDS).
    pub transforms_history: Vec<u32>,
    /// Bytes out during each of the last seconds, oldest first, at most [`HISTORY_SECONDS`](crate::model::HISTORY_SECONDS).
    pub bytes_out_history: Vec<u64>,
}

/// One room.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct RoomRow {
    /// Its name.
    pub name: Arc<str>,
    /// Its title; empty until set.
    pub title: String,
    /// Whether it is kept when its last member leaves.
    pub pinned: bool,
    /// How many users are in it.
    pub users: usize,
    /// Its rate, in ticks a second.
    pub fps: f64,
    /// Whether that rate is its own rather than the server's.
    pub own_fps: bool,
    /// Transforms a second, in, over the last whole second.
    pub transforms_per_s: f64,
    /// Ticks a second, out, over the last whole second.
    pub ticks_per_s: f64,
    /// Messages and events a second, in, over the last whole second.
    pub messages_per_s: f64,
    /// Transforms in during each of the last seconds, oldest first, at most [`HISTORY_SECONDS`](crate::model::HISTORY_SECONDS).
    pub transforms_history: Vec<u32>,
}

/// How alive a user is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Liveness {
    /// Sent a request in the last 5 s.
    #[default]
    Active,
    /// Answers pings, but has sent no request for 5 s.
    Idle,
    /// Has left a ping unanswered for more than 3 s: most likely a headset that was taken off.
    Asleep,
}

/// One user, with the quality of their connection.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct UserRow {
    /// Its connection.
    pub session: SessionId,
    /// Its name.
    pub name: Arc<str>,
    /// Where it connects from.
    pub peer: Option<SocketAddr>,
    /// How long it has been connected.
    pub connected: Duration,
    /// The rooms it is in, in the order it joined them, with its latest pose in each.
    pub rooms: Vec<Presence>,
    /// Transforms a second, in, over the last 5 s (or since it began, if shorter).
    pub transforms_per_s: f64,
    /// The 95th percentile of the time between two transforms, in whichever room, over the last
    /// 5 s.
    pub gap_p95: Option<Duration>,
    /// The longest time without a transform within the last 5 s, if any came in it.
    pub gap_longest: Option<Duration>,
    /// Round-trip time of the last WebSocket ping.
    pub round_trip: Option<Duration>,
    /// Bytes sent to it since it connected.
    pub bytes_out: u64,
    /// Ticks it skipped by reading too slowly.
    pub skipped_ticks: u64,
    /// Bytes that are waiting to be sent to it.
    pub queued_bytes: usize,
    /// How many of its requests were answered with an error.
    pub refusals: u64,
    /// Whether it is active, idle or asleep.
    pub liveness: Liveness,
    /// How long ago it sent anything at all, a pong included.
    pub silent_for: Duration,
    /// Its clock; `None` if its client doesn't send clock probes, or has answered no ping since the
    /// first.
    pub clock: Option<ClockReading>,
}

/// How far a user's clock is from the server's, as its client's clock probes say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ClockReading {
    /// The client's clock minus the server's, in seconds. Clients' clocks have zeros of their own, so
    /// it may be any number.
    pub offset: f64,
    /// The most by which that is wrong.
    pub bound: Duration,
    /// How often the clock has jumped: it was set, or stood still while the headset slept.
    pub steps: u32,
    /// How many probes there were.
    pub probes: u32,
    /// How long ago the last probe came.
    pub newest: Duration,
}

/// A jump of a user's clock.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ClockStep {
    /// How long ago it was noticed.
    pub ago: Duration,
    /// By how much the offset changed, in seconds: negative if the clock stood still or was set back.
    pub by: f64,
}

/// A user in a room.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Presence {
    /// The room.
    pub room: Arc<str>,
    /// The latest pose there, if any.
    pub pose: Option<PoseRow>,
}

/// A head's pose as its client sent it: by convention in metres and degrees, y up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct PoseRow {
    /// Position x, y, z.
    pub pos: [f64; 3],
    /// Rotation about x, y, z.
    pub rot: [f64; 3],
    /// How old it is.
    pub age: Duration,
}

/// One message of a room's chat.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ChatLine {
    /// When it was sent.
    pub time: Timestamp,
    /// Who sent it.
    pub user: Arc<str>,
    /// Its type, `msg` for chat.
    pub kind: Arc<str>,
    /// Its data: the text itself if that is a JSON string, otherwise the JSON; cut to 500
    /// characters.
    pub text: Arc<str>,
}

/// More about one user.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct UserDetail {
    /// Its connection.
    pub session: SessionId,
    /// Transforms in during each of the last seconds, oldest first, at most [`HISTORY_SECONDS`](crate::model::HISTORY_SECONDS).
    pub transforms_history: Vec<u32>,
    /// The last round-trip times, oldest first, at most [`HISTORY_SECONDS`](crate::model::HISTORY_SECONDS).
    pub round_trips: Vec<Duration>,
    /// Its last messages with the room of each, oldest first, at most 20.
    pub messages: Vec<(Arc<str>, ChatLine)>,
    /// Its last requests that were refused, oldest first, at most 20.
    pub refusals: Vec<RefusalLine>,
    /// How fast its clock gains on the server's, in ppm; `None` until it is known to within 100 ppm.
    pub clock_drift_ppm: Option<f64>,
    /// The last time its clock jumped.
    pub clock_step: Option<ClockStep>,
}

/// One request that was answered with an error.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct RefusalLine {
    /// When.
    pub time: Timestamp,
    /// The code of the answer (wire contract, "Answers").
    pub code: u16,
    /// The reason given.
    pub reason: Arc<str>,
}
