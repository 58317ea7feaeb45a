//! One Parquet file: its schema, its encodings, and the columns of its row groups.

use std::io;
use std::sync::Arc;

use ::parquet::basic::{
    Compression, Encoding, LogicalType, Repetition, Type as Physical, ZstdLevel,
};
use ::parquet::data_type::DataType;
use ::parquet::errors::ParquetError;
use ::parquet::file::metadata::{KeyValue, SortingColumn};
use ::parquet::file::properties::{EnabledStatistics, WriterProperties};
use ::parquet::file::writer::{SerializedFileWriter, SerializedRowGroupWriter};
use ::parquet::schema::types::{ColumnPath, Type};

use super::super::error::ExportError;
use super::super::output::OutputFile;
use super::super::tables::Kind;

/// What stands before the keys of the metadata.
const PREFIX: &str = "vrlobby.";

const ZSTD_LEVEL: i32 = 3;

/// The most rows that a row group may have.
pub(super) const MAX_GROUP: usize = 256 * 1024;

/// A column.
#[derive(Clone, Debug)]
pub(super) struct Column {
    pub(super) name: &'static str,
    pub(super) kind: Kind,
    /// Whether every row has a value.
    pub(super) is_required: bool,
    /// Whether its numbers are 32-bit floats.
    pub(super) is_float32: bool,
    /// Whether the same values come again and again, so that numbering them saves space.
    pub(super) is_repetitive: bool,
}

impl Column {
    fn path(&self) -> String {
        match self.kind {
            Kind::Micros => format!("{}_us", self.name),
            _ => self.name.to_owned(),
        }
    }

    fn schema(&self) -> Result<Type, ParquetError> {
        let path = self.path();
        let (physical, logical) = match self.kind {
            Kind::Micros | Kind::Int => (Physical::INT64, None),
            Kind::Number if self.is_float32 => (Physical::FLOAT, None),
            Kind::Number => (Physical::DOUBLE, None),
            Kind::Text => (Physical::BYTE_ARRAY, Some(LogicalType::String)),
        };
        let repetition = if self.is_required { Repetition::REQUIRED } else { Repetition::OPTIONAL };
        Type::primitive_type_builder(&path, physical)
            .with_logical_type(logical)
            .with_repetition(repetition)
            .build()
    }

    /// How values are encoded that are not numbered.
    fn encoding(&self) -> Encoding {
        match self.kind {
            Kind::Micros | Kind::Int => Encoding::DELTA_BINARY_PACKED,
            Kind::Number => Encoding::BYTE_STREAM_SPLIT,
            Kind::Text => Encoding::PLAIN,
        }
    }
}

/// A file being written.
pub(super) struct Parquet {
    writer: SerializedFileWriter<OutputFile>,
}

/// A row group being written, column by column.
pub(super) type Group<'a> = SerializedRowGroupWriter<'a, OutputFile>;

impl Parquet {
    /// Begins a file. Its rows are in the order of the columns `sorted` within each row group.
    pub(super) fn new(
        file: OutputFile,
        columns: &[Column],
        sorted: &[i32],
        metadata: &[(String, String)],
    ) -> Result<Self, ExportError> {
        let level = ZstdLevel::try_new(ZSTD_LEVEL).map_err(failed)?;
        let metadata = metadata
            .iter()
            .map(|(key, value)| KeyValue::new(format!("{PREFIX}{key}"), value.clone()));
        let order = sorted.iter().map(|&column_idx| SortingColumn {
            column_idx,
            descending: false,
            nulls_first: false,
        });
        let mut properties = WriterProperties::builder()
            .set_created_by(concat!("vrlobby ", env!("CARGO_PKG_VERSION")).to_owned())
            .set_compression(Compression::ZSTD(level))
            .set_statistics_enabled(EnabledStatistics::Chunk)
            .set_max_row_group_row_count(Some(MAX_GROUP))
            .set_data_page_row_count_limit(MAX_GROUP)
            .set_sorting_columns((!sorted.is_empty()).then(|| order.collect()))
            .set_key_value_metadata(Some(metadata.collect()));
        let mut fields = Vec::new();
        for column in columns {
            let path = ColumnPath::from(column.path());
            properties = properties
                .set_column_dictionary_enabled(path.clone(), column.is_repetitive)
                .set_column_encoding(path, column.encoding());
            fields.push(Arc::new(column.schema().map_err(failed)?));
        }
        let schema = Type::group_type_builder("recording").with_fields(fields).build();
        let (schema, properties) = (Arc::new(schema.map_err(failed)?), properties.build());
        let writer = SerializedFileWriter::new(file, schema, Arc::new(properties));
        Ok(Self { writer: writer.map_err(failed)? })
    }

    /// Writes a row group: `columns` has to write each column, in order.
    pub(super) fn group(
        &mut self,
        columns: impl FnOnce(&mut Group<'_>) -> Result<(), ExportError>,
    ) -> Result<(), ExportError> {
        let mut group = self.writer.next_row_group().map_err(failed)?;
        columns(&mut group)?;
        group.close().map(drop).map_err(failed)
    }

    /// Puts everything on disk.
    pub(super) fn finish(self) -> Result<(), ExportError> {
        Ok(self.writer.into_inner().map_err(failed)?.finish()?)
    }
}

/// Writes the next column of a row group, in parts. Where values may be missing, `is_there` has a
/// 1 for each row with a value and a 0 for each without.
pub(super) fn write_column<'a, T: DataType>(
    group: &mut Group<'_>,
    parts: impl IntoIterator<Item = (&'a [T::T], Option<&'a [i16]>)>,
) -> Result<(), ExportError> {
    let column = group.next_column().map_err(failed)?;
    let mut column = column.ok_or_else(|| io::Error::other("the schema has too few columns"))?;
    for (values, is_there) in parts {
        column.typed::<T>().write_batch(values, is_there, None).map_err(failed)?;
    }
    column.close().map_err(failed)
}

fn failed(error: ParquetError) -> ExportError {
    ExportError::Io(match error {
        ParquetError::External(error) => match error.downcast::<io::Error>() {
            Ok(error) => *error,
            Err(error) => io::Error::other(error),
        },
        error => io::Error::other(error),
    })
}
