//! Runs an export.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::{fmt, fs};

use super::error::ExportError;
#[cfg(feature = "mcap")]
use super::mcap;
use super::meter::{Meter, Progress};
use super::options::{ExportOptions, Format, Layout};
use super::output::Output;
#[cfg(feature = "parquet")]
use super::parquet;
use super::source::Source;
use super::text::clock_time;
use super::{bids, csv, jsonl, xdf};
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
    if options.float32 && options.format != Format::Parquet {
        return Err(ExportError::Options("--float32 is for --format parquet".to_owned()));
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
        #[cfg(feature = "parquet")]
        Format::Parquet => parquet::write(options.float32, source, output, meter),
        #[cfg(not(feature = "parquet"))]
        Format::Parquet => Err(lacks("Parquet", "parquet")),
        #[cfg(feature = "mcap")]
        Format::Mcap => mcap::write(source, output, meter),
        #[cfg(not(feature = "mcap"))]
        Format::Mcap => Err(lacks("MCAP", "mcap")),
        Format::Xdf => xdf::write(source, output, meter),
        Format::Bids => bids::write(source, output, meter),
    }
}

#[cfg(not(all(feature = "mcap", feature = "parquet")))]
fn lacks(format: &str, feature: &str) -> ExportError {
    ExportError::Options(format!("this build has no {format}: build it with --features {feature}"))
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

#[cfg(test)]
mod tests {
    use super::super::tests::{export, options};
    use super::*;
    use crate::archive::Selection;

    fn error(options: &ExportOptions) -> String {
        let error = run(options, &mut |_| ControlFlow::Continue(())).unwrap_err();
        error.to_string()
    }

    fn names(folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder).unwrap();
        let mut names: Vec<String> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn the_output_is_beside_the_recording_unless_told_otherwise() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path();
        let csv = options(folder, Format::Csv);
        assert_eq!(export(&csv), folder.join("sample-csv"));
        let original = ExportOptions { layout: Layout::Original, ..csv.clone() };
        assert_eq!(export(&original), folder.join("sample.csv"));
        let jsonl = options(folder, Format::Jsonl);
        assert_eq!(export(&jsonl), folder.join("sample.jsonl"));
        let into =
            |output: &str| ExportOptions { output: Some(folder.join(output)), ..jsonl.clone() };
        assert_eq!(export(&into("sample-csv")), folder.join("sample-csv/sample.jsonl"));
        assert_eq!(export(&into("other")), folder.join("other"));
        let left = names(folder);
        assert_eq!(left, ["other", "sample-csv", "sample.csv", "sample.db", "sample.jsonl"]);
    }

    #[test]
    fn what_exists_is_replaced_only_by_force() {
        let folder = tempfile::tempdir().unwrap();
        for (format, name) in [(Format::Csv, "events.csv"), (Format::Jsonl, "sample.jsonl")] {
            let output = Some(folder.path().to_owned());
            let options = ExportOptions { output, force: false, ..options(folder.path(), format) };
            run(&options, &mut |_| ControlFlow::Continue(())).unwrap();
            let file = folder.path().join(name);
            fs::write(&file, "mine").unwrap();
            let before = names(folder.path());
            let error = error(&options);
            assert!(error.contains("exists already") && error.contains("--force"), "{error}");
            assert_eq!(fs::read_to_string(&file).unwrap(), "mine");
            assert_eq!(names(folder.path()), before);
            export(&ExportOptions { force: true, ..options });
            assert_ne!(fs::read_to_string(&file).unwrap(), "mine");
        }
    }

    #[test]
    fn a_recording_is_never_replaced_by_its_export() {
        let folder = tempfile::tempdir().unwrap();
        let mut options = options(folder.path(), Format::Jsonl);
        options.output = Some(options.recording.clone());
        let error = error(&options);
        assert!(error.contains("is the recording itself"), "{error}");
        export(&ExportOptions { output: None, ..options });
    }

    #[test]
    fn what_is_stopped_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        for format in [Format::Csv, Format::Jsonl, Format::Xdf, Format::Bids] {
            let options = options(folder.path(), format);
            let stopped = run(&options, &mut |progress| match progress.done {
                0 => ControlFlow::Continue(()),
                _ => ControlFlow::Break(()),
            });
            assert!(matches!(stopped, Err(ExportError::Stopped)), "{stopped:?}");
            assert_eq!(names(folder.path()), ["sample.db"]);
        }
    }

    #[test]
    fn errors_name_what_is_wrong() {
        let folder = tempfile::tempdir().unwrap();
        let csv = options(folder.path(), Format::Csv);
        let selection = |selection| error(&ExportOptions { selection, ..csv.clone() });
        let unknown = selection(Selection { user: Some("S09".into()), ..Selection::default() });
        assert!(unknown.contains("no user \"S09\"; it has S01, S02"), "{unknown}");
        let order = selection(Selection { from: Some(5), until: Some(5), ..Selection::default() });
        assert!(order.contains("--from has to be before --to"), "{order}");
        let jsonl =
            ExportOptions { format: Format::Jsonl, layout: Layout::Original, ..csv.clone() };
        assert!(error(&jsonl).contains("--layout original is for --format csv"));
        let float32 = error(&ExportOptions { float32: true, ..csv.clone() });
        assert!(float32.contains("--float32 is for --format parquet"), "{float32}");
        let output = Some(folder.path().join("no/such/folder.csv"));
        let missing = error(&ExportOptions { output, ..csv.clone() });
        assert!(missing.contains("can't write") && missing.contains("folder.csv"), "{missing}");
        let nothing = error(&ExportOptions { recording: folder.path().join("no.db"), ..csv });
        assert!(nothing.contains("no.db"), "{nothing}");
        assert_eq!(names(folder.path()), ["sample.db"]);
    }

    #[test]
    #[cfg(not(feature = "parquet"))]
    fn a_format_that_was_not_built_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let error = error(&options(folder.path(), Format::Parquet));
        assert!(error.contains("--features parquet"), "{error}");
    }
}
