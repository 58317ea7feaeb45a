"""A session of known numbers, recorded by the real program, and its exports."""

import asyncio
import json
import random
import signal
import sqlite3
import subprocess
import time
from collections import namedtuple
from types import SimpleNamespace

import process
from checks import equal
from client import Client

Pose = namedtuple("Pose", "time_us room client_time pos rot")
"""A pose of one user as every reader has to give it; `client_time` is None if none was sent."""

ZOE = "Zoë 7"
"""A subject that is no label of BIDS."""

SUBJECTS = {"ann": "S01", "ben": "S02", "Zoë 🙂": ZOE}

ROOM = "atrium"

AHEAD = 5000.25
"""Seconds by which Ann's clock is ahead."""

POSES = 400

CHAT = ["hello", 'a "quoted", text;\twith\nall\r\nsorts', "你好 🙂", {"x": [1, 2.5, None]}, "=1+1"]


def clock():
    return time.time() + AHEAD


def numbers():
    """Triples that lose something wherever anything can be lost."""
    awkward = [0.1, 1 / 3, -0.0, 5e-324, 1e9, -1e9, 123456789.12345679, 0.1 + 0.2, 2**-52, 7]
    awkward += [float.fromhex("0x1.99999ap-4"), 1e-7, -359.99999999999994]
    source = random.Random(7)
    while True:
        yield [
            source.choice(awkward) if source.random() < 0.3 else source.uniform(-180, 180)
            for _ in range(3)
        ]


class Session:
    """What was sent, and where the recording is."""

    def __init__(self, binary, folder):
        self.binary = binary
        self.folder = folder
        self.sent = {subject: [] for subject in SUBJECTS.values()}
        """By subject: room, client's time, position and rotation of each pose, in order."""
        self.poses = {}
        """The same as `Pose`, with the time that the recording gives."""
        self.start_us = None

    async def record(self):
        subjects = [f"--subject={user}={subject}" for user, subject in SUBJECTS.items()]
        world = SimpleNamespace(binary=self.binary)
        options = ["--record", str(self.folder / "session.db"), "--study", "Presence", "--session",
                   "pilot 1", "--condition", "mirror, on", "--record-field", "lab=B 2", *subjects]
        async with process.server(world, *options) as (server, url):
            ann, ben, zoe = [await self.user(url, user) for user in SUBJECTS]
            for number in range(8):
                await ann.ask({"system": "ping", "options": {"time": clock()}}, 220)
            await ann.say(ROOM, "task begins", "marker")
            await ann.say(ROOM, {"label": "trial 1", "phase": "begin"}, "marker")
            for text in CHAT:
                await ben.say(ROOM, text)
            await zoe.say(ROOM, {"id": "door", "pressed": True}, "button")
            for bad in ("no JSON", {"room": ROOM, "type": "transform", "data": {"pos": 1}}):
                await ben.ask(bad, 406)
            await asyncio.gather(
                self.walk(ann, "S01", clock), self.walk(ben, "S02"), self.walk(zoe, ZOE)
            )
            await ann.say(ROOM, {"label": "trial 1", "phase": "end"}, "marker")
            await self.walk(zoe, ZOE, room="lobby", count=20)
            for client in (ann, ben, zoe):
                await client.settle()
            code, _ = await process.end(server, signal.SIGTERM)
            equal(code, 0, "the exit code")
        equal(
            sorted(file.name for file in self.folder.iterdir()),
            ["session.db", "session.key.csv"],
            "the files of the recording",
        )
        self.read_times()

    async def user(self, url, name):
        client = await Client.connect(url)
        await client.login(name)
        await client.join(ROOM)
        return client

    async def walk(self, client, subject, clock=None, room=ROOM, count=POSES):
        """Sends poses at about 200 a second, and reads what comes meanwhile."""
        source = numbers()
        for number in range(count):
            pos, rot = next(source), next(source)
            data = {name: dict(zip("xyz", values)) for name, values in (("pos", pos), ("rot", rot))}
            if clock:
                data["time"] = clock()
            await client.send(room=room, type="transform", data=data)
            self.sent[subject].append((room, data.get("time"), pos, rot))
            if number % 20 == 0:
                await client.settle()
            await asyncio.sleep(0.005)

    def read_times(self):
        """Takes over the times at which the poses were received; all else must be as sent."""
        columns = "time_us, room, client_time, pos_x, pos_y, pos_z, rot_x, rot_y, rot_z"
        with sqlite3.connect(self.folder / "session.db") as db:
            meta = dict(db.execute("SELECT key, value FROM meta"))
            equal((meta["ending"], meta["lost"]), ("whole", "0"), "how the recording ended")
            self.start_us = int(meta["start_unix_us"])
            for subject, sent in self.sent.items():
                query = f"SELECT {columns} FROM poses WHERE user = ? ORDER BY id"
                self.poses[subject] = [
                    Pose(time_us, room, client_time, list(six[:3]), list(six[3:]))
                    for time_us, room, client_time, *six in db.execute(query, [subject])
                ]
                recorded = [tuple(pose[1:]) for pose in self.poses[subject]]
                compare(recorded, sent, f"the poses of {subject}")

    def export(self, format, *arguments, name):
        """Runs the program as the README says; gives the file or folder."""
        command = [self.binary, "export", "session.db", "--format", format, "--output", name]
        done = subprocess.run(
            command + list(arguments), cwd=self.folder, capture_output=True, text=True, timeout=60
        )
        equal(done.returncode, 0, f"the exit code ({done.stderr[-300:]!r})")
        return self.folder / name

    def check_poses(self, got, what):
        """Compares lists of `Pose` by subject with what was sent."""
        equal(sorted(got), sorted(self.poses), f"the users of {what}")
        for subject, poses in self.poses.items():
            compare(got[subject], poses, f"the poses of {subject} in {what}")

    def rows(self, query):
        """Asks the recording itself."""
        with sqlite3.connect(self.folder / "session.db") as db:
            return db.execute(query).fetchall()

    def check_chat(self, messages, what):
        """Compares messages, as Python has them, with what was sent."""
        equal(list(messages), CHAT, f"the chat in {what}")


def compare(got, wanted, what):
    equal(len(got), len(wanted), f"the number of {what}")
    for place, (one, other) in enumerate(zip(got, wanted)):
        equal(one, other, f"number {place} of {what}")


def loads(texts):
    return [json.loads(text) for text in texts]
