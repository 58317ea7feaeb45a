"""Faults of the disk: the session feels nothing of them, and the file and the log tell of them."""

import asyncio
import contextlib
import os
from pathlib import Path

from checks import Suite, equal
from figures import show
from kills import inspect
from recordings import Recording, require_order
from server import folder, server
from stage import LOUD, NOBODY, fill, happened, injected, small_disk, stage

suite = Suite("faults/disk")

FLOOD_HZ = 12_000
"""Of each of two people: more than the recorder's queue (144,000 events) holds of 12 s."""


@contextlib.contextmanager
def place():
    """A recording to be made, and a file for what strace does."""
    with folder() as path, folder() as outputs:
        yield path / "session.db", outputs / "strace"


def require_early(stage, recording, reason):
    """The recording ended early, and its file says so and why."""
    assert recording.ending not in (None, "whole"), f"the file says that it is {recording.ending}"
    assert reason in recording.ending, f"the file says: {recording.ending}"
    assert stage.running.said(LOUD), f"the log is not loud: {stage.running.log[-3:]}"
    stage.require_until_its_end(recording)


@suite.check_within(60)
async def slow_for_less_than_4_s_loses_nothing(world):
    with place() as (file, output):
        trace = injected(output, "fsync,fdatasync:delay_enter=2500000:when=45")
        async with stage(world, file, trace=trace) as it:
            await it.quiet()
            await happened(output, "DELAYED")
            await asyncio.sleep(1)
            recording = await it.end()
        equal(recording.ending, "whole", "the ending")
        for walker in it.walkers:
            recording.require_whole(walker)
        equal(recording.lost, None, "events that are counted as lost")


@suite.check_within(120)
async def slow_for_longer_counts_what_it_loses(world):
    with place() as (file, output):
        trace = injected(output, "fsync,fdatasync:delay_enter=12000000:when=35")
        async with stage(world, file, trace=trace, hz=FLOOD_HZ, together=200) as it:
            await it.quiet()
            await happened(output, "DELAYED")
            await asyncio.sleep(1.5)
            recording = await it.end()
        missing = sum(walker.sent - len(recording.of(walker)) for walker in it.walkers)
        for walker in it.walkers:
            require_order(recording.of(walker), walker)
        others = len(it.talkers.latencies) + 100
        equal(recording.ending, "whole", "the ending")
        assert missing > 0, "nothing was lost"
        lost = int(recording.meta["lost"])
        assert missing <= lost <= missing + others, f"{lost} counted as lost, missing {missing}"
        equal(recording.lost, lost, "the sum of the events that tell of losses")
        told = await inspect(world.binary, file)
        equal(told["lost"], lost, "what inspect tells")


@suite.check_within(60)
async def a_write_that_fails_ends_the_recording_and_nothing_else(world):
    with place() as (file, output):
        trace = injected(output, "pwrite64:error=EIO:when=450", path=log_of(file))
        async with stage(world, file, trace=trace) as it:
            await it.quiet()
            await it.running.says(LOUD)
            await asyncio.sleep(1.5)
            recording = await it.end()
        require_early(it, recording, "I/O")


@suite.check_within(60)
async def a_sync_that_fails_ends_the_recording_and_nothing_else(world):
    with place() as (file, output):
        trace = injected(output, "fsync,fdatasync:error=EIO:when=45")
        async with stage(world, file, trace=trace) as it:
            await it.quiet()
            await it.running.says(LOUD)
            await asyncio.sleep(1.5)
            recording = await it.end()
        require_early(it, recording, "I/O")


@suite.check_within(60)
async def a_disk_that_fails_for_good_leaves_what_was_there(world):
    with place() as (file, output):
        trace = injected(output, "pwrite64,fsync,fdatasync,ftruncate:error=EIO:when=500+")
        async with stage(world, file, trace=trace) as it:
            await it.quiet()
            await it.running.says(LOUD)
            await it.running.says("does not say itself how it ended")
            await asyncio.sleep(1.5)
            recording = await it.end()
        equal(recording.ending, None, "the ending")
        it.require_until_its_end(recording)


@suite.check_within(60)
async def a_log_that_can_not_be_moved_into_the_file_loses_nothing(world):
    with place() as (file, output):
        trace = injected(output, "pwrite64:error=EIO:when=40+", path=file)
        async with stage(world, file, trace=trace) as it:
            await it.quiet()
            await happened(output, "INJECTED")
            await asyncio.sleep(1.5)
            recording = await it.end()
        equal(recording.ending, "whole", "the ending")
        for walker in it.walkers:
            recording.require_whole(walker)


@suite.check_within(60)
async def a_disk_that_is_full_at_once_ends_the_recording_and_nothing_else(world):
    with place() as (file, output):
        async with small_disk(file.parent, 96) as made:
            trace = () if made else injected(
                output, "pwrite64:error=ENOSPC:when=450", path=log_of(file)
            )
            async with stage(world, file, trace=trace) as it:
                await it.quiet()
                if made:
                    await asyncio.to_thread(fill, file.parent)
                await it.running.says(LOUD)
                await asyncio.sleep(1.5)
                recording = await it.end()
            require_early(it, recording, "full")
            equal(leftovers(file), [], "files beside the recording")


@suite.check_within(60)
async def a_disk_that_fills_up_ends_the_recording_before_it_is_full(world):
    with place() as (file, _):
        async with small_disk(file.parent, 96) as made:
            if not made:
                return show("left out: only root can make a small disk")
            async with stage(world, file) as it:
                await it.quiet()
                await asyncio.to_thread(fill, file.parent, leave=10 << 20)
                await it.running.says(LOUD)
                await asyncio.sleep(1.5)
                recording = await it.end()
            require_early(it, recording, "MiB are free")
            equal(leftovers(file), [], "files beside the recording")


@suite.check
async def a_disk_that_is_nearly_full_is_refused_at_the_start(world):
    with place() as (file, _):
        async with small_disk(file.parent, 32) as made:
            if not made:
                return show("left out: only root can make a small disk")
            await require_refused(world, file, "are free")


@suite.check_within(60)
async def a_file_that_is_removed_is_told_of(world):
    with place() as (file, _):
        async with stage(world, file) as it:
            await it.quiet()
            os.unlink(file)
            await it.running.says(LOUD + ".*removed")
            await asyncio.sleep(1.5)
            it.require_undisturbed()
            for walker in it.walkers:
                await walker.stand()
            equal(await it.running.stop(), 0, "the exit code")
        equal(leftovers(file), [], "files where the recording was")


@suite.check_within(60)
async def a_folder_that_becomes_read_only_loses_nothing(world):
    with place() as (file, _):
        user = give_away(file.parent)
        async with stage(world, file, user=user) as it:
            await it.quiet()
            os.chmod(file.parent, 0o555)
            await asyncio.sleep(3)
            recording = await it.end()
            os.chmod(file.parent, 0o755)
        equal(recording.ending, "whole", "the ending")
        for walker in it.walkers:
            recording.require_whole(walker)


@suite.check
async def a_folder_that_is_read_only_is_refused_at_the_start(world):
    with place() as (file, _):
        user = give_away(file.parent)
        os.chmod(file.parent, 0o555)
        await require_refused(world, file, "ermission denied", user=user)


async def require_refused(world, file, reason, user=None):
    """A server that is to record there ends at once, and says why."""
    binary = world.binary if user is None else world.binary_for_all()
    async with server(binary, file, user=user) as running:
        code = await asyncio.wait_for(running.process.wait(), 20)
        await running.reading
    equal(code, 1, f"the exit code ({running.log})")
    assert running.said(reason), f"it says {running.log}"
    equal(leftovers(file), [], "files that are left")
    assert not file.exists(), "the file is there"


def log_of(file):
    return file.with_name(f"{file.name}-wal")


def leftovers(file):
    """What lies beside a recording, but for its key."""
    names = {path.name for path in file.parent.iterdir()}
    return sorted(names - {file.name, Path(file).stem + ".key.csv", "filling"})


def give_away(path):
    """Makes a folder that of a user to whom permissions apply; gives who that is."""
    if os.geteuid() != 0:
        return None
    os.chown(path, NOBODY, NOBODY)
    return NOBODY
