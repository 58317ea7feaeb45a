//! The streams of an XDF export and their descriptions.

use std::io::{self, Write};

use super::super::source::Source;
use super::chunk::{Chunks, Samples};
use super::clock::Offset;
use super::xml::Xml;

/// Bytes of samples that are written as one chunk.
const ENOUGH: usize = 32 * 1024;

/// A stream being written.
#[derive(Debug)]
pub(super) struct Stream {
    id: u32,
    samples: Samples,
    count: u64,
    first: Option<f64>,
    last: f64,
    offsets: Vec<Offset>,
}

/// What a stream says about itself.
pub(super) struct Header<'a> {
    pub(super) name: &'a str,
    /// As the lab streaming layer's tools know it: `MoCap`, `Markers`.
    pub(super) type_: &'static str,
    /// Names the source, so that it is found again in another recording.
    pub(super) source_id: &'a str,
    /// `double64` or `string`.
    pub(super) format: &'static str,
    pub(super) channels: &'a [Channel],
}

/// A channel: its label, type and unit.
pub(super) type Channel = (&'static str, &'static str, String);

impl Stream {
    /// Writes a stream's header, and the offsets of its clock; `more` adds to its description.
    pub(super) fn begin<W: Write>(
        chunks: &mut Chunks<W>,
        id: u32,
        header: &Header<'_>,
        offsets: Vec<Offset>,
        more: impl FnOnce(&mut Xml),
    ) -> io::Result<Self> {
        let xml = Xml::info(|xml| {
            xml.text("name", header.name);
            xml.text("type", header.type_);
            xml.number("channel_count", header.channels.len());
            // Irregular: no reader may smooth the times.
            xml.number("nominal_srate", 0);
            xml.text("channel_format", header.format);
            xml.text("source_id", header.source_id);
            xml.group("desc", |xml| {
                xml.group("channels", |xml| {
                    for (label, type_, unit) in header.channels {
                        xml.group("channel", |xml| {
                            xml.text("label", label);
                            xml.text("type", type_);
                            xml.text("unit", unit);
                        });
                    }
                });
                xml.group("synchronization", |xml| xml.text("can_drop_samples", "true"));
                more(xml);
            });
        });
        chunks.stream_header(id, &xml)?;
        for offset in &offsets {
            chunks.clock_offset(id, offset.client, offset.value)?;
        }
        let samples = Samples::default();
        Ok(Self { id, samples, count: 0, first: None, last: 0.0, offsets })
    }

    /// Adds a sample of numbers.
    pub(super) fn numbers<W: Write>(
        &mut self,
        chunks: &mut Chunks<W>,
        time: f64,
        values: &[f64],
    ) -> io::Result<()> {
        self.samples.push_numbers(time, values);
        self.added(chunks, time)
    }

    /// Adds a sample of one text.
    pub(super) fn text<W: Write>(
        &mut self,
        chunks: &mut Chunks<W>,
        time: f64,
        value: &str,
    ) -> io::Result<()> {
        self.samples.push_text(time, value);
        self.added(chunks, time)
    }

    fn added<W: Write>(&mut self, chunks: &mut Chunks<W>, time: f64) -> io::Result<()> {
        self.count += 1;
        self.first.get_or_insert(time);
        self.last = time;
        if self.samples.size() >= ENOUGH {
            chunks.samples(self.id, &mut self.samples)?;
        }
        Ok(())
    }

    /// Writes what is left, and the footer.
    pub(super) fn end<W: Write>(mut self, chunks: &mut Chunks<W>) -> io::Result<()> {
        chunks.samples(self.id, &mut self.samples)?;
        let xml = Xml::info(|xml| {
            xml.number("first_timestamp", self.first.unwrap_or_default());
            xml.number("last_timestamp", self.last);
            xml.number("sample_count", self.count);
            xml.group("clock_offsets", |xml| {
                for offset in &self.offsets {
                    xml.group("offset", |xml| {
                        xml.number("time", offset.client);
                        xml.number("value", offset.value);
                    });
                }
            });
        });
        chunks.stream_footer(self.id, &xml)
    }
}

/// The header of the file.
pub(super) fn file_header(source: &Source) -> Result<String, crate::archive::ArchiveError> {
    let description = source.description()?;
    Ok(Xml::info(|xml| {
        xml.text("version", "1.0");
        xml.text("datetime", &source.about().start_local);
        xml.group("recording", |xml| {
            for (key, value) in &description {
                xml.group("entry", |xml| {
                    xml.text("key", key);
                    xml.text("value", value);
                });
            }
        });
    }))
}

/// Adds what the numbers of poses mean.
pub(super) fn conventions(xml: &mut Xml, source: &Source) {
    let conventions = &source.about().fields.conventions;
    xml.group("conventions", |xml| {
        xml.number("length_unit", conventions.length);
        xml.number("angle_unit", conventions.angle);
        xml.number("axes", conventions.axes);
        xml.number("handedness", conventions.axes.handedness());
        xml.number("euler_order", conventions.rotation);
        xml.text("euler_axes", "extrinsic: about the room's own axes, in this order");
    });
}

/// Adds which room each number stands for.
pub(super) fn rooms(xml: &mut Xml, source: &Source) {
    xml.group("rooms", |xml| {
        for room in source.archive().rooms() {
            xml.group("room", |xml| {
                xml.number("number", room.id);
                xml.text("name", &room.name);
            });
        }
    });
}
