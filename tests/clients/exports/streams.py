"""Exports that are streams: MCAP, read by its own library, Foxglove's SDK and Rerun, and XDF."""

import json
import logging
import math
import os
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

import foxglove.messages
import numpy
import pyxdf
from google.protobuf import descriptor_pb2
from mcap.reader import make_reader
from mcap_protobuf.decoder import DecoderFactory
from rerun.chunk import McapReader

from checks import equal
from session import AHEAD, Pose


def converted(pos, rot):
    """A pose in a right-handed frame, x forward, y left, z up: by rotation matrices, and not as
    the program does it."""
    x, y, z = numpy.radians(rot)
    about_x = [[1, 0, 0], [0, math.cos(x), -math.sin(x)], [0, math.sin(x), math.cos(x)]]
    about_y = [[math.cos(y), 0, math.sin(y)], [0, 1, 0], [-math.sin(y), 0, math.cos(y)]]
    about_z = [[math.cos(z), -math.sin(z), 0], [math.sin(z), math.cos(z), 0], [0, 0, 1]]
    # From right, up, forward.
    over = numpy.array([[0, 0, 1], [-1, 0, 0], [0, 1, 0]])
    matrix = over @ numpy.array(about_y) @ about_x @ about_z @ over.T
    return over @ numpy.array(pos), matrix


def matrix_of(x, y, z, w):
    return numpy.array([
        [1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)],
        [2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)],
        [2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)],
    ])


def micros(timestamp):
    return timestamp.seconds * 1_000_000 + timestamp.nanos // 1000


def mcap_by_its_library(session):
    file = session.export("mcap", name="session.mcap")
    poses, transforms, log, chat = defaultdict(list), 0, [], []
    with open(file, "rb") as stream:
        reader = make_reader(stream, validate_crcs=True, decoder_factories=[DecoderFactory()])
        summary = reader.get_summary()
        (metadata,) = reader.iter_metadata()
        equal(metadata.metadata["study"], "Presence", "the metadata's study")
        equal(metadata.metadata["axes"], "right-up-forward", "the metadata's axes")
        check_schemas(summary)
        last = 0
        for _, channel, message, it in reader.iter_decoded_messages():
            assert message.log_time >= last, f"{message.log_time} comes after {last}"
            last = message.log_time
            if channel.topic.startswith("/poses/"):
                equal(micros(it.timestamp) * 1000, message.log_time, "the time of a pose")
                poses[it.user].append(Pose(
                    micros(it.timestamp) - session.start_us, it.room,
                    it.client_time if it.HasField("client_time") else None,
                    [it.pos_x, it.pos_y, it.pos_z], [it.rot_x, it.rot_y, it.rot_z],
                ))
            elif channel.topic == "/tf":
                (transform,) = it.transforms
                room, user = transform.child_frame_id.split("/")
                equal(transform.parent_frame_id, room, "the parent of a frame")
                # The same pose comes just before it.
                check_transform(poses[user][-1], transform.translation, transform.rotation)
                transforms += 1
            elif channel.topic == "/log":
                log.append(it.message)
            elif channel.topic == "/events" and it.type == "msg":
                chat.append(json.loads(it.data))
    session.check_poses(poses, "MCAP")
    equal(transforms, sum(map(len, session.poses.values())), "the number of transforms")
    session.check_chat(chat, "MCAP")
    for line in ("S02: 你好 🙂", "marker: task begins", "marker: trial 1 ends"):
        assert line in log, f"{line!r} is not in the log"


def check_transform(pose, translation, rotation):
    wanted, matrix = converted(pose.pos, pose.rot)
    equal([translation.x, translation.y, translation.z], list(wanted), "a translation")
    got = matrix_of(rotation.x, rotation.y, rotation.z, rotation.w)
    # A degree of 1e9 is known to 1e-9 radians only.
    assert numpy.allclose(got, matrix, atol=1e-6), f"{pose.rot}: {got} instead of {matrix}"


def check_schemas(summary):
    """Foxglove's messages are described as its own SDK describes them."""
    schemas = {schema.name: schema.data for schema in summary.schemas.values()}
    for message in (foxglove.messages.FrameTransforms, foxglove.messages.Log):
        wanted = message.get_schema()
        equal(described(schemas[wanted.name]), described(wanted.data), wanted.name)


def described(data):
    files = {}
    for file in descriptor_pb2.FileDescriptorSet.FromString(data).file:
        file.ClearField("source_code_info")
        file.ClearField("options")
        for message in file.message_type:
            for field in message.field:
                field.ClearField("json_name")
        files[file.name] = (sorted(file.dependency), str(file.message_type))
    return files


def mcap_by_rerun(session):
    file = session.export("mcap", "--force", name="session.mcap")
    rerun(session, "mcap", "check", file)
    recording = session.folder / "session.rrd"
    rerun(session, "mcap", "convert", file, "-o", recording)
    rerun(session, "rrd", "verify", recording)
    transforms, texts = defaultdict(list), []
    for chunk in McapReader(str(file)).stream():
        rows = chunk.to_record_batch().to_pylist()
        for row in rows:
            if row.get("Transform3D:translation"):
                child, = row["Transform3D:child_frame"]
                transforms[child].append(row["Transform3D:translation"][0])
            if row.get("TextLog:text"):
                texts += row["TextLog:text"]
    for subject, poses in session.poses.items():
        for room in {pose.room for pose in poses}:
            wanted = [converted(pose.pos, pose.rot)[0] for pose in poses if pose.room == room]
            got = transforms[f"{room}/{subject}"]
            equal(len(got), len(wanted), f"the transforms of {subject} in {room}")
            # Rerun keeps 32-bit numbers.
            assert numpy.allclose(got, wanted, rtol=1e-6, atol=1e-6), f"{subject} in {room}"
    assert "S02: hello" in texts, f"the chat is not among {texts[:20]}"


def rerun(session, *arguments):
    """Runs Rerun's program, which asks its maker nothing."""
    environment = {**os.environ, "HOME": str(session.folder.parent), "RERUN_ANALYTICS": "0"}
    program = Path(sys.executable).with_name("rerun")
    done = subprocess.run(
        [program, *map(str, arguments)], env=environment, capture_output=True, text=True, timeout=60
    )
    equal(done.returncode, 0, f"rerun {arguments[:2]} ({done.stdout[-200:]} {done.stderr[-300:]})")


def xdf_by_pyxdf(session):
    file = session.export("xdf", name="session.xdf")
    warnings = []
    handler = logging.Handler()
    handler.emit = lambda record: warnings.append(record.getMessage())
    pyxdf.pyxdf.logger.addHandler(handler)
    # With all its defaults: clocks are synchronized, jitter is removed.
    streams, header = pyxdf.load_xdf(file)
    equal(warnings, [], "the warnings of pyxdf")
    streams = {stream["info"]["name"][0]: stream for stream in streams}
    poses = {}
    for subject in session.poses:
        stream = streams[subject]
        description = stream["info"]["desc"][0]
        rooms = {
            int(room["number"][0]): room["name"][0] for room in description["rooms"][0]["room"]
        }
        equal(description["conventions"][0]["euler_order"], ["z-x-y"], "the order of rotation")
        poses[subject] = [
            Pose(round(time * 1e6), rooms[int(row[8])], None if numpy.isnan(row[6]) else row[6],
                 list(row[:3]), list(row[3:6]))
            for time, row in zip(stream["time_stamps"], stream["time_series"])
        ]
        wanted = [pose.time_us / 1e6 for pose in session.poses[subject]]
        equal(list(stream["time_stamps"]), wanted, f"the time stamps of {subject}")
    session.check_poses(poses, "XDF")
    check_sampling(session, streams["S01 sampling"]["time_stamps"], "pyxdf")
    check_sampling(session, [row[7] for row in streams["S01"]["time_series"]], "the program")
    assert all(numpy.isnan(row[7]) for row in streams["S02"]["time_series"]), "Ben sends no clock"
    markers = [text for text, in streams["markers"]["time_series"]]
    equal(markers, ["task begins", "trial 1 (begin)", "trial 1 (end)"], "the markers")
    events = [json.loads(text) for text, in streams["events"]["time_series"]]
    session.check_chat([it["data"] for it in events if it.get("type") == "msg"], "XDF")


def check_sampling(session, got, by):
    """Compares what was made of a client's times with the clock that was off by so much."""
    wanted = [
        pose.client_time - AHEAD - session.start_us / 1e6 for pose in session.poses["S01"]
    ]
    equal(len(got), len(wanted), "the number of sampling times")
    worst = max(abs(one - other) for one, other in zip(got, wanted))
    assert worst < 0.005, f"by {by}, a sampling time is off by {worst * 1e3:.2f} ms"


CHECKS = [mcap_by_its_library, mcap_by_rerun, xdf_by_pyxdf]
