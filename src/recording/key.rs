//! The key to a recording's pseudonyms: a file of its own, which its owner can keep elsewhere, or
//! delete.

use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, BufWriter, Write};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use super::failure::Failure;
use super::naming::{RFC_3339, local, sync_folder_of};
use crate::model::Timestamp;

const HEADER: &str = "subject,name,address,first_seen\n";

/// One line of the key.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct KeyLine<'a> {
    pub(super) subject: &'a str,
    pub(super) name: &'a str,
    pub(super) address: Option<SocketAddr>,
    pub(super) first_seen: Timestamp,
}

impl KeyLine<'_> {
    /// As CSV (RFC 4180). No value holds a line break: subjects and names can't.
    fn text(&self) -> String {
        let address = self.address.map(|address| address.ip().to_string()).unwrap_or_default();
        let first_seen = local(self.first_seen, RFC_3339);
        let [subject, name] = [self.subject, self.name].map(quoted);
        format!("{subject},{name},{address},{first_seen}\n")
    }
}

fn quoted(text: &str) -> String {
    if text.contains([',', '"']) || text.trim() != text {
        return format!("\"{}\"", text.replace('"', "\"\""));
    }
    text.to_owned()
}

/// The key file, readable by its owner only.
#[derive(Debug)]
pub(super) struct KeyFile {
    path: PathBuf,
    file: File,
    /// Lines have been added that may not be on disk yet.
    is_dirty: bool,
}

impl KeyFile {
    /// Makes it.
    ///
    /// # Errors
    /// If it exists, or can't be written.
    pub(super) fn create(path: PathBuf) -> Result<Self, Failure> {
        let failure = |source| Failure::Key { file: path.clone(), source };
        let mut file = create(&path).map_err(failure)?;
        if let Err(source) = file.write_all(HEADER.as_bytes()).and_then(|()| file.sync_all()) {
            let _ = std::fs::remove_file(&path);
            return Err(failure(source));
        }
        Ok(Self { path, file, is_dirty: false })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Adds a line.
    ///
    /// # Errors
    /// If it can't be written.
    pub(super) fn add(&mut self, line: &KeyLine<'_>) -> Result<(), Failure> {
        self.is_dirty = true;
        self.file.write_all(line.text().as_bytes()).map_err(|source| self.failure(source))
    }

    /// Puts what was added on disk.
    ///
    /// # Errors
    /// If that fails.
    pub(super) fn sync(&mut self) -> Result<(), Failure> {
        if self.is_dirty {
            self.file.sync_data().map_err(|source| self.failure(source))?;
            self.is_dirty = false;
        }
        Ok(())
    }

    /// Puts `new` in the place of the line `old`, at once or not at all.
    ///
    /// # Errors
    /// If the new file can't be written. The old one stays then.
    pub(super) fn replace(&mut self, old: &KeyLine<'_>, new: &KeyLine<'_>) -> Result<(), Failure> {
        let (old, new) = (old.text(), new.text());
        let mut name = self.path.clone().into_os_string();
        name.push(".new");
        let temporary = PathBuf::from(name);
        let rewrite = || -> io::Result<File> {
            // What an earlier attempt has left.
            let _ = std::fs::remove_file(&temporary);
            let mut lines = BufReader::new(File::open(&self.path)?);
            let mut file = BufWriter::new(create(&temporary)?);
            let mut line = String::new();
            while lines.read_line(&mut line)? > 0 {
                file.write_all(if line == old { &new } else { &line }.as_bytes())?;
                line.clear();
            }
            let file = file.into_inner()?;
            file.sync_all()?;
            std::fs::rename(&temporary, &self.path)?;
            sync_folder_of(&self.path)?;
            Ok(file)
        };
        self.file = rewrite().map_err(|source| self.failure(source))?;
        Ok(())
    }

    fn failure(&self, source: io::Error) -> Failure {
        Failure::Key { file: self.path.clone(), source }
    }
}

fn create(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line<'a>(subject: &'a str, name: &'a str) -> KeyLine<'a> {
        let first_seen = Timestamp::from_micros(1_763_000_000_000_042);
        KeyLine { subject, name, address: Some(([10, 0, 0, 7], 999).into()), first_seen }
    }

    #[test]
    fn it_is_csv_for_its_owner_only() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("session.key.csv");
        let mut key = KeyFile::create(path.clone()).unwrap();
        key.add(&line("S01", "ada")).unwrap();
        key.add(&line("S02", "b,\"e\" a ")).unwrap();
        key.sync().unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        let lines: Vec<_> = text.lines().collect();
        assert_eq!(lines[0], "subject,name,address,first_seen");
        assert!(lines[1].starts_with("S01,ada,10.0.0.7,2025-11-1"), "{text}");
        assert!(lines[1].contains(":20.000042"), "{text}");
        assert!(lines[2].starts_with("S02,\"b,\"\"e\"\" a \",10.0.0.7,"), "{text}");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        }
        assert!(KeyFile::create(path).is_err());
    }

    #[test]
    fn a_new_subject_takes_the_place_of_the_old() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("session.key.csv");
        let mut key = KeyFile::create(path.clone()).unwrap();
        key.add(&line("S01", "ada")).unwrap();
        key.add(&line("S02", "bea")).unwrap();
        key.replace(&line("S01", "ada"), &line("P07", "ada")).unwrap();
        key.add(&line("S03", "cy")).unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        let subjects: Vec<_> = text.lines().map(|line| &line[..3]).collect();
        assert_eq!(subjects, ["sub", "P07", "S02", "S03"]);
        assert_eq!(folder.path().read_dir().unwrap().count(), 1);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        }
    }
}
