//! The poses of an export, as received or resampled.

use super::error::ExportError;
use super::meter::Meter;
use super::resample::Resampler;
use super::source::Source;
use crate::archive::{PoseCursor, PoseRow};

/// Poses in the order of time, some thousand at a time.
pub(super) struct Poses<'a> {
    source: &'a Source,
    cursor: PoseCursor,
    /// Those that `cursor` has left to read at the beginning.
    total: u64,
    resampler: Option<Resampler>,
    /// Poses as received, if they are resampled.
    received: Vec<PoseRow>,
}

impl<'a> Poses<'a> {
    pub(super) fn new(source: &'a Source, meter: &mut Meter<'_>) -> Result<Self, ExportError> {
        let cursor = source.archive().poses(source.selection())?;
        let total = cursor.at_most();
        meter.begin(total)?;
        let resampler = source.rate().map(|rate| {
            let (from, until) = source.span();
            Resampler::new(rate, from, until)
        });
        Ok(Self { source, cursor, total, resampler, received: Vec::new() })
    }

    /// Replaces the content of `rows` with the next poses; returns whether there were any.
    pub(super) fn fill(
        &mut self,
        rows: &mut Vec<PoseRow>,
        meter: &mut Meter<'_>,
    ) -> Result<bool, ExportError> {
        let Some(resampler) = &mut self.resampler else {
            let some = self.cursor.fill(self.source.archive(), rows)?;
            meter.reached(self.total - self.cursor.at_most())?;
            return Ok(some);
        };
        rows.clear();
        while rows.is_empty() {
            let some = self.cursor.fill(self.source.archive(), &mut self.received)?;
            meter.reached(self.total - self.cursor.at_most())?;
            for row in &self.received {
                resampler.pose(row, self.source.stay(row.member), rows);
            }
            if !some {
                resampler.end(rows);
                break;
            }
        }
        Ok(!rows.is_empty())
    }
}
