//! The files that describe a dataset.

use std::io::Write;

use serde_json::{Value, json};

use super::super::error::ExportError;
use super::super::output::Output;
use super::super::source::Source;
use super::names::{Names, TRACKING_SYSTEM};
use super::track::Track;
use crate::model::space::{Axes, Conventions, Direction, EulerOrder, Handedness};

/// The version of the standard that the names and keys are of.
const BIDS_VERSION: &str = "1.11.1";

pub(super) fn write_text(output: &mut Output, name: &str, text: &str) -> Result<(), ExportError> {
    let mut file = output.create(name)?;
    file.write_all(text.as_bytes())?;
    Ok(file.finish()?)
}

pub(super) fn write_json(
    output: &mut Output,
    name: &str,
    value: &Value,
) -> Result<(), ExportError> {
    write_text(output, name, &format!("{value:#}\n"))
}

/// `dataset_description.json`.
pub(super) fn dataset(source: &Source) -> Value {
    let study = source.about().fields.study.as_str();
    json!({
        "Name": if study.is_empty() { "vrlobby recording" } else { study },
        "BIDSVersion": BIDS_VERSION,
        "DatasetType": "raw",
        "GeneratedBy": [{
            "Name": "vrlobby",
            "Version": env!("CARGO_PKG_VERSION"),
            "Description": "exported from a recording of the server",
        }],
    })
}

/// `README`.
pub(super) fn readme(source: &Source) -> Result<String, ExportError> {
    let mut text = "\
Head movements of people in virtual rooms, as their headsets sent them to a vrlobby server.

Each motion file has one person's movement in one room. Its rows are the poses in the order of
their receipt. They do not come at fixed intervals: column latency has the time of each, in
seconds since the file's first row, whose time of day is in scans.tsv. Column client_time, if there
is one, is the client's own clock, and column sampled the same on the clock of latency, as far as
the client's clock is known. Column recording_start of scans.tsv is the first row's time since
the start of the recording, which brings the files of several people together.

Events files have everything that happened in that room, or to that person, or to the whole server,
including what is needed to judge the data: changes of the tick rate (kind fps), events that the
recording lost (kind lost), requests that were refused (kind refused), and a recording that was not
stopped (kind end).

What the recording says about itself:
"
    .to_owned();
    for (key, value) in source.description()? {
        let value = value.replace(char::is_control, " ");
        text.push_str(&format!("  {key}: {value}\n"));
    }
    Ok(text)
}

/// `_motion.json`.
pub(super) fn motion(source: &Source, names: &Names, track: &Track) -> Value {
    let about = source.about();
    let Conventions { axes, rotation, .. } = about.fields.conventions;
    let rate = source.rate().unwrap_or_else(|| track.nominal_rate());
    json!({
        "TaskName": names.task,
        "TaskDescription": about.fields.study,
        "SamplingFrequency": rate,
        "SamplingFrequencyEffective": track.effective_rate().map_or(json!("n/a"), Value::from),
        "TrackedPointsCount": 1,
        "MotionChannelCount": track.channels().len(),
        "POSChannelCount": 3,
        "ORNTChannelCount": 3,
        "LATENCYChannelCount": 1,
        "MiscChannelCount": u8::from(track.has_client_time) + u8::from(track.has_sampled),
        "ACCELChannelCount": 0,
        "ANGACCELChannelCount": 0,
        "GYROChannelCount": 0,
        "JNTANGChannelCount": 0,
        "MAGNChannelCount": 0,
        "VELChannelCount": 0,
        "MissingValues": "n/a",
        "SubjectArtefactDescription": "n/a",
        "TrackingSystemName": TRACKING_SYSTEM,
        "SoftwareVersions": about.program,
        "RotationOrder": rotation_order(rotation),
        "RotationRule": rotation_rule(axes),
        "SpatialAxes": spatial_axes(axes),
        "Room": source.room(track.room),
    })
}

/// `_channels.tsv`.
pub(super) fn channels(source: &Source, names: &Names, track: &Track) -> String {
    let Conventions { length, angle, .. } = source.about().fields.conventions;
    let mut text =
        "name\tcomponent\ttype\ttracked_point\tunits\tplacement\treference_frame\n".to_owned();
    for (name, component, type_) in track.channels() {
        let (units, of_head) = match type_ {
            "POS" => (length.to_string(), true),
            "ORNT" => (angle.to_string(), true),
            _ => ("s".to_owned(), false),
        };
        let (point, frame) =
            if of_head { ("head", names.room(track.room)) } else { ("n/a", "n/a") };
        text.push_str(&format!(
            "{name}\t{component}\t{type_}\t{point}\t{units}\t{point}\t{frame}\n"
        ));
    }
    text
}

/// `_channels.json`.
pub(super) fn frame(source: &Source, names: &Names, track: &Track) -> Value {
    let Conventions { axes, rotation, .. } = source.about().fields.conventions;
    let frame = json!({
        "SpatialAxes": spatial_axes(axes),
        "RotationOrder": rotation_order(rotation),
        "RotationRule": rotation_rule(axes),
        "Description": format!("the room {:?}; x, y and z are {axes}", source.room(track.room)),
    });
    json!({ "reference_frame": {
        "Description": "the virtual room whose axes the numbers are along",
        "Levels": { names.room(track.room): frame },
    }})
}

/// `_events.json`.
pub(super) fn events() -> Value {
    json!({
        "trial_type": { "Description": "the label of a marker, or the kind of another event" },
        "kind": { "Description": "marker, or the kind of event as in the recording's table" },
        "user": { "Description": "whose; n/a for the operator and the server" },
        "room": { "Description": "where; n/a for the whole server" },
        "type": { "Description": "what a client called an event that it sent (kind said)" },
        "data": { "Description": "depends on kind: JSON for said, else text" },
        "code": { "Description": "the code of the error (kind refused)" },
        "count": { "Description": "how many requests were refused, or events were lost" },
    })
}

/// `_scans.json`.
pub(super) fn scans() -> Value {
    json!({ "recording_start": {
        "Description": "the time of the first row since the start of the recording",
        "Units": "s",
    }})
}

/// `participants.json`.
pub(super) fn participants() -> Value {
    json!({ "subject": { "Description": "the pseudonym in the recording" } })
}

/// Where x, y and z point, as `RSA`: right, superior, anterior.
fn spatial_axes(axes: Axes) -> String {
    let letters = axes.directions().map(|direction| match direction {
        Direction::Right => 'R',
        Direction::Left => 'L',
        Direction::Up => 'S',
        Direction::Down => 'I',
        Direction::Forward => 'A',
        Direction::Back => 'P',
    });
    letters.iter().collect()
}

/// As `ZXY`: the standard's order is of extrinsic rotations too.
fn rotation_order(order: EulerOrder) -> String {
    order.axes().map(|axis| ['X', 'Y', 'Z'][axis]).iter().collect()
}

fn rotation_rule(axes: Axes) -> &'static str {
    match axes.handedness() {
        Handedness::Left => "left-hand",
        Handedness::Right => "right-hand",
    }
}
