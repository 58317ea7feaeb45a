//! What a recording knows of clients' clocks.

use std::collections::BTreeMap;
use std::time::Duration;

use super::figures::seconds;
use super::report::{Clock, ClockStep, Line};
use crate::archive::{Archive, ArchiveError, ProbeRow, RoundTripRow};
use crate::clock_offset::{Segment, fit};
use crate::model::{ClockProbe, Timestamp};

/// The clocks of all users that send probes, by the number of the person.
pub(super) fn clocks(
    archive: &Archive,
    round_trips: &[RoundTripRow],
) -> Result<BTreeMap<i64, Clock>, ArchiveError> {
    let start = archive.about().start;
    let mut probes: BTreeMap<i64, Vec<ClockProbe>> = BTreeMap::new();
    for ProbeRow { person, client, received, sent } in archive.probes()? {
        let [received, sent] = [received, sent].map(|time| moment(start, time));
        probes.entry(person).or_default().push(ClockProbe { client, received, sent });
    }
    let clocks = probes.into_iter().map(|(person, probes)| {
        let round_trips: Vec<(Timestamp, Duration)> = round_trips
            .iter()
            .filter(|row| row.person == person)
            .map(|row| {
                let round_trip = Duration::from_micros(u64::try_from(row.micros).unwrap_or(0));
                (moment(start, row.time), round_trip)
            })
            .collect();
        (person, clock(start, &probes, &fit(&probes, &round_trips)))
    });
    Ok(clocks.collect())
}

fn clock(start: Timestamp, probes: &[ClockProbe], segments: &[Segment]) -> Clock {
    let since = |time: Timestamp| seconds(time.since(start).as_micros() as i64);
    let last = segments.last();
    let steps = segments
        .iter()
        .filter_map(|segment| Some(ClockStep { time: since(segment.from), by: segment.step? }));
    let lines = segments.iter().map(|segment| Line {
        from: since(segment.from),
        to: since(segment.to),
        offset: segment.offset,
        drift_ppm: segment.drift * 1e6,
        bound: segment.bound.map(|bound| bound.as_secs_f64()),
    });
    let lines: Vec<Line> = lines.collect();
    // Known only if that of each line is.
    let bounds: Option<Vec<f64>> = lines.iter().map(|line| line.bound).collect();
    Clock {
        probes: probes.len() as u64,
        offset: last.map(|segment| segment.offset_at(segment.to)),
        bound: bounds.and_then(|bounds| bounds.into_iter().reduce(f64::max)),
        drift_ppm: last.map(|segment| segment.drift * 1e6),
        steps: steps.collect(),
        segments: lines,
    }
}

/// The moment so many microseconds after the start.
fn moment(start: Timestamp, micros: i64) -> Timestamp {
    Timestamp::from_micros(start.as_micros().saturating_add_signed(micros))
}
