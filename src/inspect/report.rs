//! What is in a recording, as `vrlobby inspect --json` prints it.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;

use crate::model::space::{AngleUnit, Axes, EulerOrder, Handedness, LengthUnit};

/// What is in a recording, and how good it is. Durations are in seconds, and moments in seconds
/// since the recording started, unless a name says otherwise.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Inspection {
    /// The file.
    pub file: String,
    /// A sentence on how complete it is.
    pub verdict: String,
    /// How it ended.
    pub state: State,
    /// The reason if it ended early.
    pub ended_early: Option<String>,
    /// Events that are missing because the disk could not keep up.
    pub lost: u64,
    /// Whether it has not ended, and its log is not beside it; see [`Archive::lacks_log`].
    ///
    /// [`Archive::lacks_log`]: crate::archive::Archive::lacks_log
    pub log_is_missing: bool,
    /// Poses that are stored with an earlier time than the one before them; a recorder writes none.
    pub out_of_order: u64,
    /// The program that made it.
    pub program: String,
    /// When it started, in seconds since the Unix epoch.
    pub start_unix: f64,
    /// The same in the local time of the machine, as RFC 3339.
    pub start_local: String,
    /// How long it is.
    pub duration: f64,
    /// The study it belongs to; empty if there is none.
    pub study: String,
    /// The session within the study.
    pub session: String,
    /// The experimental condition.
    pub condition: String,
    /// The operator's own fields.
    pub fields: BTreeMap<String, String>,
    /// What the numbers of poses mean.
    pub conventions: Meaning,
    /// Whether it has names and addresses.
    pub names: bool,
    /// Whether it has what people said.
    pub chat: bool,
    /// All rooms.
    pub rooms: Vec<String>,
    /// Poses of all users.
    pub poses: u64,
    /// Everyone whose data is in it.
    pub users: Vec<User>,
    /// All markers.
    pub markers: Vec<Marker>,
    /// Refused requests by code, including those of clients that never logged in.
    pub refusals: BTreeMap<i64, u64>,
    /// Chat messages, the operator's included.
    pub messages: u64,
    /// Other events that clients sent, by type.
    pub events: BTreeMap<String, u64>,
    /// Changes of the tick rate.
    pub fps: Vec<RateChange>,
    /// How late the ticks were that were at least 1 ms late.
    pub late_ticks: Spread,
    /// When events were lost.
    pub losses: Vec<Loss>,
    /// What was left out for want of consent or by choice.
    pub left_out: BTreeMap<String, u64>,
    /// The people who have been taken out; who they were is gone.
    pub redactions: Vec<Redaction>,
}

/// How a recording ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// It was stopped.
    Whole,
    /// It is still being written.
    Recording,
    /// The program or the machine died.
    Interrupted,
    /// It stopped by itself.
    EndedEarly,
}

/// What the numbers of poses mean, by the names that the table `meta` has for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[allow(missing_docs, reason = "see Conventions")]
pub struct Meaning {
    pub length_unit: LengthUnit,
    pub angle_unit: AngleUnit,
    pub axes: Axes,
    pub handedness: Handedness,
    pub euler_order: EulerOrder,
}

/// One user.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct User {
    /// The pseudonym.
    pub user: String,
    /// The name, if names are recorded.
    pub name: Option<String>,
    /// A sentence on how good the user's data is.
    pub verdict: String,
    /// Connections: logins, and those that took over from one before.
    pub connections: u64,
    /// The time in which the user was in any room.
    pub present: f64,
    /// The stays in rooms.
    pub stays: Vec<Stay>,
    /// Poses.
    pub poses: u64,
    /// Poses a second between the first and the last of a stay, gaps included.
    pub rate: Option<f64>,
    /// The rate at which the client probably means to send, in Hz.
    pub nominal_rate: Option<f64>,
    /// Gaps between the poses of a stay.
    pub gaps: Gaps,
    /// The longest time without poses at the end of a stay, if it is over 1 s.
    pub silence: Option<Silence>,
    /// Round trips of the server's pings.
    pub round_trips: Spread,
    /// The client's clock; `None` if it sends none.
    pub clock: Option<Clock>,
    /// Refused requests by code.
    pub refusals: BTreeMap<i64, u64>,
    /// Chat messages.
    pub messages: u64,
    /// Other events.
    pub events: u64,
}

/// A stay in a room.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[allow(missing_docs, reason = "the names are enough")]
pub struct Stay {
    pub room: String,
    pub joined: f64,
    /// `None` if it lasted to the end.
    pub left: Option<f64>,
}

/// Times of more than 100 ms between two poses of one stay.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Gaps {
    /// How many.
    pub count: u64,
    /// How long they are together.
    pub total: f64,
    /// The longest.
    pub longest: Option<f64>,
    /// When that began.
    pub longest_at: Option<f64>,
}

/// Time without poses before a user left, or the recording ended.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Silence {
    /// How long.
    pub duration: f64,
    /// When it ended.
    pub until: f64,
    /// Whether it ended because the user left.
    pub left: bool,
}

/// How durations are distributed; of none, all but the count is `None`. A percentile is the
/// shortest duration that so many of them don't exceed.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[allow(missing_docs, reason = "the names are enough")]
pub struct Spread {
    pub count: u64,
    pub median: Option<f64>,
    pub p95: Option<f64>,
    pub p99: Option<f64>,
    pub max: Option<f64>,
}

/// A client's clock, from its probes. An offset is what the client's clock shows minus the server's
/// time in seconds since the Unix epoch.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Clock {
    /// Probes.
    pub probes: u64,
    /// The offset at the last probe.
    pub offset: Option<f64>,
    /// The most by which the segments are wrong; `None` if no round trip is known.
    pub bound: Option<f64>,
    /// The drift of the last segment, in microseconds a second.
    pub drift_ppm: Option<f64>,
    /// The moments at which the clock jumped.
    pub steps: Vec<ClockStep>,
    /// The offset over the whole recording, as lines.
    pub segments: Vec<Line>,
}

/// A jump of a clock.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ClockStep {
    /// When the first probe after it was received.
    pub time: f64,
    /// By how much the offset changed: negative if the client's clock stood still or was set back.
    pub by: f64,
}

/// A stretch in which a clock ran evenly.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Line {
    /// When its first probe was received.
    pub from: f64,
    /// When its last probe was received.
    pub to: f64,
    /// The offset at `from`.
    pub offset: f64,
    /// By how much the offset grows, in microseconds a second.
    pub drift_ppm: f64,
    /// The most by which the line is wrong.
    pub bound: Option<f64>,
}

/// A mark in time.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Marker {
    /// When it was set, or began.
    pub time: f64,
    /// When it ended.
    pub end: Option<f64>,
    /// Whether it has a begin and an end.
    pub is_interval: bool,
    /// What it marks.
    pub label: String,
    /// Who set it; `None` for the operator.
    pub user: Option<String>,
    /// Where, if a client set it.
    pub room: Option<String>,
}

/// A change of the tick rate.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RateChange {
    /// When.
    pub time: f64,
    /// The room, or `None` for the server's own rate.
    pub room: Option<String>,
    /// The ticks a second; `None` if the room follows the server's rate from then on.
    pub fps: Option<f64>,
}

/// Events that are missing.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[allow(missing_docs, reason = "the names are enough")]
pub struct Loss {
    pub time: f64,
    pub count: u64,
}

/// The removal of a person's data.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Redaction {
    /// Where it stands in the recording.
    pub time: f64,
    /// The day on which it was done, and how much was removed.
    pub details: Value,
}
