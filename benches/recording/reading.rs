//! What is done with a recording afterwards, compared with what SQLite takes to read all poses, and
//! with a copy of the file.

use std::error::Error;
use std::fs::{self, File};
use std::io::{BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rusqlite::{Connection, OpenFlags};

use crate::child::{Ran, run};
use crate::crowd::Numbers;
use crate::report::Ask::{AtLeast, AtMost};
use crate::report::{Report, median};
use crate::writing::Written;

/// The peak that is asked of an export, in MiB.
const MOST_MIB: f64 = 100.0;

const MIB: f64 = 1024.0 * 1024.0;

/// A recording that was made.
pub(crate) struct Made<'a> {
    pub(crate) file: &'a Path,
    pub(crate) numbers: Numbers,
    pub(crate) written: Written,
    pub(crate) is_full_length: bool,
    pub(crate) rounds: usize,
}

impl Made<'_> {
    /// Measures all that is done with it; the last changes a copy of it.
    pub(crate) fn measure(&self, report: &mut Report) -> Result<Vec<String>, Box<dyn Error>> {
        let mut errors = Vec::new();
        let poses = self.written.poses as f64;
        let select = self.median(|| read_all(self.file))?;
        report.figure("SELECT of all poses, SQLite alone", select, "s", None);
        report.figure("", poses / select / 1e6, "M poses/s", None);

        let path = self.file.as_os_str();
        let mut all = |report: &mut Report, name: &str, measure: &dyn Fn(&mut Report) -> Step| {
            if let Err(error) = measure(report) {
                errors.push(format!("{name}: {error}"));
            }
        };
        all(report, "inspect", &|report| {
            let inspect = ["inspect".as_ref(), path];
            let (seconds, peak) = self.ran(|| run(&inspect))?;
            report.figure("inspect", seconds, "s", self.is_full_length.then_some(AtMost(2.0)));
            report.figure("  against SELECT", seconds / select, "x", None);
            report.figure("  peak memory", peak, "MiB", None);
            Ok(())
        });
        for format in ["csv", "parquet", "jsonl", "mcap", "xdf", "bids"] {
            all(report, format, &|report| self.export(report, format, select));
        }
        all(report, "redact", &|report| self.redact(report));
        Ok(errors)
    }

    fn export(&self, report: &mut Report, format: &str, select: f64) -> Step {
        let is_asked = matches!(format, "csv" | "parquet");
        let output = self.file.with_extension(format);
        let (seconds, peak) = self.ran(|| {
            remove(&output)?;
            fs::create_dir(&output)?;
            let [export, format_flag, output_flag] = ["export", "--format", "--output"];
            let (file, output) = (self.file.as_os_str(), output.as_os_str());
            let args = [export.as_ref(), file, format_flag.as_ref(), format.as_ref()];
            run(&[&args[..], &[output_flag.as_ref(), output]].concat())
        })?;
        let poses = self.written.poses as f64;
        let speed = (is_asked && self.is_full_length).then_some(AtLeast(1.0));
        report.figure(&format!("export to {format}"), poses / seconds / 1e6, "M poses/s", speed);
        report.figure("  against SELECT", seconds / select, "x", None);
        report.figure("  peak memory", peak, "MiB", is_asked.then_some(AtMost(MOST_MIB)));
        let most = match (format, self.numbers) {
            ("parquet", Numbers::Single) => Some(AtMost(20.0)),
            ("parquet", Numbers::Double) => Some(AtMost(42.0)),
            _ => None,
        };
        report.figure("  size", size(&output)? as f64 / poses, "bytes a pose", most);
        remove(&output)?;
        Ok(())
    }

    fn redact(&self, report: &mut Report) -> Step {
        let copy = self.file.with_extension("copy.db");
        let copied = self.median(|| copy_synced(self.file, &copy))?;
        let (seconds, peak) = self.ran(|| {
            copy_synced(self.file, &copy)?;
            run(&["redact".as_ref(), copy.as_os_str(), "--subject".as_ref(), "S01".as_ref()])
        })?;
        report.figure("redact one person", seconds, "s", None);
        report.figure("  against a synced copy", seconds / copied, "x", None);
        report.figure("  peak memory", peak, "MiB", None);
        fs::remove_file(copy)?;
        Ok(())
    }

    fn median(
        &self,
        measure: impl Fn() -> Result<Duration, Box<dyn Error>>,
    ) -> Result<f64, Box<dyn Error>> {
        let runs = (0..self.rounds).map(|_| Ok(measure()?.as_secs_f64()));
        Ok(median(runs.collect::<Result<_, Box<dyn Error>>>()?))
    }

    /// The median of the seconds, and the largest peak in MiB.
    fn ran(
        &self,
        run: impl Fn() -> Result<Ran, Box<dyn Error>>,
    ) -> Result<(f64, f64), Box<dyn Error>> {
        let runs: Vec<Ran> = (0..self.rounds).map(|_| run()).collect::<Result<_, _>>()?;
        let seconds = median(runs.iter().map(|run| run.wall.as_secs_f64()).collect());
        let peak = runs.iter().map(|run| run.peak).max().unwrap_or_default();
        Ok((seconds, peak as f64 / MIB))
    }
}

type Step = Result<(), Box<dyn Error>>;

/// Reads every number of every pose, with nothing but SQLite.
fn read_all(file: &Path) -> Result<Duration, Box<dyn Error>> {
    let began = Instant::now();
    let db = Connection::open_with_flags(file, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    let mut select = db.prepare(
        "SELECT time, member, pos_x, pos_y, pos_z, rot_x, rot_y, rot_z, client_time FROM pose",
    )?;
    let (mut rows, mut sum) = (select.query([])?, 0.0);
    while let Some(row) = rows.next()? {
        sum += row.get::<_, i64>(0)? as f64 + row.get::<_, i64>(1)? as f64;
        for column in 2..8 {
            sum += row.get::<_, f64>(column)?;
        }
        sum += row.get::<_, Option<f64>>(8)?.unwrap_or_default();
    }
    std::hint::black_box(sum);
    Ok(began.elapsed())
}

fn copy_synced(from: &Path, to: &Path) -> Result<Duration, Box<dyn Error>> {
    let began = Instant::now();
    let (mut source, mut copy) = (BufReader::new(File::open(from)?), File::create(to)?);
    let mut part = vec![0; 1 << 20];
    loop {
        let length = source.read(&mut part)?;
        if length == 0 {
            break;
        }
        copy.write_all(&part[..length])?;
    }
    copy.sync_all()?;
    Ok(began.elapsed())
}

/// The bytes of all files below a path.
fn size(path: &Path) -> std::io::Result<u64> {
    if path.is_file() {
        return Ok(path.metadata()?.len());
    }
    path.read_dir()?.map(|entry| size(&entry?.path())).sum()
}

fn remove(path: &PathBuf) -> std::io::Result<()> {
    if path.is_dir() { fs::remove_dir_all(path) } else { Ok(()) }
}
