// Checks that run in Node and in a browser alike.

import { codeOf, entries, equal, fresh, poses } from "./client.mjs";

const name = (world, stem) => fresh(`${world.suite} ${stem}`);

const checks = [
  async function refuses_before_login({ connect }) {
    const client = await connect();
    await client.ask({ system: "ping" }, 220);
    await client.ask({ system: "rooms" }, 403);
    await client.ask({ room: "lobby", type: "msg", data: "x" }, 403);
    await client.ask("nonsense", 406);
    await client.ask({ system: "login", options: { user: "", pass: "" } }, 400);
  },

  async function logs_in_and_joins(world) {
    const [user, room] = [name(world, "ann"), name(world, "röom 🥽")];
    const client = await world.connect();
    await client.login(user);
    const lobby = await client.event("lobby", "join", user);
    equal(lobby.payload.every((e) => e.type === "join"), true, "the listing is joins alone");
    equal(await client.join(room), [user], "the new room's listing");
    await client.ask({ room, type: "join", data: "" }, 409);
    await client.ask({ system: "login", options: { user: name(world, "x"), pass: "" } }, 409);
    await client.ask({ system: "no-such-command" }, 501);
    const { detail } = await client.ask({ system: "rooms" }, 212);
    equal(detail[room], "", "the new room's title");
  },

  async function refuses_a_name_in_use(world) {
    const user = name(world, "ann");
    await world.user(user);
    const other = await world.connect();
    await other.ask({ system: "login", options: { user: user.toUpperCase(), pass: "" } }, 409);
  },

  async function round_trips_values(world) {
    const room = name(world, "room");
    const [ann, ben] = [await world.user(name(world, "ann"), room),
      await world.user(name(world, "ben"), room)];
    const values = ["", "\u0000\u001b\u202e 漢字 🥽🏽 \u2028", null, true, false, 0, -1, 0.1,
      5e-324, Number.MAX_VALUE, Number.MAX_SAFE_INTEGER, [], {}, { "": [{ ü: null }] },
      "y".repeat(100_000)];
    values.forEach((value) => ann.say(room, value, "wave"));
    for (const client of [ann, ben]) {
      const got = await client.gather(room, "wave", values.length);
      equal(got.map((e) => e.data), values, "values");
    }
  },

  async function answers_in_order(world) {
    const room = name(world, "room");
    const client = await world.user(name(world, "ann"), room);
    const wanted = [];
    for (let number = 1; number <= 100; number++) {
      client.say(room, number);
      client.raw(number % 2 ? "nonsense" : '{"system":"ping"}');
      wanted.push(number, number % 2 ? 406 : 220);
    }
    const got = [];
    while (got.length < wanted.length) {
      const frame = await client.until("answer or event", (f) => codeOf(f) || f.room === room);
      got.push(codeOf(frame) ?? frame.payload[0].data);
    }
    equal(got, wanted, "answers and events");
  },

  async function streams_and_sees_ticks(world) {
    const [room, annas, bens] = [name(world, "room"), name(world, "ann"), name(world, "ben")];
    const [ann, ben] = [await world.user(annas, room), await world.user(bens, room)];
    for (let step = 1; step <= 60; step++) {
      ann.move(room, { x: step / 3, y: 1.7, z: -step });
      ben.move(room, { x: -step / 3, y: 1.6, z: step });
      const isNow = (got) => got[annas]?.pos.z === -step && got[bens]?.pos.z === step;
      const got = await ben.tick(room, isNow);
      equal(got[annas].pos, { x: step / 3, y: 1.7, z: -step }, "Ann's position");
      equal(got[annas].rot, { x: 0, y: 0, z: 0 }, "Ann's rotation");
    }
    const sent = ben.seen.filter((f) => annas in poses(f, room)).map((f) => -poses(f, room)[annas].pos.z);
    equal(sent, [...sent].sort((a, b) => a - b), "steps, which never go back");
    const times = ben.seen.flatMap((f) => entries(f, room, "transform", annas)).map((e) => e.time);
    equal(times, [...times].sort((a, b) => a - b), "times, which never run back");
    await ann.ask({ room, type: "transform", data: { pos: { x: "1" } } }, 406);
  },

  async function sees_others_go(world) {
    const [room, user] = [name(world, "room"), name(world, "ben")];
    const ann = await world.user(name(world, "ann"), room);
    const ben = await world.user(user, room);
    await ann.event(room, "join", user);
    ben.say(room, "", "leave");
    await ann.event(room, "leave", user);
    await ben.join(room);
    await ann.event(room, "join", user);
    ben.socket.close();
    await ann.event(room, "leave", user);
    equal((await ben.closed()).clean, true, "a clean close");
  },

  async function is_taken_over_with_1008(world) {
    const user = name(world, "ann");
    const [old, young] = [await world.connect(), await world.connect()];
    await old.login(user, "secret");
    await young.ask({ system: "login", options: { user, pass: "guess" } }, 409);
    await young.login(user, "secret");
    const { code, clean } = await old.closed();
    equal([code, clean], [1008, true], "how the old connection closed");
    await young.ask({ system: "ping" }, 220);
  },

  async function is_closed_with_1009_for_too_much({ connect }) {
    const client = await connect();
    client.raw("x".repeat((1 << 20) + 1));
    equal((await client.closed()).code, 1009, "the close code");
  },

  async function is_told_406_for_binary({ connect }) {
    const client = await connect();
    await client.ask(new Uint8Array([123, 125]), 406);
    await client.ask({ system: "ping" }, 220);
  },
];

export default checks;
