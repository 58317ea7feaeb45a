// node node-checks.mjs URL NODE_MODULES: the common checks, and what only `ws` can do.

import { createRequire } from "node:module";
import { equal, fresh, runChecks } from "./client.mjs";
import common from "./common.mjs";

const [url, modules] = process.argv.slice(2);
const { WebSocket } = createRequire(`${modules}/`)("ws");

const event = (emitter, name, seconds) => new Promise((resolve, reject) => {
  const timer = setTimeout(() => reject(new Error(`no ${name} within ${seconds} s`)), seconds * 1e3);
  emitter.once(name, (...values) => (clearTimeout(timer), resolve(values)));
});

const own = [
  async function is_ponged({ connect }) {
    const { socket } = await connect();
    const pong = event(socket, "pong", 10);
    socket.ping("vrlobby");
    equal(String((await pong)[0]), "vrlobby", "the payload");
  },

  async function is_pinged_by_the_server({ user }) {
    // Within the 20 s after which a silent peer is taken for gone, or nobody would ever survive.
    const { socket } = await user(fresh("node ann"));
    await event(socket, "ping", 20);
  },

  async function sends_fragments({ connect }) {
    const { socket } = await connect();
    const answer = event(socket, "message", 10);
    socket.send('{"system":', { fin: false });
    socket.send('"pi', { fin: false });
    socket.ping();
    socket.send('ng"}', { fin: true });
    equal(JSON.parse(String((await answer)[0])).response.code, 220, "the answer");
  },

  async function is_gone_when_its_connection_breaks({ user }) {
    const [room, name] = [fresh("node room"), fresh("node ben")];
    const ann = await user(fresh("node ann"), room);
    const ben = await user(name, room);
    await ann.event(room, "join", name);
    ben.socket.terminate();
    await ann.event(room, "leave", name);
  },

  async function survives_bursts_of_many_users({ user }) {
    const room = fresh("node crowd");
    const names = Array.from({ length: 40 }, () => fresh("node user"));
    const clients = await Promise.all(names.map((name) => user(name, room)));
    clients.forEach((client, index) => client.move(room, { x: index }));
    for (const client of clients) {
      await client.tick(room, (got) => names.every((name, index) => got[name]?.pos.x === index));
    }
    clients.forEach((client) => client.say(room, "all at once", "cheer"));
    const orders = await Promise.all(clients.map(async (client) =>
      (await client.gather(room, "cheer", names.length)).map((e) => e.user)));
    orders.forEach((order) => equal(order, orders[0], "the order of another member"));
    equal([...orders[0]].sort(), [...names].sort(), "who cheered");
  },
];

const report = ({ name, error }) =>
  console.log(error ? `FAIL ${name}: ${error.replace(/\s+/g, " ")}` : `ok ${name}`);
const results = await runChecks("node", [...common, ...own], { WebSocket, url, suite: "node" }, report);
process.exit(results.some(({ error }) => error) ? 1 : 0);
