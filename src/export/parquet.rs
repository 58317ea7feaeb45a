//! Apache Parquet: a file for each table, compressed with zstd.
//!
//! Times are in microseconds (`time_us`); their origin is `start_unix_us`, which is in the files'
//! metadata with everything else that the recording says about itself.

mod file;
mod group;
mod poses;
mod table;
#[cfg(test)]
mod tests;

use self::table::Rows;
use super::clocks::Clocks;
use super::error::ExportError;
use super::meter::Meter;
use super::output::Output;
use super::source::Source;
use super::tables::{self, Columns, Tables};

/// Writes one file for each kind of thing, or the poses alone if the output is a file; returns the
/// number of poses. Their numbers are 64-bit floats, or 32-bit ones if `float32` is set.
pub(super) fn write(
    float32: bool,
    source: &Source,
    output: &mut Output,
    meter: &mut Meter<'_>,
) -> Result<u64, ExportError> {
    let (mut metadata, clocks) = (source.description()?, Clocks::read(source)?);
    if float32 {
        let rounded = "rounded to 32-bit floats";
        metadata.push(("numbers".to_owned(), rounded.to_owned()));
    }
    if output.is_folder() {
        tables::write(source, &clocks, &mut Files { output, metadata: &metadata })?;
    }
    poses::write(float32, source, &clocks, output, &metadata, meter)
}

/// Makes a file for each table.
struct Files<'a> {
    output: &'a mut Output,
    metadata: &'a [(String, String)],
}

impl Tables for Files<'_> {
    type Table = Rows;

    fn begin(&mut self, name: &str, columns: Columns) -> Result<Rows, ExportError> {
        let file = self.output.create(&format!("{name}.parquet"))?;
        Rows::new(file, columns, self.metadata)
    }
}
