// The npm package ws, as its documentation broadcasts: send the received buffer to each socket. The contract:
// ../contract/contract.go.
import { createServer } from "node:http";
import { WebSocketServer } from "ws";

const topics = new Map();
const server = createServer();
const sockets = new WebSocketServer({ server, clientTracking: false, perMessageDeflate: process.env.DEFLATE === "1" });

function join(topic, socket) {
  if (!topics.has(topic)) topics.set(topic, new Set());
  topics.get(topic).add(socket);
  socket.on("close", () => {
    const members = topics.get(topic);
    members.delete(socket);
    if (members.size === 0) topics.delete(topic);
  });
}

sockets.on("connection", (socket, request) => {
  const own = new URL(request.url, "http://localhost").searchParams.get("topic");
  if (own) join(own, socket);
  socket.on("error", () => {});
  socket.on("message", (data, binary) => {
    let topic = own;
    if (!topic) {
      const space = data.indexOf(32);
      topic = data.toString("latin1", 0, space);
      data = data.subarray(space + 1);
    }
    for (const member of topics.get(topic) ?? []) member.send(data, { binary });
  });
});

server.listen({ host: "127.0.0.1", port: Number(process.env.PORT ?? 9000), backlog: 4096 });
