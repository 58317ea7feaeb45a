//! What an export writes: a temporary file or folder beside the target, which takes the target's
//! name once it is complete and on disk.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Seek, SeekFrom, Write};
use std::path::{Component, Path, PathBuf};

use super::error::ExportError;

/// A buffer that lets few writes be short of it.
const BUFFER: usize = 256 * 1024;

/// A file being written. [`Self::finish`] it, or its last bytes may be missing without an error.
#[derive(Debug)]
pub(super) struct OutputFile {
    buffer: BufWriter<File>,
}

impl OutputFile {
    /// Makes a file that only its owner can read, as a recording.
    fn create(path: &Path) -> io::Result<Self> {
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        Ok(Self { buffer: BufWriter::with_capacity(BUFFER, options.open(path)?) })
    }

    fn append(path: &Path) -> io::Result<Self> {
        let file = OpenOptions::new().append(true).open(path)?;
        Ok(Self { buffer: BufWriter::new(file) })
    }

    /// Puts everything on disk.
    pub(super) fn finish(self) -> io::Result<()> {
        self.buffer.into_inner().map_err(io::IntoInnerError::into_error)?.sync_all()
    }
}

impl Write for OutputFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.buffer.write(bytes)
    }

    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.buffer.write_all(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.buffer.flush()
    }
}

impl Seek for OutputFile {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.buffer.seek(to)
    }
}

/// The temporary file or folder; it is removed unless it was committed.
#[derive(Debug)]
pub(super) struct Output {
    target: PathBuf,
    temporary: PathBuf,
    force: bool,
    /// The files in a folder, relative to it; `None` for a single file.
    files: Option<Vec<PathBuf>>,
}

impl Output {
    /// For a single file.
    ///
    /// # Errors
    /// If `target` exists, unless `force` is set.
    pub(super) fn file(target: &Path, force: bool) -> Result<Self, ExportError> {
        refuse_existing(target, force)?;
        let temporary = temporary_name(parent(target), target);
        Ok(Self { target: target.to_owned(), temporary, force, files: None })
    }

    /// For a folder of files. If `target` exists, the files are put into it.
    ///
    /// # Errors
    /// If the folder can't be made.
    pub(super) fn folder(target: &Path, force: bool) -> Result<Self, ExportError> {
        let within = if target.is_dir() { target } else { parent(target) };
        if within != target {
            refuse_existing(target, false)?;
        }
        let temporary = temporary_name(within, target);
        create_folder(&temporary).map_err(|error| ExportError::from(error).writing(target))?;
        Ok(Self { target: target.to_owned(), temporary, force, files: Some(Vec::new()) })
    }

    /// Whether it is a folder of files.
    pub(super) fn is_folder(&self) -> bool {
        self.files.is_some()
    }

    /// Makes the single file, or in a folder the file `name`, which may have folders before it.
    ///
    /// # Errors
    /// If the file can't be made, or exists in the target already, unless `force` is set.
    pub(super) fn create(&mut self, name: &str) -> Result<OutputFile, ExportError> {
        let Some(files) = &mut self.files else {
            let created = OutputFile::create(&self.temporary);
            return created.map_err(|error| ExportError::from(error).writing(&self.target));
        };
        let (path, target) = (self.temporary.join(name), self.target.join(name));
        refuse_existing(&target, self.force)?;
        let created = create_folder(parent(&path)).and_then(|()| OutputFile::create(&path));
        files.push(PathBuf::from(name));
        created.map_err(|error| ExportError::from(error).writing(&target))
    }

    /// Opens a file of the folder that [`Self::create`] has made, to append to it.
    ///
    /// # Errors
    /// If the file can't be opened.
    pub(super) fn append(&self, name: &str) -> Result<OutputFile, ExportError> {
        let opened = OutputFile::append(&self.temporary.join(name));
        opened.map_err(|error| ExportError::from(error).writing(&self.target.join(name)))
    }

    /// Gives everything its name; returns how many bytes there are. All files have to be finished.
    ///
    /// # Errors
    /// If the target has come to exist, unless `force` is set, or the system refuses.
    pub(super) fn commit(self) -> Result<u64, ExportError> {
        self.publish().map_err(|error| error.writing(&self.target))
    }

    fn publish(&self) -> Result<u64, ExportError> {
        let Some(files) = &self.files else {
            refuse_existing(&self.target, self.force)?;
            let bytes = fs::metadata(&self.temporary)?.len();
            fs::rename(&self.temporary, &self.target)?;
            sync_folder(parent(&self.target))?;
            return Ok(bytes);
        };
        let mut bytes = 0;
        for file in files {
            bytes += fs::metadata(self.temporary.join(file))?.len();
        }
        if !self.target.is_dir() {
            sync_folders(&self.temporary, files)?;
            fs::rename(&self.temporary, &self.target)?;
            sync_folder(parent(&self.target))?;
            return Ok(bytes);
        }
        for file in files {
            refuse_existing(&self.target.join(file), self.force)?;
        }
        for file in files {
            create_folder(parent(&self.target.join(file)))?;
            fs::rename(self.temporary.join(file), self.target.join(file))?;
        }
        sync_folders(&self.target, files)?;
        Ok(bytes)
    }
}

impl Drop for Output {
    fn drop(&mut self) {
        // After a rename there is nothing left, or a folder without files.
        let _ = match self.files {
            Some(_) => fs::remove_dir_all(&self.temporary),
            None => fs::remove_file(&self.temporary),
        };
    }
}

fn refuse_existing(path: &Path, force: bool) -> Result<(), ExportError> {
    // A broken link counts too, and a folder is never replaced by a file.
    match fs::symlink_metadata(path) {
        Ok(found) if !force || found.is_dir() => Err(ExportError::Exists(path.to_owned())),
        _ => Ok(()),
    }
}

/// A hidden name in the folder `within` that no other process uses.
fn temporary_name(within: &Path, target: &Path) -> PathBuf {
    let name = target.file_name().unwrap_or_default().to_string_lossy();
    within.join(format!(".{name}.{}.part", std::process::id()))
}

/// Makes a folder and those above it, for their owner only; one that exists stays as it is.
fn create_folder(path: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

fn parent(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if parent.components().next().is_some() => parent,
        _ => Path::new(Component::CurDir.as_os_str()),
    }
}

/// Puts the names of `files` in `folder` on disk.
fn sync_folders(folder: &Path, files: &[PathBuf]) -> io::Result<()> {
    let mut folders: Vec<PathBuf> = Vec::new();
    for file in files {
        let above = file.ancestors().skip(1).map(|above| folder.join(above));
        folders.extend(above);
    }
    folders.sort_unstable();
    folders.dedup();
    folders.iter().try_for_each(|folder| sync_folder(folder))
}

/// A rename is on disk once its folder is. Some file systems can't sync a folder; then the name is
/// as safe as it gets.
fn sync_folder(folder: &Path) -> io::Result<()> {
    if cfg!(unix) {
        let synced = File::open(folder)?.sync_all();
        return match synced {
            Err(error) if error.kind() == io::ErrorKind::InvalidInput => Ok(()),
            other => other,
        };
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder).unwrap();
        let mut names: Vec<String> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    fn write(output: &mut Output, name: &str, text: &str) {
        let mut file = output.create(name).unwrap();
        file.write_all(text.as_bytes()).unwrap();
        file.finish().unwrap();
    }

    #[test]
    fn a_file_takes_its_name_when_it_is_complete() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("out.csv");
        let mut output = Output::file(&target, false).unwrap();
        write(&mut output, "", "a,b\n");
        assert!(!target.exists());
        assert_eq!(output.commit().unwrap(), 4);
        assert_eq!(fs::read_to_string(&target).unwrap(), "a,b\n");
        assert_eq!(names(folder.path()), ["out.csv"]);
        let error = Output::file(&target, false).unwrap_err().to_string();
        assert!(error.contains("out.csv exists already"), "{error}");
        let mut output = Output::file(&target, true).unwrap();
        write(&mut output, "", "new");
        output.commit().unwrap();
        assert_eq!(fs::read_to_string(&target).unwrap(), "new");
    }

    #[test]
    fn what_is_not_committed_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let mut output = Output::file(&folder.path().join("out.csv"), false).unwrap();
        write(&mut output, "", "a");
        drop(output);
        let mut output = Output::folder(&folder.path().join("out"), false).unwrap();
        write(&mut output, "a/b.csv", "a");
        drop(output);
        assert_eq!(names(folder.path()), [""; 0]);
    }

    #[test]
    fn a_new_folder_appears_at_once() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("out");
        let mut output = Output::folder(&target, false).unwrap();
        write(&mut output, "a.csv", "a");
        write(&mut output, "sub/b.csv", "bb");
        assert!(!target.exists());
        assert_eq!(output.commit().unwrap(), 3);
        assert_eq!(names(folder.path()), ["out"]);
        assert_eq!(names(&target), ["a.csv", "sub"]);
        assert_eq!(fs::read_to_string(target.join("sub/b.csv")).unwrap(), "bb");
    }

    #[test]
    fn files_are_put_into_a_folder_that_exists() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("mine.txt"), "mine").unwrap();
        fs::write(folder.path().join("b.csv"), "old").unwrap();
        let mut output = Output::folder(folder.path(), false).unwrap();
        write(&mut output, "a.csv", "a");
        let error = output.create("b.csv").unwrap_err();
        assert!(matches!(error, ExportError::Exists(_)), "{error}");
        drop(output);
        assert_eq!(names(folder.path()), ["b.csv", "mine.txt"]);
        let mut output = Output::folder(folder.path(), true).unwrap();
        write(&mut output, "a.csv", "a");
        write(&mut output, "b.csv", "new");
        output.commit().unwrap();
        assert_eq!(names(folder.path()), ["a.csv", "b.csv", "mine.txt"]);
        assert_eq!(fs::read_to_string(folder.path().join("b.csv")).unwrap(), "new");
    }

    #[test]
    fn a_folder_is_never_replaced_by_a_file_nor_the_other_way_round() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        fs::write(&file, "mine").unwrap();
        assert!(Output::file(folder.path(), true).is_err());
        assert!(Output::folder(&file, true).is_err());
        assert_eq!(fs::read_to_string(&file).unwrap(), "mine");
        assert_eq!(names(folder.path()), ["file"]);
    }

    #[cfg(unix)]
    #[test]
    fn only_its_owner_can_read_it() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        let mut output = Output::folder(&folder.path().join("out"), false).unwrap();
        write(&mut output, "a.csv", "a");
        output.commit().unwrap();
        assert_eq!(mode(&folder.path().join("out")), 0o700);
        assert_eq!(mode(&folder.path().join("out/a.csv")), 0o600);
    }
}
