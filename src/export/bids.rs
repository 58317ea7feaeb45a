//! Motion-BIDS (bids-specification.readthedocs.io, "Motion"): a motion file for each user in each
//! room, since a room is a frame of reference, with what happened there beside it.

mod event;
mod label;
mod names;
mod sidecar;
mod spool;
#[cfg(test)]
mod tests;
mod track;

use std::collections::BTreeMap;

use super::error::ExportError;
use super::meter::Meter;
use super::output::Output;
use super::poses::Poses;
use super::sampling::Sampling;
use super::sentence;
use super::source::Source;
use super::text::push_seconds;
use crate::archive::PoseRow;
use crate::model::Timestamp;
use event::Line;
use names::Names;
use sidecar::{write_json, write_text};
use spool::Spool;
use track::Track;

/// By the person and the room.
type Tracks = BTreeMap<(i64, i64), Track>;

/// Writes the dataset; returns the number of poses.
///
/// The poses are read twice: a file's columns and rate are known once all of them have been seen.
pub(super) fn write(
    source: &Source,
    output: &mut Output,
    meter: &mut Meter<'_>,
) -> Result<u64, ExportError> {
    let sampling = Sampling::new(source)?;
    let mut tracks = Tracks::new();
    for_each_pose(source, meter, |key, row| {
        let (person, room) = key;
        let sampled = sampling.time(person, row);
        match tracks.get_mut(&key) {
            Some(track) => track.add(row, sampled),
            None => drop(tracks.insert(key, Track::new(person, room, row, sampled))),
        }
        Ok(())
    })?;
    let names = Names::new(source);
    write_dataset(source, output, &names, &tracks)?;
    for track in tracks.values() {
        let mut json = |suffix, value| write_json(output, &names.file(track, suffix), &value);
        json("motion.json", sidecar::motion(source, &names, track))?;
        json("channels.json", sidecar::frame(source, &names, track))?;
        json("events.json", sidecar::events())?;
        let channels = sidecar::channels(source, &names, track);
        write_text(output, &names.file(track, "channels.tsv"), &channels)?;
    }
    write_events(source, output, &names, &tracks)?;
    let mut files = create(output, &names, &tracks, "motion.tsv")?;
    let mut count = 0;
    for_each_pose(source, meter, |key, row| {
        count += 1;
        let (Some(file), Some(track)) = (files.get_mut(&key), tracks.get(&key)) else {
            return Ok(());
        };
        let sampled = sampling.time(key.0, row);
        file.push(output, |out| track.push_line(out, row, sampled))
    })?;
    for file in files.into_values() {
        file.finish(output)?;
    }
    Ok(count)
}

fn for_each_pose(
    source: &Source,
    meter: &mut Meter<'_>,
    mut each: impl FnMut((i64, i64), &PoseRow) -> Result<(), ExportError>,
) -> Result<(), ExportError> {
    let (mut poses, mut rows) = (Poses::new(source, meter)?, Vec::new());
    while poses.fill(&mut rows, meter)? {
        for row in &rows {
            if let Some(stay) = source.stay(row.member) {
                each((stay.person, stay.room), row)?;
            }
        }
    }
    Ok(())
}

/// Makes an empty file for each track.
fn create(
    output: &mut Output,
    names: &Names,
    tracks: &Tracks,
    suffix: &str,
) -> Result<BTreeMap<(i64, i64), Spool>, ExportError> {
    let each = tracks.iter();
    each.map(|(key, track)| Ok((*key, Spool::create(output, names.file(track, suffix))?))).collect()
}

/// Writes what concerns the whole dataset, and each person's list of motion files.
fn write_dataset(
    source: &Source,
    output: &mut Output,
    names: &Names,
    tracks: &Tracks,
) -> Result<(), ExportError> {
    write_json(output, "dataset_description.json", &sidecar::dataset(source))?;
    write_text(output, "README", &sidecar::readme(source)?)?;
    let mut participants = b"participant_id\tsubject\n".to_vec();
    let mut scans: BTreeMap<i64, Vec<u8>> = BTreeMap::new();
    for track in tracks.values() {
        let scans = scans.entry(track.person).or_insert_with(|| {
            participants.extend(names.participant(track.person).as_bytes());
            participants.push(b'\t');
            event::push_text(&mut participants, Some(source.user(track.person)));
            participants.push(b'\n');
            b"filename\tacq_time\trecording_start\n".to_vec()
        });
        scans.extend(names.scan(track, "motion.tsv").as_bytes());
        let start = source.about().start.as_micros().saturating_add_signed(track.first);
        scans.extend(format!("\t{}\t", rfc3339(Timestamp::from_micros(start))).as_bytes());
        push_seconds(scans, track.first);
        scans.push(b'\n');
    }
    write_text(output, "participants.tsv", &String::from_utf8_lossy(&participants))?;
    write_json(output, "participants.json", &sidecar::participants())?;
    for (person, scans) in scans {
        let text = String::from_utf8_lossy(&scans);
        write_text(output, &names.scans(person, "tsv"), &text)?;
        write_json(output, &names.scans(person, "json"), &sidecar::scans())?;
    }
    Ok(())
}

/// Writes what happened in the room of each motion file, or to its person, or to the server.
fn write_events(
    source: &Source,
    output: &mut Output,
    names: &Names,
    tracks: &Tracks,
) -> Result<(), ExportError> {
    let mut files = create(output, names, tracks, "events.tsv")?;
    for file in files.values_mut() {
        file.push(output, |out| out.extend(event::HEADER))?;
    }
    let mut put = |line: &Line<'_>| {
        for (key, file) in &mut files {
            let (person, room) = *key;
            let belongs = match line.room {
                Some(of) => of == room,
                None => line.person.is_none_or(|of| of == person),
            };
            if let Some(track) = tracks.get(key).filter(|_| belongs) {
                file.push(output, |out| line.push(out, source, track.first))?;
            }
        }
        Ok::<(), ExportError>(())
    };
    let markers = source.markers()?;
    let mut markers = markers.iter().peekable();
    source.for_each_event(|row| {
        while let Some(marker) = markers.next_if(|marker| marker.time < row.time) {
            put(&Line::of_marker(marker))?;
        }
        put(&Line::of_event(&row))
    })?;
    markers.try_for_each(|marker| put(&Line::of_marker(marker)))?;
    let about = source.about();
    if let Some(text) = sentence::of_ending(&about.ending)
        && source.selection().covers(about.end)
    {
        put(&Line::of_ending(about.end, &text))?;
    }
    for file in files.into_values() {
        file.finish(output)?;
    }
    Ok(())
}

/// In UTC, as `2025-11-13T02:13:20.000042Z`.
fn rfc3339(time: Timestamp) -> String {
    let micros = i64::try_from(time.as_micros()).unwrap_or(i64::MAX);
    let time = jiff::Timestamp::from_microsecond(micros).unwrap_or(jiff::Timestamp::MAX);
    time.strftime("%Y-%m-%dT%H:%M:%S.%6fZ").to_string()
}
