//! When poses were sampled: their clients' times, brought over to the recording's clock.

use std::collections::BTreeMap;
use std::time::Duration;

use super::source::Source;
use crate::archive::{ArchiveError, PoseRow};
use crate::clock_offset::{Segment, fit, segment_at};
use crate::model::{ClockProbe, Timestamp};

/// The clocks of all clients that have sent probes.
#[derive(Debug)]
pub(super) struct Sampling {
    start: Timestamp,
    /// By person.
    clocks: BTreeMap<i64, Vec<Segment>>,
}

impl Sampling {
    /// Reads all probes and round trips of a recording, and not those of the selection alone: the
    /// more there are, the better a clock is known.
    pub(super) fn new(source: &Source) -> Result<Self, ArchiveError> {
        let start = source.about().start;
        let moment =
            |time: i64| Timestamp::from_micros(start.as_micros().saturating_add_signed(time));
        let mut probes: BTreeMap<i64, Vec<ClockProbe>> = BTreeMap::new();
        for row in source.archive().probes()? {
            let (received, sent) = (moment(row.received), moment(row.sent));
            let probe = ClockProbe { client: row.client, received, sent };
            probes.entry(row.person).or_default().push(probe);
        }
        let mut round_trips: BTreeMap<i64, Vec<(Timestamp, Duration)>> = BTreeMap::new();
        for row in source.archive().round_trips()? {
            let round_trip = Duration::from_micros(u64::try_from(row.micros).unwrap_or_default());
            round_trips.entry(row.person).or_default().push((moment(row.time), round_trip));
        }
        let clocks = probes.into_iter().map(|(person, probes)| {
            let round_trips = round_trips.get(&person).map_or(&[][..], Vec::as_slice);
            (person, fit(&probes, round_trips))
        });
        Ok(Self { start, clocks: clocks.collect() })
    }

    /// When a pose of `person` was sampled, in microseconds since the recording's start; `None` if
    /// it has no client's time, or nothing is known of that clock.
    pub(super) fn time(&self, person: i64, row: &PoseRow) -> Option<i64> {
        let client_time = row.client_time?;
        let received = self.start.as_micros().saturating_add_signed(row.time);
        let segments = self.clocks.get(&person)?;
        let segment = segment_at(segments, Timestamp::from_micros(received))?;
        let since_start = segment.server_time(client_time) - self.start.as_secs_f64();
        Some((since_start * 1e6).round() as i64)
    }
}
