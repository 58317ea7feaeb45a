"""Connections: how they begin, end, take over, and what is too much."""

import asyncio
import os
import struct
from urllib.parse import urlsplit

from websockets.exceptions import ConnectionClosed

from checks import Suite, equal, fresh
from client import PATIENCE, Client, entries

suite = Suite("python/connections")
check = suite.check

LIMIT = 1 << 20
"""The largest message, in bytes, unless set."""


def masked_frame(first_byte, payload, declared=None):
    """A client's frame, as bytes; `declared` is the length it claims, the payload's unless given."""
    length = len(payload) if declared is None else declared
    if length < 126:
        header = struct.pack("!BB", first_byte, 0x80 | length)
    elif length < 1 << 16:
        header = struct.pack("!BBH", first_byte, 0x80 | 126, length)
    else:
        header = struct.pack("!BBQ", first_byte, 0x80 | 127, length)
    mask = os.urandom(4)
    return header + mask + bytes(byte ^ mask[i % 4] for i, byte in enumerate(payload))


async def http(world, request):
    """What the port answers to bytes, until it ends or the head is complete."""
    address = urlsplit(world.url)
    reader, writer = await asyncio.open_connection(address.hostname, address.port)
    try:
        writer.write(request)
        async with asyncio.timeout(PATIENCE):
            return (await reader.readuntil(b"\r\n")).decode("latin-1")
    finally:
        writer.close()


@check
async def plain_http_is_answered(world):
    for request in (
        b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"GET /any/path HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\n{}",
    ):
        status = await http(world, request)
        assert status.startswith("HTTP/1."), f"{request[:20]!r} was answered {status!r}"


@check
async def a_wrong_handshake_is_refused_in_http(world):
    upgrade = "GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    for rest in ("Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 8\r\n\r\n",
                 "Sec-WebSocket-Version: 13\r\n\r\n"):
        status = await http(world, (upgrade + rest).encode())
        assert status.split()[1].startswith("4"), f"{rest!r} was answered {status!r}"


@check
async def any_path_and_any_origin_will_do(world):
    for path in ("/", "/some/where?else=1"):
        client = await Client.connect(world.url.rstrip("/") + path, origin="http://example.org")
        await client.ask({"system": "ping"}, 220)
        await client.socket.close()


@check
async def pings_are_ponged_with_their_payload(world):
    client = await world.connect()
    for payload in (b"", b"vrlobby", b"x" * 125):
        waiter = await client.socket.ping(payload)
        await asyncio.wait_for(waiter, PATIENCE)


@check
async def binary_is_406_also_within_a_session(world):
    client = await world.user(fresh("ann"))
    await client.ask(b"\x00\x01\x02", 406)
    await client.ask({"system": "ping"}, 220)


@check
async def the_largest_message_passes(world):
    client = await world.user(fresh("ann"))
    request = '{"system":"ping","pad":"%s"}'
    await client.ask(request % ("x" * (LIMIT - len(request % ""))), 220)


@check
async def before_login_a_message_has_at_most_16_kib(world):
    client = await world.connect()
    request = '{"system":"ping","pad":"%s"}'
    await client.ask(request % ("x" * ((16 << 10) - len(request % ""))), 220)
    await client.raw("x" * ((16 << 10) + 1))
    equal(await client.closed(), 1009, "the close code")


@check
async def a_larger_message_is_1009(world):
    client = await world.user(fresh("ann"))
    try:
        await client.raw("x" * (LIMIT + 1))
    except ConnectionClosed:
        pass
    equal(await client.closed(), 1009, "the close code")


@check
async def a_larger_message_in_fragments_is_1009(world):
    client = await world.user(fresh("ann"))
    try:
        await client.raw(["x" * (64 << 10)] * 17)
    except ConnectionClosed:
        pass
    equal(await client.closed(), 1009, "the close code")


@check
async def a_larger_message_that_is_only_declared_is_1009(world):
    client = await world.connect()
    client.socket.transport.write(masked_frame(0x81, b"x", declared=1 << 40))
    equal(await client.closed(), 1009, "the close code")


@check
async def fragments_make_one_message(world):
    client = await world.connect()
    await client.raw(iter(['{"sys', 'tem"', ':"pi', "", 'ng"}']))
    await client.reply(220)


@check
async def invalid_utf8_is_1007(world):
    client = await world.connect()
    client.socket.transport.write(masked_frame(0x81, b'{"system":"\xff\xfe"}'))
    equal(await client.closed(), 1007, "the close code")


@check
async def protocol_errors_are_1002(world):
    for what, frame in (
        ("a reserved opcode", masked_frame(0x83, b"x")),
        ("a reserved bit", masked_frame(0x91, b"{}")),
        ("a frame without mask", b"\x81\x02{}"),
        ("a continuation of nothing", masked_frame(0x80, b"x")),
        ("a ping in fragments", masked_frame(0x09, b"x")),
    ):
        client = await world.connect()
        client.socket.transport.write(frame)
        equal(await client.closed(), 1002, f"the close code for {what}")


@check
async def a_close_is_answered_in_kind(world):
    room, name = fresh("room"), fresh("ann")
    watcher = await world.user(fresh("watcher"), room)
    for code in (1000, 1001, 4321):
        client = await world.user(name, room)
        await client.socket.close(code, "good bye")
        equal(client.socket.protocol.close_rcvd.code, code, "the code that came back")
        await watcher.event(room, "leave", name)


@check
async def a_broken_connection_leaves_once(world):
    one, two, name = fresh("one"), fresh("two"), fresh("ann")
    watcher = await world.user(fresh("watcher"), one, two)
    client = await world.user(name, one, two)
    client.socket.transport.abort()
    await watcher.until("leave in one room", lambda f: entries(f, one, "leave", name)
                        or entries(f, two, "leave", name))
    again = await world.user(name, one, two)
    await again.say(two, "back")
    await watcher.event(two, "msg", name)
    for room in (one, two):
        got = [e["type"] for f in watcher.seen for e in entries(f, room, user=name)]
        equal([t for t in got if t != "msg"], ["join", "leave", "join"], f"presence in {room}")


@check
async def the_same_password_takes_over(world):
    room, name = fresh("room"), fresh("ann")
    watcher = await world.user(fresh("watcher"), room)
    old = await world.user(name, room, password="secret")
    await watcher.event(room, "join", name)
    new = await world.connect()
    for wrong in ("", "Secret", "guess"):
        await new.ask({"system": "login", "options": {"user": name, "pass": wrong}}, 409)
    await new.login(name, "secret")
    equal(await old.closed(), 1008, "the old connection's close code")
    await watcher.event(room, "leave", name)
    await new.join(room)
    await watcher.event(room, "join", name)
    for where in (room, "lobby"):
        got = [e["type"] for f in watcher.seen for e in entries(f, where, user=name)]
        equal(got, ["join", "leave", "join"], f"presence in {where}")
    await new.say(room, "back")
    await watcher.event(room, "msg", name)


@check
async def an_empty_password_never_takes_over(world):
    name = fresh("ann")
    old = await world.user(name)
    new = await world.connect()
    await new.ask({"system": "login", "options": {"user": name, "pass": ""}}, 409)
    await old.ask({"system": "ping"}, 220)
