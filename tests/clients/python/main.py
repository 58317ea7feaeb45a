"""python main.py WANTED URL SERVER_BINARY README NODE_MODULES

Runs the checks whose names contain WANTED, all if it is empty, against a running server.
"""

import asyncio
import contextlib
import signal
import subprocess
import sys
from pathlib import Path

import answers
import clocks
import connections
import limits
import meeting
import original
import process
import rooms
import snippets
import transforms
from checks import report
from chromium import Chromium, Pages
from client import World as Connections

SCRIPTS = Path(__file__).resolve().parent.parent / "javascript"


class World(Connections):
    """All that a check may use."""

    def __init__(self, url, binary, readme, node_modules):
        super().__init__(url)
        self.binary = binary
        self.readme = Path(readme)
        self.node_modules = node_modules
        self.scripts = SCRIPTS
        self.serve = Pages
        self.site = None
        self.browser = None

    def within(self, stack):
        world = World(self.url, self.binary, self.readme, self.node_modules)
        world.site, world.browser, world.stack = self.site, self.browser, stack
        return world


async def node(world):
    """Node's checks, which print their own lines."""
    process = await asyncio.create_subprocess_exec(
        "node", str(SCRIPTS / "node-checks.mjs"), world.url, world.node_modules,
        stdin=subprocess.DEVNULL,
    )
    try:
        async with asyncio.timeout(180):
            code = await process.wait()
    finally:
        if process.returncode is None:
            process.kill()
    return code != 0


async def browser(world):
    """The browser's checks, whose results the page hands over."""
    results = []

    async def run():
        tab = await world.browser.open(f"{world.site}/page.html")
        await tab.until("module", "window.ready")
        results.extend(
            await tab.evaluate(f"import('/browser-checks.mjs').then((it) => it.run('{world.url}'))")
        )
        await tab.close()

    failed = not await report("browser/runs_to_the_end", run(), 180)
    for result in results:
        if result["error"]:
            print(f"FAIL {result['name']}: {' '.join(result['error'].split())}", flush=True)
            failed = True
        else:
            print(f"ok {result['name']}", flush=True)
    return failed


async def main(wanted, *arguments):
    # Terminated or not, what was started is ended.
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, asyncio.current_task().cancel)
    world = World(*arguments)
    failed = 0
    async with contextlib.AsyncExitStack() as stack:
        world.site = stack.enter_context(Pages(SCRIPTS))
        world.browser = await stack.enter_async_context(Chromium())
        for module in (snippets, answers, rooms, transforms, clocks, connections, original):
            failed += await module.suite.run(world, wanted)
        for name, run in (("node/", node), ("browser/", browser), ("meeting/", meeting.meet)):
            if wanted in name:
                failed += await run(world)
        for module in (process, limits):
            failed += await module.suite.run(world, wanted)
    return 1 if failed else 0


if __name__ == "__main__":
    try:
        sys.exit(asyncio.run(main(*sys.argv[1:])))
    except asyncio.CancelledError:
        sys.exit(128 + signal.SIGTERM)
