"""Debian's python3-websockets as a peer: python3 peer.py ws://HOST:PORT/ws. The dialog is that of dialog.mjs."""
import asyncio
import json
import sys

import websockets


def say(line):
    print(line, flush=True)


def text(data):
    assert isinstance(data, str), "expected a text message"
    return data


async def dialog(base):
    plain = await websockets.connect(base + "?topic=orders.new")
    say("open " + json.dumps(plain.subprotocol or ""))
    say("got " + text(await plain.recv()))
    await plain.send('{"from":"peer","card":"4111"}')
    say("got " + text(await plain.recv()))
    await plain.send(bytes([0, 1, 255]))
    say("got bytes " + " ".join(str(b) for b in await plain.recv()))

    envelope = await websockets.connect(base, subprotocols=["relay.v1.json"])
    say("open " + json.dumps(envelope.subprotocol))

    async def ask(command):
        await envelope.send(json.dumps(command))
        return text(await envelope.recv())

    say("reply " + await ask({"id": 1, "subscribe": {"topic": "orders.*"}}))
    say("reply " + await ask({"id": 2, "subscribe": {"topic": "no..topic"}}))
    await envelope.send(json.dumps({"id": 3, "publish": {"topic": "orders.eu", "data": {"card": "4111", "big": "x" * 50000}}}))
    # The push and the reply may come in either order.
    both = [json.loads(await envelope.recv()), json.loads(await envelope.recv())]
    push = next(m for m in both if "topic" in m)
    reply = next(m for m in both if m.get("id") == 3)
    same = json.dumps(push["id"] == reply["publish"]["id"])
    say(f'push {push["topic"]} {push["subscription"]} {push["data"]["card"]} {len(push["data"]["big"])} {same}')
    say(f'published {reply["publish"]["verdict"]} by {reply["publish"]["filter"]}')

    for socket, code in ((plain, 1000), (envelope, 4321)):
        await socket.close(code, "done")
        # What the peer answered; 1006 would mean that it just hung up.
        say(f"closed {socket.close_code} {json.dumps(socket.close_code == code)}")


asyncio.run(asyncio.wait_for(dialog(sys.argv[1]), 60))
