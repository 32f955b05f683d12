// Socket.IO with its rooms, WebSocket transport only. Clients subscribe at /ws?EIO=4&transport=websocket&topic=T by its own
// protocol (they send 40) and get 42["event",PAYLOAD]. Publishers use plain WebSockets at /publish, as the contract says
// (../contract/contract.go): by the protocol they would have to wait for the answer to their 40.
import { createServer } from "node:http";
import { Server } from "socket.io";
import { WebSocketServer } from "ws";

const server = createServer();
const io = new Server(server, {
  path: "/ws",
  addTrailingSlash: false,
  serveClient: false,
  transports: ["websocket"],
  perMessageDeflate: process.env.DEFLATE === "1",
  pingInterval: 3_600_000, // the load client speaks WebSocket only
});

io.on("connection", (socket) => {
  const { topic } = socket.handshake.query;
  socket.conn.request = null; // the documentation's advice, to save memory
  if (topic) socket.join(topic);
});

const publishers = new WebSocketServer({ noServer: true, clientTracking: false });
publishers.on("connection", (socket) => {
  socket.on("error", () => {});
  socket.on("message", (data) => {
    const text = data.toString();
    const space = text.indexOf(" ");
    if (space > 0) io.to(text.slice(0, space)).emit("event", JSON.parse(text.slice(space + 1)));
  });
});
server.on("upgrade", (request, connection, head) => {
  if (request.url !== "/publish") return; // Socket.IO's
  publishers.handleUpgrade(request, connection, head, (socket) => publishers.emit("connection", socket));
});

server.listen({ host: "127.0.0.1", port: Number(process.env.PORT ?? 9000), backlog: 4096 });
