"""FastAPI on uvicorn, with the connection manager of FastAPI's documentation, one per topic.

The contract: ../contract/contract.go. Debian's packages: python3-fastapi python3-uvicorn python3-websockets
python3-uvloop python3-httptools.
"""
import os
from collections import defaultdict

import uvicorn
from fastapi import FastAPI, WebSocket, WebSocketDisconnect

app = FastAPI()
topics: dict[str, set[WebSocket]] = defaultdict(set)


async def broadcast(topic: str, message: str) -> None:
    for member in list(topics.get(topic, ())):
        try:
            await member.send_text(message)
        except Exception:  # it left meanwhile; its own handler notices
            topics[topic].discard(member)


@app.websocket("/ws")
async def subscribe(socket: WebSocket, topic: str) -> None:
    await socket.accept()
    topics[topic].add(socket)
    try:
        while True:
            await broadcast(topic, await socket.receive_text())
    except WebSocketDisconnect:
        pass
    finally:
        topics[topic].discard(socket)


@app.websocket("/publish")
async def publish(socket: WebSocket) -> None:
    await socket.accept()
    try:
        while True:
            topic, _, payload = (await socket.receive_text()).partition(" ")
            await broadcast(topic, payload)
    except WebSocketDisconnect:
        pass


uvicorn.run(
    app,
    host="127.0.0.1",
    port=int(os.environ.get("PORT", 9000)),
    backlog=4096,
    loop="uvloop",
    http="httptools",
    ws="websockets",
    ws_per_message_deflate=os.environ.get("DEFLATE") == "1",
    ws_ping_interval=None,
    access_log=False,
    log_level="warning",
)
