"""Requests and their answers: codes, names, malformed input."""

import json
import time

from checks import Suite, equal, fresh
from client import code_of, entries

suite = Suite("python/answers")
check = suite.check


@check
async def ping_is_answered_before_login(world):
    client = await world.connect()
    answer = await client.ask({"system": "ping"}, 220)
    equal(answer["detail"], {}, "detail")
    assert abs(answer["time"] - time.time()) < 60, f"time is {answer['time']}"


@check
async def nothing_else_is_before_login(world):
    client = await world.connect()
    room = fresh("room")
    for request in (
        {"system": "rooms"},
        {"system": "help"},
        {"system": "no-such-command"},
        {"room": "lobby", "type": "msg", "data": "x"},
        {"room": room, "type": "join", "data": ""},
        {"room": "lobby", "type": "transform", "data": {"pos": {}, "rot": {}}},
    ):
        await client.ask(request, 403)
    for garbage in ("", "{", "[]", '"text"', "null", "7", '{"system":"ping"} x'):
        await client.ask(garbage, 406)
    await client.ask({"system": "ping"}, 220)


@check
async def login_is_202_then_the_lobby(world):
    client = await world.connect()
    user = fresh("ann")
    await client.send(system="login", options={"user": user, "pass": ""})
    equal(code_of(await client.frame("202")), 202, "the first frame's code")
    listing = await client.frame("the lobby's listing")
    names = [entry["user"] for entry in entries(listing, "lobby", "join")]
    assert user in names, f"{user} is not in {names}"
    equal(len(names), len(listing["payload"]), "entries that are joins")
    equal(names, sorted(names, key=str.casefold), "the listing's order")


@check
async def a_second_login_is_409_and_changes_nothing(world):
    user, other, room = fresh("ann"), fresh("ben"), fresh("room")
    client = await world.user(user, room)
    await client.ask({"system": "login", "options": {"user": other, "pass": ""}}, 409)
    await client.say(room, "still here")
    event = await client.event(room, "msg")
    equal(event["payload"][0]["user"], user, "the sender")
    another = await world.connect()
    await another.login(other)


@check
async def a_name_in_use_is_409(world):
    user = fresh("Ann")
    await world.user(user)
    other = await world.connect()
    fullwidth = "".join(chr(ord(c) + 0xFEE0) if c.isalpha() else c for c in user)
    for name in (user, user.upper(), fullwidth):
        await other.ask({"system": "login", "options": {"user": name, "pass": ""}}, 409)
        await other.ask({"system": "login", "options": {"user": name, "pass": "guess"}}, 409)
    await other.login(fresh("ben"))


@check
async def bad_user_names_are_400(world):
    client = await world.connect()
    for name in ("", "   ", "x" * 65, "a\nb", "a\x00b", "a\x1b[31m", "a\u202eb", "a\u2066b",
                 "a\u200bb", "a\u0378b", "\ud800", 7, None, True, [], {}):
        await client.ask({"system": "login", "options": {"user": name, "pass": ""}}, 400)
    long = fresh("🥽" * 40).ljust(64, "é")
    await client.login(long)
    await client.event("lobby", "join", long)


@check
async def bad_login_forms_are_400(world):
    client = await world.connect()
    for request in (
        {"system": "login"},
        {"system": "login", "options": None},
        {"system": "login", "options": []},
        {"system": "login", "options": {}},
        {"system": "login", "options": {"user": "ann"}},
        {"system": "login", "options": {"pass": "x"}},
        {"system": "login", "options": {"user": "ann", "pass": None}},
        {"system": "login", "options": {"user": "ann", "pass": 7}},
    ):
        await client.ask(request, 400)
    await client.login(fresh("ann"))


@check
async def bad_requests_are_400(world):
    room = fresh("room")
    client = await world.user(fresh("ann"), room)
    for request in (
        {},
        {"system": None},
        {"system": 1},
        {"room": room},
        {"room": room, "type": "msg"},
        {"room": room, "type": "", "data": 1},
        {"room": room, "type": None, "data": 1},
        {"room": room, "type": 5, "data": 1},
        {"room": room, "type": "x" * 65, "data": 1},
        {"room": None, "type": "msg", "data": 1},
        {"room": 5, "type": "msg", "data": 1},
        {"type": "msg", "data": 1},
        {"room": "", "type": "join", "data": ""},
        {"room": " \t ", "type": "join", "data": ""},
        {"room": "r" * 129, "type": "join", "data": ""},
        {"room": "a\u200bb", "type": "join", "data": ""},
        {"room": "a\x7fb", "type": "join", "data": ""},
        {"room": "\udfff", "type": "join", "data": ""},
    ):
        await client.ask(request, 400)
    await client.join(fresh("ü").ljust(128, "🥽"))
    await client.say(room, 1, "x" * 64)
    await client.event(room, "x" * 64)


@check
async def garbage_is_406_and_the_connection_stays(world):
    room = fresh("room")
    client = await world.user(fresh("ann"), room)
    deep = "[" * 100 + "]" * 100
    for message in ("", " ", "{", "}", "nonsense", "[1]", "null", "NaN", "{'a':1}", '{"a":1,}',
                    '{"room":"x" "data":1}', '{"a":"\n"}', '{"a":1}{"b":2}', '{"a":01}',
                    f'{{"room":{json.dumps(room)},"type":"msg","data":{deep}}}',
                    "[" * 100_000, b"", b'{"system":"ping"}', b"\xff\xfe"):
        await client.ask(message, 406)
    await client.ask({"system": "ping"}, 220)


@check
async def any_json_form_is_fine(world):
    user, room = fresh("ann"), fresh("room")
    client = await world.connect()
    await client.ask('{"system":"nonsense","system":"ping"}', 220)
    await client.raw(
        '\r\n\t{ "later" : [1, {"system":"no"}] ,\n "\\u0073ystem" : "log\\u0069n",'
        ' "room" : "ignored", "options" : { "x" : null , "pass" : "" , "user" : "'
        + user + '" } }\n'
    )
    await client.reply(202)
    await client.event("lobby", "join", user)
    await client.join(room)
    await client.raw(json.dumps({"data": "no type", "time": 1, "user": "someone", "room": room}))
    entry = (await client.event(room))["payload"][0]
    equal((entry["user"], entry["type"], entry["data"]), (user, "msg", "no type"), "the event")
    assert entry["time"] > 1e9, f"the client's own time went through: {entry['time']}"


@check
async def system_wins_over_room(world):
    room = fresh("room")
    client = await world.user(fresh("ann"), room)
    await client.ask({"room": room, "type": "msg", "data": "x", "system": "ping"}, 220)
    equal(await client.settle(), [], "frames between two pings")


@check
async def rooms_and_help(world):
    room = fresh("room")
    client = await world.user(fresh("ann"), room)
    rooms = (await client.ask({"system": "rooms"}, 212))["detail"]
    equal((rooms.get("lobby"), rooms.get(room)), ("", ""), "titles of lobby and a new room")
    commands = (await client.ask({"system": "help"}, 214))["detail"]
    for command in ("login", "ping", "rooms", "help"):
        line = commands.get(command)
        assert isinstance(line, str) and line, f"help on {command}: {line!r} in {commands}"
    await client.ask({"system": "dance"}, 501)
    await client.ask({"system": ""}, 501)


@check
async def strangers_are_401_and_members_join_once(world):
    room = fresh("room")
    await world.user(fresh("ann"), room)
    client = await world.user(fresh("ben"))
    for type in ("leave", "list", "msg", "button", "wave"):
        await client.ask({"room": room, "type": type, "data": ""}, 401)
    await client.ask({"room": room, "type": "transform", "data": {"pos": {}, "rot": {}}}, 401)
    await client.ask({"room": fresh("nowhere"), "type": "msg", "data": ""}, 401)
    await client.join(room)
    await client.ask({"room": room, "type": "join", "data": ""}, 409)
    await client.ask({"room": "lobby", "type": "join", "data": ""}, 409)
    await client.ask({"room": room.upper(), "type": "msg", "data": ""}, 401)


@check
async def answers_come_in_the_order_of_the_requests(world):
    room = fresh("room")
    client = await world.user(fresh("ann"), room)
    wanted = []
    for number in range(300):
        await client.say(room, number)
        await client.raw('{"system":"ping"}' if number % 2 else "nonsense")
        wanted += [number, 220 if number % 2 else 406]
    got = []
    while len(got) < len(wanted):
        frame = await client.frame()
        if code_of(frame) or frame["room"] == room:
            got.append(code_of(frame) or frame["payload"][0]["data"])
    equal(got, wanted, "events and answers")
