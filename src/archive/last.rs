//! Where everyone was at some moment: the last pose of each stay before it.

use std::collections::HashMap;

use rusqlite::params;

use super::error::ArchiveError;
use super::read::Archive;
use super::row::PoseRow;
use crate::model::Pose;

impl Archive {
    /// The last pose before `time` of each of `stays` that has one. A stay is given by its number
    /// and the time from which on its poses are looked for, in microseconds since the start.
    ///
    /// Reads backwards from `time`, and only as far as needed: a stay that has sent no pose for long
    /// is what takes long, some 300 ns for each pose in between.
    ///
    /// # Errors
    /// If the file can't be read.
    pub fn last_poses(
        &self,
        time: i64,
        stays: &[(i64, i64)],
    ) -> Result<Vec<PoseRow>, ArchiveError> {
        let end = self.first_pose_at(time)?;
        let mut missing = HashMap::new();
        for (stay, since) in stays {
            let first = self.first_pose_at(*since)?;
            if first < end {
                missing.insert(*stay, first);
            }
        }
        let farthest = |missing: &HashMap<i64, i64>| missing.values().min().copied();
        let Some(mut begin) = farthest(&missing) else { return Ok(Vec::new()) };
        let mut found = Vec::new();
        self.with(|db| {
            let mut statement = db.prepare_cached(
                "SELECT id, member FROM pose WHERE id >= ? AND id < ? ORDER BY id DESC",
            )?;
            let mut rows = statement.query(params![begin, end])?;
            while let Some(row) = rows.next()? {
                let (id, member): (i64, i64) = (row.get(0)?, row.get(1)?);
                if id < begin {
                    break;
                }
                if missing.get(&member).is_some_and(|first| id >= *first) {
                    missing.remove(&member);
                    found.push(id);
                    match farthest(&missing) {
                        Some(next) => begin = next,
                        None => break,
                    }
                }
            }
            Ok(())
        })?;
        found.into_iter().map(|id| self.pose(id)).collect()
    }

    fn pose(&self, id: i64) -> Result<PoseRow, ArchiveError> {
        self.with(|db| {
            db.prepare_cached(
                "SELECT time, member, pos_x, pos_y, pos_z, rot_x, rot_y, rot_z, client_time
                 FROM pose WHERE id = ?",
            )?
            .query_row([id], |row| {
                Ok(PoseRow {
                    time: row.get(0)?,
                    member: row.get(1)?,
                    pose: Pose {
                        pos: [row.get(2)?, row.get(3)?, row.get(4)?],
                        rot: [row.get(5)?, row.get(6)?, row.get(7)?],
                    },
                    client_time: row.get(8)?,
                })
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::sample;
    use super::*;

    #[test]
    fn the_last_pose_of_each_stay_is_found() {
        let folder = tempfile::tempdir().unwrap();
        let archive = Archive::open(&sample::whole(folder.path())).unwrap();
        // The sample's stays: S01 in lobby and atrium, S02 in lobby and atrium.
        let all = |time| {
            let stays: Vec<(i64, i64)> =
                archive.stays().iter().map(|stay| (stay.id, stay.joined)).collect();
            archive.last_poses(time, &stays).unwrap()
        };
        let times = |time| {
            let mut times: Vec<i64> = all(time).iter().map(|row| row.time).collect();
            times.sort_unstable();
            times
        };
        assert_eq!(times(0), [0; 0]);
        assert_eq!(times(2_000), [0; 0]);
        assert_eq!(times(2_001), [2_000]);
        assert_eq!(times(2_000_000), [1_982_000, 1_984_000]);
        // S02 is silent from 4.0 to 5.4 s.
        assert_eq!(times(5_000_000), [3_984_000, 4_982_000]);
        assert_eq!(times(i64::MAX), [9_982_000, 9_984_000]);
        for row in all(5_000_000) {
            let stay = archive.stays().iter().find(|stay| stay.id == row.member).unwrap();
            assert_eq!(row.pose, sample::pose(stay.person, row.time));
        }
        let member = all(5_000_000)[0].member;
        assert_eq!(archive.last_poses(5_000_000, &[(member, 4_990_000)]).unwrap(), []);
        assert_eq!(archive.last_poses(5_000_000, &[(9_999, 0)]).unwrap(), []);
    }
}
