// The npm client ws as a peer: node peer.mjs ws://HOST:PORT/ws
import WebSocket from "ws";
import { dialog } from "../dialog.mjs";

dialog(WebSocket, process.argv[2], console.log).catch((err) => { console.log("error " + err.message); process.exit(1); });
