"""A pack as others write them: nodes that count, wait, hold, block, exit and print."""

import os
import sys
import time
from pathlib import Path

import comfy.utils
import folder_paths
from aiohttp import web
from server import PromptServer


def base():
    return Path(folder_paths.get_output_directory()).parent


def note(line):
    """Leave a line for the test to read."""
    with open(base() / "runs.txt", "a", encoding="utf-8") as file:
        file.write(line + "\n")


class _Picture:
    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"image": ("IMAGE",), "text": ("STRING", {"default": ""})}}

    RETURN_TYPES = ("IMAGE",)
    FUNCTION = "work"
    CATEGORY = "tests"


class E2ECount(_Picture):
    """Takes long enough that its result is worth keeping on disk."""

    def work(self, image, text):
        note(text)
        time.sleep(0.3)
        return (image,)


class E2ESlow(_Picture):
    """Takes `text` seconds, in steps of a hundredth."""

    def work(self, image, text):
        steps = round(float(text) * 100)
        bar = comfy.utils.ProgressBar(steps)
        for _ in range(steps):
            time.sleep(0.01)
            bar.update(1)
        return (image,)


class E2EHold(_Picture):
    """Stays at its half as long as the test keeps a file "hold"."""

    def work(self, image, text):
        bar = comfy.utils.ProgressBar(2)
        bar.update(1)
        note("halfway")
        while (base() / "hold").exists():
            time.sleep(0.01)
        bar.update(1)
        return (image,)


class E2EBlock(_Picture):
    """Never looks at the stop button."""

    def work(self, image, text):
        note("block")
        time.sleep(10_000)


class E2EExit(_Picture):
    def work(self, image, text):
        sys.exit(text)


class E2EDie(_Picture):
    """Ends its process as a crash does."""

    def work(self, image, text):
        note("die")
        time.sleep(0.2)  # a network crashes while it computes, not as it is called
        os._exit(3)


class E2ELoud(_Picture):
    def work(self, image, text):
        for _ in range(4000):
            print("x" * 1000)
            print("y" * 1000, file=sys.stderr)
        return (image,)


class E2EShout(_Picture):
    """Sends `text` megabytes to the browser of the job."""

    def work(self, image, text):
        server = PromptServer.instance
        for _ in range(int(text)):
            server.send_sync("shout", "x" * (1 << 20), server.client_id)
        return (image,)


@PromptServer.instance.routes.get("/e2e/echo")
async def echo(request):
    socket = web.WebSocketResponse()
    await socket.prepare(request)
    async for message in socket:
        await socket.send_str(f"heard {message.data}")
    return socket


NODE_CLASS_MAPPINGS = {
    cls.__name__: cls
    for cls in (E2ECount, E2ESlow, E2EHold, E2EBlock, E2EExit, E2EDie, E2ELoud, E2EShout)
}
