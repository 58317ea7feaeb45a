//! The clock of one client over a whole recording, as straight lines.
//!
//! A client's clock has an offset and a drift. Both are read from the lower envelope of all probes:
//! messages that were held up lie below it and don't matter. Of the lines that no probe lies above,
//! the one nearest to all of them goes through an edge of the convex hull (Moon, Skelly and Towsley
//! 1999, "Estimation and removal of clock skew from network delay measurements"). What is left is the
//! time that the fastest messages took, which is taken from the round trips as in `window`.
//!
//! A step begins a new line, and so does the end of ten minutes: a headset's crystal changes its rate
//! as it warms up.

use std::time::Duration;

use super::rate::MAX_DRIFT;
use super::track::{Track, Verdict};
use super::window::at_most;
use crate::model::{ClockProbe, Timestamp};

/// A line is no longer than this.
const LONGEST: f64 = 600.0;

/// Fewer probes have no drift.
const FEWEST: usize = 4;

/// Parts of a line of which each has to have a probe near it; how far the worst is from it adds to
/// the bound.
const PARTS: usize = 4;

/// How long before and after a line round trips count for it.
const AROUND: Duration = Duration::from_secs(60);

/// A stretch of a recording in which a client's clock ran evenly.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Segment {
    /// When its first probe was received.
    pub from: Timestamp,
    /// When its last probe was received.
    pub to: Timestamp,
    /// The client's clock minus the server's, in seconds, at `from`.
    pub offset: f64,
    /// Seconds that the client's clock gains in one; times 1e6 that is ppm.
    pub drift: f64,
    /// The most by which the line is wrong between `from` and `to`; `None` if no round trip was
    /// recorded.
    pub bound: Option<Duration>,
    /// How many probes it rests on.
    pub probes: usize,
    /// By how much the clock had jumped since the segment before, in seconds, if that was a step.
    pub step: Option<f64>,
}

impl Segment {
    /// The client's clock minus the server's at `time`, in seconds.
    pub fn offset_at(&self, time: Timestamp) -> f64 {
        self.offset + self.drift * seconds_between(self.from, time)
    }

    /// The server's time, in seconds since the Unix epoch, at which the client's clock showed
    /// `client`.
    pub fn server_time(&self, client: f64) -> f64 {
        let from = self.from.as_secs_f64();
        from + (client - from - self.offset) / (1.0 + self.drift)
    }
}

/// The segment to use for what was received at `time`: the last that had begun by then, or the first.
pub fn segment_at(segments: &[Segment], time: Timestamp) -> Option<&Segment> {
    let begun = segments.partition_point(|segment| segment.from <= time);
    segments.get(begun.saturating_sub(1))
}

/// The segments of one client's clock: of its probes, and of the round trips of the server's own
/// pings with the time at which each pong was received. Both in the order in which they came.
pub fn fit(probes: &[ClockProbe], round_trips: &[(Timestamp, Duration)]) -> Vec<Segment> {
    let mut segments = Vec::new();
    let steps = steps(probes, round_trips);
    let ends = steps[1..].iter().copied().chain([probes.len()]);
    for (begin, end) in steps.iter().copied().zip(ends) {
        let part = &probes[begin..end];
        let (Some(first), Some(last)) = (part.first(), part.last()) else { continue };
        let length = last.received.since(first.received).as_secs_f64();
        let lines = (length / LONGEST).ceil().max(1.0);
        let line_of = |probe: &ClockProbe| {
            let at = probe.received.since(first.received).as_secs_f64();
            ((at / length * lines) as usize).min(lines as usize - 1)
        };
        let mut is_step = begin > 0;
        for line in part.chunk_by(|one, next| line_of(one) == line_of(next)) {
            let mut segment = line_through(line, round_trips);
            if is_step && let Some(before) = segments.last() {
                let before: &Segment = before;
                segment.step = Some(segment.offset - before.offset_at(segment.from));
            }
            is_step = false;
            segments.push(segment);
        }
    }
    segments
}

/// Where each stretch without a step begins, as indices of probes.
fn steps(probes: &[ClockProbe], round_trips: &[(Timestamp, Duration)]) -> Vec<usize> {
    let mut track = Track::default();
    let mut round_trips = round_trips.iter().peekable();
    let mut begins = vec![0];
    for (index, probe) in probes.iter().enumerate() {
        // One of the same moment may have come after the probe.
        while let Some((received, round_trip)) =
            round_trips.next_if(|(received, _)| *received < probe.received)
        {
            track.round_trip(*received, *round_trip);
        }
        if let Verdict::Stepped(since) = track.take(probe) {
            begins.push(index + 1 - since);
        }
    }
    begins
}

/// The line just above some probes, raised by half of the shortest round trip.
fn line_through(probes: &[ClockProbe], round_trips: &[(Timestamp, Duration)]) -> Segment {
    let (from, to) = (probes[0].received, probes[probes.len() - 1].received);
    let points: Vec<(f64, f64)> = probes
        .iter()
        .map(|probe| {
            let at = probe.received.since(from).as_secs_f64();
            (at, probe.client - probe.received.as_secs_f64())
        })
        .collect();
    let length = to.since(from).as_secs_f64();
    let sorted = round_trips_around(from, to, round_trips);
    let shortest = sorted.first().copied().unwrap_or(0.0);
    let longest = sorted.last().map(|longest| 2.0 * longest);
    let slowest = at_most(&sorted, points.len()).or(longest);
    // The least drift that would show.
    let is_short = points.len() < FEWEST || length * MAX_DRIFT < slowest.unwrap_or(0.0);
    let drift = if is_short { 0.0 } else { envelope_drift(&points) };
    let above = |(at, lower): &(f64, f64)| lower - drift * at;
    let highest = |points: &[(f64, f64)]| points.iter().map(above).fold(f64::MIN, f64::max);
    let offset = highest(&points);
    // A bend in the clock's rate shows as a part without a probe near the line.
    let part = |at: f64| (at / length * PARTS as f64) as usize;
    let parts = points.chunk_by(|one, next| part(one.0) == part(next.0));
    let sag = if is_short {
        MAX_DRIFT * length
    } else {
        parts.map(|part| offset - highest(part)).fold(0.0, f64::max)
    };
    let bound = |slowest: f64| {
        let seconds = (shortest / 2.0).max(slowest - shortest / 2.0) + sag;
        Duration::from_secs_f64(seconds) + Duration::from_micros(1)
    };
    Segment {
        from,
        to,
        offset: offset + shortest / 2.0,
        drift,
        bound: slowest.map(bound),
        probes: points.len(),
        step: None,
    }
}

/// The round trips from shortly before to shortly after some time, or all if there are none then; in
/// seconds, from the shortest to the longest.
fn round_trips_around(
    from: Timestamp,
    to: Timestamp,
    round_trips: &[(Timestamp, Duration)],
) -> Vec<f64> {
    let is_near = |at: Timestamp| from.since(at) <= AROUND && at.since(to) <= AROUND;
    let near = round_trips.iter().filter(|(at, _)| is_near(*at));
    let mut sorted: Vec<f64> = near.map(|(_, round_trip)| round_trip.as_secs_f64()).collect();
    if sorted.is_empty() {
        sorted.extend(round_trips.iter().map(|(_, round_trip)| round_trip.as_secs_f64()));
    }
    sorted.sort_by(f64::total_cmp);
    sorted
}

/// The slope of the edge of the upper convex hull that lies above the middle of the points, which are
/// in order.
fn envelope_drift(points: &[(f64, f64)]) -> f64 {
    let mut hull: Vec<(f64, f64)> = Vec::new();
    for &point in points {
        // Andrew's monotone chain: of points at the same moment, only the highest counts.
        while let [.., before, last] = hull[..]
            && slope(before, last) <= slope(before, point)
        {
            hull.pop();
        }
        hull.push(point);
    }
    let middle = points.iter().map(|(at, _)| at).sum::<f64>() / points.len() as f64;
    let edge = hull.windows(2).find(|edge| edge[1].0 >= middle);
    edge.map_or(0.0, |edge| slope(edge[0], edge[1])).clamp(-MAX_DRIFT, MAX_DRIFT)
}

fn slope((from, low): (f64, f64), (to, high): (f64, f64)) -> f64 {
    (high - low) / (to - from).max(1e-6)
}

/// Seconds from `one` to `other`, negative if that is earlier.
fn seconds_between(one: Timestamp, other: Timestamp) -> f64 {
    if other >= one { other.since(one).as_secs_f64() } else { -one.since(other).as_secs_f64() }
}
