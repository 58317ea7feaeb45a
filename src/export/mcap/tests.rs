use std::collections::BTreeMap;
use std::fs;

use mcap::read::Options;
use mcap::{Message, MessageStream, Summary};
use proptest::prelude::*;

use super::super::tests::{export, options};
use super::super::{ExportOptions, Format};
use super::proto::Encoder;
use crate::archive::{Selection, sample};

/// A field's value, as its bytes have it.
#[derive(Clone, Debug, PartialEq)]
enum Value {
    Int(u64),
    Double(f64),
    Fixed32(u32),
    Bytes(Vec<u8>),
}

impl Value {
    fn text(&self) -> &str {
        let Self::Bytes(bytes) = self else { panic!("{self:?} is no text") };
        std::str::from_utf8(bytes).unwrap()
    }

    fn double(&self) -> f64 {
        let Self::Double(value) = self else { panic!("{self:?} is no double") };
        *value
    }

    fn message(&self) -> Fields {
        let Self::Bytes(bytes) = self else { panic!("{self:?} is no message") };
        fields(bytes)
    }
}

/// A message's fields by number; of repeated ones all.
type Fields = BTreeMap<u64, Vec<Value>>;

/// Parses a message, with none of the code that encoded it.
fn fields(mut bytes: &[u8]) -> Fields {
    fn varint(bytes: &mut &[u8]) -> u64 {
        let mut value = 0;
        for shift in (0..).step_by(7) {
            let byte = take(bytes, 1)[0];
            value |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return value;
            }
        }
        unreachable!()
    }
    fn take(bytes: &mut &[u8], count: usize) -> Vec<u8> {
        let (taken, rest) = bytes.split_at(count);
        *bytes = rest;
        taken.to_vec()
    }
    let mut fields = Fields::new();
    while !bytes.is_empty() {
        let tag = varint(&mut bytes);
        let value = match tag & 7 {
            0 => Value::Int(varint(&mut bytes)),
            1 => Value::Double(f64::from_le_bytes(take(&mut bytes, 8).try_into().unwrap())),
            5 => Value::Fixed32(u32::from_le_bytes(take(&mut bytes, 4).try_into().unwrap())),
            2 => {
                let length = varint(&mut bytes) as usize;
                Value::Bytes(take(&mut bytes, length))
            }
            other => panic!("wire type {other}"),
        };
        fields.entry(tag >> 3).or_default().push(value);
    }
    fields
}

/// Exports and reads the messages, and checks what every file has.
fn messages(options: &ExportOptions) -> Vec<(String, u64, Fields)> {
    let bytes = fs::read(export(options)).unwrap();
    let summary = Summary::read(&bytes).unwrap().unwrap();
    let statistics = summary.stats.as_ref().unwrap();
    assert_eq!(statistics.chunk_count as usize, summary.chunk_indexes.len());
    assert_eq!(summary.metadata_indexes.len(), 1);
    assert!(summary.chunk_indexes.iter().all(|chunk| chunk.compression == "zstd"));
    let read = MessageStream::new_with_options(&bytes, Options::IgnoreEndMagic.into()).unwrap();
    let messages: Vec<Message<'_>> = read.map(Result::unwrap).collect();
    assert_eq!(statistics.message_count as usize, messages.len());
    assert!(messages.is_sorted_by_key(|message| message.log_time));
    let all = messages.iter().map(|message| {
        assert_eq!(message.channel.message_encoding, "protobuf");
        (message.channel.topic.clone(), message.log_time, fields(&message.data))
    });
    all.collect()
}

fn on<'a>(messages: &'a [(String, u64, Fields)], topic: &str) -> Vec<&'a Fields> {
    messages.iter().filter(|(of, ..)| of == topic).map(|(_, _, fields)| fields).collect()
}

#[test]
fn poses_come_as_received_and_converted() {
    let folder = tempfile::tempdir().unwrap();
    let messages = messages(&options(folder.path(), Format::Mcap));
    let start = sample::START.as_micros();
    for person in [1, 2] {
        let poses = on(&messages, &format!("/poses/S0{person}"));
        assert_eq!(poses.len() as i64, sample::POSES[person as usize - 1]);
        for pose in poses {
            let timestamp = pose[&1][0].message();
            let (Value::Int(seconds), Value::Int(nanos)) = (&timestamp[&1][0], &timestamp[&2][0])
            else {
                panic!("{timestamp:?}");
            };
            let time = (seconds * 1_000_000 + nanos / 1000 - start) as i64;
            let expected = sample::pose(person, time);
            assert_eq!([5, 6, 7].map(|field| pose[&field][0].double()), expected.pos);
            assert_eq!([8, 9, 10].map(|field| pose[&field][0].double()), expected.rot);
            assert_eq!(pose[&2][0].text(), format!("S0{person}"));
            assert_eq!(pose[&3][0].text(), "atrium");
            let client_time = (person == 1).then_some(time as f64 / 1e6 + 5000.25);
            assert_eq!(pose.get(&11).map(|values| values[0].double()), client_time);
            assert_eq!(pose.contains_key(&12), person == 1);
        }
    }
    let transforms = on(&messages, "/tf");
    assert_eq!(transforms.len(), 930);
    let first = transforms[0][&1][0].message();
    assert_eq!(first[&2][0].text(), "atrium");
    assert_eq!(first[&3][0].text(), "atrium/S01");
    let [x, y, z] = sample::pose(1, 2000).pos;
    let translation = first[&4][0].message();
    assert_eq!([1, 2, 3].map(|field| translation[&field][0].double()), [z, -x, y]);
    let rotation = first[&5][0].message();
    let rotation = [1, 2, 3, 4].map(|field| rotation[&field][0].double());
    // 0.072 degrees to the right.
    let half = (0.036f64).to_radians();
    assert!((rotation[2] + half.sin()).abs() < 1e-15 && (rotation[3] - half.cos()).abs() < 1e-15);
}

#[test]
fn what_happened_comes_as_rows_and_as_a_log() {
    let folder = tempfile::tempdir().unwrap();
    let messages = messages(&options(folder.path(), Format::Mcap));
    let log = on(&messages, "/log");
    let log: Vec<(&Value, &str)> =
        log.iter().map(|line| (&line[&2][0], line[&3][0].text())).collect();
    for (level, text) in [
        (2, "S01: Hello, \"S02\"\n你好 🙂"),
        (2, "S02 sent button {\"id\":\"door\",\"pressed\":true}"),
        (2, "the server ticks 20 times a second"),
        (3, "S02: 3 refused with 406: the message is not JSON"),
        (4, "17 events are missing here"),
        (2, "the operator: told 2 users"),
        (2, "marker: task begins"),
        (2, "marker: trial 1 begins"),
        (2, "marker: trial 1 ends"),
    ] {
        assert!(log.contains(&(&Value::Int(level), text)), "{text:?} in {log:?}");
    }
    let events = on(&messages, "/events");
    assert_eq!(events.len(), 12);
    let lost = events.iter().find(|event| event[&2][0].text() == "lost").unwrap();
    assert_eq!(lost[&8], [Value::Int(17)]);
    assert!(!lost.contains_key(&3) && !lost.contains_key(&4));
    let markers = on(&messages, "/markers");
    let intervals: Vec<(&Value, bool)> =
        markers.iter().map(|marker| (&marker[&3][0], marker.contains_key(&2))).collect();
    let [instant, interval] = [&Value::Int(0), &Value::Int(1)];
    assert_eq!(intervals, [(instant, false), (interval, true), (interval, false)]);
    assert_eq!(on(&messages, "/probes").len(), 10);
    assert_eq!(on(&messages, "/round_trips").len(), 20);
    assert_eq!(on(&messages, "/late_ticks").len(), 1);
}

#[test]
fn a_selection_has_its_part() {
    let folder = tempfile::tempdir().unwrap();
    let mut options = options(folder.path(), Format::Mcap);
    options.selection = Selection {
        user: Some("S02".into()),
        from: Some(3_900_000),
        until: Some(6_000_000),
        ..Selection::default()
    };
    let selected = messages(&options);
    let poses = on(&selected, "/poses/S02").len();
    assert_eq!(poses, 5 + 30);
    assert_eq!(on(&selected, "/poses/S01").len(), 0);
    // The loss is in the part of everyone.
    let events = on(&selected, "/events");
    assert_eq!(events.len(), 1);
    assert_eq!(events[0][&2][0].text(), "lost");
    options.rate = Some(10.0);
    let resampled = on(&messages(&options), "/poses/S02").len();
    // At 4.0 s, and from 5.5 s on.
    assert_eq!(resampled, 6);
}

/// The descriptor of a type, by what its own bytes say: names of files, messages, fields, enums.
fn names(set: &[u8]) -> Vec<(String, Vec<String>)> {
    let files = &fields(set)[&1];
    let of_file = |file: &Value| {
        let file = file.message();
        let message = file[&4][0].message();
        assert_eq!(file[&12][0].text(), "proto3");
        let names = message[&2].iter().map(|field| field.message()[&1][0].text().to_owned());
        (file[&1][0].text().to_owned(), names.collect())
    };
    files.iter().map(of_file).collect()
}

#[test]
fn descriptors_hold_a_type_and_all_that_it_uses() {
    let files = names(&super::schema::FRAME_TRANSFORMS.descriptor_set());
    let files: Vec<(&str, usize)> =
        files.iter().map(|(file, fields)| (file.as_str(), fields.len())).collect();
    assert_eq!(
        files,
        [
            ("google/protobuf/timestamp.proto", 2),
            ("foxglove/Vector3.proto", 3),
            ("foxglove/Quaternion.proto", 4),
            ("foxglove/FrameTransform.proto", 5),
            ("foxglove/FrameTransforms.proto", 1),
        ]
    );
    let set = super::schema::LOG.descriptor_set();
    let message = fields(&set)[&1][1].message()[&4][0].message();
    let levels = &message[&4][0].message()[&2];
    assert_eq!(levels.len(), 6);
    assert_eq!(message[&2][1].message()[&6][0].text(), ".foxglove.Log.Level");
    // An optional field is alone in its oneof.
    let set = super::schema::POSE.descriptor_set();
    let message = fields(&set)[&1][1].message()[&4][0].message();
    let client_time = message[&2][10].message();
    assert_eq!((&client_time[&9][0], &client_time[&17][0]), (&Value::Int(0), &Value::Int(1)));
    assert_eq!(message[&8][0].message()[&1][0].text(), "_client_time");
}

proptest! {
    #[test]
    fn messages_are_read_as_they_were_written(
        field in 1u32..5000,
        int: i64,
        double: f64,
        fixed: u32,
        text in ".{0,200}",
    ) {
        let mut bytes = Vec::new();
        let mut out = Encoder(&mut bytes);
        out.int(field, int);
        out.message(field + 1, |out| {
            out.string(field, &text);
            out.message(1, |out| out.string(2, &text));
        });
        out.double(field + 2, double);
        out.fixed32(field + 3, fixed);
        let read = fields(&bytes);
        let number = u64::from(field);
        prop_assert_eq!(&read[&number][0], &Value::Int(int as u64));
        prop_assert_eq!(read[&(number + 2)][0].double().to_bits(), double.to_bits());
        prop_assert_eq!(&read[&(number + 3)][0], &Value::Fixed32(fixed));
        let inner = read[&(number + 1)][0].message();
        prop_assert_eq!(inner[&number][0].text(), &text);
        let innermost = inner[&1].last().unwrap().message();
        prop_assert_eq!(innermost[&2][0].text(), &text);
    }
}
