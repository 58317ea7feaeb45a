"""Python, Node and a browser in one room; see `javascript/meeting.mjs` for the others' part."""

import asyncio
import contextlib
import json
import subprocess

from checks import equal, fresh, one_line, report
from client import entries, poses

NAMES = ["python", "node", "browser"]
NOTES = 50
TEXT = "Grüße 漢字 🥽🏽 e\u0301 \u2028 \"\\"


def pose_of(name):
    return {"x": NAMES.index(name) + 0.125, "y": 1.7, "z": -1e-3}


async def take_part(world, room):
    """Python's part."""
    me = "python"
    client = await world.connect()
    await client.login(me)
    await client.send(room=room, type="join", data="")
    present = set()
    while present != set(NAMES):
        present |= {e["user"] for e in (await client.event(room, "join"))["payload"]}

    await client.say(room, {"from": me, "text": TEXT, "n": [0.1, None, True]}, "hello")
    hellos = await gather(client, room, "hello", len(NAMES))
    wanted = {name: {"from": name, "text": TEXT, "n": [0.1, None, True]} for name in NAMES}
    equal({e["user"]: e["data"] for e in hellos}, wanted, "the hellos")

    for number in range(NOTES):
        await client.say(room, number, "note")
        await client.move(room, **pose_of(me))
    await gather(client, room, "note", NOTES * len(NAMES))
    order = [[e["user"], e["data"]] for f in client.seen for e in entries(f, room, "note")]
    for name in NAMES:
        equal([n for user, n in order if user == name], list(range(NOTES)), f"{name}'s own order")
    await client.say(room, order, "digest")
    for digest in await gather(client, room, "digest", len(NAMES)):
        equal(digest["data"], order, f"the order that {digest['user']} saw")

    whole = {name: {"pos": pose_of(name), "rot": {"x": 0, "y": 0, "z": 0}} for name in NAMES}
    await client.move(room, **pose_of(me))
    await client.tick(room, lambda got: got == whole)
    await client.say(room, "", "done")
    await gather(client, room, "done", len(NAMES))

    # They leave one after the other: the browser by a request, Node by closing.
    for name in ("browser", "node"):
        await client.event(room, "leave", name)
    client.seen.clear()
    await client.move(room, x=1)
    await client.tick(room, lambda got: got[me]["pos"]["x"] == 1)
    for frame in client.seen:
        assert set(poses(frame, room)) <= {me}, f"a tick with one who left: {frame}"
        assert not entries(frame, room, "leave"), f"a second leave: {frame}"


async def gather(client, room, type, count):
    """That many entries of a type, counting those that have come already."""
    def so_far():
        return [e for f in client.seen for e in entries(f, room, type)]

    while len(so_far()) < count:
        await client.event(room, type)
    return so_far()


async def node_takes_part(world, room):
    process = await asyncio.create_subprocess_exec(
        "node", str(world.scripts / "node-meeting.mjs"), world.url, world.node_modules, room,
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )
    try:
        output, _ = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
    assert process.returncode == 0, one_line(output.decode())


async def browser_takes_part(world, room):
    tab = await world.browser.open(f"{world.site}/page.html")
    arguments = f"WebSocket, {json.dumps(world.url)}, 'browser', {json.dumps(room)}"
    try:
        await tab.until("module", "window.ready")
        await tab.evaluate(f"import('/meeting.mjs').then((it) => it.takePart({arguments}))")
    finally:
        await tab.close()


async def meet(world):
    """All three at once; each reports for itself."""
    room = fresh("meeting 会議")
    async with contextlib.AsyncExitStack() as stack:
        world = world.within(stack)
        results = await asyncio.gather(
            report("meeting/python_meets_node_and_browser", take_part(world, room), 60),
            report("meeting/node_meets_python_and_browser", node_takes_part(world, room), 60),
            report("meeting/browser_meets_python_and_node", browser_takes_part(world, room), 60),
        )
    return results.count(False)
