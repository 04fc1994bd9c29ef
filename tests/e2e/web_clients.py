"""A client written against ComfyUI's interface alone."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import ClientSession, ClientWebSocketResponse, WSMsgType

from tests.e2e.server_process import PATIENCE_S

Message = dict[str, Any]


@asynccontextmanager
async def listening(web: ClientSession, client_id: str) -> AsyncIterator[ClientWebSocketResponse]:
    async with web.ws_connect("/ws", params={"clientId": client_id}) as socket:
        yield socket


async def post(web: ClientSession, path: str, body: Any) -> Any:
    async with web.post(path, json=body) as answer:
        text = await answer.text()
        assert answer.status == 200, text
        return json.loads(text) if text else None


async def get(web: ClientSession, path: str) -> Any:
    async with web.get(path) as answer:
        assert answer.status == 200, await answer.text()
        return await answer.json()


async def queue(web: ClientSession, prompt: Any, **body: Any) -> str:
    queued = await post(web, "/prompt", {"prompt": prompt, **body})
    prompt_id: str = queued["prompt_id"]
    return prompt_id


async def next_message(socket: ClientWebSocketResponse) -> Message | bytes:
    """Return the next JSON message, or the bytes of a binary one."""
    received = await asyncio.wait_for(socket.receive(), PATIENCE_S)
    assert received.type in (WSMsgType.TEXT, WSMsgType.BINARY), received
    if received.type is WSMsgType.BINARY:
        return bytes(received.data)
    message: Message = json.loads(received.data)
    return message


async def until_end(socket: ClientWebSocketResponse, prompt_id: str) -> list[Message | bytes]:
    """Collect what a client hears up to the mark that its prompt is over."""
    heard: list[Message | bytes] = []
    while True:
        message = await next_message(socket)
        heard.append(message)
        if isinstance(message, dict) and message["type"] == "executing":
            data = message["data"]
            if data["node"] is None and data["prompt_id"] == prompt_id:
                return heard


async def until(socket: ClientWebSocketResponse, kind: str, **data: Any) -> Message:
    """Read up to a message of a kind with certain data."""
    while True:
        message = await next_message(socket)
        if isinstance(message, dict) and message["type"] == kind:
            found: Message = message["data"]
            if all(found.get(key) == value for key, value in data.items()):
                return found


def about(heard: list[Message | bytes], kind: str) -> list[Message]:
    return [m["data"] for m in heard if isinstance(m, dict) and m["type"] == kind]
