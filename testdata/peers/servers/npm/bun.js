// Bun's own WebSocket server, whose topics and publish are native (uWebSockets). The contract: ../contract/contract.go.
const server = Bun.serve({
  hostname: "127.0.0.1",
  port: Number(process.env.PORT ?? 9000),
  fetch(request, server) {
    const topic = new URL(request.url).searchParams.get("topic");
    if (!server.upgrade(request, { data: { topic } })) return new Response("WebSocket only", { status: 426 });
  },
  websocket: {
    perMessageDeflate: process.env.DEFLATE === "1",
    idleTimeout: 0,
    open(socket) {
      if (socket.data.topic) socket.subscribe(socket.data.topic);
    },
    message(socket, message) {
      if (socket.data.topic) {
        server.publish(socket.data.topic, message, true);
        return;
      }
      const space = message.indexOf(" ");
      server.publish(message.slice(0, space), message.slice(space + 1), true);
    },
  },
});
