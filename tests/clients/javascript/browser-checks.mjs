// The common checks in a page, and what only a browser does.

import { Client, runChecks } from "./client.mjs";
import common from "./common.mjs";

const own = [
  async function takes_blobs_for_binary({ connect }) {
    const client = await connect();
    client.raw(new Blob(['{"system":"ping"}']));
    await client.reply(406);
    await client.ask({ system: "ping" }, 220);
  },

  async function leaves_when_its_frame_is_closed({ url, user }) {
    const room = "browser frames";
    const ann = await user("browser watcher", room);
    const frame = document.createElement("iframe");
    document.body.append(frame);
    const inner = await Client.connect(frame.contentWindow.WebSocket, url);
    await inner.login("browser guest");
    await inner.join(room);
    await ann.event(room, "join", "browser guest");
    frame.remove();
    await ann.event(room, "leave", "browser guest");
  },
];

export const run = (url) =>
  runChecks("browser", [...common, ...own], { WebSocket, url, suite: "browser" });

/** Logs in and waits for the server's end; gives the close code. */
export async function untilClosed(url, user) {
  const client = await Client.connect(WebSocket, url);
  await client.login(user);
  return async () => (await client.closed()).code;
}
