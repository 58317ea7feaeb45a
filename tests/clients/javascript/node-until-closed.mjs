// node node-until-closed.mjs URL NODE_MODULES USER: logs in, says so, prints how it is closed.

import { createRequire } from "node:module";
import { Client } from "./client.mjs";

const [url, modules, user] = process.argv.slice(2);
const { WebSocket } = createRequire(`${modules}/`)("ws");
const client = await Client.connect(WebSocket, url);
await client.login(user);
console.log("ready");
await new Promise((resolve) => client.socket.addEventListener("close", resolve));
console.log((await client.closed()).code);
