//! Writes recordings in other formats.
//!
//! [`run`] exports one. What every format has: the people, rooms and stays by name, what the
//! recording says about itself, changes of the rate, what was lost and how it ended, so that
//! nobody analyses a gap of the disk as a gap of the headset.

mod bids;
mod clocks;
mod csv;
mod error;
#[cfg(feature = "mcap")]
mod frame;
mod jsonl;
#[cfg(feature = "mcap")]
mod mcap;
mod meter;
mod options;
mod output;
#[cfg(feature = "parquet")]
mod parquet;
mod pipeline;
mod poses;
mod resample;
mod run;
mod sampling;
mod sentence;
mod source;
mod tables;
#[cfg(test)]
mod tests;
mod text;
mod timeline;
mod xdf;

pub use self::error::ExportError;
pub use self::meter::Progress;
pub use self::options::{ExportOptions, Format, Layout};
pub use self::run::{Exported, run};
pub use crate::archive::Selection;
