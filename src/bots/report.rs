//! What a run of bots saw, as plain data.

use std::collections::BTreeMap;

use serde::Serialize;

/// What a run of bots saw from the moment all had arrived until they stopped sending.
///
/// **Lost ticks.** All members of a room are offered the same ticks. How many there were a second
/// is taken from the room's best-served bot, among those that were in the room for at least half of
/// the longest stay. What another bot received less than that during its own stay counts as lost,
/// except for one tick, as the measured time may begin or end between two.
///
/// **Late gaps** are gaps between two ticks longer than one and a half times the bot's median gap:
/// what a wearer sees as a stutter. Where poses come less often than ticks, gaps are naturally
/// uneven.
///
/// **Age of poses**: from just before another bot of this run sends a pose until the tick that
/// contains it has been read here, so it includes the wait for the tick and both ends of this
/// program. A pose counts only in the first tick that shows it. Ages are measured on a sample of
/// the ticks, which is all of them up to 200,000 heads a second in all, and are right to 1 %.
///
/// **Lost chat** was heard by a bot neither within 10 s nor by the end of the run, which waits 3 s
/// for stragglers, although the bot was in the room when it was said and stayed there.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Report {
    /// The server's address.
    pub url: String,
    /// Bots requested.
    pub users_wanted: usize,
    /// Bots that were in their rooms at the end.
    pub users_in_rooms: usize,
    /// Poses a second that each bot should send.
    pub hz: f64,
    /// Poses sent, as a share of what the bots should have sent while in their rooms. If it is well
    /// below 1, this program or its machine can't keep up.
    pub poses_sent_share: f64,
    /// From the first connection until all had arrived, in seconds.
    pub arrival_s: f64,
    /// The measured time, in seconds.
    pub measured_s: f64,
    /// Messages received by all bots.
    pub frames: u64,
    /// The size of their texts in bytes.
    pub bytes: u64,
    /// Ticks of all bots.
    pub overall: Ticks,
    /// Figures of each room.
    pub rooms: Vec<RoomReport>,
    /// Figures of each bot, the worst served first.
    pub users: Vec<UserReport>,
    /// Chat in all rooms.
    pub chat: ChatReport,
    /// Connections lost while in a room.
    pub reconnects: u64,
    /// Bots that were kicked; they don't come back.
    pub kicked: u64,
    /// How many bots gave up, by reason.
    pub gave_up: BTreeMap<String, u64>,
    /// Names already in use by other users.
    pub names_taken: u64,
    /// Errors answered by the server, by code, apart from names in use.
    pub refusals: BTreeMap<u16, u64>,
    /// Messages that break the wire contract.
    pub not_understood: u64,
}

/// How well ticks and poses arrived.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Ticks {
    /// Ticks a second for each bot, on average.
    pub per_s: f64,
    /// The lowest rate of any bot.
    pub per_s_min: f64,
    /// The highest rate of any bot.
    pub per_s_max: f64,
    /// Ticks received.
    pub received: u64,
    /// Ticks lost (see [`Report`]).
    pub lost: u64,
    /// Gaps longer than one and a half times the median (see [`Report`]).
    pub late_gaps: u64,
    /// Median age of poses in milliseconds; `None` if no pose of another bot was seen.
    pub age_p50_ms: Option<f64>,
    /// 99th percentile, in milliseconds.
    pub age_p99_ms: Option<f64>,
    /// The highest age, in milliseconds.
    pub age_max_ms: Option<f64>,
}

/// A room's figures.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RoomReport {
    /// Its name.
    pub room: String,
    /// Bots that were in it at the end.
    pub users: usize,
    /// How well ticks and poses arrived.
    pub ticks: Ticks,
    /// Chat in the room.
    pub chat: ChatReport,
}

/// A bot's figures.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct UserReport {
    /// Its name.
    pub user: String,
    /// Its room.
    pub room: String,
    /// Its time in the room, in seconds.
    pub in_room_s: f64,
    /// How well ticks and poses arrived.
    pub ticks: Ticks,
    /// Messages that it should have heard but didn't.
    pub chat_lost: u64,
    /// How often it lost its connection while in the room.
    pub reconnects: u64,
}

/// What became of chat since the bots' arrival.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct ChatReport {
    /// Messages sent by bots.
    pub sent: u64,
    /// Messages heard, counted once per hearer.
    pub received: u64,
    /// Messages lost, counted once per hearer.
    pub lost: u64,
    /// Messages refused by the server.
    pub refused: u64,
    /// Median time from sending to hearing, in milliseconds.
    pub delay_p50_ms: Option<f64>,
    /// 99th percentile, in milliseconds.
    pub delay_p99_ms: Option<f64>,
}
