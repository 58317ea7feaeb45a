// node node-meeting.mjs URL NODE_MODULES ROOM

import { createRequire } from "node:module";
import { takePart } from "./meeting.mjs";

const [url, modules, room] = process.argv.slice(2);
const { WebSocket } = createRequire(`${modules}/`)("ws");
try {
  await takePart(WebSocket, url, "node", room);
} catch (error) {
  console.log(error.message);
  process.exit(1);
}
