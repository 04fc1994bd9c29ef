"""Programs that take their pictures from the WebSocket, as their scripts do."""

from __future__ import annotations

import io
import json
import random
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession
from PIL import Image

from tests.e2e.examples import write_checkpoint
from tests.e2e.server_process import ServerProcess, served
from tests.e2e.web_clients import Message, about, get, listening, queue, until_end

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

SIZE = (640, 520)
COUNT = 3


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    base = tmp_path_factory.mktemp("server")
    write_checkpoint(base / "models/checkpoints/tiny.safetensors", "tiny")
    (base / "input").mkdir(exist_ok=True)
    for number in range(COUNT):
        picture_of(number).save(base / "input" / f"noise_{number}.png")
    with served(base, "--preview-method", "none") as running:
        wait_for_worker(running)
        yield running


def wait_for_worker(running: ServerProcess) -> None:
    """Return when prompts are answered at once: a client that waits for that answers no pings."""
    prompt = {
        "1": {"class_type": "PreviewAny", "inputs": {"source": ["2", 0]}},
        "2": {"class_type": "PrimitiveInt", "inputs": {"value": 1}},
    }
    running.entry(running.queue(prompt))


def picture_of(number: int) -> Image.Image:
    """Return noise: no lossy format keeps it, and none makes it small."""
    width, height = SIZE
    return Image.frombytes("RGB", SIZE, random.Random(number).randbytes(width * height * 3))


def sending_prompt() -> dict[str, Any]:
    """Return a prompt that sends the pictures of all files as one batch from node "send"."""
    prompt: dict[str, Any] = {
        f"load{number}": {
            "class_type": "LoadImage",
            "inputs": {"image": f"noise_{number}.png"},
        }
        for number in range(COUNT)
    }
    batch = ["load0", 0]
    for number in range(1, COUNT):
        prompt[f"batch{number}"] = {
            "class_type": "ImageBatch",
            "inputs": {"image1": batch, "image2": [f"load{number}", 0]},
        }
        batch = [f"batch{number}", 0]
    prompt["send"] = {"class_type": "SaveImageWebsocket", "inputs": {"images": batch}}
    return prompt


def painting_prompt() -> dict[str, Any]:
    """Return a prompt whose sampler makes previews; "send" sends what "save" saves."""
    return {
        "model": {
            "class_type": "CheckpointLoaderSimple",
            "inputs": {"ckpt_name": "tiny.safetensors"},
        },
        "text": {"class_type": "CLIPTextEncode", "inputs": {"text": "a", "clip": ["model", 1]}},
        "empty": {
            "class_type": "EmptyLatentImage",
            "inputs": {"width": 64, "height": 64, "batch_size": 2},
        },
        "paint": {
            "class_type": "KSampler",
            "inputs": {
                "seed": 1,
                "steps": 8,
                "cfg": 2.0,
                "sampler_name": "euler",
                "scheduler": "normal",
                "denoise": 1.0,
                "model": ["model", 0],
                "positive": ["text", 0],
                "negative": ["text", 0],
                "latent_image": ["empty", 0],
            },
        },
        "decode": {
            "class_type": "VAEDecode",
            "inputs": {"samples": ["paint", 0], "vae": ["model", 2]},
        },
        "send": {"class_type": "SaveImageWebsocket", "inputs": {"images": ["decode", 0]}},
        "save": {
            "class_type": "SaveImage",
            "inputs": {"images": ["decode", 0], "filename_prefix": "painted"},
        },
    }


def taken_by_a_script(heard: list[Message | bytes], node: str) -> list[bytes]:
    """List the binary messages that came while `node` was the last one said to run."""
    running = None
    taken = []
    for message in heard:
        if isinstance(message, bytes):
            if running == node:
                taken.append(message[8:])
        elif message["type"] == "executing":
            running = message["data"]["node"]
    return taken


def check_noise(images: list[bytes]) -> None:
    """Assert that these are the pictures of `sending_prompt`, bit by bit."""
    assert len(images) == COUNT
    for number, image in enumerate(images):
        with Image.open(io.BytesIO(image)) as picture:
            assert (picture.format, picture.mode) == ("PNG", "RGB")
            assert picture.size == SIZE
            assert picture.tobytes() == picture_of(number).tobytes()


async def test_a_script_gets_exactly_the_pictures_each_time(web: ClientSession) -> None:
    for _ in range(2):
        async with listening(web, "script") as socket:
            prompt_id = await queue(web, sending_prompt(), client_id="script")
            heard = await until_end(socket, prompt_id)
        check_noise(taken_by_a_script(heard, "send"))
        binary = [message for message in heard if isinstance(message, bytes)]
        assert [struct.unpack(">II", message[:8]) for message in binary] == [(1, 2)] * COUNT
        assert "send" in [data["node"] for data in about(heard, "executing")]
        assert "send" not in about(heard, "execution_cached")[0]["nodes"]
        counted = [data for data in about(heard, "progress") if data["node"] == "send"]
        assert (counted[-1]["value"], counted[-1]["max"]) == (COUNT, COUNT)
        entry = (await get(web, f"/history/{prompt_id}"))[prompt_id]
        assert entry["status"]["status_str"] == "success"
        assert entry["outputs"] == {}


async def test_a_script_that_reads_late_misses_no_picture(
    web: ClientSession, server: ServerProcess
) -> None:
    async with listening(web, "late") as socket:
        prompt_id = await queue(web, sending_prompt(), client_id="late")
        server.entry(prompt_id)  # nothing is read in the meantime
        heard = await until_end(socket, prompt_id)
    check_noise(taken_by_a_script(heard, "send"))


async def test_a_client_that_takes_metadata_is_told_whose_pictures_they_are(
    web: ClientSession,
) -> None:
    async with listening(web, "rich") as socket:
        await socket.send_json(
            {"type": "feature_flags", "data": {"supports_preview_metadata": True}}
        )
        prompt_id = await queue(web, sending_prompt(), client_id="rich")
        heard = await until_end(socket, prompt_id)
    images = []
    for message in heard:
        if isinstance(message, bytes):
            kind, length = struct.unpack(">II", message[:8])
            meta = json.loads(message[8 : 8 + length])
            assert (kind, meta["node_id"], meta["image_type"]) == (4, "send", "image/png")
            images.append(message[8 + length :])
    check_noise(images)


async def check_painting(running: ServerProcess, *, has_previews: bool) -> None:
    """Assert that a script gets what is saved, and previews only while the sampler runs."""
    async with ClientSession(running.url) as web, listening(web, "painter") as socket:
        prompt_id = await queue(web, painting_prompt(), client_id="painter")
        heard = await until_end(socket, prompt_id)
        entry = (await get(web, f"/history/{prompt_id}"))[prompt_id]
    previews = taken_by_a_script(heard, "paint")
    assert bool(previews) is has_previews
    assert all(preview.startswith(b"\xff\xd8") for preview in previews)
    sent = taken_by_a_script(heard, "send")
    files = [image["filename"] for image in entry["outputs"]["save"]["images"]]
    assert len(sent) == len(files) == 2
    for image, name in zip(sent, files, strict=True):
        path = running.base / "output" / name
        with Image.open(io.BytesIO(image)) as picture, Image.open(path) as saved:
            assert picture.tobytes() == saved.tobytes()


async def test_results_are_sent_though_previews_are_off(server: ServerProcess) -> None:
    await check_painting(server, has_previews=False)


async def test_previews_of_a_sampler_are_not_taken_for_results(tmp_path: Path) -> None:
    write_checkpoint(tmp_path / "models/checkpoints/tiny.safetensors", "tiny")
    with served(tmp_path, "--preview-method", "latent2rgb") as running:
        wait_for_worker(running)
        await check_painting(running, has_previews=True)
