"""The README's clients, as printed, seen by an observer in their room."""

import asyncio
import contextlib
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from checks import Suite, equal, fresh

suite = Suite("readme")

ROOM = "atrium"
PRINTED_ADDRESS = "ws://127.0.0.1:42069"


def snippet(world, language):
    """The one code block of a language that opens a connection."""
    blocks = re.findall(rf"^```{language}\n(.*?)^```$", world.readme.read_text(), re.M | re.S)
    blocks = [block for block in blocks if PRINTED_ADDRESS in block]
    equal(len(blocks), 1, f"{language} clients in the README")
    lines = sum(bool(line.strip()) for line in blocks[0].splitlines())
    assert lines <= 15, f"the {language} client has {lines} lines of code, not 15"
    # Only where the port is taken on this machine; the address is as printed otherwise.
    return blocks[0].replace(PRINTED_ADDRESS, world.url)


async def watch(observer, user, hello):
    """Sees a client join, say hello and walk."""
    await observer.event(ROOM, "join", user)
    said = await observer.event(ROOM, "msg", user)
    equal(said["payload"][0]["data"], hello, f"what {user} says")
    first = (await observer.tick(ROOM, lambda got: user in got))[user]["pos"]
    await observer.tick(ROOM, lambda got: user in got and got[user]["pos"] != first)


@suite.check
async def the_python_client_works_as_printed(world):
    observer = await world.user(fresh("observer"), ROOM)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "client.py")
        file.write_text(snippet(world, "python"))
        process = await asyncio.create_subprocess_exec(
            sys.executable, str(file), env={**os.environ, "PYTHONUNBUFFERED": "1"},
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )
        try:
            await watch(observer, "python", "Hello from Python")
            await observer.say(ROOM, "seen by the printed client")
            while b"seen by the printed client" not in (line := await process.stdout.readline()):
                assert line, f"it ended: {(await process.stderr.read()).decode()[-600:]}"
        finally:
            with contextlib.suppress(ProcessLookupError):
                process.terminate()
            await process.communicate()
    await observer.event(ROOM, "leave", "python")


@suite.check_within(90)
async def the_browser_client_works_as_printed(world):
    name = fresh("observer")
    observer = await world.user(name, ROOM)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "client.html")
        file.write_text(snippet(world, "html"))
        # Once from the disk, as by a double click, and once from a web server.
        with world.serve(folder) as site:
            for address in (file.as_uri(), f"{site}/client.html"):
                tab = await world.browser.open(address)
                await watch(observer, "browser", "Hello from the browser")
                await observer.move(ROOM, x=7)
                shown = f"document.body.innerText.includes({name!r})"
                await tab.until(f"pose of the observer ({address})", shown)
                await tab.close()
                await observer.event(ROOM, "leave", "browser")
                observer.seen.clear()
