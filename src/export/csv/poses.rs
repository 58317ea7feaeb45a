//! The table of poses.

use super::super::error::ExportError;
use super::super::meter::Meter;
use super::super::output::Output;
use super::super::pipeline;
use super::super::source::Source;
use super::super::text::push_int;
use super::record::{Records, push_field};
use crate::archive::PoseRow;

const COLUMNS: [&str; 11] = [
    "time",
    "user",
    "room",
    "member",
    "client_time",
    "pos_x",
    "pos_y",
    "pos_z",
    "rot_x",
    "rot_y",
    "rot_z",
];

/// Chunks that wait for the writer.
const WAITING: usize = 2;

/// Writes the poses as received or resampled; returns their number.
pub(super) fn write(
    source: &Source,
    output: &mut Output,
    meter: &mut Meter<'_>,
) -> Result<u64, ExportError> {
    let mut records = Records::new(output.create("poses.csv")?, b',');
    for column in COLUMNS {
        records.text(column);
    }
    records.end()?;
    let members = Members::new(source);
    let count = pipeline::for_poses(source, meter, WAITING, |rows| {
        for row in rows {
            push(&mut records, row, &members)?;
        }
        Ok(())
    })?;
    records.sync()?;
    Ok(count)
}

fn push(records: &mut Records, row: &PoseRow, members: &Members) -> Result<(), ExportError> {
    records.seconds(row.time);
    records.fields(members.fields(row.member));
    records.maybe(row.client_time, Records::number);
    for value in row.pose.pos.into_iter().chain(row.pose.rot) {
        records.number(value);
    }
    Ok(records.end()?)
}

/// The fields that all poses of a stay have in common: user, room and member.
struct Members {
    /// In the order of their numbers.
    fields: Vec<(i64, Vec<u8>)>,
}

impl Members {
    fn new(source: &Source) -> Self {
        let fields = source.archive().stays().iter().map(|stay| {
            let mut fields = Vec::new();
            push_field(&mut fields, source.user(stay.person), b',');
            fields.push(b',');
            push_field(&mut fields, source.room(stay.room), b',');
            fields.push(b',');
            push_int(&mut fields, stay.id);
            (stay.id, fields)
        });
        Self { fields: fields.collect() }
    }

    fn fields(&self, member: i64) -> &[u8] {
        match self.fields.binary_search_by_key(&member, |(id, _)| *id) {
            Ok(place) => &self.fields[place].1,
            // A damaged file: nobody, nowhere.
            Err(_) => b",,",
        }
    }
}
