//! The benchmark of recordings: what writing costs, and what is done with a recording afterwards.
//! Linux only.
//!
//! ```text
//! cargo bench --bench recording              # 1 h of 20 users at 72 Hz, twice; some minutes
//! cargo bench --bench recording -- --quick   # 3 minutes of it
//! cargo bench --bench recording -- --users 200 --seconds 600 --numbers double --client-time
//! ```
//!
//! The poses go straight to the recording's writer, without a server, in transactions of 200 ms of
//! the session, as fast as the disk takes them. Generating them is not measured. The figures:
//!
//! - *size*: of the complete file, with a message and a marker every 10 s;
//! - *processor time*: of the writing thread, its system calls included; *inserts alone* is without
//!   the commits. *A session of 200 users* is this cost at 14,400 poses a second, as a share of a
//!   core; there, a transaction is larger and a pose cheaper than measured here with 20;
//! - *floor*: the same number of bytes written to a plain file in as many steps, each of them
//!   synced;
//! - *SELECT*: reading all numbers of all poses with SQLite alone, in this process;
//! - exports, `inspect` and `redact` run as processes of their own, with the file in the page cache;
//!   *peak memory* is the kernel's VmHWM. `redact` is compared with a synced copy of the file.
//!
//! Each figure is the median of `--rounds` runs, peaks are the worst. An ask that is not met does
//! not fail the benchmark; errors do.

mod child;
mod crowd;
mod reading;
mod report;
mod writing;

use std::error::Error;
use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;

use crowd::Numbers;
use reading::Made;
use report::Ask::AtMost;
use report::Report;
use writing::{Session, Written};

/// Measures writing a recording, and what is done with it.
#[derive(Parser)]
struct Options {
    /// A smoke run: 3 minutes of the session, one round
    #[arg(long)]
    quick: bool,
    /// Users in the session
    #[arg(long, default_value_t = 20)]
    users: usize,
    /// Poses a second that each of them sends
    #[arg(long, default_value_t = 72.0)]
    hz: f64,
    /// How long the session is
    #[arg(long, default_value_t = 3600)]
    seconds: u32,
    /// What numbers clients send
    #[arg(long, value_enum, value_delimiter = ',', default_values_t = [Numbers::Single, Numbers::Double])]
    numbers: Vec<Numbers>,
    /// Let clients send their own time with each pose
    #[arg(long)]
    client_time: bool,
    /// How often each reading is measured
    #[arg(long, default_value_t = 3)]
    rounds: usize,
    /// Where the files are written, on the disk that is measured
    #[arg(long, default_value = concat!(env!("CARGO_TARGET_TMPDIR"), "/recording"))]
    folder: PathBuf,
    /// Keep the recordings
    #[arg(long)]
    keep: bool,
    /// Given by cargo
    #[arg(long, hide = true)]
    bench: bool,
}

fn main() -> ExitCode {
    let options = Options::parse();
    let mut report = Report::default();
    let mut errors = Vec::new();
    for numbers in &options.numbers {
        match measure(&options, *numbers, &mut report) {
            Ok(failed) => errors.extend(failed),
            Err(error) => errors.push(format!("{numbers:?}: {error}")),
        }
    }
    report.print_summary();
    for error in &errors {
        eprintln!("error: {error}");
    }
    if errors.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn measure(
    options: &Options,
    numbers: Numbers,
    report: &mut Report,
) -> Result<Vec<String>, Box<dyn Error>> {
    let seconds = if options.quick { 180 } else { options.seconds };
    let &Options { users, hz, client_time, .. } = options;
    let session = Session { users, hz, seconds, numbers, client_time };
    fs::create_dir_all(&options.folder)?;
    let file = options.folder.join(format!("{numbers:?}.db").to_lowercase());
    let plain = file.with_extension("floor");
    for old in [&file, &plain] {
        if old.exists() {
            fs::remove_file(old)?;
        }
    }
    let written = writing::record(&session, &file)?;
    let floor = writing::floor(&session, written.bytes, &plain)?;
    fs::remove_file(plain)?;
    let (poses, minutes) = (written.poses, f64::from(seconds) / 60.0);
    Report::heading(&format!(
        "{poses} poses ({users} users, {hz} Hz, {minutes} min), numbers: {numbers:?}{}",
        if client_time { " with the client's time" } else { "" }
    ));
    print_written(report, &written, &floor);
    let rounds = if options.quick { 1 } else { options.rounds };
    let is_full_length = !options.quick;
    let made = Made { file: &file, numbers, written, is_full_length, rounds };
    let errors = made.measure(report)?;
    if !options.keep {
        fs::remove_file(file)?;
    }
    Ok(errors)
}

fn print_written(report: &mut Report, written: &Written, floor: &Written) {
    let poses = written.poses as f64;
    let micros = |time: Duration| time.as_secs_f64() * 1e6 / poses;
    report.figure("size", written.bytes as f64 / poses, "bytes a pose", Some(AtMost(76.0)));
    report.figure("processor time", micros(written.cpu), "us a pose", None);
    report.figure("  inserts alone", micros(written.insert_cpu), "us a pose", Some(AtMost(1.5)));
    report.figure("  against the floor", micros(written.cpu) / micros(floor.cpu), "x", None);
    let core = micros(written.cpu) * 14_400.0 / 1e6 * 100.0;
    report.figure("  a session of 200 users", core, "% of a core", Some(AtMost(5.0)));
    report.figure("speed", poses / written.wall.as_secs_f64() / 1e6, "M poses/s", None);
    let slower = written.wall.as_secs_f64() / floor.wall.as_secs_f64();
    report.figure("  time against the floor", slower, "x", None);
    report.figure("longest commit", written.longest.as_secs_f64() * 1e3, "ms", None);
    report.figure("  of the floor", floor.longest.as_secs_f64() * 1e3, "ms", None);
}
