//! The arguments of `vrlobby export`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::position::position;

/// What to export, and how.
#[derive(Args, Clone, Debug, PartialEq)]
pub struct ExportArgs {
    /// The recording
    pub file: PathBuf,
    /// The format to write
    #[arg(long, value_enum, value_name = "FORMAT")]
    pub format: ExportFormat,
    /// How csv is laid out
    #[arg(long, value_enum, value_name = "LAYOUT", default_value_t)]
    pub layout: ExportLayout,
    /// The file or folder to write [default: beside the recording]
    #[arg(long, short, value_name = "PATH")]
    pub output: Option<PathBuf>,
    /// Replace files that exist
    #[arg(long)]
    pub force: bool,
    /// Only what happened in this room
    #[arg(long, value_name = "ROOM")]
    pub room: Option<String>,
    /// Only what this user did
    #[arg(long, value_name = "SUBJECT")]
    pub user: Option<String>,
    /// Where to begin: seconds, or HH:MM:SS since the start
    #[arg(long, value_name = "TIME", value_parser = position)]
    pub from: Option<i64>,
    /// Where to end, itself excluded: seconds, or HH:MM:SS since the start
    #[arg(long, value_name = "TIME", value_parser = position)]
    pub to: Option<i64>,
    /// Resample poses to so many a second, each the latest at that time [default: as received]
    #[arg(long, value_name = "HZ", value_parser = rate)]
    pub rate: Option<f64>,
    /// Write the numbers of poses as 32-bit floats, which is what most headsets have, in half the
    /// space; for parquet [default: 64-bit, exactly as sent]
    #[arg(long)]
    pub float32: bool,
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

/// How csv is laid out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum ExportLayout {
    /// A table for each kind of thing, in a folder; the poses alone if the output ends in .csv
    #[default]
    Tidy,
    /// The original server's log: timestamp;ip;nick;room;action;message;
    Original,
}

fn rate(text: &str) -> Result<f64, String> {
    let rate = text.parse().ok().filter(|rate| (0.1..=1000.0).contains(rate));
    rate.ok_or_else(|| "it has to be a number from 0.1 to 1000".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_are_within_their_range() {
        assert_eq!(rate("29.97"), Ok(29.97));
        for text in ["0", "-1", "NaN", "inf", "1001", "fast"] {
            assert!(rate(text).is_err(), "{text}");
        }
    }
}
