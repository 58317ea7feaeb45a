//! The times of all poses, read much faster than the poses.

use super::error::ArchiveError;
use super::read::Archive;

impl Archive {
    /// Calls `each` with the time and the stay (a pose's `member`) of every pose, in order.
    ///
    /// # Errors
    /// If the file can't be read.
    pub fn for_each_pose_time(&self, mut each: impl FnMut(i64, i64)) -> Result<(), ArchiveError> {
        self.with(|db| {
            // The first two columns: SQLite need not decode those behind them.
            let mut statement = db.prepare_cached("SELECT time, member FROM pose ORDER BY id")?;
            let mut rows = statement.query([])?;
            while let Some(row) = rows.next()? {
                each(row.get(0)?, row.get(1)?);
            }
            Ok(())
        })
    }
}
