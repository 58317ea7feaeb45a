//! Space that is kept free, so that the end of a recording can be written to a full disk.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::Path;

/// Enough for SQLite's log (4 MiB) to be moved into the file, twice.
const BYTES: u64 = 8 << 20;

/// A file without a name that takes up space. It goes with the process, however that ends.
#[derive(Debug)]
pub(super) struct Reserve(Option<File>);

impl Reserve {
    /// Takes up space beside `file`.
    ///
    /// # Errors
    /// If there is none.
    pub(super) fn beside(file: &Path) -> io::Result<Self> {
        let path = file.with_extension("reserve");
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        let mut reserve = options.open(&path)?;
        if let Err(error) = std::fs::remove_file(&path) {
            // A system where a file that is open keeps its name: go without.
            drop(reserve);
            let _ = std::fs::remove_file(&path);
            return if cfg!(unix) { Err(error) } else { Ok(Self(None)) };
        }
        allocate(&mut reserve)?;
        Ok(Self(Some(reserve)))
    }

    /// Gives the space back.
    pub(super) fn release(&mut self) {
        if let Some(reserve) = self.0.take() {
            let _ = reserve.set_len(0);
            // Some file systems hold freed blocks back until they have been synced.
            let _ = reserve.sync_all();
        }
    }
}

fn allocate(file: &mut File) -> io::Result<()> {
    #[cfg(target_os = "linux")]
    if rustix::fs::fallocate(&*file, rustix::fs::FallocateFlags::empty(), 0, BYTES).is_ok() {
        return Ok(());
    }
    let block = [0; 64 << 10];
    for _ in 0..BYTES / block.len() as u64 {
        file.write_all(&block)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(unix)]
    #[test]
    fn it_takes_up_space_without_a_name() {
        use std::os::unix::fs::MetadataExt;
        let folder = tempfile::tempdir().unwrap();
        let mut reserve = Reserve::beside(&folder.path().join("session.db")).unwrap();
        assert_eq!(folder.path().read_dir().unwrap().count(), 0);
        let taken = reserve.0.as_ref().unwrap().metadata().unwrap().blocks() * 512;
        assert!(taken >= BYTES, "{taken}");
        reserve.release();
        assert!(reserve.0.is_none());
    }
}
