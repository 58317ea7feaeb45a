// The part of Node and of the browser in the meeting of three; see `python/meeting.py`.

import { Client, entries, equal, poses } from "./client.mjs";

const NAMES = ["python", "node", "browser"];
const NOTES = 50;
const TEXT = 'Grüße 漢字 🥽🏽 e\u0301 \u2028 "\\';

const poseOf = (name) => ({ x: NAMES.indexOf(name) + 0.125, y: 1.7, z: -1e-3 });

const hello = (name) => ({ from: name, text: TEXT, n: [0.1, null, true] });

export async function takePart(WebSocket, url, me, room) {
  const client = await Client.connect(WebSocket, url);
  await client.login(me);
  client.say(room, "", "join");
  const present = new Set();
  while (present.size < NAMES.length) {
    (await client.event(room, "join")).payload.forEach((e) => present.add(e.user));
  }

  client.say(room, hello(me), "hello");
  for (const { user, data } of await client.gather(room, "hello", NAMES.length)) {
    equal(data, hello(user), `the hello of ${user}`);
  }

  for (let number = 0; number < NOTES; number++) {
    client.say(room, number, "note");
    client.move(room, poseOf(me));
  }
  const notes = await client.gather(room, "note", NOTES * NAMES.length);
  const order = notes.map((e) => [e.user, e.data]);
  for (const name of NAMES) {
    const own = order.filter(([user]) => user === name).map(([, number]) => number);
    equal(own, [...Array(NOTES).keys()], `${name}'s own order`);
  }
  client.say(room, order, "digest");
  for (const { user, data } of await client.gather(room, "digest", NAMES.length)) {
    equal(data, order, `the order that ${user} saw`);
  }

  client.move(room, poseOf(me));
  const isWhole = (got) => NAMES.every((name) =>
    JSON.stringify(got[name]?.pos) === JSON.stringify(poseOf(name)));
  await client.tick(room, isWhole);
  client.say(room, "", "done");
  await client.gather(room, "done", NAMES.length);

  if (me === "browser") {
    client.say(room, "", "leave");
    await client.ask({ room, type: "list", data: "" }, 401);
  } else {
    await client.event(room, "leave", "browser");
    client.seen.length = 0;
    client.move(room, { x: 5 });
    await client.tick(room, (got) => got[me].pos.x === 5);
    for (const frame of client.seen) {
      if ("browser" in poses(frame, room)) throw new Error("a tick with one who left");
      if (entries(frame, room, "leave", "browser").length) throw new Error("a second leave");
    }
  }
  client.socket.close(1000, "the meeting is over");
  const { code, clean } = await client.closed();
  equal([code, clean], [1000, true], "how the connection closed");
}
