//! The table of poses.

use super::super::clocks::Clocks;
use super::super::error::ExportError;
use super::super::meter::Meter;
use super::super::output::Output;
use super::super::pipeline;
use super::super::source::Source;
use super::super::text::push_int;
use super::record::{Records, push_field};

const COLUMNS: [&str; 12] = [
    "time",
    "user",
    "room",
    "member",
    "client_time",
    "sample_time",
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
    clocks: &Clocks,
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
            let member = members.find(row.member);
            let person = member.map(|member| member.person);
            records.seconds(row.time);
            // A damaged file: nobody, nowhere.
            records.fields(member.map_or(b",,", |member| &member.fields));
            records.maybe(row.client_time, Records::number);
            let sample_time = person.and_then(|person| clocks.sample_time(person, row));
            records.maybe(sample_time, Records::seconds);
            for value in row.pose.pos.into_iter().chain(row.pose.rot) {
                records.number(value);
            }
            records.end()?;
        }
        Ok(())
    })?;
    records.sync()?;
    Ok(count)
}

/// What all poses of a stay have in common.
struct Member {
    id: i64,
    person: i64,
    /// User, room and member.
    fields: Vec<u8>,
}

/// All stays, in the order of their numbers.
struct Members(Vec<Member>);

impl Members {
    fn new(source: &Source) -> Self {
        let members = source.archive().stays().iter().map(|stay| {
            let mut fields = Vec::new();
            push_field(&mut fields, source.user(stay.person), b',');
            fields.push(b',');
            push_field(&mut fields, source.room(stay.room), b',');
            fields.push(b',');
            push_int(&mut fields, stay.id);
            Member { id: stay.id, person: stay.person, fields }
        });
        Self(members.collect())
    }

    fn find(&self, id: i64) -> Option<&Member> {
        let place = self.0.binary_search_by_key(&id, |member| member.id).ok()?;
        Some(&self.0[place])
    }
}
