//! Runs an export.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::{fmt, fs};

use super::csv;
use super::error::ExportError;
#[cfg(feature = "mcap")]
use super::mcap;
use super::meter::{Meter, Progress};
use super::options::{ExportOptions, Format, Layout};
use super::output::Output;
#[cfg(feature = "parquet")]
use super::parquet::write as write_parquet;
use super::source::Source;
use super::text::clock_time;
use super::{bids, jsonl, xdf};
use crate::archive::Ending;
use crate::model::text::printable;

/// What an export has written.
#[derive(Clone, Debug, PartialEq)]
pub struct Exported {
    /// The file or folder.
    pub output: PathBuf,
    /// Its size, in bytes.
    pub bytes: u64,
    /// The poses in it.
    pub poses: u64,
    /// How the recording ended.
    pub ending: Ending,
    /// Up to where the recording is complete, in microseconds since its start.
    pub end: i64,
    /// Events that the recording has lost.
    pub lost: u64,
}

impl fmt::Display for Exported {
    /// What was written, and what is wrong with the recording, in a line.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let megabytes = self.bytes as f64 / 1e6;
        write!(f, "{}: {} poses, {megabytes:.1} MB", self.output.display(), self.poses)?;
        let end = clock_time(self.end);
        match &self.ending {
            Ending::Whole => {}
            Ending::Early(reason) => {
                write!(f, "; it ended early, at {end}: {}", printable(reason))?
            }
            Ending::Interrupted => write!(f, "; it is interrupted at {end}, or still going on")?,
        }
        match self.lost {
            0 => Ok(()),
            lost => write!(f, "; {lost} events were lost while recording"),
        }
    }
}

/// Writes a recording in another format. `progress` is told now and then how far it is, and stops
/// the export with [`ControlFlow::Break`].
///
/// # Errors
/// If the recording can't be read, the output exists or can't be written, the options don't go
/// together, or it was stopped. The output appears once it is complete, and not at all after an
/// error.
pub fn run(
    options: &ExportOptions,
    progress: &mut dyn FnMut(Progress) -> ControlFlow<()>,
) -> Result<Exported, ExportError> {
    if options.layout == Layout::Original && options.format != Format::Csv {
        return Err(ExportError::Options("--layout original is for --format csv".to_owned()));
    }
    let source = Source::open(options)?;
    let Target { path, is_folder } = target(options);
    refuse_recording(&options.recording, &path)?;
    let mut output = if is_folder {
        Output::folder(&path, options.force)?
    } else {
        Output::file(&path, options.force)?
    };
    let mut meter = Meter::new(progress);
    let poses = write(options, &source, &mut output, &mut meter);
    let poses = poses.map_err(|error| error.writing(&path))?;
    let bytes = output.commit()?;
    let about = source.about();
    let (ending, end, lost) = (about.ending.clone(), about.end, about.lost);
    Ok(Exported { output: path, bytes, poses, ending, end, lost })
}

/// Writes the format's files; returns the number of poses.
fn write(
    options: &ExportOptions,
    source: &Source,
    output: &mut Output,
    meter: &mut Meter<'_>,
) -> Result<u64, ExportError> {
    match options.format {
        Format::Csv => csv::write(options.layout, source, output, meter),
        Format::Jsonl => jsonl::write(source, output, meter),
        Format::Parquet => write_parquet(source, output, meter),
        #[cfg(feature = "mcap")]
        Format::Mcap => mcap::write(source, output, meter),
        #[cfg(not(feature = "mcap"))]
        Format::Mcap => Err(ExportError::Options(
            "this build has no MCAP: build it with --features mcap".into(),
        )),
        Format::Xdf => xdf::write(source, output, meter),
        Format::Bids => bids::write(source, output, meter),
    }
}

#[cfg(not(feature = "parquet"))]
fn write_parquet(_: &Source, _: &mut Output, _: &mut Meter<'_>) -> Result<u64, ExportError> {
    let reason = "this build can't write Parquet: build it with --features parquet";
    Err(ExportError::Options(reason.to_owned()))
}

/// Where an export goes.
struct Target {
    path: PathBuf,
    is_folder: bool,
}

fn target(options: &ExportOptions) -> Target {
    let suffix = match options.format {
        Format::Csv => "csv",
        Format::Parquet => "parquet",
        Format::Mcap => "mcap",
        Format::Xdf => "xdf",
        Format::Bids => "bids",
        Format::Jsonl => "jsonl",
    };
    let has_suffix = |path: &PathBuf| {
        path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case(suffix))
    };
    let is_folder = match (options.format, options.layout) {
        // Tables go into a folder, unless a file is named, which gets the poses.
        (Format::Csv, Layout::Tidy) | (Format::Parquet, _) => {
            !options.output.as_ref().is_some_and(|path| has_suffix(path) && !path.is_dir())
        }
        (Format::Bids, _) => true,
        _ => false,
    };
    let recording = &options.recording;
    let path = match &options.output {
        None if is_folder => {
            let stem = recording.file_stem().unwrap_or_default().to_string_lossy();
            recording.with_file_name(format!("{stem}-{suffix}"))
        }
        None => recording.with_extension(suffix),
        Some(path) if !is_folder && is_folder_name(path) => {
            path.join(recording.with_extension(suffix).file_name().unwrap_or_default())
        }
        Some(path) => path.clone(),
    };
    Target { path, is_folder }
}

/// Whether `path` is a folder, or is written as one.
fn is_folder_name(path: &Path) -> bool {
    path.is_dir() || path.as_os_str().to_string_lossy().ends_with(std::path::is_separator)
}

/// An export never replaces its own recording, whatever it is told.
fn refuse_recording(recording: &Path, target: &Path) -> Result<(), ExportError> {
    match (fs::canonicalize(recording), fs::canonicalize(target)) {
        (Ok(recording), Ok(target)) if recording == target => {
            let reason = format!("{} is the recording itself", target.display());
            Err(ExportError::Options(format!("{reason}; choose another --output")))
        }
        _ => Ok(()),
    }
}
