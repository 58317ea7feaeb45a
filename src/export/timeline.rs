//! Everything in a recording, merged in the order of time.

use super::error::ExportError;
use super::meter::Meter;
use super::poses::Poses;
use super::source::Source;
use crate::archive::{EventKind, EventRow, LateTick, MarkerRow, PoseRow, ProbeRow, RoundTripRow};

/// Something that happened.
#[derive(Clone, Copy, Debug)]
pub(super) enum Item<'a> {
    /// A pose, as received or resampled.
    Pose(&'a PoseRow),
    /// An event.
    Event(&'a EventRow),
    /// A marker, or the beginning of an interval.
    Marker(&'a MarkerRow),
    /// The end of an interval.
    MarkerEnd(&'a MarkerRow),
    /// A clock probe, when it was received.
    Probe(&'a ProbeRow),
    /// A round trip.
    RoundTrip(&'a RoundTripRow),
    /// A late tick.
    LateTick(&'a LateTick),
}

impl Item<'_> {
    /// When, in microseconds since the recording's start.
    pub(super) fn time(&self) -> i64 {
        match self {
            Self::Pose(row) => row.time,
            Self::Event(row) => row.time,
            Self::Marker(row) => row.time,
            Self::MarkerEnd(row) => row.end.unwrap_or(row.time),
            Self::Probe(row) => row.received,
            Self::RoundTrip(row) => row.time,
            Self::LateTick(row) => row.time,
        }
    }
}

/// Calls `each` for everything in the selection, in the order of time. At equal times a join comes
/// before poses and a leave after them. Returns the number of poses.
///
/// Poses and events are read as they are needed; the rest, some a second, is held in memory.
pub(super) fn for_each(
    source: &Source,
    meter: &mut Meter<'_>,
    each: impl FnMut(Item<'_>) -> Result<(), ExportError>,
) -> Result<u64, ExportError> {
    let (markers, probes) = (source.markers()?, source.probes()?);
    let (round_trips, late_ticks) = (source.round_trips()?, source.late_ticks()?);
    let mut rare: Vec<Item<'_>> = markers.iter().map(Item::Marker).collect();
    let ended = |marker: &&MarkerRow| {
        marker.is_interval && marker.end.is_some_and(|end| source.selection().covers(end))
    };
    rare.extend(markers.iter().filter(ended).map(Item::MarkerEnd));
    rare.extend(probes.iter().map(Item::Probe));
    rare.extend(round_trips.iter().map(Item::RoundTrip));
    rare.extend(late_ticks.iter().map(Item::LateTick));
    // Latest first, to be popped.
    rare.sort_by_key(Item::time);
    rare.reverse();
    let poses = Poses::new(source, meter)?;
    let mut merge = Merge { poses, meter, chunk: Vec::new(), at: 0, count: 0, rare, each };
    source.for_each_event(|event| {
        merge.up_to(if ends_a_stay(&event) { event.time + 1 } else { event.time })?;
        (merge.each)(Item::Event(&event))
    })?;
    merge.up_to(i64::MAX)?;
    Ok(merge.count)
}

fn ends_a_stay(event: &EventRow) -> bool {
    matches!(event.kind, EventKind::Left | EventKind::LoggedOut | EventKind::RoomClosed)
}

struct Merge<'a, 'm, 'r, F> {
    poses: Poses<'a>,
    meter: &'m mut Meter<'r>,
    /// The poses read last, and which of them is next.
    chunk: Vec<PoseRow>,
    at: usize,
    count: u64,
    /// Everything but poses and events, latest first.
    rare: Vec<Item<'a>>,
    each: F,
}

impl<F: FnMut(Item<'_>) -> Result<(), ExportError>> Merge<'_, '_, '_, F> {
    /// Passes on everything before `time` but events.
    fn up_to(&mut self, time: i64) -> Result<(), ExportError> {
        loop {
            if self.at == self.chunk.len() {
                self.at = 0;
                self.poses.fill(&mut self.chunk, self.meter)?;
            }
            let pose = self.chunk.get(self.at).filter(|row| row.time < time);
            let before = pose.map_or(time, |row| row.time.saturating_add(1));
            if let Some(rare) = self.rare.pop_if(|rare| rare.time() < before) {
                (self.each)(rare)?;
            } else if let Some(pose) = pose {
                (self.each)(Item::Pose(pose))?;
                self.at += 1;
                self.count += 1;
            } else {
                return Ok(());
            }
        }
    }
}
