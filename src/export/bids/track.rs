//! One user's movement in one room: a motion file, and what its description tells.

use hdrhistogram::Histogram;

use super::super::text::{push_number, push_seconds};
use crate::archive::PoseRow;

/// Intervals longer than this, in microseconds, count as this long.
const LONGEST: u64 = 10_000_000;

/// What is known of a motion file once all poses have been seen.
#[derive(Clone, Debug)]
pub(super) struct Track {
    /// Whose.
    pub(super) person: i64,
    /// Where.
    pub(super) room: i64,
    /// The time of its first pose, in microseconds since the recording's start; its zero.
    pub(super) first: i64,
    /// The time of its last pose.
    pub(super) last: i64,
    /// The number of its poses.
    pub(super) count: u64,
    /// Whether any pose has its client's time.
    pub(super) has_client_time: bool,
    /// Whether it is known when any pose was sampled.
    pub(super) has_sampled: bool,
    /// Between poses, in microseconds.
    intervals: Histogram<u32>,
}

/// A file's channels: name, component, type and whether it is of the head.
type Channel = (&'static str, &'static str, &'static str);

const LATENCY: Channel = ("latency", "n/a", "LATENCY");
const CLIENT_TIME: Channel = ("client_time", "n/a", "MISC");
const SAMPLED: Channel = ("sampled", "n/a", "MISC");
const HEAD: [Channel; 6] = [
    ("head_pos_x", "x", "POS"),
    ("head_pos_y", "y", "POS"),
    ("head_pos_z", "z", "POS"),
    ("head_rot_x", "x", "ORNT"),
    ("head_rot_y", "y", "ORNT"),
    ("head_rot_z", "z", "ORNT"),
];

impl Track {
    /// Begins with a first pose.
    pub(super) fn new(person: i64, room: i64, row: &PoseRow, sampled: Option<i64>) -> Self {
        // Two digits keep it at 10 KiB, and the median within 0.4 %.
        let mut intervals = Histogram::new_with_bounds(1, LONGEST, 2)
            .unwrap_or_else(|_| unreachable!("the bounds are constants"));
        intervals.auto(false);
        Self {
            person,
            room,
            first: row.time,
            last: row.time,
            count: 1,
            has_client_time: row.client_time.is_some(),
            has_sampled: sampled.is_some(),
            intervals,
        }
    }

    /// Adds a further pose.
    pub(super) fn add(&mut self, row: &PoseRow, sampled: Option<i64>) {
        let interval = u64::try_from(row.time - self.last).unwrap_or_default();
        self.intervals.saturating_record(interval);
        self.last = row.time;
        self.count += 1;
        self.has_client_time |= row.client_time.is_some();
        self.has_sampled |= sampled.is_some();
    }

    /// The nominal rate: of most intervals, in whole hertz from 5 Hz on; 1 Hz for a single pose.
    pub(super) fn nominal_rate(&self) -> f64 {
        if self.count < 2 {
            return 1.0;
        }
        let median = self.intervals.value_at_quantile(0.5);
        let rate = 1e6 / self.intervals.median_equivalent(median).max(1) as f64;
        if rate >= 5.0 { rate.round() } else { (rate * 100.0).round().max(1.0) / 100.0 }
    }

    /// The mean rate; `None` for a single pose.
    pub(super) fn effective_rate(&self) -> Option<f64> {
        let rate = (self.count - 1) as f64 * 1e6 / (self.last - self.first) as f64;
        rate.is_finite().then_some(rate)
    }

    /// The channels, in the order of the columns.
    pub(super) fn channels(&self) -> Vec<Channel> {
        let client_time = self.has_client_time.then_some(CLIENT_TIME);
        let sampled = self.has_sampled.then_some(SAMPLED);
        [LATENCY].into_iter().chain(HEAD).chain(client_time).chain(sampled).collect()
    }

    /// Appends a line of the motion file.
    pub(super) fn push_line(&self, out: &mut Vec<u8>, row: &PoseRow, sampled: Option<i64>) {
        push_seconds(out, row.time - self.first);
        for value in row.pose.pos.into_iter().chain(row.pose.rot) {
            out.push(b'\t');
            push_number(out, value);
        }
        if self.has_client_time {
            out.push(b'\t');
            match row.client_time {
                Some(client_time) => push_number(out, client_time),
                None => out.extend(b"n/a"),
            }
        }
        if self.has_sampled {
            out.push(b'\t');
            match sampled {
                Some(sampled) => push_seconds(out, sampled - self.first),
                None => out.extend(b"n/a"),
            }
        }
        out.push(b'\n');
    }
}
