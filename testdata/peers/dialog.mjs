// The dialog that every WebSocket peer has with a relay, for npm's ws and for browsers, whose WebSocket has the same
// shape. base is ws://HOST:PORT/ws; say takes the transcript line by line, and may return a promise.
export async function dialog(WebSocket, base, say) {
	const plain = await connect(WebSocket, base + "?topic=orders.new");
	await say("open " + JSON.stringify(plain.socket.protocol));
	await say("got " + text(await plain.next()));       // what the test publishes by HTTP
	plain.socket.send('{"from":"peer","card":"4111"}');
	await say("got " + text(await plain.next()));       // its own event, filtered
	plain.socket.send(new Uint8Array([0, 1, 255]));
	await say("got bytes " + new Uint8Array(await plain.next()).join(" "));

	const envelope = await connect(WebSocket, base, "relay.v1.json");
	await say("open " + JSON.stringify(envelope.socket.protocol));
	await say("reply " + await envelope.ask({ id: 1, subscribe: { topic: "orders.*" } }));
	await say("reply " + await envelope.ask({ id: 2, subscribe: { topic: "no..topic" } }));
	envelope.socket.send(JSON.stringify({ id: 3, publish: { topic: "orders.eu", data: { card: "4111", big: "x".repeat(50000) } } }));
	// The push and the reply may come in either order.
	const both = [JSON.parse(await envelope.next()), JSON.parse(await envelope.next())];
	const push = both.find((m) => m.topic), reply = both.find((m) => m.id === 3);
	await say(`push ${push.topic} ${push.subscription} ${push.data.card} ${push.data.big.length} ${push.id === reply.publish.id}`);
	await say(`published ${reply.publish.verdict} by ${reply.publish.filter}`);

	await say("closed " + await plain.close(1000, "done"));
	await say("closed " + await envelope.close(4321, "done"));
}

function text(data) {
	if (typeof data !== "string") throw new Error("expected a text message");
	return data;
}

// connect opens a socket whose messages are queued until next takes them.
function connect(WebSocket, url, protocol) {
	const socket = protocol ? new WebSocket(url, protocol) : new WebSocket(url);
	socket.binaryType = "arraybuffer";
	const messages = [], waiting = [];
	let ended = "";
	const settle = () => {
		while (waiting.length && (messages.length || ended)) {
			const { resolve, reject } = waiting.shift();
			messages.length ? resolve(messages.shift()) : reject(new Error(ended));
		}
	};
	const closed = new Promise((resolve) => socket.addEventListener("close", (e) => {
		ended = `closed ${e.code} ${e.reason}`;
		settle();
		resolve(`${e.code} ${e.wasClean}`);
	}));
	socket.addEventListener("message", (e) => { messages.push(e.data); settle(); });
	const next = () => new Promise((resolve, reject) => { waiting.push({ resolve, reject }); settle(); });
	return new Promise((resolve, reject) => {
		socket.addEventListener("error", () => reject(new Error("connect failed")));
		socket.addEventListener("open", () => resolve({
			socket, next,
			ask: (command) => { socket.send(JSON.stringify(command)); return next(); },
			close: (code, reason) => { socket.close(code, reason); return closed; },
		}));
	});
}
