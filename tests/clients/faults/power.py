"""Power cuts at random moments: at most 250 ms are lost, and what is there is whole and in order.

A recording is made under strace. From its system calls follows what a disk holds at any moment that
keeps nothing but what was synced: of a file what was written before its last completed fsync, of a
folder the names before its own. A second disk has got to a part of the rest too, in any order, torn
between sectors. The images are opened like any file; the key file has to know all who are in them.
"""

import asyncio
import random
import sqlite3
import time
from pathlib import Path

import disk
from checks import Suite
from figures import milliseconds, show
from recordings import PROMISE, Recording
from server import Heartbeat, folder, server
from wire import Walker

suite = Suite("faults/power")

MOMENTS = 200
SECONDS = 16.0
HZ = 200

TEXT = 40_000
"""Bytes of a message, ten times a second: SQLite's log (4 MB) is filled and begun again."""


class Trace:
    """A recording that was made under strace, and all that can be done with its calls."""

    def __init__(self, path, calls, walkers, confirmed, end, heartbeat):
        self.folder = path
        self.calls = calls
        self.walkers = walkers
        self.confirmed = confirmed
        """The time from which on nothing may be lost."""
        self.end = end
        self.heartbeat = heartbeat

    def check(self, moments, chance, ignored=lambda call: False):
        """Opens what is left after a cut at each moment; gives how much was lost each time."""
        losses = []
        with folder() as images:
            image = images / "image.db"
            for moment, cut, under_way in disk.cuts(self.calls, moments, self.folder, ignored):
                self.require(cut.after_cut(), moment, image, losses)
                files = cut.after_cut_by_chance(chance, under_way)
                self.require(files, moment, image, losses)
        return losses

    def require(self, files, moment, image, losses):
        try:
            losses.append(self.loss(files, moment, image))
        except (AssertionError, sqlite3.Error) as error:
            at = moment - self.confirmed
            raise AssertionError(f"a cut {at:.3f} s after the confirmation: {error}") from None

    def loss(self, files, moment, image):
        for old in image.parent.iterdir():
            old.unlink()
        for path, content in files.items():
            name = Path(path).name
            if name.startswith("session.db"):
                (image.parent / name.replace("session.db", image.name)).write_bytes(content)
        stall = self.heartbeat.worst(moment - 1, moment)
        if moment < self.confirmed:
            # Nothing has been promised; but if something is there, it is a database.
            if image.exists():
                sqlite3.connect(image).execute("PRAGMA integrity_check").fetchall()
            return 0.0
        assert image.exists(), "there is no file"
        recording = Recording(image)
        key = files.get(f"{self.folder}/session.key.csv", b"").decode()
        for subject in recording.subjects:
            assert f"\n{subject}," in key, f"the key has no line of {subject}: {key!r}"
        loss = recording.loss(self.walkers, moment)
        assert loss <= PROMISE + stall, f"{loss * 1e3:.0f} ms lost (the machine stood {stall:.3f} s)"
        return loss


@suite.check_within(300)
async def at_200_random_moments_at_most_250_ms_are_lost(world):
    chance = random.Random(world.seed)
    heartbeat = Heartbeat()
    try:
        with folder() as path, folder() as outputs:
            trace = await record(world, path, outputs, heartbeat)
            await asyncio.to_thread(check_all, trace, chance)
    finally:
        heartbeat.stop()


def is_sync(call, end):
    return call.kind == "sync" and call.path.endswith(end)


def check_all(trace, chance):
    # A fifth of them where the recording begins or is completed.
    begin, end = trace.calls[0].begin, trace.calls[-1].end
    spans = [(begin, trace.end)] * 8 + [(begin, trace.confirmed), (trace.end, end)]
    moments = [chance.uniform(*spans[n % len(spans)]) for n in range(MOMENTS)]
    losses = trace.check(moments, chance)
    later = [loss for loss in losses if loss > 0]
    moves = sum(is_sync(call, ".db") and call.begin > trace.confirmed for call in trace.calls)
    show(
        f"{MOMENTS} power cuts, 2 images of each, from {len(trace.calls)} system calls; the log was"
        f" moved into the file {moves} times; lost: {milliseconds(later)}"
    )
    assert moves >= 2, "the log never filled up"
    # The check would notice if a sync were missing.
    mutants = {
        "the log were never synced": lambda call: is_sync(call, "-wal"),
        "the file were not synced when it has taken in the log":
            lambda call: is_sync(call, ".db") and call.begin > trace.confirmed,
        "the key file were never synced": lambda call: is_sync(call, ".key.csv"),
        "the folder were never synced": lambda call: is_sync(call, str(trace.folder)),
        "syncs of the log failed from some moment on":
            lambda call: is_sync(call, "-wal") and call.begin > (begin + end) / 2,
    }
    for mutant, ignored in mutants.items():
        try:
            trace.check(moments[::5], random.Random(1), ignored)
        except AssertionError as error:
            show(f"if {mutant}, it would be noticed: {str(error)[:90]}")
        else:
            raise AssertionError(f"it would not be noticed if {mutant}")


async def record(world, path, outputs, heartbeat):
    """Records two people under strace, to the end."""
    file = path / "session.db"
    trace = disk.arguments(path, outputs / "calls")
    async with server(world.binary, file, trace=trace) as running:
        port = await running.listens()
        confirmed = time.time()
        walkers = [await Walker.login(port, name) for name in ("w1", "w2")]
        for walker in walkers:
            walker.walk(HZ, together=4)
        for _ in range(int(SECONDS * 10)):
            walkers[0].send(room="lobby", type="text", data="x" * TEXT)
            await asyncio.sleep(0.1)
        for walker in walkers:
            await walker.stand()
        end = time.time()
        code = await running.stop()
        for walker in walkers:
            await walker.close()
    assert code == 0, f"the exit code is {code}: {running.log[-3:]}"
    recording = Recording(file)
    assert recording.ending == "whole", recording.meta
    for walker in walkers:
        recording.require_whole(walker)
    calls = disk.read(outputs.iterdir(), path)
    return Trace(path, calls, walkers, confirmed, end, heartbeat)
