"""Motion-BIDS, held by the standard's own validator and by PyPI's motionbids."""

import csv
import json
import subprocess
import sys
import warnings
from pathlib import Path

import motionbids
import numpy

from checks import equal
from session import Pose


def bids_by_the_validator(session):
    dataset = session.export("bids", name="dataset")
    program = Path(sys.executable).with_name("bids-validator-deno")
    done = subprocess.run(
        [program, dataset, "--format", "json", "--max-rows", "-1"],
        capture_output=True, text=True, timeout=100,
    )
    result = json.loads(done.stdout)
    found = result["issues"]["issues"]
    errors = [issue for issue in found if issue["severity"] == "error"]
    equal(errors, [], "what the validator calls an error")
    equal(done.returncode, 0, f"the validator's exit code ({done.stderr[-300:]!r})")
    summary = result["summary"]
    equal(summary["dataTypes"], ["motion"], "the types of data")
    equal(sorted(summary["subjects"]), ["S01", "S02", "Zo+7"], "the subjects")


def rows(path):
    with open(path, newline="", encoding="utf-8") as file:
        return list(csv.reader(file, delimiter="\t"))


def bids_by_motionbids(session):
    dataset = session.export("bids", "--force", name="dataset")
    _, *participants = rows(dataset / "participants.tsv")
    subjects = dict(participants)
    got = {subject: [] for subject in subjects.values()}
    for path in sorted(dataset.rglob("*_motion.tsv")):
        participant, poses = read_motion(path)
        got[subjects[participant]] += poses
    for poses in got.values():
        poses.sort(key=lambda pose: pose.time_us)
    session.check_poses(got, "BIDS")
    (path,) = dataset.rglob("sub-S02*acq-atrium_events.tsv")
    header, *events = rows(path)
    events = [dict(zip(header, row)) for row in events]
    session.check_chat([json.loads(row["data"]) for row in events if row["type"] == "msg"], "BIDS")
    markers = [(row["trial_type"], row["duration"] == "0.000000") for row in events
               if row["kind"] == "marker"]
    equal(markers, [("task begins", True), ("trial 1", False)], "the markers")
    refused = [(row["code"], row["count"]) for row in events if row["kind"] == "refused"]
    assert refused and all(code == "406" for code, _ in refused), f"refused: {refused}"


def read_motion(path):
    """Checks one motion file with motionbids; gives its participant and poses."""
    entities = dict(part.split("-", 1) for part in path.stem.split("_") if "-" in part)
    sidecar = json.loads(path.with_suffix(".json").read_text())
    channels = rows(path.with_name(path.name.replace("_motion.tsv", "_channels.tsv")))[1:]
    frames = path.with_name(path.name.replace("_motion.tsv", "_channels.json"))
    frames = json.loads(frames.read_text())["reference_frame"]["Levels"]
    table = numpy.array([[float(cell) for cell in row] for row in rows(path)])
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        data = motionbids.MotionData(
            subject=entities["sub"], session=entities["ses"], task_name=entities["task"],
            acquisition=entities["acq"], tracksys=entities["tracksys"],
            sampling_frequency=sidecar["SamplingFrequency"],
            tracked_points_count=sidecar["TrackedPointsCount"],
            motion_channel_count=sidecar["MotionChannelCount"],
            software_versions=sidecar["SoftwareVersions"],
            data=table,
            channels=[
                motionbids.Channel(
                    channel_name=name, channel_component=component, channel_type=type_,
                    channel_tracked_point=point, channel_units=units, channel_placement=placement,
                    channel_reference_frame=frame,
                )
                for name, component, type_, point, units, placement, frame in channels
            ],
            reference_frames=[
                motionbids.ReferenceFrame(
                    name=name, spatial_axes=level["SpatialAxes"],
                    rotation_order=level["RotationOrder"], rotation_rule=level["RotationRule"],
                )
                for name, level in frames.items()
            ],
        )
        motionbids.validate_motion_data(data)
    said = [str(warning.message) for warning in said]
    said = [text for text in said if "recommended" not in text.lower()]
    equal(said, [], "what motionbids warns of")
    equal([name for name, *_ in channels[:3]], ["latency", "head_pos_x", "head_pos_y"], "channels")
    scans = rows(next(path.parent.parent.glob("*_scans.tsv")))
    (start,) = [float(row[2]) for row in scans[1:] if row[0].endswith(path.name)]
    poses = [
        Pose(round((start + row[0]) * 1e6), sidecar["Room"], row[7] if len(row) > 7 else None,
             list(row[1:4]), list(row[4:7]))
        for row in table.tolist()
    ]
    return f"sub-{entities['sub']}", poses


CHECKS = [bids_by_the_validator, bids_by_motionbids]
