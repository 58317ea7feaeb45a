//! XDF, the format of the lab streaming layer: a stream of poses for each user, with the time of
//! their receipt, and streams of markers and events.
//!
//! All times are the recording's own, in seconds since its start, so that a reader that applies
//! clock offsets, as pyxdf does unless told otherwise, must leave them as they are: these streams
//! have one offset of 0. A user whose client has sent its clock has a second stream, whose times
//! are the client's and whose offsets are measured; a reader makes of them when each pose was
//! sampled.

mod chunk;
mod clock;
mod stream;
#[cfg(test)]
mod tests;
mod xml;

use std::collections::BTreeMap;
use std::io;

use serde::Serialize;
use serde_json::value::RawValue;

use super::error::ExportError;
use super::meter::Meter;
use super::output::{Output, OutputFile};
use super::sampling::Sampling;
use super::sentence;
use super::source::Source;
use super::timeline::{self, Item};
use crate::archive::{EventKind, EventRow, MarkerRow, PoseRow};
use crate::model::space::Conventions;
use chunk::Chunks;
use clock::Offset;
use stream::{Channel, Header, Stream};

/// Writes the file; returns the number of poses.
pub(super) fn write(
    source: &Source,
    output: &mut Output,
    meter: &mut Meter<'_>,
) -> Result<u64, ExportError> {
    let chunks = Chunks::begin(output.create("")?, &stream::file_header(source)?)?;
    let mut file = File::begin(source, chunks)?;
    let poses = timeline::for_each(source, meter, |item| Ok(file.item(item)?))?;
    file.end()?.finish()?;
    Ok(poses)
}

struct File<'a> {
    source: &'a Source,
    chunks: Chunks<OutputFile>,
    /// The streams of each person.
    sampling: Sampling,
    people: BTreeMap<i64, Streams>,
    markers: Stream,
    events: Stream,
}

struct Streams {
    poses: Stream,
    /// If the client has sent its clock.
    sampling: Option<Stream>,
}

/// For the streams whose times are the recording's own.
const NO_OFFSET: Offset = Offset { client: 0.0, value: 0.0 };

impl<'a> File<'a> {
    /// Introduces all streams.
    fn begin(source: &'a Source, mut chunks: Chunks<OutputFile>) -> Result<Self, ExportError> {
        // Those outside the selection too: the more, the better known is the clock.
        let archive = source.archive();
        let mut offsets = clock::offsets(&archive.probes()?, &archive.round_trips()?);
        let channels = pose_channels(&source.about().fields.conventions);
        let mut people = BTreeMap::new();
        let mut id = 0;
        let mut next_id = || {
            id += 1;
            id
        };
        for person in source.people() {
            let subject = person.subject.as_str();
            let header = Header {
                name: subject,
                type_: "MoCap",
                source_id: subject,
                format: "double64",
                channels: &channels,
            };
            let poses = Stream::begin(&mut chunks, next_id(), &header, vec![NO_OFFSET], |xml| {
                stream::conventions(xml, source);
                stream::rooms(xml, source);
            })?;
            let sampling = match offsets.remove(&person.id) {
                None => None,
                Some(offsets) => {
                    let name = format!("{subject} sampling");
                    let header = Header {
                        name: &name,
                        type_: "Clock",
                        source_id: subject,
                        format: "double64",
                        channels: &[("received", "Time", "s".to_owned())],
                    };
                    Some(Stream::begin(&mut chunks, next_id(), &header, offsets, |_| {})?)
                }
            };
            people.insert(person.id, Streams { poses, sampling });
        }
        let mut texts = |name, type_, label| {
            let header = Header {
                name,
                type_,
                source_id: name,
                format: "string",
                channels: &[(label, type_, String::new())],
            };
            Stream::begin(&mut chunks, next_id(), &header, vec![NO_OFFSET], |_| {})
        };
        let markers = texts("markers", "Markers", "label")?;
        let events = texts("events", "Events", "json")?;
        let sampling = Sampling::new(source)?;
        Ok(Self { source, chunks, sampling, people, markers, events })
    }

    fn item(&mut self, item: Item<'_>) -> io::Result<()> {
        let time = item.time() as f64 / 1e6;
        match item {
            Item::Pose(row) => self.pose(time, row),
            Item::Event(row) => {
                let json = Json::of_event(self.source, row);
                self.events.text(&mut self.chunks, time, &json.to_string())
            }
            Item::Marker(row) => {
                let label = if row.is_interval {
                    format!("{} (begin)", row.label)
                } else {
                    row.label.clone()
                };
                self.markers.text(&mut self.chunks, time, &label)?;
                let json = Json::of_marker(self.source, row, "marker");
                self.events.text(&mut self.chunks, time, &json.to_string())
            }
            Item::MarkerEnd(row) => {
                self.markers.text(&mut self.chunks, time, &format!("{} (end)", row.label))?;
                let json = Json::of_marker(self.source, row, "marker_end");
                self.events.text(&mut self.chunks, time, &json.to_string())
            }
            // The clock's are its offsets; the rest is about the server.
            Item::Probe(_) | Item::RoundTrip(_) | Item::LateTick(_) => Ok(()),
        }
    }

    fn pose(&mut self, time: f64, row: &PoseRow) -> io::Result<()> {
        let Some(stay) = self.source.stay(row.member) else { return Ok(()) };
        let Some(streams) = self.people.get_mut(&stay.person) else { return Ok(()) };
        let ([px, py, pz], [rx, ry, rz]) = (row.pose.pos, row.pose.rot);
        let client_time = row.client_time.unwrap_or(f64::NAN);
        let sampled = self.sampling.time(stay.person, row);
        let sampled = sampled.map_or(f64::NAN, |sampled| sampled as f64 / 1e6);
        let values = [px, py, pz, rx, ry, rz, client_time, sampled, stay.room as f64];
        streams.poses.numbers(&mut self.chunks, time, &values)?;
        if let (Some(sampling), Some(client_time)) = (&mut streams.sampling, row.client_time) {
            sampling.numbers(&mut self.chunks, client_time, &[time])?;
        }
        Ok(())
    }

    fn end(mut self) -> Result<OutputFile, ExportError> {
        let about = self.source.about();
        if let Some(text) = sentence::of_ending(&about.ending)
            && self.source.selection().covers(about.end)
        {
            let json = Json { kind: "end", data: Some(Data::Text(&text)), ..Json::default() };
            self.events.text(&mut self.chunks, about.end as f64 / 1e6, &json.to_string())?;
        }
        for streams in self.people.into_values() {
            streams.poses.end(&mut self.chunks)?;
            streams.sampling.map_or(Ok(()), |stream| stream.end(&mut self.chunks))?;
        }
        self.markers.end(&mut self.chunks)?;
        self.events.end(&mut self.chunks)?;
        Ok(self.chunks.into_inner())
    }
}

fn pose_channels(conventions: &Conventions) -> [Channel; 9] {
    let (length, angle) = (conventions.length.to_string(), conventions.angle.to_string());
    [
        ("pos_x", "PositionX", length.clone()),
        ("pos_y", "PositionY", length.clone()),
        ("pos_z", "PositionZ", length),
        ("rot_x", "OrientationX", angle.clone()),
        ("rot_y", "OrientationY", angle.clone()),
        ("rot_z", "OrientationZ", angle),
        ("client_time", "Time", "s".to_owned()),
        ("sampled", "Time", "s".to_owned()),
        ("room", "Room", String::new()),
    ]
}

/// An event or a marker as the stream of events has it.
#[derive(Default, Serialize)]
struct Json<'a> {
    kind: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    user: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    room: Option<&'a str>,
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    type_: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<Data<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    count: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    label: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    is_interval: Option<bool>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Data<'a> {
    Json(&'a RawValue),
    Text(&'a str),
}

impl<'a> Json<'a> {
    fn of_event(source: &'a Source, row: &'a EventRow) -> Self {
        let is_json = row.kind == EventKind::Said;
        let data = row.data.as_deref().map(|data| match serde_json::from_str(data) {
            Ok(json) if is_json => Data::Json(json),
            _ => Data::Text(data),
        });
        Self {
            kind: row.kind.name(),
            user: row.person.map(|person| source.user(person)),
            room: row.room.map(|room| source.room(room)),
            type_: row.type_.as_deref(),
            data,
            code: row.code,
            count: row.count,
            ..Self::default()
        }
    }

    fn of_marker(source: &'a Source, row: &'a MarkerRow, kind: &'a str) -> Self {
        Self {
            kind,
            user: row.person.map(|person| source.user(person)),
            room: row.room.map(|room| source.room(room)),
            label: Some(&row.label),
            is_interval: Some(row.is_interval),
            ..Self::default()
        }
    }
}

impl std::fmt::Display for Json<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&serde_json::to_string(self).map_err(|_| std::fmt::Error)?)
    }
}
