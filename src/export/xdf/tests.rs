use std::collections::BTreeMap;
use std::fs;

use proptest::prelude::*;

use super::super::tests::{export, options};
use super::super::{ExportOptions, Format};
use super::chunk::{Chunks, Samples};
use crate::archive::{Selection, sample};

/// A stream as a reader sees it.
#[derive(Debug, Default)]
struct Stream {
    header: String,
    footer: String,
    numbers: Vec<(f64, Vec<f64>)>,
    texts: Vec<(f64, String)>,
    offsets: Vec<(f64, f64)>,
}

impl Stream {
    fn element(xml: &str, name: &str) -> String {
        let (_, rest) = xml.split_once(&format!("<{name}>")).unwrap();
        rest.split_once(&format!("</{name}>")).unwrap().0.to_owned()
    }

    fn says(&self, name: &str) -> String {
        Self::element(&self.header, name)
    }
}

/// Reads numbers from the front of some bytes.
struct Bytes<'a>(&'a [u8]);

impl<'a> Bytes<'a> {
    fn take(&mut self, count: usize) -> &'a [u8] {
        let (taken, rest) = self.0.split_at(count);
        self.0 = rest;
        taken
    }

    fn u32(&mut self) -> u32 {
        u32::from_le_bytes(self.take(4).try_into().unwrap())
    }

    fn f64(&mut self) -> f64 {
        f64::from_le_bytes(self.take(8).try_into().unwrap())
    }

    fn length(&mut self) -> usize {
        match self.take(1)[0] {
            1 => usize::from(self.take(1)[0]),
            4 => self.u32() as usize,
            8 => u64::from_le_bytes(self.take(8).try_into().unwrap()) as usize,
            other => panic!("a length of {other} bytes"),
        }
    }

    fn text(self) -> String {
        String::from_utf8(self.0.to_vec()).unwrap()
    }
}

/// Parses a file by the specification; returns its header and its streams by name.
fn parse(bytes: &[u8]) -> (String, BTreeMap<String, Stream>) {
    let mut bytes = Bytes(bytes);
    assert_eq!(bytes.take(4), b"XDF:");
    let (mut header, mut streams) = (String::new(), BTreeMap::<u32, Stream>::new());
    while !bytes.0.is_empty() {
        let length = bytes.length();
        let mut chunk = Bytes(bytes.take(length));
        let tag = u16::from_le_bytes(chunk.take(2).try_into().unwrap());
        match tag {
            1 => header = chunk.text(),
            2 => {
                let (id, header) = (chunk.u32(), chunk.text());
                let new = Stream { header, ..Stream::default() };
                assert!(streams.insert(id, new).is_none());
            }
            3 => samples(streams.get_mut(&chunk.u32()).unwrap(), chunk),
            4 => {
                let stream = streams.get_mut(&chunk.u32()).unwrap();
                stream.offsets.push((chunk.f64(), chunk.f64()));
            }
            5 => assert_eq!(chunk.take(16)[..4], [0x43, 0xa5, 0x46, 0xdc]),
            6 => {
                let stream = streams.get_mut(&chunk.u32()).unwrap();
                stream.footer = chunk.text();
            }
            other => panic!("tag {other}"),
        }
    }
    (header, streams.into_values().map(|stream| (stream.says("name"), stream)).collect())
}

fn samples(stream: &mut Stream, mut chunk: Bytes<'_>) {
    let (format, channels) = (stream.says("channel_format"), stream.says("channel_count"));
    for _ in 0..chunk.length() {
        assert_eq!(chunk.take(1), [8], "each sample has its own time");
        let time = chunk.f64();
        if format == "string" {
            let length = chunk.length();
            stream.texts.push((time, Bytes(chunk.take(length)).text()));
        } else {
            let values = (0..channels.parse().unwrap()).map(|_| chunk.f64()).collect();
            stream.numbers.push((time, values));
        }
    }
    assert!(chunk.0.is_empty());
}

fn streams(options: &ExportOptions) -> BTreeMap<String, Stream> {
    let (header, streams) = parse(&fs::read(export(options)).unwrap());
    assert_eq!(Stream::element(&header, "version"), "1.0");
    assert!(header.contains("<key>condition</key><value>mirror, on</value>"), "{header}");
    for (name, stream) in &streams {
        assert_eq!(stream.says("nominal_srate"), "0", "{name}");
        let count = stream.numbers.len() + stream.texts.len();
        assert_eq!(Stream::element(&stream.footer, "sample_count"), count.to_string(), "{name}");
    }
    streams
}

#[test]
fn each_user_has_a_stream_of_poses() {
    let folder = tempfile::tempdir().unwrap();
    let streams = streams(&options(folder.path(), Format::Xdf));
    let names: Vec<&str> = streams.keys().map(String::as_str).collect();
    assert_eq!(names, ["S01", "S01 sampling", "S02", "events", "markers"]);
    for person in [1, 2] {
        let stream = &streams[&format!("S0{person}")];
        assert_eq!(stream.numbers.len() as i64, sample::POSES[person as usize - 1]);
        for (time, values) in &stream.numbers {
            let micros = (time * 1e6).round() as i64;
            assert_eq!(*time, micros as f64 / 1e6);
            let expected = sample::pose(person, micros);
            assert_eq!((&values[..3], &values[3..6]), (&expected.pos[..], &expected.rot[..]));
            match person {
                1 => {
                    assert_eq!(values[6], time + 5000.25);
                    // The sample's probes take 0.7 ms and its round trips 1.4 ms at least.
                    assert!((values[7] - time).abs() < 0.001, "{} {time}", values[7]);
                }
                _ => assert!(values[6].is_nan() && values[7].is_nan()),
            }
            assert_eq!(values[8], 2.0);
        }
        assert!(stream.header.contains("<number>2</number><name>atrium</name>"));
        assert_eq!(stream.says("axes"), "right-up-forward");
        assert_eq!(stream.says("euler_order"), "z-x-y");
        // A reader that applies offsets changes nothing.
        assert_eq!(stream.offsets, [(0.0, 0.0)]);
    }
}

#[test]
fn a_clients_clock_comes_with_its_offsets() {
    let folder = tempfile::tempdir().unwrap();
    let streams = streams(&options(folder.path(), Format::Xdf));
    let sampling = &streams["S01 sampling"];
    assert_eq!(sampling.numbers.len() as i64, sample::POSES[0]);
    for (client_time, received) in &sampling.numbers {
        assert_eq!(*client_time, received[0] + 5000.25);
    }
    // Each probe takes 0.7 ms, which is half the least round trip.
    assert_eq!(sampling.offsets.len(), 2);
    for (time, value) in &sampling.offsets {
        assert!((value + 5000.25).abs() < 1e-9, "{value} at {time}");
    }
}

#[test]
fn markers_and_events_are_texts() {
    let folder = tempfile::tempdir().unwrap();
    let streams = streams(&options(folder.path(), Format::Xdf));
    let markers: Vec<(f64, &str)> =
        streams["markers"].texts.iter().map(|(time, text)| (*time, text.as_str())).collect();
    assert_eq!(
        markers,
        [
            (2.0, "task begins"),
            (3.0, "trial 1 (begin)"),
            (7.0, "trial 1 (end)"),
            (8.0, "trial 2 (begin)"),
        ]
    );
    let events = &streams["events"].texts;
    assert!(events.is_sorted_by(|a, b| a.0 <= b.0));
    for (time, json) in [
        (
            1.5,
            r#"{"kind":"said","user":"S01","room":"atrium","type":"msg","data":"Hello, \"S02\"\n你好 🙂"}"#,
        ),
        (
            2.5,
            r#"{"kind":"said","user":"S02","room":"atrium","type":"button","data":{"id":"door","pressed":true}}"#,
        ),
        (3.0, r#"{"kind":"fps","data":"20"}"#),
        (4.2, r#"{"kind":"lost","count":17}"#),
        (7.0, r#"{"kind":"marker_end","label":"trial 1","is_interval":true}"#),
    ] {
        assert!(events.contains(&(time, json.to_owned())), "{json} in {events:?}");
    }
}

#[test]
fn a_selection_has_its_part() {
    let folder = tempfile::tempdir().unwrap();
    let mut options = options(folder.path(), Format::Xdf);
    options.selection = Selection {
        user: Some("S02".into()),
        from: Some(3_900_000),
        until: Some(6_000_000),
        ..Selection::default()
    };
    let selected = streams(&options);
    let names: Vec<&str> = selected.keys().map(String::as_str).collect();
    assert_eq!(names, ["S02", "events", "markers"]);
    assert_eq!(selected["S02"].numbers.len(), 5 + 30);
    assert_eq!(selected["events"].texts, [(4.2, r#"{"kind":"lost","count":17}"#.to_owned())]);
    options.rate = Some(10.0);
    let resampled = streams(&options)["S02"].numbers.len();
    // At 4.0 s, and from 5.5 s on.
    assert_eq!(resampled, 6);
}

proptest! {
    #[test]
    fn texts_are_read_as_they_were_written(
        texts in prop::collection::vec((any::<f64>(), ".{0,300}"), 0..9),
    ) {
        let header = "<info><name>s</name><channel_format>string</channel_format>\
                      <channel_count>1</channel_count></info>";
        let mut chunks = Chunks::begin(Vec::new(), "").unwrap();
        chunks.stream_header(7, header).unwrap();
        let mut samples = Samples::default();
        for (time, text) in &texts {
            samples.push_text(*time, text);
        }
        chunks.samples(7, &mut samples).unwrap();
        chunks.stream_footer(7, "").unwrap();
        let (_, streams) = parse(&chunks.into_inner());
        let read = &streams["s"].texts;
        prop_assert_eq!(read.len(), texts.len());
        for ((time, text), (read_time, read_text)) in texts.iter().zip(read) {
            prop_assert_eq!((time.to_bits(), text), (read_time.to_bits(), read_text));
        }
    }
}
