"""SQLite itself, and exports that are tables: csv, parquet, jsonl."""

import csv
import json
import shutil
from collections import defaultdict
from pathlib import Path

import duckdb
import duckdb_extension_sqlite
import pyarrow.parquet

from checks import equal
from session import Pose, loads

NUMBERS = ["pos_x", "pos_y", "pos_z", "rot_x", "rot_y", "rot_z"]


def pose(row, time_us):
    six = [float(row[name]) for name in NUMBERS]
    client_time = row.get("client_time")
    client_time = None if client_time in (None, "") else float(client_time)
    return Pose(time_us, row["room"], client_time, six[:3], six[3:])


def by_user(rows, time_us):
    """Poses by user in the order of time; rows are dictionaries."""
    users = defaultdict(list)
    for row in rows:
        users[row["user"]].append(pose(row, time_us(row)))
    return {user: sorted(poses, key=lambda pose: pose.time_us) for user, poses in users.items()}


def micros(seconds):
    return round(float(seconds) * 1e6)


def sqlite_by_duckdb(session):
    extension = next(Path(duckdb_extension_sqlite.__file__).parent.rglob("*.duckdb_extension"))
    # DuckDB takes the name of the function to call from the file's.
    library = session.folder.parent / "sqlite_scanner.duckdb_extension"
    shutil.copy(extension, library)
    with duckdb.connect() as db:
        db.execute(f"LOAD '{library}'")
        db.execute(f"ATTACH '{session.folder / 'session.db'}' AS recording (TYPE sqlite, READ_ONLY)")
        rows = dictionaries(db.execute("SELECT * FROM recording.poses"))
        session.check_poses(by_user(rows, lambda row: row["time_us"]), "SQLite by DuckDB")
        for row in rows:
            equal(micros(row["unix_time"]), session.start_us + row["time_us"], "unix_time")
        for view in ("events", "chat", "markers", "stays", "probes", "round_trips"):
            (count,), = session.rows(f"SELECT count(*) FROM {view}")
            equal(len(db.execute(f"SELECT * FROM recording.{view}").fetchall()), count, view)


def dictionaries(result):
    names = [column[0] for column in result.description]
    return [dict(zip(names, row)) for row in result.fetchall()]


def csv_by_python_and_duckdb(session):
    folder = session.export("csv", name="tables")
    with open(folder / "poses.csv", newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    session.check_poses(by_user(rows, lambda row: micros(row["time"])), "csv")
    with open(folder / "events.csv", newline="", encoding="utf-8") as file:
        events = list(csv.DictReader(file))
    session.check_chat(loads(row["data"] for row in events if row["type"] == "msg"), "csv")
    with open(folder / "markers.csv", newline="", encoding="utf-8") as file:
        check_markers(session, csv.DictReader(file))
    with duckdb.connect() as db:
        rows = dictionaries(db.execute(f"SELECT * FROM '{folder / 'poses.csv'}'"))
        session.check_poses(by_user(rows, lambda row: micros(row["time"])), "csv by DuckDB")


def check_markers(session, rows):
    wanted = session.rows("SELECT label, is_interval, time_us, end_time_us FROM markers")
    got = [
        (row["label"], int(row["is_interval"]), micros(row["time"]),
         micros(row["end_time"]) if row["end_time"] else None)
        for row in rows
    ]
    equal(got, wanted, "the markers")
    equal([label for label, *_ in got], ["task begins", "trial 1"], "the labels")


def parquet_by_pyarrow_and_duckdb(session):
    folder = session.export("parquet", name="columns")

    def time_us(row):
        return row["time_us"]

    rows = pyarrow.parquet.read_table(folder / "poses.parquet").to_pylist()
    session.check_poses(by_user(rows, time_us), "parquet")
    events = pyarrow.parquet.read_table(folder / "events.parquet").to_pylist()
    session.check_chat(loads(row["data"] for row in events if row["type"] == "msg"), "parquet")
    with duckdb.connect() as db:
        rows = dictionaries(db.execute(f"SELECT * FROM '{folder / 'poses.parquet'}'"))
        session.check_poses(by_user(rows, time_us), "parquet by DuckDB")


def jsonl_by_python(session):
    file = session.export("jsonl", name="session.jsonl")
    lines = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    poses = [line for line in lines if line["kind"] == "pose"]
    session.check_poses(by_user(poses, lambda row: micros(row["time"])), "jsonl")
    said = [line["data"] for line in lines if line["kind"] == "said" and line["type"] == "msg"]
    session.check_chat(said, "jsonl")
    equal(lines[-1]["ending"], "whole", "the end")


CHECKS = [
    sqlite_by_duckdb, csv_by_python_and_duckdb, parquet_by_pyarrow_and_duckdb, jsonl_by_python,
]
