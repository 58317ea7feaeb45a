// A client for checks, on the browser's WebSocket interface, which Node's `ws` has too.

const PATIENCE_MS = 10_000;

export const entries = (frame, room, type, user) =>
  frame.room === room
    ? frame.payload.filter((e) => (!type || e.type === type) && (!user || e.user === user))
    : [];

export const poses = (frame, room) =>
  Object.fromEntries(entries(frame, room, "transform").map((e) => [e.user, e.data]));

export const codeOf = (frame) => frame.response?.code;

export function equal(got, wanted, what) {
  const [a, b] = [JSON.stringify(got), JSON.stringify(wanted)];
  if (a !== b) throw new Error(`${what}: wanted ${b?.slice(0, 400)}, got ${a?.slice(0, 400)}`);
}

export class Client {
  /** All frames so far, oldest first. */
  seen = [];
  #waiting = [];
  #next = 0;
  #wake = () => {};
  #closed = null;

  static async connect(WebSocket, url) {
    const client = new Client();
    client.socket = new WebSocket(url);
    client.socket.binaryType = "arraybuffer";
    client.socket.addEventListener("message", ({ data }) => {
      if (typeof data !== "string") throw new Error("a binary frame");
      client.#waiting.push(JSON.parse(data));
      client.#wake();
    });
    client.socket.addEventListener("close", (event) => {
      client.#closed = { code: event.code, reason: event.reason, clean: event.wasClean };
      client.#wake();
    });
    client.socket.addEventListener("error", () => {});
    await client.#when(`connection to ${url}`, () => {
      if (client.#closed) throw new Error(`no connection to ${url}: ${client.#closed.code}`);
      return client.socket.readyState === 1;
    }, client.socket, "open");
    return client;
  }

  raw(message) {
    this.socket.send(message);
  }

  send(request) {
    this.raw(JSON.stringify(request));
  }

  say(room, data, type = "msg") {
    this.send({ room, type, data });
  }

  move(room, pos) {
    this.send({ room, type: "transform", data: { pos, rot: {} } });
  }

  async login(user, pass = "") {
    this.send({ system: "login", options: { user, pass } });
    await this.reply(202);
  }

  /** Joins and gives the listing's names. */
  async join(room) {
    this.say(room, "", "join");
    return (await this.event(room, "join")).payload.map((e) => e.user);
  }

  /** The next frame that is wanted; others are kept in `seen`. */
  async until(what, wanted) {
    let found;
    await this.#when(what, () => {
      while (this.#next < this.#waiting.length) {
        const frame = this.#waiting[this.#next++];
        this.seen.push(frame);
        if (wanted(frame)) return (found = frame);
      }
      if (this.#closed) throw new Error(`closed (${this.#closed.code}) instead of ${what}`);
      return false;
    });
    return found;
  }

  event(room, type, user) {
    const what = `event ${type} of ${user ?? "anyone"} in ${room}`;
    return this.until(what, (frame) => entries(frame, room, type, user).length > 0);
  }

  /** The next answer, which must have that code; events may come before it. */
  async reply(code) {
    const frame = await this.until(`answer ${code}`, codeOf);
    equal(codeOf(frame), code, `the answer ${JSON.stringify(frame)}`);
    return frame.response;
  }

  async ask(message, code) {
    const text = typeof message === "string" || message instanceof Uint8Array;
    this.raw(text ? message : JSON.stringify(message));
    return this.reply(code);
  }

  /** That many entries of a type, counting those that have come already. */
  async gather(room, type, count) {
    const soFar = () => this.seen.flatMap((frame) => entries(frame, room, type));
    while (soFar().length < count) await this.event(room, type);
    return soFar();
  }

  /** The poses of the next tick of a room that is wanted. */
  async tick(room, wanted = () => true) {
    const isWanted = (got) => Object.keys(got).length > 0 && wanted(got);
    return poses(await this.until(`tick in ${room}`, (f) => isWanted(poses(f, room))), room);
  }

  /** Waits for the server's close. */
  async closed() {
    await this.#when("close", () => this.#closed);
    return this.#closed;
  }

  async #when(what, met, target, event) {
    const deadline = Date.now() + PATIENCE_MS;
    while (!met()) {
      const left = deadline - Date.now();
      if (left <= 0) {
        const last = JSON.stringify(this.seen.slice(-3)).slice(0, 400);
        throw new Error(`no ${what} within ${PATIENCE_MS / 1000} s; last: ${last}`);
      }
      await new Promise((resolve) => {
        const timer = setTimeout(resolve, left);
        this.#wake = () => (clearTimeout(timer), resolve());
        target?.addEventListener(event, this.#wake, { once: true });
      });
    }
  }
}

let numbers = 0;

/** A name that no other check uses. */
export const fresh = (stem) => `${stem}-${++numbers}`;

/** Runs checks one after the other; gives `{ name, error }` for each. */
export async function runChecks(suite, checks, world, report = () => {}) {
  const results = [];
  for (const check of checks) {
    const clients = [];
    const within = {
      ...world,
      connect: async () => {
        const client = await Client.connect(world.WebSocket, world.url);
        clients.push(client);
        return client;
      },
      user: async (name, ...rooms) => {
        const client = await within.connect();
        await client.login(name);
        for (const room of rooms) await client.join(room);
        return client;
      },
    };
    const result = { name: `${suite}/${check.name}`, error: null };
    try {
      await check(within);
    } catch (error) {
      result.error = String(error?.message ?? error);
    }
    clients.forEach((client) => client.socket.close());
    results.push(result);
    report(result);
  }
  return results;
}
