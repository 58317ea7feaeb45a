"""kill -9 at random moments: at most 250 ms are lost, and what is there is whole and in order."""

import asyncio
import json
import random

from checks import Suite
from figures import milliseconds, show
from recordings import PROMISE, Recording
from server import Heartbeat, folder, server
from wire import Walker

suite = Suite("faults/kill")

MOMENTS = 200
TOGETHER = 5
LONGEST_SECONDS = 1.0


class Tally:
    def __init__(self):
        self.losses = []
        self.stall = 0.0
        self.unconfirmed = 0
        self.poses = 0


@suite.check_within(300)
async def at_200_random_moments_at_most_250_ms_are_lost(world):
    chance = random.Random(world.seed)
    moments = [
        (chance.uniform(0, LONGEST_SECONDS), chance.random() < 0.2, chance.uniform(0, 0.08))
        for _ in range(MOMENTS)
    ]
    tally, heartbeat, places = Tally(), Heartbeat(), asyncio.Semaphore(TOGETHER)

    async def one(number):
        async with places:
            with folder() as path:
                try:
                    await kill(world, path / "session.db", *moments[number], tally, heartbeat)
                except AssertionError as error:
                    raise AssertionError(f"seed {world.seed}, moment {number}: {error}") from None

    try:
        async with asyncio.TaskGroup() as group:
            for number in range(MOMENTS):
                group.create_task(one(number))
    except* AssertionError as errors:
        raise errors.exceptions[0]
    finally:
        heartbeat.stop()
    show(
        f"{MOMENTS} kills, {tally.unconfirmed} of them before the recording was confirmed;"
        f" {tally.poses} poses came through; lost: {milliseconds(tally.losses)}"
    )
    assert tally.unconfirmed < MOMENTS / 2, "most kills came too early to say anything"


async def kill(world, file, after, is_ending, later, tally, heartbeat):
    """Kills a server that records; some while it is ending."""
    async with server(world.binary, file) as running:
        timer = asyncio.create_task(asyncio.sleep(0.05 + after))
        walkers, is_confirmed = [], False
        walking = asyncio.create_task(walk(running, walkers))
        try:
            await timer
            is_confirmed = running.port is not None
            if is_ending and is_confirmed:
                ending = asyncio.create_task(running.stop())
                await asyncio.sleep(later)
                ending.cancel()
                if running.process.returncode is not None:
                    is_ending = False
            moment = running.kill() if running.process.returncode is None else None
        finally:
            walking.cancel()
            await asyncio.gather(walking, return_exceptions=True)
        await running.process.wait()
        for walker in walkers:
            await walker.close()
    if not is_confirmed:
        tally.unconfirmed += 1
        return
    recording = Recording(file)
    if moment is None:
        # It has ended by itself before it could be killed.
        assert recording.ending == "whole", f"it ended, but its file says {recording.ending}"
        return
    loss = recording.loss(walkers, moment)
    stall = heartbeat.worst(moment - 1, moment)
    assert loss <= PROMISE + stall, f"{loss * 1e3:.0f} ms lost (the machine stood {stall:.3f} s)"
    tally.losses.append(loss)
    found = sum(len(recording.of(walker)) for walker in walkers)
    tally.poses += found
    told = await inspect(world.binary, file)
    assert told["poses"] == found, f"inspect tells of {told['poses']} poses of {found}"
    wanted = {"interrupted", "whole"} if is_ending else {"interrupted"}
    assert told["state"] in wanted, f"inspect calls it {told['state']}"


async def walk(running, walkers):
    port = await running.listens()
    for name in ("w1", "w2"):
        walker = await Walker.login(port, name)
        walkers.append(walker)
        walker.walk(144, together=2)
    await asyncio.Event().wait()


async def inspect(binary, file):
    process = await asyncio.create_subprocess_exec(
        binary, "inspect", file, "--json", stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )
    output, errors = await process.communicate()
    assert process.returncode == 0, f"inspect: {errors.decode()}"
    return json.loads(output)
