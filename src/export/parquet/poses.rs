//! The file of poses.

use super::super::clocks::Clocks;
use super::super::error::ExportError;
use super::super::meter::Meter;
use super::super::output::Output;
use super::super::pipeline;
use super::super::source::Source;
use super::super::tables::Kind;
use super::file::{Column, MAX_GROUP, Parquet};
use super::group::PoseGroup;

/// The six numbers of a pose, in the order of the columns.
const NUMBERS: [&str; 6] = ["pos_x", "pos_y", "pos_z", "rot_x", "rot_y", "rot_z"];

/// The places of `member` and `time` among the columns: the order of rows in a row group.
const SORTED: [i32; 2] = [3, 0];

/// Chunks that are read while a row group is encoded, so that reading never waits for long.
const WAITING: usize = 16;

/// Writes the poses as received or resampled; returns their number.
pub(super) fn write(
    float32: bool,
    source: &Source,
    clocks: &Clocks,
    output: &mut Output,
    metadata: &[(String, String)],
    meter: &mut Meter<'_>,
) -> Result<u64, ExportError> {
    let group = PoseGroup::new(source, float32);
    let mut poses = Poses { output, metadata, float32, group, parquet: None };
    let count = pipeline::for_poses(source, meter, WAITING, |rows| {
        for row in rows {
            poses.group.push(row, clocks);
            if poses.group.len() == MAX_GROUP {
                poses.flush()?;
            }
        }
        Ok(())
    })?;
    poses.flush()?;
    if let Some(parquet) = poses.parquet {
        parquet.finish()?;
    }
    Ok(count)
}

struct Poses<'a> {
    output: &'a mut Output,
    metadata: &'a [(String, String)],
    float32: bool,
    group: PoseGroup,
    /// `None` before the first row group, which decides on the encodings.
    parquet: Option<Parquet>,
}

impl Poses<'_> {
    /// Writes a row group, if there are poses for one, and the file's beginning, if there is none.
    fn flush(&mut self) -> Result<(), ExportError> {
        let parquet = match &mut self.parquet {
            Some(parquet) => parquet,
            None => {
                let file = self.output.create("poses.parquet")?;
                let columns = columns(self.float32, self.group.are_repetitive());
                self.parquet.insert(Parquet::new(file, &columns, &SORTED, self.metadata)?)
            }
        };
        match self.group.len() {
            0 => Ok(()),
            _ => parquet.group(|group| self.group.write(group)),
        }
    }
}

/// The columns, in the order in which [`PoseGroup::write`] writes them.
fn columns(float32: bool, are_repetitive: [bool; 6]) -> Vec<Column> {
    let column = |name, kind, is_repetitive| Column {
        name,
        kind,
        is_required: !matches!(name, "client_time" | "sample_time"),
        is_float32: float32 && NUMBERS.contains(&name),
        is_repetitive,
    };
    let mut columns = vec![
        column("time", Kind::Micros, false),
        column("user", Kind::Text, true),
        column("room", Kind::Text, true),
        column("member", Kind::Int, false),
        column("client_time", Kind::Number, false),
        column("sample_time", Kind::Micros, false),
    ];
    let numbers = NUMBERS.into_iter().zip(are_repetitive);
    columns.extend(numbers.map(|(name, repetitive)| column(name, Kind::Number, repetitive)));
    columns
}
