//! A table of rows with cells.

use std::mem;

use ::parquet::data_type::{ByteArray, ByteArrayType, DoubleType, Int64Type};

use super::super::error::ExportError;
use super::super::output::OutputFile;
use super::super::tables::{Cell, Columns, Kind, Table};
use super::file::{Column, MAX_GROUP, Parquet, write_column};

/// The most bytes of text that are held before they are written.
const MAX_TEXT: usize = 8 * 1024 * 1024;

/// The values of a column that are not written yet.
enum Values {
    Ints(Vec<i64>),
    Numbers(Vec<f64>),
    Texts(Vec<ByteArray>),
}

/// A table being written.
pub(super) struct Rows {
    file: Parquet,
    /// The values, and for each row whether it has one.
    columns: Vec<(Values, Vec<i16>)>,
    /// Rows and bytes of text that are not written yet.
    rows: usize,
    text: usize,
}

impl Rows {
    pub(super) fn new(
        file: OutputFile,
        columns: Columns,
        metadata: &[(String, String)],
    ) -> Result<Self, ExportError> {
        let shape: Vec<Column> = columns
            .iter()
            .map(|&(name, kind)| Column {
                name,
                kind,
                is_required: false,
                is_float32: false,
                is_repetitive: kind == Kind::Text,
            })
            .collect();
        let columns = columns.iter().map(|(_, kind)| match kind {
            Kind::Micros | Kind::Int => (Values::Ints(Vec::new()), Vec::new()),
            Kind::Number => (Values::Numbers(Vec::new()), Vec::new()),
            Kind::Text => (Values::Texts(Vec::new()), Vec::new()),
        });
        let file = Parquet::new(file, &shape, &[], metadata)?;
        Ok(Self { file, columns: columns.collect(), rows: 0, text: 0 })
    }

    fn flush(&mut self) -> Result<(), ExportError> {
        if mem::take(&mut self.rows) == 0 {
            return Ok(());
        }
        self.text = 0;
        let columns = &mut self.columns;
        self.file.group(|group| {
            for (values, is_there) in columns {
                let there = Some(&**is_there);
                match values {
                    Values::Ints(values) => {
                        write_column::<Int64Type>(group, [(&**values, there)])?;
                        values.clear();
                    }
                    Values::Numbers(values) => {
                        write_column::<DoubleType>(group, [(&**values, there)])?;
                        values.clear();
                    }
                    Values::Texts(values) => {
                        write_column::<ByteArrayType>(group, [(&**values, there)])?;
                        values.clear();
                    }
                }
                is_there.clear();
            }
            Ok(())
        })
    }
}

impl Table for Rows {
    fn row(&mut self, cells: &[Cell<'_>]) -> Result<(), ExportError> {
        for ((values, is_there), cell) in self.columns.iter_mut().zip(cells) {
            let is_some = match (values, *cell) {
                (Values::Ints(values), Cell::Micros(value) | Cell::Int(value)) => {
                    values.extend(value);
                    value.is_some()
                }
                (Values::Numbers(values), Cell::Number(value)) => {
                    values.extend(value);
                    value.is_some()
                }
                (Values::Texts(values), Cell::Text(value)) => {
                    self.text += value.map_or(0, str::len);
                    values.extend(value.map(ByteArray::from));
                    value.is_some()
                }
                _ => false,
            };
            is_there.push(is_some.into());
        }
        self.rows += 1;
        if self.rows == MAX_GROUP || self.text >= MAX_TEXT {
            self.flush()?;
        }
        Ok(())
    }

    fn finish(mut self) -> Result<(), ExportError> {
        self.flush()?;
        self.file.finish()
    }
}
