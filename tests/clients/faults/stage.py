"""A session that is recorded while something happens to its disk."""

import asyncio
import contextlib
import os
import shutil
import time

from figures import p99, show
from recordings import Recording
from server import Heartbeat, server
from wire import Talkers, Walker

HZ = 144
"""Of each of two people who walk."""

QUIET_SECONDS = 2.5
"""How long chat is measured before anything happens."""

LONGEST_WAIT = 0.5
"""Seconds that a message may take at most, whatever happens to the disk; machines that stand still
are given what they stood."""

NOBODY = 65534

LOUD = r"ERROR.*THE RECORDING .* HAS ENDED EARLY: "


class Stage:
    """People who walk, and people who chat, on a server that records."""

    def __init__(self, running, file, walkers, talkers, heartbeat):
        self.running, self.file = running, file
        self.walkers, self.talkers = walkers, talkers
        self.heartbeat = heartbeat
        self.began = self.happens = time.monotonic()

    async def quiet(self):
        """Measures how it is before anything happens, which is from now on."""
        await asyncio.sleep(QUIET_SECONDS)
        self.happens = time.monotonic()
        assert not self.running.said(LOUD), f"it came too early: {self.running.log[-3:]}"

    async def end(self):
        """Ends the server as an operator does, and gives the recording."""
        self.require_undisturbed()
        for walker in self.walkers:
            await walker.stand()
        await self.talkers.close()
        code = await self.running.stop()
        assert code == 0, f"the exit code is {code}: {self.running.log[-3:]}"
        return Recording(self.file)

    def require_undisturbed(self, longest=LONGEST_WAIT):
        """Since it happened, chat has been as fast as before."""
        now = time.monotonic()
        before = self.talkers.between(self.began, self.happens)
        after = self.talkers.between(self.happens, now - 1)
        assert len(before) > 20 and len(after) > 20, f"{len(before)} and {len(after)} messages"
        stood = self.heartbeat.worst(time.time() - (now - self.happens), time.time())
        show(
            f"p99 of chat {p99(before) * 1e3:.1f} ms before, {p99(after) * 1e3:.1f} ms after"
            f" ({p99(after) / p99(before):.2f} times), longest {after[-1] * 1e3:.0f} ms"
        )
        assert after[-1] <= longest + stood, f"a message took {after[-1]:.2f} s"

    def require_until_its_end(self, recording):
        """All is there that had been received before the end that the recording tells of."""
        begin, length = int(recording.meta["start_unix_us"]), int(recording.meta["end_us"])
        loss = recording.loss(self.walkers, (begin + length) / 1e6)
        assert loss <= 0.001, f"the last {loss * 1e3:.0f} ms before its end are missing"
        assert length > 1e6, f"it has only {length} us"


@contextlib.asynccontextmanager
async def stage(world, file, *, trace=(), user=None, hz=HZ, together=2):
    """Starts a server and its people; who walks sends so many poses a second."""
    binary = world.binary if user is None else world.binary_for_all()
    heartbeat = Heartbeat()
    async with contextlib.AsyncExitStack() as stack:
        stack.callback(heartbeat.stop)
        running = await stack.enter_async_context(
            server(binary, file, trace=trace, user=user)
        )
        port = await running.listens()
        walkers = [await Walker.login(port, name) for name in ("w1", "w2")]
        for walker in walkers:
            stack.push_async_callback(walker.close)
            walker.walk(hz, together)
        talkers = await Talkers.meet(port)
        stack.push_async_callback(talkers.close)
        yield Stage(running, file, walkers, talkers, heartbeat)


def injected(output, *faults, path=None):
    """strace's arguments that let calls fail or take long, of one file or of all."""
    calls = ",".join(fault.split(":")[0] for fault in faults)
    inject = [word for fault in faults for word in ("-e", f"inject={fault}")]
    only = ["-P", path] if path else []
    return ["-e", f"trace={calls}", *only, "-e", "signal=none", *inject, "-o", output]


async def happened(output, mark, seconds=30):
    """Waits until strace has injected something."""
    async with asyncio.timeout(seconds):
        while not os.path.exists(output) or mark not in open(output, errors="replace").read():
            await asyncio.sleep(0.05)


@contextlib.asynccontextmanager
async def small_disk(path, mebibytes):
    """A disk of a few MiB at a path; gives whether there can be one."""
    made = os.geteuid() == 0 and await run(
        "mount", "-t", "tmpfs", "-o", f"size={mebibytes}m", "tmpfs", path
    )
    try:
        yield made
    finally:
        if made:
            await run("umount", "-l", path)


async def run(*command):
    process = await asyncio.create_subprocess_exec(
        *map(str, command), stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL,
    )
    return await process.wait() == 0


def fill(path, leave=0):
    """Fills the disk of a folder at once, but for so many bytes."""
    with open(path / "filling", "wb", buffering=0) as file:
        most = shutil.disk_usage(path).free - leave - (1 << 20)
        os.posix_fallocate(file.fileno(), 0, most)
        file.seek(0, os.SEEK_END)
        with contextlib.suppress(OSError):
            while shutil.disk_usage(path).free > leave:
                file.write(bytes(4096))
