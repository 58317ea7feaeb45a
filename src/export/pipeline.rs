//! Reads poses on one thread while another writes them.

use std::panic;
use std::sync::mpsc;
use std::thread;

use super::error::ExportError;
use super::meter::Meter;
use super::poses::Poses;
use super::source::Source;
use crate::archive::PoseRow;

/// Calls `write` on a thread of its own for all poses of `source`, some thousand at a time, while
/// this thread reads up to `waiting` chunks ahead. Returns the number of poses.
pub(super) fn for_poses(
    source: &Source,
    meter: &mut Meter<'_>,
    waiting: usize,
    mut write: impl FnMut(&[PoseRow]) -> Result<(), ExportError> + Send,
) -> Result<u64, ExportError> {
    let mut poses = Poses::new(source, meter)?;
    let (full, to_write) = mpsc::sync_channel::<Vec<PoseRow>>(waiting);
    // Holds all chunks there are, so that none is ever dropped and made again.
    let (written, empty) = mpsc::sync_channel::<Vec<PoseRow>>(waiting + 2);
    thread::scope(|scope| {
        let writer = scope.spawn(move || {
            let mut count = 0;
            for rows in to_write {
                write(&rows)?;
                count += rows.len() as u64;
                let _ = written.try_send(rows);
            }
            Ok(count)
        });
        let read = loop {
            let mut rows = empty.try_recv().unwrap_or_default();
            match poses.fill(&mut rows, meter) {
                // The writer has failed, and has the reason.
                Ok(true) if full.send(rows).is_err() => break Ok(()),
                Ok(true) => {}
                Ok(false) => break Ok(()),
                Err(error) => break Err(error),
            }
        };
        drop(full);
        let count = writer.join().unwrap_or_else(|panic| panic::resume_unwind(panic));
        read.and(count)
    })
}
