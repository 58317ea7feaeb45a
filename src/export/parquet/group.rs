//! Poses on their way into a row group: by column, then by stay.

use std::collections::HashSet;

use ::parquet::data_type::{ByteArray, ByteArrayType, DataType, DoubleType, FloatType, Int64Type};

use super::super::clocks::Clocks;
use super::super::error::ExportError;
use super::super::source::Source;
use super::file::{Group, MAX_GROUP, write_column};
use crate::archive::PoseRow;

/// A number is repetitive if there are fewer different values than one in so many rows.
const REPETITIVE: usize = 8;

/// Equal names that are written in one go.
const RUN: usize = 4096;

/// A stay.
struct Member {
    id: i64,
    person: Option<i64>,
    user: ByteArray,
    room: ByteArray,
    /// The number of its poses in the row group.
    count: usize,
}

/// The poses of one row group. They come in the order of time and go out by stay, each in the order
/// of time: a head's numbers change little from one pose to the next, so that this saves a quarter
/// of the space where they have 32 bits, and a tenth where they have 64.
pub(super) struct PoseGroup {
    /// In the order of their numbers.
    members: Vec<Member>,
    /// The place in `members` of each pose.
    member: Vec<usize>,
    time: Vec<i64>,
    client_time: Vec<Option<f64>>,
    sample_time: Vec<Option<i64>>,
    numbers: [Vec<f64>; 6],
    /// Whether the numbers are written as 32-bit floats.
    float32: bool,
}

impl PoseGroup {
    pub(super) fn new(source: &Source, float32: bool) -> Self {
        let members = source.archive().stays().iter().map(|stay| Member {
            id: stay.id,
            person: Some(stay.person),
            user: source.user(stay.person).into(),
            room: source.room(stay.room).into(),
            count: 0,
        });
        Self {
            members: members.collect(),
            member: Vec::with_capacity(MAX_GROUP),
            time: Vec::with_capacity(MAX_GROUP),
            client_time: Vec::with_capacity(MAX_GROUP),
            sample_time: Vec::with_capacity(MAX_GROUP),
            numbers: [(); 6].map(|()| Vec::with_capacity(MAX_GROUP)),
            float32,
        }
    }

    pub(super) fn len(&self) -> usize {
        self.time.len()
    }

    pub(super) fn push(&mut self, row: &PoseRow, clocks: &Clocks) {
        let place = self.place_of(row.member);
        let member = &mut self.members[place];
        member.count += 1;
        let sample_time = member.person.and_then(|person| clocks.sample_time(person, row));
        self.sample_time.push(sample_time);
        self.member.push(place);
        self.time.push(row.time);
        self.client_time.push(row.client_time);
        let ([px, py, pz], [rx, ry, rz]) = (row.pose.pos, row.pose.rot);
        for (column, value) in self.numbers.iter_mut().zip([px, py, pz, rx, ry, rz]) {
            column.push(value);
        }
    }

    fn place_of(&mut self, id: i64) -> usize {
        match self.members.binary_search_by_key(&id, |member| member.id) {
            Ok(place) => place,
            // A damaged file: nobody, nowhere.
            Err(place) => {
                let [user, room] = ["".into(), "".into()];
                self.members.insert(place, Member { id, person: None, user, room, count: 0 });
                for member in self.member.iter_mut().filter(|member| **member >= place) {
                    *member += 1;
                }
                place
            }
        }
    }

    /// Whether each of the six numbers takes the same values again and again.
    pub(super) fn are_repetitive(&self) -> [bool; 6] {
        let most = self.len() / REPETITIVE;
        self.numbers.each_ref().map(|column| {
            let mut different = HashSet::new();
            column.iter().all(|value| {
                different.insert(value.to_bits());
                different.len() <= most
            })
        })
    }

    /// Writes all columns, and empties the group.
    pub(super) fn write(&mut self, group: &mut Group<'_>) -> Result<(), ExportError> {
        let places = self.sort();
        write_required::<Int64Type>(group, &places, self.time.drain(..))?;
        self.write_names(group, |member| &member.user)?;
        self.write_names(group, |member| &member.room)?;
        let ids = self.member.drain(..).map(|place| self.members[place].id);
        write_required::<Int64Type>(group, &places, ids)?;
        write_optional::<DoubleType>(group, &places, self.client_time.drain(..))?;
        write_optional::<Int64Type>(group, &places, self.sample_time.drain(..))?;
        for column in &mut self.numbers {
            let values = column.drain(..);
            if self.float32 {
                write_required::<FloatType>(group, &places, values.map(|value| value as f32))?;
            } else {
                write_required::<DoubleType>(group, &places, values)?;
            }
        }
        for member in &mut self.members {
            member.count = 0;
        }
        Ok(())
    }

    /// Where each pose goes.
    fn sort(&self) -> Vec<u32> {
        let mut next = 0;
        let mut starts: Vec<u32> = Vec::new();
        for member in &self.members {
            starts.push(next);
            next += member.count as u32;
        }
        let places = self.member.iter().map(|member| {
            let start = &mut starts[*member];
            *start += 1;
            *start - 1
        });
        places.collect()
    }

    fn write_names(
        &self,
        group: &mut Group<'_>,
        name: impl Fn(&Member) -> &ByteArray,
    ) -> Result<(), ExportError> {
        let runs: Vec<(Vec<ByteArray>, usize)> = self
            .members
            .iter()
            .map(|member| (vec![name(member).clone(); member.count.min(RUN)], member.count))
            .collect();
        let parts = runs.iter().flat_map(|(run, count)| {
            let parts = (0..*count).step_by(RUN);
            parts.map(move |from| (&run[..RUN.min(count - from)], None))
        });
        write_column::<ByteArrayType>(group, parts)
    }
}

/// Writes a column in which every row has a value.
fn write_required<T: DataType>(
    group: &mut Group<'_>,
    places: &[u32],
    values: impl Iterator<Item = T::T>,
) -> Result<(), ExportError> {
    write_column::<T>(group, [(&*sorted(places, values), None)])
}

/// Writes a column in which values may be missing.
fn write_optional<T: DataType>(
    group: &mut Group<'_>,
    places: &[u32],
    values: impl Iterator<Item = Option<T::T>>,
) -> Result<(), ExportError> {
    let sorted = sorted(places, values);
    let is_there: Vec<i16> = sorted.iter().map(|value| value.is_some().into()).collect();
    let values: Vec<T::T> = sorted.iter().flatten().cloned().collect();
    write_column::<T>(group, [(&*values, Some(&*is_there))])
}

/// The values of a column in the order of stays; each goes to its place.
fn sorted<T: Clone + Default>(places: &[u32], values: impl Iterator<Item = T>) -> Vec<T> {
    let mut sorted = vec![T::default(); places.len()];
    for (place, value) in places.iter().zip(values) {
        sorted[*place as usize] = value;
    }
    sorted
}
