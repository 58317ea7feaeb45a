//! MCAP for Foxglove and Rerun: converted poses as transforms, the poses as they were received,
//! what happened as a log, and all rows of the recording as messages, in chunks with an index.

mod descriptor;
mod message;
mod proto;
mod schema;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::io;

use mcap::records::MessageHeader;
use mcap::{McapError, WriteOptions, Writer};

use super::error::ExportError;
use super::meter::Meter;
use super::output::{Output, OutputFile};
use super::sentence::{self, Level};
use super::source::Source;
use super::timeline::{self, Item};
use descriptor::MessageType;
use message::Messages;
use proto::Encoder;

/// Bytes of a chunk before compression: what a reader that seeks unpacks at least.
const CHUNK: u64 = 1024 * 1024;

/// Writes the file; returns the number of poses.
pub(super) fn write(
    source: &Source,
    output: &mut Output,
    meter: &mut Meter<'_>,
) -> Result<u64, ExportError> {
    let options = WriteOptions::new()
        .chunk_size(Some(CHUNK))
        .compression_threads(0)
        .library(concat!("vrlobby ", env!("CARGO_PKG_VERSION")));
    let mut file = File {
        source,
        messages: Messages::new(source)?,
        writer: options.create(output.create("")?).map_err(reason)?,
        channels: BTreeMap::new(),
        buffer: Vec::new(),
    };
    file.describe()?;
    let poses = timeline::for_each(source, meter, |item| file.item(item))?;
    file.end()?;
    file.writer.finish().map_err(reason)?;
    file.writer.into_inner().finish()?;
    Ok(poses)
}

struct File<'a> {
    source: &'a Source,
    messages: Messages<'a>,
    writer: Writer<OutputFile>,
    /// By topic.
    channels: BTreeMap<String, u16>,
    /// The message being encoded.
    buffer: Vec<u8>,
}

impl File<'_> {
    /// Writes what the recording says about itself, and the channels that every file has.
    fn describe(&mut self) -> Result<(), ExportError> {
        let metadata = self.source.description()?.into_iter().collect();
        let session = mcap::records::Metadata { name: "vrlobby".to_owned(), metadata };
        self.writer.write_metadata(&session).map_err(reason)?;
        for (topic, type_) in [
            ("/tf", &schema::FRAME_TRANSFORMS),
            ("/log", &schema::LOG),
            ("/events", &schema::EVENT),
            ("/markers", &schema::MARKER),
        ] {
            self.channel(topic, type_)?;
        }
        Ok(())
    }

    fn item(&mut self, item: Item<'_>) -> Result<(), ExportError> {
        let time = item.time();
        match item {
            Item::Pose(row) => {
                let stay = self.source.stay(row.member);
                let user = stay.map_or("", |stay| self.source.user(stay.person));
                let topic = format!("/poses/{user}");
                self.put(&topic, &schema::POSE, time, |to, out| to.pose(out, row))?;
                self.put("/tf", &schema::FRAME_TRANSFORMS, time, |to, out| {
                    to.frame_transforms(out, row);
                })
            }
            Item::Event(row) => {
                self.put("/events", &schema::EVENT, time, |to, out| to.event(out, row))?;
                let (level, text) = sentence::of_event(self.source, row);
                self.log(time, level, row.room, &text)
            }
            Item::Marker(row) => {
                self.put("/markers", &schema::MARKER, time, |to, out| to.marker(out, row))?;
                self.log(time, Level::Info, row.room, &sentence::of_marker(row, false))
            }
            Item::MarkerEnd(row) => {
                self.log(time, Level::Info, row.room, &sentence::of_marker(row, true))
            }
            Item::Probe(row) => {
                self.put("/probes", &schema::PROBE, time, |to, out| to.probe(out, row))
            }
            Item::RoundTrip(row) => {
                let type_ = &schema::ROUND_TRIP;
                self.put("/round_trips", type_, time, |to, out| to.round_trip(out, row))
            }
            Item::LateTick(row) => {
                self.put("/late_ticks", &schema::LATE_TICK, time, |to, out| to.late_tick(out, row))
            }
        }
    }

    fn end(&mut self) -> Result<(), ExportError> {
        let about = self.source.about();
        match sentence::of_ending(&about.ending) {
            Some(text) if self.source.selection().covers(about.end) => {
                self.log(about.end, Level::Error, None, &text)
            }
            _ => Ok(()),
        }
    }

    fn log(
        &mut self,
        time: i64,
        level: Level,
        room: Option<i64>,
        text: &str,
    ) -> Result<(), ExportError> {
        let name = room.map_or("server", |room| self.source.room(room));
        self.put("/log", &schema::LOG, time, |to, out| to.log(out, time, level, name, text))
    }

    fn put(
        &mut self,
        topic: &str,
        type_: &'static MessageType,
        time: i64,
        encode: impl FnOnce(&Messages<'_>, &mut Encoder<'_>),
    ) -> Result<(), ExportError> {
        let channel_id = self.channel(topic, type_)?;
        let nanos = self.messages.unix_micros(time).saturating_mul(1000);
        let header =
            MessageHeader { channel_id, sequence: 0, log_time: nanos, publish_time: nanos };
        self.buffer.clear();
        encode(&self.messages, &mut Encoder(&mut self.buffer));
        self.writer.write_to_known_channel(&header, &self.buffer).map_err(reason)
    }

    fn channel(&mut self, topic: &str, type_: &'static MessageType) -> Result<u16, ExportError> {
        if let Some(id) = self.channels.get(topic) {
            return Ok(*id);
        }
        let descriptor = type_.descriptor_set();
        let schema = self.writer.add_schema(&type_.full_name(), "protobuf", &descriptor);
        let schema = schema.map_err(reason)?;
        let none = BTreeMap::new();
        let id = self.writer.add_channel(schema, topic, "protobuf", &none).map_err(reason)?;
        self.channels.insert(topic.to_owned(), id);
        Ok(id)
    }
}

fn reason(error: McapError) -> ExportError {
    ExportError::Io(match error {
        McapError::Io(error) => error,
        other => io::Error::other(other),
    })
}
