"""Poses and the ticks that carry them."""

import json

from checks import Suite, equal, fresh
from client import poses

suite = Suite("python/transforms")
check = suite.check

ZERO = {"x": 0, "y": 0, "z": 0}


@check
async def a_tick_is_the_whole_room(world):
    room, names = fresh("room"), [fresh("user") for _ in range(3)]
    clients = [await world.user(name, room) for name in names]
    silent = await world.user(fresh("silent"), room)
    for number, client in enumerate(clients):
        await client.move(room, x=number, y=1.7, z=-0.25)
    wanted = {
        name: {"pos": {"x": number, "y": 1.7, "z": -0.25}, "rot": ZERO}
        for number, name in enumerate(names)
    }
    for client in (*clients, silent):
        await client.tick(room, lambda got: got == wanted)
    await clients[0].move(room, x=9)
    got = await silent.tick(room, lambda got: got[names[0]]["pos"]["x"] == 9)
    equal(got, {**wanted, names[0]: {"pos": {"x": 9, "y": 0, "z": 0}, "rot": ZERO}}, "the tick")


@check
async def a_pose_is_pos_and_rot_and_nothing_else(world):
    room, name = fresh("room"), fresh("ann")
    ann = await world.user(name, room)
    for data, wanted in (
        ({}, {"pos": ZERO, "rot": ZERO}),
        ({"rot": {"y": 90}}, {"pos": ZERO, "rot": {"x": 0, "y": 90, "z": 0}}),
        ({"pos": {"z": -1e9, "w": 5, "payload": "no"}, "rot": {"x": 1e9}, "extra": {"a": [1]}},
         {"pos": {"x": 0, "y": 0, "z": -1e9}, "rot": {"x": 1e9, "y": 0, "z": 0}}),
        ({"pos": {"x": 0.1, "y": 1e-300, "z": 123456.78901234567}, "rot": {"x": 1E2, "y": -0.5}},
         {"pos": {"x": 0.1, "y": 1e-300, "z": 123456.78901234567},
          "rot": {"x": 100, "y": -0.5, "z": 0}}),
    ):
        await ann.say(room, data, "transform")
        got = (await ann.tick(room, lambda got: got[name] == wanted))[name]
        equal((list(got), list(got["pos"]), list(got["rot"])),
              (["pos", "rot"], ["x", "y", "z"], ["x", "y", "z"]), "the order of keys")


@check
async def a_bad_transform_is_406_and_changes_nothing(world):
    room, name = fresh("room"), fresh("ann")
    ann = await world.user(name, room)
    good = {"pos": {"x": 1, "y": 2, "z": 3}, "rot": {"x": 4, "y": 5, "z": 6}}
    await ann.say(room, good, "transform")
    await ann.tick(room)
    bad = ['null', '[]', '"here"', '7', '{"pos":null}', '{"pos":[1,2,3]}', '{"rot":"up"}',
           '{"pos":{"x":"1"}}', '{"pos":{"x":null}}', '{"pos":{"x":true}}', '{"pos":{"x":[1]}}',
           '{"pos":{"x":1e10}}', '{"pos":{"x":-1000000001}}', '{"rot":{"z":1e999}}',
           '{"pos":{"x":NaN}}', '{"pos":{"x":Infinity}}', '{"pos":{"x":9},"rot":{"y":"east"}}']
    for data in bad:
        message = f'{{"room":{json.dumps(room)},"type":"transform","data":{data}}}'
        await ann.ask(message, 406)
    await ann.ask({"room": room, "type": "transform"}, 400)
    ben = await world.user(fresh("ben"), room)
    equal(await ben.tick(room), {name: good}, "the pose after refusals")


@check
async def a_room_without_news_sends_nothing(world):
    quiet, busy = fresh("quiet"), fresh("busy")
    ann = await world.user(fresh("ann"), quiet, busy)
    await ann.move(quiet, x=1)
    await ann.tick(quiet)
    before = len(ann.seen)
    for number in range(10):
        await ann.move(busy, x=number)
        await ann.tick(busy, lambda got: list(got.values())[0]["pos"]["x"] == number)
    ticks = [frame for frame in ann.seen[before:] if poses(frame, quiet)]
    equal(ticks, [], "ticks of the quiet room during ten of the busy one")


@check
async def ticks_come_at_the_set_rate_however_fast_one_sends(world):
    room = fresh("room")
    ann = await world.user(fresh("ann"), room)
    latest = []
    for number in range(400):
        await ann.move(room, x=number)
    await ann.tick(room, lambda got: latest.append(got) or list(got.values())[0]["pos"]["x"] == 399)
    # 400 poses take a moment to send; at 30 ticks a second that is a handful of frames, never 400.
    assert len(latest) < 100, f"{len(latest)} ticks for 400 poses sent at once"


@check
async def who_left_is_in_no_tick_and_a_rejoin_has_no_pose(world):
    room, annas, bens = fresh("room"), fresh("ann"), fresh("ben")
    ann, ben = await world.user(annas, room), await world.user(bens, room)
    await ann.move(room, x=1)
    await ben.move(room, x=2)
    await ann.tick(room, lambda got: set(got) == {annas, bens})
    await ben.send(room=room, type="leave", data="")
    await ann.event(room, "leave", bens)
    await ann.move(room, x=3)
    equal(set(await ann.tick(room)), {annas}, "who is in the tick after the leave")
    await ben.join(room)
    equal(set(await ben.tick(room)), {annas}, "who is in the tick of the rejoin")
    await ann.event(room, "join", bens)
    await ann.move(room, x=4)
    equal(set(await ann.tick(room)), {annas}, "who is in the next tick")
    await ben.move(room, x=5)
    got = await ann.tick(room, lambda got: bens in got)
    equal((got[annas]["pos"]["x"], got[bens]["pos"]["x"]), (4, 5), "both after a new pose")


@check
async def poses_are_not_kept_in_the_history(world):
    room = fresh("room")
    ann = await world.user(fresh("ann"), room)
    await ann.say(room, "kept")
    await ann.move(room, x=1)
    await ann.tick(room)
    ben = await world.user(fresh("ben"))
    await ben.join(room)
    await ben.tick(room)
    history = [f for f in ben.seen if f.get("room") == room][1]
    equal([e["data"] for e in history["payload"]], ["kept"], "the history")
