"""The server as a process of its own, for the checks that end it."""

import asyncio
import contextlib
import signal
import socket
import subprocess
import time

from checks import Suite, equal, fresh
from client import Client, entries

suite = Suite("process")

START_SECONDS = 20.0
DRAIN_SECONDS = 5.0
"""The longest that a drain takes, whatever the peers do."""


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextlib.asynccontextmanager
async def server(world, *arguments):
    """A server that accepts connections; gives its process and its address."""
    port = free_port()
    process = await asyncio.create_subprocess_exec(
        world.binary, "--headless", "--ip", "127.0.0.1", "--port", str(port), "--fps", "30",
        *arguments, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
    )
    log = asyncio.create_task(process.stderr.read())
    try:
        async with asyncio.timeout(START_SECONDS):
            while not accepts(port):
                if process.returncode is not None:
                    raise AssertionError(f"the server ended: {(await log).decode()[-600:]}")
                await asyncio.sleep(0.02)
        yield process, f"ws://127.0.0.1:{port}"
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()
        await log


def accepts(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


async def end(process, signal_number):
    """Sends a signal; gives the exit code and the seconds until it was there."""
    began = time.monotonic()
    process.send_signal(signal_number)
    async with asyncio.timeout(3 * DRAIN_SECONDS):
        code = await process.wait()
    return code, time.monotonic() - began


@suite.check_within(90)
async def sigterm_closes_everyone_with_1001_and_exits_0(world):
    room, text = fresh("room"), "accepted before the end"
    async with server(world) as (process, url):
        ann, ben = await Client.connect(url), await Client.connect(url)
        for client in (ann, ben):
            await client.login(fresh("user"))
            await client.join(room)
        stranger = await Client.connect(url)
        node = await asyncio.create_subprocess_exec(
            "node", str(world.scripts / "node-until-closed.mjs"), url, world.node_modules, "node",
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        )
        equal((await node.stdout.readline()).strip(), b"ready", "what Node says")
        tab = await world.browser.open(f"{world.site}/page.html")
        await tab.until("module", "window.ready")
        await tab.evaluate(
            f"import('/browser-checks.mjs').then((it) => it.untilClosed('{url}', 'browser'))"
            ".then((closed) => { window.closed_code = closed; return true; })"
        )
        browser_code = asyncio.create_task(tab.evaluate("window.closed_code()"))
        await ann.say(room, text)
        await ann.event(room, "msg")

        code, seconds = await end(process, signal.SIGTERM)
        equal(code, 0, "the exit code")
        assert seconds <= DRAIN_SECONDS + 1, f"the drain took {seconds:.1f} s"
        equal(await ann.closed(), 1001, "the close code of a Python client")
        equal(await ben.closed(), 1001, "the close code of another")
        equal(await stranger.closed(), 1001, "the close code of one that is not logged in")
        said = [e["data"] for f in ben.seen for e in entries(f, room, "msg")]
        equal(said, [text], "what was said before the end")
        equal((await node.communicate())[0].strip(), b"1001", "the close code of Node")
        equal(await browser_code, 1001, "the close code of the browser")
        await tab.close()


@suite.check_within(60)
async def sigint_ends_it_in_time_also_with_dead_and_slow_peers(world):
    async with server(world) as (process, url):
        room = fresh("room")
        ann = await Client.connect(url)
        await ann.login("ann")
        await ann.join(room)
        sleeper = await Client.connect(url, max_queue=1)
        await sleeper.login("sleeper")
        await sleeper.join(room)
        sleeper.socket.transport.pause_reading()
        silent = socket.create_connection(("127.0.0.1", int(url.rsplit(":", 1)[1])))
        silent.sendall(b"GET / HTTP/1.1\r\nHost: half a handshake")
        for number in range(20):
            await ann.say(room, [number, "x" * 10_000], "button")
            await ann.event(room, "button")
        code, seconds = await end(process, signal.SIGINT)
        equal(code, 0, "the exit code")
        assert seconds <= DRAIN_SECONDS + 1, f"the drain took {seconds:.1f} s"
        equal(await ann.closed(), 1001, "the close code")
        sleeper.socket.transport.abort()
        silent.close()


@suite.check
async def a_taken_port_is_said_and_exits_1(world):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        process = await asyncio.create_subprocess_exec(
            world.binary, "--headless", "--ip", "127.0.0.1", "--port", port,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )
        try:
            output = b"".join(await asyncio.wait_for(process.communicate(), 20)).decode()
        finally:
            if process.returncode is None:
                process.kill()
    equal(process.returncode, 1, f"the exit code ({output[-300:]!r})")
    assert port in output, f"the port {port} is not in {output[-300:]!r}"
