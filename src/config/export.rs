//! The arguments of `vrlobby export`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

/// What to export, and how.
#[derive(Args, Clone, Debug, PartialEq)]
pub struct ExportArgs {
    /// The recording
    pub file: PathBuf,
    /// The format to write
    #[arg(long, value_enum, value_name = "FORMAT")]
    pub format: ExportFormat,
    /// The file or folder to write [default: beside the recording]
    #[arg(long, short, value_name = "PATH")]
    pub output: Option<PathBuf>,
    /// Only what happened in this room
    #[arg(long, value_name = "ROOM")]
    pub room: Option<String>,
    /// Only what this user did
    #[arg(long, value_name = "SUBJECT")]
    pub user: Option<String>,
    /// Where to begin: seconds, or HH:MM:SS since the start
    #[arg(long, value_name = "TIME")]
    pub from: Option<String>,
    /// Where to end: seconds, or HH:MM:SS since the start
    #[arg(long, value_name = "TIME")]
    pub to: Option<String>,
}

/// A format to export to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ExportFormat {
    /// Tables as comma-separated text, for R, pandas and spreadsheets
    Csv,
    /// Columns, compressed, for pandas, polars, DuckDB and Spark
    Parquet,
    /// For Foxglove and Rerun
    Mcap,
    /// For the lab streaming layer's tools
    Xdf,
    /// Motion-BIDS
    Bids,
    /// Everything, one JSON object a line
    Jsonl,
}
