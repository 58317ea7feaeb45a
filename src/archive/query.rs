//! The poses in a part of a recording.

use std::collections::HashSet;

use rusqlite::params;

use super::error::ArchiveError;
use super::read::Archive;
use super::row::PoseRow;
use super::selection::Selection;
use crate::model::Pose;

/// Poses read in one go.
const CHUNK: usize = 16_384;

impl Archive {
    /// The poses of a selection.
    ///
    /// # Errors
    /// If the selection names somebody or something that is not there, or the file can't be read.
    pub fn poses(&self, selection: &Selection) -> Result<PoseCursor, ArchiveError> {
        PoseCursor::new(self, selection)
    }
}

/// Reads the poses of a selection in order, some thousand at a time.
#[derive(Clone, Debug)]
pub struct PoseCursor {
    next: i64,
    /// Excluded.
    end: i64,
    /// `None` for all.
    members: Option<HashSet<i64>>,
}

impl PoseCursor {
    fn new(archive: &Archive, selection: &Selection) -> Result<Self, ArchiveError> {
        let end = archive.last_pose()? + 1;
        let begin = selection.from.map_or(Ok(0), |from| archive.first_pose_at(from))?;
        Ok(Self {
            // The first pose is number 1.
            next: begin.max(1),
            end: selection.until.map_or(Ok(end), |until| archive.first_pose_at(until))?,
            members: archive.members(selection)?,
        })
    }

    /// The number of poses from here to the end, if all of them are wanted; the most there may be
    /// otherwise.
    pub fn at_most(&self) -> u64 {
        u64::try_from(self.end - self.next).unwrap_or_default()
    }

    /// Replaces the content of `rows` with the next poses; returns whether there were any.
    ///
    /// # Errors
    /// If the file can't be read.
    pub fn fill(
        &mut self,
        archive: &Archive,
        rows: &mut Vec<PoseRow>,
    ) -> Result<bool, ArchiveError> {
        rows.clear();
        while rows.is_empty() && self.next < self.end {
            let end = self.end.min(self.next + CHUNK as i64);
            archive.with(|db| {
                let mut statement = db.prepare_cached(
                    "SELECT time, member, pos_x, pos_y, pos_z, rot_x, rot_y, rot_z, client_time
                     FROM pose WHERE id >= ? AND id < ? ORDER BY id",
                )?;
                let mut found = statement.query(params![self.next, end])?;
                while let Some(row) = found.next()? {
                    let member = row.get(1)?;
                    if self.members.as_ref().is_some_and(|members| !members.contains(&member)) {
                        continue;
                    }
                    rows.push(PoseRow {
                        time: row.get(0)?,
                        member,
                        pose: Pose {
                            pos: [row.get(2)?, row.get(3)?, row.get(4)?],
                            rot: [row.get(5)?, row.get(6)?, row.get(7)?],
                        },
                        client_time: row.get(8)?,
                    });
                }
                Ok(())
            })?;
            self.next = end;
        }
        Ok(!rows.is_empty())
    }
}
