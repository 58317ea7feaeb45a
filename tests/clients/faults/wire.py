"""A WebSocket client on nothing but the standard library, and people who send poses with it."""

import asyncio
import base64
import bisect
import json
import os
import struct
import time

PATIENCE = 20.0
"""Seconds that a client waits for an answer."""


def frame(message):
    """A text frame (RFC 6455, section 5.2). Masked with zeros: what is sent is no secret here."""
    payload = json.dumps(message).encode()
    if len(payload) < 126:
        return struct.pack("!BB4x", 0x81, 0x80 | len(payload)) + payload
    assert len(payload) < 1 << 16, "longer than any message here"
    return struct.pack("!BBH4x", 0x81, 0x80 | 126, len(payload)) + payload


PING = frame({"system": "ping"})


class Peer:
    """A connection that is logged in, and so in the lobby."""

    def __init__(self, name, reader, writer):
        self.name = name
        self.writer = writer
        self.answers = asyncio.Queue()
        self.reading = asyncio.create_task(self._read(reader))

    @classmethod
    async def login(cls, port, name):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        key = base64.b64encode(os.urandom(16)).decode()
        writer.write(
            f"GET / HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\n"
            f"Connection: Upgrade\r\nSec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n"
            .encode()
        )
        status = await reader.readuntil(b"\r\n\r\n")
        assert status.startswith(b"HTTP/1.1 101 "), f"the handshake: {status[:80]!r}"
        peer = cls(name, reader, writer)
        await peer.ask(202, system="login", options={"user": name, "pass": ""})
        return peer

    def write(self, frames):
        if self.writer.transport.is_closing():
            raise ConnectionResetError("the server has closed the connection")
        self.writer.write(frames)

    def send(self, **request):
        self.write(frame(request))

    async def ask(self, code, **request):
        """Sends a request and wants this code as its answer."""
        self.send(**request)
        response = await asyncio.wait_for(self.answers.get(), PATIENCE)
        assert response["code"] == code, f"{request} of {self.name}: {response}"
        return response

    def on_answer(self, response):
        self.answers.put_nowait(response)

    def on_event(self, room, entry):
        pass

    async def close(self):
        self.reading.cancel()
        self.writer.close()
        await asyncio.gather(self.reading, return_exceptions=True)

    async def _read(self, reader):
        try:
            while True:
                head, length = await reader.readexactly(2)
                if length >= 126:
                    size = 2 if length == 126 else 8
                    length = int.from_bytes(await reader.readexactly(size), "big")
                payload = await reader.readexactly(length)
                if head == 0x81:
                    self._handle(json.loads(payload))
                elif head == 0x89:
                    self.write(struct.pack("!BB4x", 0x8A, 0x80 | length) + payload)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass  # The server is gone, which is what many of these checks are about.

    def _handle(self, message):
        if message["info"] == "user":
            for entry in message["payload"]:
                self.on_event(message["room"], entry)
        else:
            self.on_answer(message["response"])


def numbers(n):
    """The six numbers of pose `n`, from which it can be told; most are no short decimals."""
    return (float(n), 1.7 + n % 1000 / 7, -n / 3, n % 90 * 0.1, n % 360 + 0.25, 1 / (n + 1))


def pose(n):
    x, y, z, a, b, c = numbers(n)
    data = {"pos": {"x": x, "y": y, "z": z}, "rot": {"x": a, "y": b, "z": c}}
    return frame({"room": "lobby", "type": "transform", "data": data})


class Walker(Peer):
    """Somebody who sends numbered poses, and asks again and again which of them have arrived.

    Requests of a connection are handled in order, and an answer has the server's time: what was
    sent before a ping had been received at the time of its answer.
    """

    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.sent = 0
        self.pings = []
        """How many poses had been sent before each ping that has no answer yet."""
        self.received = []
        """The server's time, and how many poses had been received by then."""
        self.walking = None

    def walk(self, hz, together=1):
        """Sends poses from now on, so many in one go."""
        self.walking = asyncio.create_task(self._walk(hz, together))

    async def stand(self):
        """Sends no more, and waits until all has been received."""
        self.walking.cancel()
        await asyncio.gather(self.walking, return_exceptions=True)
        async with asyncio.timeout(PATIENCE):
            while not self.received or self.received[-1][1] < self.sent:
                await asyncio.sleep(0.01)

    def received_at(self, n):
        """The server's time at which pose `n` had been received; `None` if nobody knows."""
        place = bisect.bisect_right(self.received, n, key=lambda entry: entry[1])
        return self.received[place][0] if place < len(self.received) else None

    async def close(self):
        if self.walking:
            self.walking.cancel()
            await asyncio.gather(self.walking, return_exceptions=True)
        await super().close()

    def _send(self, together):
        self.write(b"".join(pose(n) for n in range(self.sent, self.sent + together)) + PING)
        self.sent += together
        self.pings.append(self.sent)

    async def _walk(self, hz, together):
        began = time.monotonic()
        try:
            while True:
                due = int((time.monotonic() - began) * hz)
                while self.sent + together <= due:
                    self._send(together)
                await self.writer.drain()
                await asyncio.sleep(together / hz / 2)
        except ConnectionError:
            pass

    def on_answer(self, response):
        if response["code"] == 220:
            self.received.append((response["time"], self.pings.pop(0)))
        else:
            super().on_answer(response)


class Talkers:
    """Two people who chat: each answers the other at once."""

    def __init__(self, ann, ben):
        self.ann, self.ben = ann, ben
        self.latencies = []
        """When each message was sent, on this machine's monotonic clock, and how long it took."""
        self.talking = None

    @classmethod
    async def meet(cls, port):
        talkers = cls(await Talker.login(port, "ann"), await Talker.login(port, "ben"))
        for talker in (talkers.ann, talkers.ben):
            talker.send(room="talk", type="join", data="")
        talkers.talking = asyncio.create_task(talkers._talk())
        return talkers

    def between(self, begin, end):
        """The latencies of messages sent in that time; the one that is under way counts too."""
        return sorted(took for sent, took in self.latencies if begin <= sent < end)

    async def close(self):
        self.talking.cancel()
        await asyncio.gather(self.talking, return_exceptions=True)
        await self.ann.close()
        await self.ben.close()

    async def _talk(self):
        # Until both are in the room, what they say is refused or heard by one of them only.
        await self.ann.joined.wait()
        await self.ben.joined.wait()
        for n in range(10**9):
            talker, listener = (self.ann, self.ben) if n % 2 else (self.ben, self.ann)
            listener.heard.clear()
            sent = time.monotonic()
            self.latencies.append((sent, float("inf")))
            talker.send(room="talk", type="msg", data=n)
            await listener.heard.wait()
            self.latencies[-1] = (sent, time.monotonic() - sent)
            await asyncio.sleep(0.005)


class Talker(Peer):
    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.joined, self.heard = asyncio.Event(), asyncio.Event()

    def on_event(self, room, entry):
        if entry["type"] == "join" and entry["user"] == self.name and room == "talk":
            self.joined.set()
        elif entry["type"] == "msg" and entry["user"] != self.name:
            self.heard.set()
