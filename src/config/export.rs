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
    #[arg(long, value_name = "TIME", value_parser = micros)]
    pub from: Option<i64>,
    /// Where to end, itself excluded: seconds, or HH:MM:SS since the start
    #[arg(long, value_name = "TIME", value_parser = micros)]
    pub to: Option<i64>,
    /// Resample poses to so many a second, each the latest at that time [default: as received]
    #[arg(long, value_name = "HZ", value_parser = rate)]
    pub rate: Option<f64>,
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

/// The most hours that a time may have.
const MAX_HOURS: u32 = 10_000;

/// Microseconds of a time as `754.2`, `12:34.2` or `00:12:34.2`.
fn micros(text: &str) -> Result<i64, String> {
    let wrong = || "it has to be seconds, as 754.2, or HH:MM:SS, as 00:12:34.2".to_owned();
    let (whole, decimals) = text.split_once('.').unwrap_or((text, ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(decimals) || decimals.len() > 6 || text.ends_with('.') {
        return Err(wrong());
    }
    let parts: Vec<&str> = whole.split(':').collect();
    if parts.len() > 3 {
        return Err(wrong());
    }
    let mut seconds = 0;
    for (place, part) in parts.iter().enumerate() {
        let value: u32 = part.parse().ok().filter(|_| digits(part)).ok_or_else(wrong)?;
        if place > 0 && value >= 60 {
            return Err(wrong());
        }
        seconds = seconds * 60 + u64::from(value);
    }
    if seconds > u64::from(MAX_HOURS) * 3600 {
        return Err(format!("it has to be at most {MAX_HOURS} hours"));
    }
    let micros: u64 = format!("{decimals:0<6}").parse().map_err(|_| wrong())?;
    i64::try_from(seconds * 1_000_000 + micros).map_err(|_| wrong())
}

fn rate(text: &str) -> Result<f64, String> {
    let rate = text.parse().ok().filter(|rate| (0.1..=1000.0).contains(rate));
    rate.ok_or_else(|| "it has to be a number from 0.1 to 1000".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_seconds_or_hours_minutes_and_seconds() {
        for (text, expected) in [
            ("0", 0),
            ("754.2", 754_200_000),
            ("00:12:34.2", 754_200_000),
            ("12:34.200000", 754_200_000),
            ("0.000001", 1),
            ("90", 90_000_000),
            ("26:00:00", 93_600_000_000),
        ] {
            assert_eq!(micros(text), Ok(expected), "{text}");
        }
        for text in [
            "",
            ":",
            "-1",
            "+1",
            "1.",
            ".5",
            "1:60",
            "1:2:3:4",
            "1e3",
            "NaN",
            "1.1234567",
            "1:-2",
            "99999999999",
            "4000000000:00:00",
            "1.5:00",
        ] {
            assert!(micros(text).is_err(), "{text}");
        }
    }

    #[test]
    fn rates_are_within_their_range() {
        assert_eq!(rate("29.97"), Ok(29.97));
        for text in ["0", "-1", "NaN", "inf", "1001", "fast"] {
            assert!(rate(text).is_err(), "{text}");
        }
    }
}
