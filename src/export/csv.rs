//! Comma-separated text: tidy tables, or the original server's log.
//!
//! Fields are quoted as in RFC 4180; lines end with a line feed alone. A field that is not there
//! is empty, and an empty text is `""`. Text that clients sent is never changed, so that what is
//! analysed is what was said: a spreadsheet may take a text that begins with `=` for a formula.

mod original;
mod poses;
mod record;
#[cfg(test)]
mod tests;

use self::record::Records;
use super::clocks::Clocks;
use super::error::ExportError;
use super::meter::Meter;
use super::options::Layout;
use super::output::Output;
use super::source::Source;
use super::tables::{self, Cell, Columns, Table, Tables};

/// Writes a log, one file for each kind of thing, or the poses alone if the output is a file;
/// returns the number of poses.
pub(super) fn write(
    layout: Layout,
    source: &Source,
    output: &mut Output,
    meter: &mut Meter<'_>,
) -> Result<u64, ExportError> {
    if layout == Layout::Original {
        return original::write(source, output, meter);
    }
    let clocks = Clocks::read(source)?;
    if output.is_folder() {
        tables::write(source, &clocks, &mut Files(output))?;
    }
    poses::write(source, &clocks, output, meter)
}

/// Makes a file for each table.
struct Files<'a>(&'a mut Output);

impl Tables for Files<'_> {
    type Table = Records;

    fn begin(&mut self, name: &str, columns: Columns) -> Result<Records, ExportError> {
        let mut records = Records::new(self.0.create(&format!("{name}.csv"))?, b',');
        for (column, _) in columns {
            records.text(column);
        }
        records.end()?;
        Ok(records)
    }
}

impl Table for Records {
    fn row(&mut self, cells: &[Cell<'_>]) -> Result<(), ExportError> {
        for cell in cells {
            match *cell {
                Cell::Micros(value) => self.maybe(value, Self::seconds),
                Cell::Text(value) => self.maybe(value, Self::text),
                Cell::Int(value) => self.maybe(value, Self::int),
                Cell::Number(value) => self.maybe(value, Self::number),
            }
        }
        Ok(self.end()?)
    }

    fn finish(self) -> Result<(), ExportError> {
        Ok(self.sync()?)
    }
}
