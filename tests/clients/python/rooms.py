"""Rooms: join, leave, listing, chat, history, order."""

import json

from checks import Suite, equal, fresh
from client import entries, poses

suite = Suite("python/rooms")
check = suite.check

VALUES = [
    "", "text", "\u0000\u001b[31m\u202e\u200b", "Grüße 漢字 🥽🏽 e\u0301 \u2028", '"\\/\b\f\n\r\t',
    None, True, False, 0, -1, 0.1, -2.5e-300, 1e300, 2**53 + 1, 12345678901234567890123,
    [], {}, [[], {}, [None]], {"": {"a": [1, "2", {"ü": None}]}, "time": 1, "user": "no"},
    "x" * 100_000,
]


async def collect(client, room, type, count):
    """The next entries of a type, in their order."""
    got = []
    while len(got) < count:
        got += entries(await client.event(room, type), room, type)
    return got


@check
async def data_comes_out_equal_for_everyone(world):
    room, sender = fresh("room"), fresh("ann")
    ann, ben = await world.user(sender, room), await world.user(fresh("ben"), room)
    for type in ("msg", "wave", "button"):
        for value in VALUES:
            await ann.say(room, value, type)
        for client in (ann, ben):
            got = await collect(client, room, type, len(VALUES))
            # Compared as text, so that 1 is not True and 0 is not False.
            equal(json.dumps([e["data"] for e in got]), json.dumps(VALUES), f"data of {type}")
            equal({e["user"] for e in got}, {sender}, "the sender")


@check
async def escaped_and_raw_text_are_the_same(world):
    room = fresh("röom")
    ann = await world.user(fresh("ann"), room)
    text = "Grüße 漢字 🥽"
    for ascii in (True, False):
        request = {"room": room, "type": "msg", "data": {text: text}}
        await ann.raw(json.dumps(request, ensure_ascii=ascii))
    got = await collect(ann, room, "msg", 2)
    equal([e["data"] for e in got], [{text: text}] * 2, "data")


@check
async def presence_reaches_the_others_and_never_the_leaver(world):
    room, name = fresh("room"), fresh("ben")
    ann = await world.user(fresh("ann"), room)
    ben = await world.user(name, room)
    equal(len((await ann.event(room, "join", name))["payload"]), 1, "entries of one join")
    await ben.send(room=room, type="leave", data="")
    after = await ben.settle()
    equal([f for f in after if f.get("room") == room], [], "what the leaver got")
    equal(len((await ann.event(room, "leave", name))["payload"]), 1, "entries of one leave")
    await ben.ask({"room": room, "type": "leave", "data": ""}, 401)
    await ann.say(room, "without ben")
    await ann.event(room, "msg")
    equal([f for f in await ben.settle() if f.get("room") == room], [], "what a stranger got")


@check
async def the_listing_is_sorted_without_case(world):
    room, tail = fresh("room"), fresh("")
    names = [f"{stem}{tail}" for stem in ("bob", "Ann", "Carl", "alf", "änne", "Bea")]
    clients = [await world.user(name, room) for name in names]
    wanted = sorted(names, key=str.casefold)
    last = await world.user(f"dora{tail}")
    equal(await last.join(room), sorted([*names, f"dora{tail}"], key=str.casefold), "the joiner's")
    await last.send(room=room, type="leave", data="")
    await clients[0].event(room, "leave", f"dora{tail}")
    for client in clients:
        await client.settle()
    await clients[0].send(room=room, type="list", data="")
    listing = await clients[0].event(room, "join")
    equal([entry["user"] for entry in listing["payload"]], wanted, "the asked-for listing")
    for client in clients[1:]:
        equal([f for f in await client.settle() if f.get("room") == room], [], "what others got")


@check
async def a_joiner_gets_listing_history_poses_in_this_order(world):
    room, annas, bens = fresh("room"), fresh("ann"), fresh("ben")
    ann, ben = await world.user(annas, room), await world.user(bens, room)
    for number in range(60):
        sender = ann if number % 2 else ben
        type = "msg" if number % 3 else "wave"
        await sender.say(room, number, type)
        await sender.event(room, type, annas if number % 2 else bens)
        await ann.say(room, number, "button")
    await ben.settle()
    await ann.settle()
    await ann.move(room, x=1, y=2, z=3)
    await ann.tick(room)
    lived = [
        e for frame in ann.seen if frame.get("room") == room for e in frame["payload"]
        if e["type"] in ("msg", "wave")
    ]
    equal([e["data"] for e in lived], list(range(60)), "what Ann saw")

    carl = await world.user(fresh("carl"))
    await carl.send(room=room, type="join", data="")
    frames = []
    while len(frames) < 3:
        frame = await carl.frame("listing, history and poses")
        frames += [frame] if frame.get("room") == room else []
    listing, history, tick = frames
    equal({e["type"] for e in listing["payload"]}, {"join"}, "types in the first frame")
    equal(len(listing["payload"]), 3, "members")
    equal(history["payload"], lived[-50:], "the history, against what Ann saw")
    equal(poses(tick, room), {annas: {"pos": {"x": 1, "y": 2, "z": 3},
                                      "rot": {"x": 0, "y": 0, "z": 0}}}, "the first tick")
    await ann.event(room, "join")


@check
async def an_empty_room_is_gone_with_its_history(world):
    room, name = fresh("room"), fresh("ann")
    ann = await world.user(name, room)
    await ann.say(room, "forget me")
    await ann.event(room, "msg")
    await ann.send(room=room, type="leave", data="")
    rooms = (await ann.ask({"system": "rooms"}, 212))["detail"]
    assert room not in rooms, f"{room} is still listed"
    before = len(ann.seen)
    equal(await ann.join(room), [name], "the listing of the new room")
    await ann.settle()
    got = [e["type"] for f in ann.seen[before:] for e in entries(f, room)]
    equal(got, ["join"], "entries in the new room")


@check
async def the_lobby_stays_and_keeps_its_history(world):
    first, text = await world.user(fresh("ann")), fresh("remember me")
    await first.say("lobby", text)
    await first.event("lobby", "msg")
    await first.send(room="lobby", type="leave", data="")
    await first.settle()
    await first.socket.close()
    second = await world.connect()
    await second.login(fresh("ben"))
    await second.event("lobby", "join")
    history = await second.event("lobby", "msg")
    equal(history["payload"][-1]["data"], text, "the newest of the lobby's history")


@check
async def several_rooms_are_apart(world):
    one, two, name = fresh("one"), fresh("two"), fresh("ann")
    ann = await world.user(name, one, two)
    ben, carl = await world.user(fresh("ben"), one), await world.user(fresh("carl"), two)
    await ann.say(one, "to one")
    await ann.say(two, "to two")
    equal((await ben.event(one, "msg"))["payload"][0]["data"], "to one", "in the first room")
    equal((await carl.event(two, "msg"))["payload"][0]["data"], "to two", "in the second room")
    await ann.settle()
    await ann.socket.close()
    await ben.event(one, "leave", name)
    await carl.event(two, "leave", name)
    assert not any(f.get("room") == two for f in ben.seen), "Ben saw a room that is not his"
    assert not any(f.get("room") == one for f in carl.seen), "Carl saw a room that is not his"


@check
async def all_members_see_one_order(world):
    room = fresh("room")
    clients = [await world.user(fresh("user"), room) for _ in range(5)]
    for number in range(100):
        for client in clients:
            await client.say(room, number)
    orders = []
    for client in clients:
        got = await collect(client, room, "msg", 100 * len(clients))
        orders.append([(e["user"], e["data"], e["time"]) for e in got])
    for order in orders[1:]:
        equal(order, orders[0], "the order of another member")
    for user in {user for user, _, _ in orders[0]}:
        equal([n for u, n, _ in orders[0] if u == user], list(range(100)), f"{user}'s own order")
    times = [time for _, _, time in orders[0]]
    equal(times, sorted(times), "times, which never run back")


@check
async def what_is_too_large_to_keep_is_413(world):
    room = fresh("room")
    ann = await world.user(fresh("ann"), room)
    await ann.ask({"room": room, "type": "msg", "data": "x" * 300_000}, 413)
    await ann.say(room, "x" * 200_000)
    await ann.event(room, "msg")
