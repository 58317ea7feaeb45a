"""python main.py WANTED SERVER_BINARY

Runs the checks whose names contain WANTED, all if it is empty: what is left of a recording after
kill -9, power cuts and faults of the disk, and what its session feels of them. Linux only; needs
strace. VRLOBBY_SEED repeats the random choices of another run.
"""

import asyncio
import os
import random
import shutil
import signal
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "python"))

import kills
import power
import storage
from figures import show
from server import folder


class World:
    """All that a check may use."""

    def __init__(self, binary, folder):
        self.binary = binary
        self.folder = folder
        self.seed = int(os.environ.get("VRLOBBY_SEED") or random.randrange(1 << 32))

    def binary_for_all(self):
        """The server where every user of this machine can run it."""
        copy = self.folder / "vrlobby"
        if not copy.exists():
            shutil.copy(self.binary, copy)
            os.chmod(self.folder, 0o755)
            os.chmod(copy, 0o755)
        return copy

    def within(self, stack):
        return self


async def main(wanted, binary):
    # Terminated or not, what was started is ended.
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, asyncio.current_task().cancel)
    failed = 0
    with folder(in_memory=False) as path:
        world = World(binary, path)
        show(f"the seed is {world.seed}")
        for module in (kills, power, storage):
            failed += await module.suite.run(world, wanted)
    return 1 if failed else 0


if __name__ == "__main__":
    try:
        sys.exit(asyncio.run(main(*sys.argv[1:])))
    except asyncio.CancelledError:
        sys.exit(128 + signal.SIGTERM)
