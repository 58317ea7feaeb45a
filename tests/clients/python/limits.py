"""Limits, each on a server of its own whose setting makes it quick to reach."""

import asyncio
import json
import re
import subprocess

from websockets.exceptions import InvalidStatus

from checks import Suite, equal
from client import PATIENCE, Client, code_of, entries
from process import server

suite = Suite("limits")
check = suite.check


async def member(url, name, *rooms, **options):
    client = await Client.connect(url, **options)
    await client.login(name)
    for room in rooms:
        await client.join(room)
    return client


async def refusal(url, **options):
    """The HTTP status with which a handshake is refused."""
    try:
        client = await Client.connect(url, **options)
    except InvalidStatus as error:
        return error.response.status_code
    await client.socket.close()
    return None


async def ends(url, request):
    """All that the server sends until it ends the connection."""
    port = int(url.rsplit(":", 1)[1])
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(request)
    try:
        return await asyncio.wait_for(reader.read(), PATIENCE)
    except ConnectionResetError:
        return b""
    finally:
        writer.close()


@check
async def a_peer_that_answers_nothing_is_gone(world):
    async with server(world, "--idle-timeout", "2") as (_, url):
        watcher = await member(url, "watcher", "room")
        sleeper = await member(url, "sleeper", "room")
        sleeper.socket.transport.pause_reading()
        await watcher.event("room", "join", "sleeper")
        await watcher.event("room", "leave", "sleeper")
        await watcher.ask({"system": "ping"}, 220)
        sleeper.socket.transport.abort()


@check
async def pinging_without_reading_is_not_life(world):
    async with server(world, "--idle-timeout", "2") as (_, url):
        watcher = await member(url, "watcher", "room")
        sleeper = await member(url, "sleeper", "room", ping_interval=None)
        sleeper.socket.transport.pause_reading()

        async def ping():
            while True:
                await sleeper.socket.ping()
                await asyncio.sleep(0.2)

        pinging = asyncio.create_task(ping())
        # Enough to fill the buffers of both kernels, so that its pongs get through no longer.
        flood = asyncio.create_task(pour(watcher, "room"))
        try:
            await watcher.event("room", "leave", "sleeper")
        finally:
            pinging.cancel()
            flood.cancel()
            sleeper.socket.transport.abort()


async def pour(client, room):
    for number in range(400):
        await client.say(room, [number, "x" * 50_000], "button")
        await asyncio.sleep(0.01)


@check
async def who_does_not_log_in_is_closed_with_1008(world):
    async with server(world, "--login-timeout", "1") as (_, url):
        ann, stranger = await member(url, "ann"), await Client.connect(url)
        await stranger.ask({"system": "ping"}, 220)
        equal(await stranger.closed(), 1008, "the close code")
        await ann.ask({"system": "ping"}, 220)


@check
async def a_handshake_that_stalls_or_bloats_is_ended(world):
    async with server(world, "--handshake-timeout", "1") as (_, url):
        head = b"GET / HTTP/1.1\r\nHost: localhost\r\n"
        for request in (b"", b"G", head, head + b"X-Bloat: " + b"x" * (17 << 10)):
            answer = await ends(url, request)
            assert answer[:10] in (b"", b"HTTP/1.1 4"), f"{request[:40]!r}: {answer[:80]!r}"


@check
async def foreign_origins_are_403_at_the_handshake(world):
    async with server(world, "--origin", "http://good.example") as (_, url):
        equal(await refusal(url, origin="http://evil.example"), 403, "the HTTP status")
        equal(await refusal(url, origin="http://good.example"), None, "for the listed one")
        equal(await refusal(url), None, "for a client that is no browser")
        tab = await world.browser.open(f"{world.site}/page.html")
        connect = f"new Promise((done) => {{ new WebSocket({json.dumps(url)}).onclose = done; }})"
        code = await tab.evaluate(f"{connect}.then((event) => event.code)")
        equal(code, 1006, "what a page of another origin sees")
        await tab.close()


@check
async def one_more_connection_of_an_address_is_429(world):
    async with server(world, "--max-connections-per-address", "3") as (_, url):
        clients = [await member(url, f"user {n}") for n in range(3)]
        equal(await refusal(url), 429, "the HTTP status")
        await clients[1].socket.close()
        await clients[0].event("lobby", "leave", "user 1")
        # The room is left at once; the place is free when the connection has ended as well.
        async with asyncio.timeout(10):
            while await refusal(url) is not None:
                pass


@check
async def one_more_connection_in_all_is_503(world):
    async with server(world, "--max-connections", "3") as (_, url):
        clients = [await member(url, f"user {n}") for n in range(3)]
        equal(await refusal(url), 503, "the HTTP status")
        await clients[0].ask({"system": "ping"}, 220)


@check
async def too_many_messages_are_429_and_not_carried_out(world):
    async with server(world, "--messages-per-s", "1", "--messages-burst", "20") as (_, url):
        ann = await member(url, "ann", "room")
        for number in range(100):
            await ann.say("room", number, "note")
        said, refused = [], 0
        while len(said) + refused < 100:
            frame = await ann.frame()
            if code_of(frame):
                equal(code_of(frame), 429, "the code")
                refused += 1
            elif frame["room"] == "room":
                said += [e["data"] for e in frame["payload"]]
        assert 0 < len(said) <= 40, f"{len(said)} of 100 messages went through"
        equal(said, sorted(said), "what went through")
        # Transforms are apart.
        before = len(ann.seen)
        for number in range(200):
            await ann.move("room", x=number)
        await ann.tick("room", lambda got: got["ann"]["pos"]["x"] == 199)
        refused = [code_of(f) for f in ann.seen[before:] if code_of(f)]
        equal(refused, [], "answers to transforms")


@check
async def too_many_rooms_are_413(world):
    async with server(world, "--max-rooms-per-user", "3", "--max-rooms", "4") as (_, url):
        # The lobby is the first of both.
        ann = await member(url, "ann", "one", "two")
        await ann.ask({"room": "three", "type": "join", "data": ""}, 413)
        ben = await member(url, "ben", "three")
        await ben.ask({"room": "four", "type": "join", "data": ""}, 413)
        await ben.join("one")


@check
async def who_reads_too_slowly_is_closed_and_nobody_else_notices(world):
    arguments = "--limits none --queue-bytes 256KiB --idle-timeout 60".split()
    async with server(world, *arguments) as (_, url):
        ann, ben = await member(url, "ann", "room"), await member(url, "ben", "room")
        slow = await member(url, "slow", "room")
        slow.socket.transport.pause_reading()
        count = 300

        async def talk():
            for number in range(count):
                await ann.say("room", [number, "x" * 50_000], "button")
                await ann.event("room", "button")

        async def listen():
            got = []
            while len(got) < count:
                frame = await ben.event("room", "button")
                got += [e["data"][0] for e in frame["payload"]]
            return got

        # Ben has to read all the while, or he is slow as well.
        _, got = await asyncio.gather(talk(), listen())
        equal(got, list(range(count)), "what Ben got")
        if not any(entries(frame, "room", "leave", "slow") for frame in ann.seen):
            await ann.event("room", "leave", "slow")
        slow.socket.transport.abort()


@check
async def a_wrong_setting_is_named_and_nothing_starts(world):
    for setting, value in (("fps", "0"), ("fps", "fast"), ("port", "70000"), ("limits", "some"),
                           ("max-rooms", "-1"), ("log-level", "loud"), ("ip", "here")):
        process = await asyncio.create_subprocess_exec(
            world.binary, "--headless", f"--{setting}", value,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )
        try:
            output = b"".join(await asyncio.wait_for(process.communicate(), 20)).decode()
        finally:
            if process.returncode is None:
                process.kill()
        equal(process.returncode, 2, f"the exit code for {setting} {value!r}")
        assert setting in output and value in output, f"{setting} {value}: {output[-300:]!r}"


@check
async def the_readme_tells_the_settings_as_the_help_does(world):
    process = await asyncio.create_subprocess_exec(
        world.binary, "--help", stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
    )
    help = " ".join((await process.communicate())[0].decode().split())
    chapter = re.search(r"^## Settings$(.*?)^## ", world.readme.read_text(), re.M | re.S)[1]
    rows = re.findall(r"^\| `([a-z-]+)` \| ([^|]*?) ?\|", chapter, re.M)
    assert len(rows) > 20, f"only {len(rows)} settings in the README"
    for name, default in rows:
        shown = re.search(rf"--{name}\b(.*?)(?: --[a-z]|$)", help)
        assert shown, f"--{name} is in the README and not in the help"
        if default:
            wanted = f"[default: {default}, env: VRLOBBY_{name.upper().replace('-', '_')}]"
            assert wanted in help, f"{name}: {wanted} is not in the help"
    for row in re.findall(r"^\| `([a-z-]+)` \| (\S+) \| (\S+) \| (\S+) \|", chapter, re.M):
        if len(set(row[1:])) > 1:
            assert " ".join(row) in help, f"{row} is not so in the help's table of ready sets"
