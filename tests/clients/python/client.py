"""A client for checks, on the `websockets` library; every frame it gets is checked for its form."""

import asyncio
import json

import websockets
from websockets.exceptions import ConnectionClosed

PATIENCE = 10.0
"""Seconds that a client waits for one thing."""

MESSAGES = {
    200: "Ok.",
    202: "Access granted.",
    212: "Listing information.",
    214: "Help message.",
    220: "Pong.",
    400: "Bad request.",
    401: "User unauthorized.",
    403: "Access denied.",
    406: "Data object has invalid structure.",
    409: "Request conflicts current status.",
    413: "Limit reached.",
    429: "Too many requests.",
    500: "Internal server error.",
    501: "Command not recognized.",
}


def require_form(frame):
    """Asserts what holds for every frame: keys, their order, their types."""
    keys = list(frame)
    if frame.get("info") == "user":
        assert keys == ["info", "room", "payload"], f"an event's keys: {keys}"
        assert isinstance(frame["payload"], list) and frame["payload"], "an empty payload"
        for entry in frame["payload"]:
            assert list(entry) == ["time", "user", "type", "data"], f"an entry's keys: {list(entry)}"
            assert type(entry["time"]) in (int, float), f"time is {entry['time']!r}"
    else:
        assert keys == ["info", "response"], f"an answer's keys: {keys}"
        response = frame["response"]
        assert list(response) == ["time", "code", "msg", "detail"], f"keys: {list(response)}"
        assert type(response["time"]) in (int, float), f"time is {response['time']!r}"
        assert MESSAGES.get(response["code"]) == response["msg"], f"code and msg: {response}"
        assert isinstance(response["detail"], dict), f"detail is {response['detail']!r}"
        wanted = "error" if response["code"] >= 400 else "system"
        assert frame["info"] == wanted, f"info is {frame['info']!r} for code {response['code']}"


def code_of(frame):
    """The code of an answer, none for an event."""
    return frame["response"]["code"] if "response" in frame else None


def entries(frame, room, type=None, user=None):
    """The entries of a frame that are of that room, type and user."""
    if frame.get("room") != room:
        return []
    return [
        entry
        for entry in frame["payload"]
        if type in (None, entry["type"]) and user in (None, entry["user"])
    ]


def poses(frame, room):
    """The poses of a tick by user; none if it is no tick of that room."""
    return {entry["user"]: entry["data"] for entry in entries(frame, room, "transform")}


class Client:
    """One connection."""

    def __init__(self, socket):
        self.socket = socket
        self.seen = []
        """All frames so far, oldest first."""

    @classmethod
    async def connect(cls, url, **options):
        return cls(await websockets.connect(url, **options))

    async def send(self, **request):
        await self.raw(json.dumps(request))

    async def raw(self, message):
        await self.socket.send(message)

    async def login(self, user, password=""):
        await self.send(system="login", options={"user": user, "pass": password})
        frame = await self.until(f"202 for {user!r}", lambda frame: code_of(frame) is not None)
        assert code_of(frame) == 202, f"login of {user!r}: {frame}"

    async def join(self, room):
        """Joins and gives the listing's names."""
        await self.send(room=room, type="join", data="")
        frame = await self.event(room, "join")
        return [entry["user"] for entry in frame["payload"]]

    async def say(self, room, data, type="msg"):
        await self.send(room=room, type=type, data=data)

    async def move(self, room, **pos):
        data = {"pos": pos, "rot": {}}
        await self.send(room=room, type="transform", data=data)

    async def frame(self, what="a frame"):
        """The next frame, whatever it is."""
        try:
            async with asyncio.timeout(PATIENCE):
                text = await self.socket.recv()
        except TimeoutError:
            last = [str(frame)[:200] for frame in self.seen[-3:]]
            raise AssertionError(f"no {what} within {PATIENCE:g} s; last: {last}") from None
        except ConnectionClosed as closed:
            raise AssertionError(f"closed ({closed}) instead of {what}") from None
        assert isinstance(text, str), f"a binary frame: {text[:80]!r}"
        frame = json.loads(text)
        require_form(frame)
        self.seen.append(frame)
        return frame

    async def until(self, what, wanted):
        """The next frame that is wanted; others are kept in `seen`."""
        deadline = asyncio.get_running_loop().time() + 2 * PATIENCE
        while not wanted(frame := await self.frame(what)):
            passed = asyncio.get_running_loop().time() >= deadline
            assert not passed, f"no {what} among the frames of {2 * PATIENCE:g} s"
        return frame

    async def event(self, room, type=None, user=None):
        what = f"event {type} of {user or 'anyone'} in {room}"
        return await self.until(what, lambda frame: entries(frame, room, type, user))

    async def reply(self, code):
        """The next answer, which must have that code; events may come before it."""
        frame = await self.until(f"answer {code}", lambda frame: code_of(frame) is not None)
        assert code_of(frame) == code, f"wanted {code}, got {frame}"
        return frame["response"]

    async def ask(self, message, code):
        """Sends text as it is, or an object as JSON, and wants that code as the next answer."""
        await self.raw(message if isinstance(message, (str, bytes)) else json.dumps(message))
        try:
            return await self.reply(code)
        except AssertionError as error:
            raise AssertionError(f"{str(message)[:120]}: {error}") from None

    async def settle(self):
        """All that was sent is answered, and all frames until then; gives those frames."""
        before = len(self.seen)
        await self.send(system="ping")
        await self.reply(220)
        return self.seen[before:-1]

    async def tick(self, room, wanted=lambda poses: True):
        """The poses of the next tick of a room that is wanted."""
        frame = await self.until(
            f"tick in {room}",
            lambda frame: poses(frame, room) and wanted(poses(frame, room)),
        )
        return poses(frame, room)

    async def closed(self):
        """Waits for the server's close and gives its code; 1006 is none at all."""
        async with asyncio.timeout(2 * PATIENCE):
            try:
                while True:
                    self.seen.append(json.loads(await self.socket.recv()))
            except ConnectionClosed:
                pass
            await self.socket.wait_closed()
        return self.socket.close_code


class World:
    """Where the server is, and the connections of one check."""

    def __init__(self, url, stack=None):
        self.url = url
        self.stack = stack

    def within(self, stack):
        return World(self.url, stack)

    async def connect(self, **options):
        client = await Client.connect(self.url, **options)
        self.stack.push_async_callback(client.socket.close)
        return client

    async def user(self, name, *rooms, password=""):
        """A user that is logged in and in these rooms."""
        client = await self.connect()
        await client.login(name, password)
        await client.event("lobby", "join", name)
        for room in rooms:
            await client.join(room)
        return client
