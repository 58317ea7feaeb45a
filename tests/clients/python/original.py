"""A client as one wrote it for the original server: it knows that server's contract and no more.

It sends what `json.dumps` makes of a dict, waits for what the original sent and reads frames by
exact equality, so that anything added to or missing from what it knows makes it fail.
"""

import json

import websockets

import checks
from checks import Suite, fresh

suite = Suite("original")
check = suite.check


def equal(got, wanted, what):
    """Equal as text, so that the order of keys counts."""
    checks.equal(json.dumps(got), json.dumps(wanted), what)


def as_floats(value):
    """The same with each number a float: those of a pose keep their value, 2.0 may come as 2."""
    if isinstance(value, dict):
        return {key: as_floats(part) for key, part in value.items()}
    if isinstance(value, list):
        return [as_floats(part) for part in value]
    return float(value) if type(value) is int else value


async def receive(socket):
    """The next frame with each time, which must be a number, set to 0."""
    frame = json.loads(await socket.recv())
    for entry in frame.get("payload", [frame.get("response")]):
        assert isinstance(entry["time"], (int, float)), f"time in {frame}"
        entry["time"] = 0
    return frame


async def receive_of(socket, room):
    """The next frame of a room, past those of the lobby that everyone is in."""
    while (frame := await receive(socket)).get("room") != room:
        assert frame.get("room") == "lobby", f"neither {room} nor lobby: {frame}"
    return frame


async def answer(socket):
    while "response" not in (frame := await receive(socket)):
        pass
    return frame


async def send(socket, **request):
    await socket.send(json.dumps(request))


def system(code, msg, detail):
    info = "error" if code >= 400 else "system"
    return {"info": info, "response": {"time": 0, "code": code, "msg": msg, "detail": detail}}


def event(room, *payload):
    entries = [
        {"time": 0, "user": user, "type": type, "data": data} for user, type, data in payload
    ]
    return {"info": "user", "room": room, "payload": entries}


@check
async def an_original_session_runs_unchanged(world):
    first, second, room = fresh("Alice"), fresh("bob"), fresh("room")
    async with websockets.connect(world.url) as alice, websockets.connect(world.url) as bob:
        for socket, user in ((alice, first), (bob, second)):
            await send(socket, system="login", options={"user": user, "pass": "secret"})
            equal(await receive(socket), system(202, "Access granted.", {}), "the login's answer")
            listing = await receive(socket)
            equal(listing["room"], "lobby", "the room after login")
            assert event("", (user, "join", ""))["payload"][0] in listing["payload"], listing
        await send(alice, room=room, type="join", data="")
        equal(await receive_of(alice, room), event(room, (first, "join", "")), "Alice's listing")
        await send(bob, room=room, type="join", data="")
        equal(await receive_of(bob, room),
              event(room, (first, "join", ""), (second, "join", "")), "Bob's listing")
        equal(await receive_of(alice, room), event(room, (second, "join", "")), "Bob's join")

        await send(alice, room=room, type="msg", data="Hello, Wörld")
        for socket in (alice, bob):
            equal(await receive_of(socket, room), event(room, (first, "msg", "Hello, Wörld")), "chat")
        await send(bob, room=room, type="button", data={"id": 3, "down": True})
        for socket in (alice, bob):
            equal(await receive_of(socket, room),
                  event(room, (second, "button", {"id": 3, "down": True})), "a button")

        pose = {"pos": {"x": 0.5, "y": 1.75, "z": -2.0}, "rot": {"x": 0.0, "y": 90.0, "z": 0.0}}
        await send(alice, room=room, type="transform", data=pose)
        for socket in (alice, bob):
            equal(as_floats(await receive_of(socket, room)),
                  as_floats(event(room, (first, "transform", pose))), "a tick")

        await send(alice, room=room, type="list", data="")
        equal(await receive_of(alice, room),
              event(room, (first, "join", ""), (second, "join", "")), "the listing")
        await send(bob, room=room, type="leave", data="")
        equal(await receive_of(alice, room), event(room, (second, "leave", "")), "Bob's leave")


@check
async def original_answers_are_as_they_were(world):
    async with websockets.connect(world.url) as socket:
        await send(socket, system="ping")
        equal(await receive(socket), system(220, "Pong.", {}), "ping")
        await send(socket, system="login", options={"user": fresh("Alice"), "pass": ""})
        equal(await receive(socket), system(202, "Access granted.", {}), "login")
        await send(socket, system="rooms")
        rooms = await answer(socket)
        equal(rooms["response"]["detail"].get("lobby"), "", "the lobby's title")
        equal(rooms, system(212, "Listing information.", rooms["response"]["detail"]), "rooms")
        await send(socket, system="help")
        help = await answer(socket)
        equal(help, system(214, "Help message.", help["response"]["detail"]), "help")
        for request, code, msg in (
            ({"room": "lobby", "type": "msg"}, 400, "Bad request."),
            ({"room": fresh("closed"), "type": "msg", "data": ""}, 401, "User unauthorized."),
            ({"room": "lobby", "type": "join", "data": ""}, 409, "Request conflicts current status."),
            ({"system": "quit"}, 501, "Command not recognized."),
        ):
            await send(socket, **request)
            got = await answer(socket)
            assert set(got["response"]["detail"]) <= {"reason"}, f"keys in detail: {got}"
            equal(got, system(code, msg, got["response"]["detail"]), f"{request}")
        await socket.send("not json")
        equal((await answer(socket))["response"]["code"], 406, "the code for garbage")
