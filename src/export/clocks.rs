//! Clients' clocks, fitted over the whole recording.

use std::collections::BTreeMap;
use std::time::Duration;

use super::source::Source;
use crate::archive::{ArchiveError, PoseRow, ProbeRow};
use crate::clock_offset::{Segment, fit, segment_at};
use crate::model::{ClockProbe, Timestamp};

/// The clocks of those who sent probes.
#[derive(Clone, Debug)]
pub(super) struct Clocks {
    start: Timestamp,
    /// By the number of the person.
    segments: BTreeMap<i64, Vec<Segment>>,
}

impl Clocks {
    /// Fits all clocks. Probes outside the selection count too: the more, the better.
    pub(super) fn read(source: &Source) -> Result<Self, ArchiveError> {
        let (archive, start) = (source.archive(), source.about().start);
        let moment = |time| Timestamp::from_micros(start.as_micros().saturating_add_signed(time));
        let mut probes: BTreeMap<i64, Vec<ClockProbe>> = BTreeMap::new();
        for ProbeRow { person, client, received, sent } in archive.probes()? {
            let probe = ClockProbe { client, received: moment(received), sent: moment(sent) };
            probes.entry(person).or_default().push(probe);
        }
        let mut round_trips: BTreeMap<i64, Vec<(Timestamp, Duration)>> = BTreeMap::new();
        for row in archive.round_trips()? {
            let round_trip = Duration::from_micros(row.micros.try_into().unwrap_or_default());
            round_trips.entry(row.person).or_default().push((moment(row.time), round_trip));
        }
        let segments = probes.into_iter().map(|(person, probes)| {
            let round_trips = round_trips.get(&person).map(Vec::as_slice).unwrap_or_default();
            (person, fit(&probes, round_trips))
        });
        Ok(Self { start, segments: segments.collect() })
    }

    /// The stretches in which a person's clock ran evenly.
    pub(super) fn segments(&self, person: i64) -> &[Segment] {
        self.segments.get(&person).map(Vec::as_slice).unwrap_or_default()
    }

    /// When a pose was sampled, by the client's own clock and the offset that was fitted, in
    /// microseconds since the recording's start. `None` if the client sent no time with it, or no
    /// probes.
    pub(super) fn sample_time(&self, person: i64, row: &PoseRow) -> Option<i64> {
        let client_time = row.client_time?;
        let received = self.start.as_micros().saturating_add_signed(row.time);
        let segment = segment_at(self.segments(person), Timestamp::from_micros(received))?;
        let unix = segment.server_time(client_time);
        Some(((unix * 1e6).round() as i64).saturating_sub(self.start.as_micros() as i64))
    }

    /// Microseconds since the recording's start.
    pub(super) fn micros(&self, time: Timestamp) -> i64 {
        (time.as_micros() as i64).saturating_sub(self.start.as_micros() as i64)
    }
}
