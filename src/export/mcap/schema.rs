//! The messages of an MCAP export: Foxglove's for what its and Rerun's panels show, our own for
//! the numbers as they were received.

use super::descriptor::{MessageType, Type};

use Type::{
    Bool, Double, Enum, Fixed32, Int32, Int64, Message, OptionalDouble, OptionalInt64,
    OptionalString, Repeated, String,
};

static TIMESTAMP: MessageType = MessageType {
    file: "google/protobuf/timestamp.proto",
    package: "google.protobuf",
    name: "Timestamp",
    fields: &[("seconds", 1, Int64), ("nanos", 2, Int32)],
    values: None,
};

static VECTOR3: MessageType = MessageType {
    file: "foxglove/Vector3.proto",
    package: "foxglove",
    name: "Vector3",
    fields: &[("x", 1, Double), ("y", 2, Double), ("z", 3, Double)],
    values: None,
};

static QUATERNION: MessageType = MessageType {
    file: "foxglove/Quaternion.proto",
    package: "foxglove",
    name: "Quaternion",
    fields: &[("x", 1, Double), ("y", 2, Double), ("z", 3, Double), ("w", 4, Double)],
    values: None,
};

static FRAME_TRANSFORM: MessageType = MessageType {
    file: "foxglove/FrameTransform.proto",
    package: "foxglove",
    name: "FrameTransform",
    fields: &[
        ("timestamp", 1, Message(&TIMESTAMP)),
        ("parent_frame_id", 2, String),
        ("child_frame_id", 3, String),
        ("translation", 4, Message(&VECTOR3)),
        ("rotation", 5, Message(&QUATERNION)),
    ],
    values: None,
};

/// Poses, converted: what the 3D panels show.
pub(super) static FRAME_TRANSFORMS: MessageType = MessageType {
    file: "foxglove/FrameTransforms.proto",
    package: "foxglove",
    name: "FrameTransforms",
    fields: &[("transforms", 1, Repeated(&FRAME_TRANSFORM))],
    values: None,
};

/// What happened, as sentences.
pub(super) static LOG: MessageType = MessageType {
    file: "foxglove/Log.proto",
    package: "foxglove",
    name: "Log",
    fields: &[
        ("timestamp", 1, Message(&TIMESTAMP)),
        ("level", 2, Enum),
        ("message", 3, String),
        ("name", 4, String),
        ("file", 5, String),
        ("line", 6, Fixed32),
    ],
    values: Some(("Level", &["UNKNOWN", "DEBUG", "INFO", "WARNING", "ERROR", "FATAL"])),
};

/// A pose as it was received.
pub(super) static POSE: MessageType = MessageType {
    file: "vrlobby/Pose.proto",
    package: "vrlobby",
    name: "Pose",
    fields: &[
        ("timestamp", 1, Message(&TIMESTAMP)),
        ("user", 2, String),
        ("room", 3, String),
        ("member", 4, Int64),
        ("pos_x", 5, Double),
        ("pos_y", 6, Double),
        ("pos_z", 7, Double),
        ("rot_x", 8, Double),
        ("rot_y", 9, Double),
        ("rot_z", 10, Double),
        ("client_time", 11, OptionalDouble),
        // When the client sampled it, as far as its clock is known.
        ("sampled", 12, Message(&TIMESTAMP)),
    ],
    values: None,
};

/// An event with all its columns.
pub(super) static EVENT: MessageType = MessageType {
    file: "vrlobby/Event.proto",
    package: "vrlobby",
    name: "Event",
    fields: &[
        ("timestamp", 1, Message(&TIMESTAMP)),
        ("kind", 2, String),
        ("user", 3, OptionalString),
        ("room", 4, OptionalString),
        ("type", 5, OptionalString),
        ("data", 6, OptionalString),
        ("code", 7, OptionalInt64),
        ("count", 8, OptionalInt64),
    ],
    values: None,
};

/// A marker.
pub(super) static MARKER: MessageType = MessageType {
    file: "vrlobby/Marker.proto",
    package: "vrlobby",
    name: "Marker",
    fields: &[
        ("timestamp", 1, Message(&TIMESTAMP)),
        ("end", 2, Message(&TIMESTAMP)),
        ("is_interval", 3, Bool),
        ("label", 4, String),
        ("user", 5, OptionalString),
        ("room", 6, OptionalString),
    ],
    values: None,
};

/// A clock probe.
pub(super) static PROBE: MessageType = MessageType {
    file: "vrlobby/Probe.proto",
    package: "vrlobby",
    name: "Probe",
    fields: &[
        ("user", 1, String),
        ("client_time", 2, Double),
        ("received", 3, Message(&TIMESTAMP)),
        ("sent", 4, Message(&TIMESTAMP)),
    ],
    values: None,
};

/// A round trip of one of the server's pings, in seconds.
pub(super) static ROUND_TRIP: MessageType = MessageType {
    file: "vrlobby/RoundTrip.proto",
    package: "vrlobby",
    name: "RoundTrip",
    fields: &[
        ("timestamp", 1, Message(&TIMESTAMP)),
        ("user", 2, String),
        ("round_trip", 3, Double),
    ],
    values: None,
};

/// A tick that was late, by how many seconds.
pub(super) static LATE_TICK: MessageType = MessageType {
    file: "vrlobby/LateTick.proto",
    package: "vrlobby",
    name: "LateTick",
    fields: &[("timestamp", 1, Message(&TIMESTAMP)), ("room", 2, String), ("late", 3, Double)],
    values: None,
};
