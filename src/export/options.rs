//! What to export, and how.

use std::path::PathBuf;

use crate::archive::Selection;

/// What to export, and how.
#[derive(Clone, Debug, PartialEq)]
pub struct ExportOptions {
    /// The recording.
    pub recording: PathBuf,
    /// The format to write.
    pub format: Format,
    /// How [`Format::Csv`] is laid out.
    pub layout: Layout,
    /// The file or folder to write; `None` for one beside the recording.
    pub output: Option<PathBuf>,
    /// Whether files that exist are replaced.
    pub force: bool,
    /// The part of the recording.
    pub selection: Selection,
    /// Resample poses to so many a second, 0.1 to 1000; `None` for poses as received.
    pub rate: Option<f64>,
    /// Whether [`Format::Parquet`] has the numbers of poses as 32-bit floats, the nearest to what
    /// was sent: half the size, and no loss if clients had 32-bit floats to begin with.
    pub float32: bool,
}

/// A format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Tables as comma-separated text (RFC 4180).
    Csv,
    /// Apache Parquet.
    Parquet,
    /// MCAP with Foxglove's schemas.
    Mcap,
    /// The Extensible Data Format of the lab streaming layer.
    Xdf,
    /// Motion-BIDS.
    Bids,
    /// One JSON object a line.
    Jsonl,
}

/// How [`Format::Csv`] is laid out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Layout {
    /// One table for each kind of thing.
    #[default]
    Tidy,
    /// The log of the original server.
    Original,
}
