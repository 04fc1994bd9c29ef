"""Nodes for tests of workers, as a V1 pack: they do what `FakePool` plays."""

from __future__ import annotations

import asyncio
import os
import sys
import threading
import time
from pathlib import Path
from typing import Any, ClassVar

import folder_paths  # type: ignore[import-not-found] # on the path in workers
from aiohttp import web
from PIL import Image
from server import PromptServer  # type: ignore[import-not-found]

from engine.registry.running import current_context
from engine.types import Preview


class _Output:
    RETURN_TYPES: ClassVar[tuple[str, ...]] = ()
    OUTPUT_NODE = True
    FUNCTION = "run"
    CATEGORY = "tests"

    @classmethod
    def IS_CHANGED(cls, **inputs: Any) -> float:  # noqa: N802 - contract §4.1
        return float("nan")


class _Text(_Output):
    @classmethod
    def INPUT_TYPES(cls) -> dict[str, Any]:  # noqa: N802 - contract §4.1
        return {"required": {"text": ("STRING", {"default": ""})}}


class Show(_Text):
    def run(self, text: str) -> dict[str, Any]:
        return {"ui": {"text": [text]}}


class Shelfless(_Output):
    """Cannot say what it takes."""

    @classmethod
    def INPUT_TYPES(cls) -> dict[str, Any]:  # noqa: N802 - contract §4.1
        raise LookupError("no shelf")

    def run(self) -> None: ...


class Wait(_Output):
    """Waits until it is cancelled, in steps of a hundredth of a second."""

    @classmethod
    def INPUT_TYPES(cls) -> dict[str, Any]:  # noqa: N802 - contract §4.1
        return {"required": {}}

    def run(self) -> None:
        context = current_context()
        assert context is not None
        for step in range(10_000):
            context.progress(step, 10_000)
            time.sleep(0.01)


class Paint(_Output):
    """Shows a picture of its work a thousand times, as fast as it can."""

    @classmethod
    def INPUT_TYPES(cls) -> dict[str, Any]:  # noqa: N802 - contract §4.1
        return {"required": {}}

    def run(self) -> dict[str, Any]:
        context = current_context()
        assert context is not None
        preview = Preview(lambda: Image.new("RGB", (64, 64), "red"))
        for step in range(1_000):
            context.progress(step + 1, 1_000, preview)
        return {"ui": {"text": ["painted"]}}


class Fail(_Text):
    def run(self, text: str) -> None:
        raise ValueError(text)


class Exit(_Text):
    def run(self, text: str) -> None:
        sys.exit(text)


class Die(_Text):
    """Ends its process as a crash does."""

    def run(self, text: str) -> None:
        print(text, flush=True)
        os._exit(3)


class Chatter(_Text):
    """Prints megabytes."""

    def run(self, text: str) -> dict[str, Any]:
        for _ in range(20_000):
            print(text)
        return {"ui": {"text": ["done"]}}


class Litter(_Text):
    """Leaves a task behind in its event loop."""

    async def run(self, text: str) -> dict[str, Any]:
        asyncio.get_running_loop().create_task(asyncio.sleep(3600), name="litter")
        await asyncio.sleep(0)
        return {"ui": {"text": [str(len(asyncio.all_tasks()))]}}


class Deaf(_Text):
    """Works on without looking at the stop button."""

    def run(self, text: str) -> None:
        time.sleep(60)


class Stubborn(_Text):
    """Never answers whether it is valid."""

    @classmethod
    def VALIDATE_INPUTS(cls, text: str) -> bool:  # noqa: N802 - contract §4.1
        time.sleep(60)
        return True

    def run(self, text: str) -> None:
        return None


class Unshowable(_Text):
    def run(self, text: str) -> dict[str, Any]:
        return {"ui": {"text": [object()]}}


class Shout(_Text):
    """Speaks to browsers."""

    def run(self, text: str) -> None:
        server = PromptServer.instance
        server.send_sync("tests.shout", {"text": text}, server.client_id)


@PromptServer.instance.routes.get("/tests/greet/{name}")  # type: ignore[untyped-decorator]
async def greet(request: web.Request) -> web.Response:
    return web.json_response({"hello": request.match_info["name"]})


@PromptServer.instance.routes.post("/tests/measure")  # type: ignore[untyped-decorator]
async def measure(request: web.Request) -> web.Response:
    return web.json_response({"size": len(await request.read())})


@PromptServer.instance.routes.get("/tests/echo")  # type: ignore[untyped-decorator]
async def echo(request: web.Request) -> web.WebSocketResponse:
    socket = web.WebSocketResponse(protocols=("tests",))
    await socket.prepare(request)
    async for message in socket:
        if message.data == "leave":
            await socket.close(code=4001, message=b"as you wish")
        elif message.type is web.WSMsgType.TEXT:
            await socket.send_str(message.data.upper())
        else:
            await socket.send_bytes(message.data[::-1])
    return socket


BEGUN_AT_IMPORT: list[str] = []


async def _note_loop() -> None:
    BEGUN_AT_IMPORT.append(threading.current_thread().name)


TASK = PromptServer.instance.loop.create_task(_note_loop())


@PromptServer.instance.routes.get("/tests/begun")  # type: ignore[untyped-decorator]
async def begun(request: web.Request) -> web.Response:
    return web.json_response([*BEGUN_AT_IMPORT, threading.current_thread().name])


folder_paths.add_model_folder_path(
    "brushes", str(Path(folder_paths.models_dir) / "brushes"), is_default=True
)


def _sign(body: dict[str, Any]) -> dict[str, Any]:
    if "sign" in body["extra_data"]:
        more = {"signed_for": body["client_id"], "number": body["number"]}
        body["extra_data"] = {**body["extra_data"], **more}
    return body


PromptServer.instance.add_on_prompt_handler(_sign)


def _upper(body: dict[str, Any]) -> dict[str, Any]:
    for node in body["prompt"].values():
        if node["class_type"] == "Show" and node["inputs"].get("text") == "whisper":
            node["inputs"]["text"] = "WHISPER"
    return body


PromptServer.instance.add_on_prompt_handler(_upper)

NODE_CLASS_MAPPINGS = {
    cls.__name__: cls
    for cls in (
        Show,
        Shelfless,
        Wait,
        Paint,
        Fail,
        Exit,
        Die,
        Chatter,
        Litter,
        Deaf,
        Unshowable,
        Stubborn,
        Shout,
    )
}
