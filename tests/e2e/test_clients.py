"""Clients written against ComfyUI's interface alone, from their files to their pictures."""

from __future__ import annotations

import io
import json
import struct
from collections.abc import Iterator
from urllib.parse import urlencode

import pytest
from aiohttp import ClientSession, FormData
from PIL import Image

from tests.e2e.examples import ROOT, write_checkpoint
from tests.e2e.server_process import ServerProcess, picture_prompt, served
from tests.e2e.web_clients import about, get, listening, next_message, queue, until, until_end

pytestmark = [pytest.mark.e2e, pytest.mark.slow]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    base = tmp_path_factory.mktemp("server")
    write_checkpoint(base / "models/checkpoints/tiny.safetensors", "tiny")
    with served(base, "--preview-method", "latent2rgb") as running:
        yield running


async def test_a_client_submits_and_waits_over_the_websocket(web: ClientSession) -> None:
    prompt = picture_prompt(("E2ESlow", "0.2"), color=0x102030, prefix="ws")
    async with listening(web, "waiting") as socket:
        first = await next_message(socket)
        assert first == {
            "type": "status",
            "data": {"status": {"exec_info": {"queue_remaining": 0}}, "sid": "waiting"},
        }
        prompt_id = await queue(web, prompt, client_id="waiting")
        heard = await until_end(socket, prompt_id)
        entry = (await get(web, f"/history/{prompt_id}"))[prompt_id]  # history has it by now

    own = [m for m in heard if isinstance(m, dict) and m["type"] != "status"]
    assert all(m["data"]["prompt_id"] == prompt_id for m in own)
    order = [m["type"] for m in own if m["type"] not in ("progress", "progress_state")]
    assert order == [
        *("execution_start", "execution_cached"),
        *("executing", "executing", "executing", "executed"),
        *("execution_success", "executing"),
    ]
    assert [m["node"] for m in about(heard, "executing")] == ["1", "2", "9", None]
    assert about(heard, "execution_cached")[0]["nodes"] == []
    assert isinstance(about(heard, "execution_start")[0]["timestamp"], int)
    progress = about(heard, "progress")
    assert {"value", "max", "prompt_id", "node"} <= set(progress[-1])
    assert progress[-1]["value"] == progress[-1]["max"] == 20
    assert [m["value"] for m in progress] == sorted(m["value"] for m in progress)
    (executed,) = about(heard, "executed")
    picture = {"filename": "ws_00001_.png", "subfolder": "", "type": "output"}
    assert executed == {
        "node": "9",
        "display_node": "9",
        "output": {"images": [picture]},
        "prompt_id": prompt_id,
    }
    last_states = about(heard, "progress_state")[-1]["nodes"]
    assert {node: state["state"] for node, state in last_states.items()} == dict.fromkeys(
        ("1", "2", "9"), "finished"
    )
    assert about(heard, "status")[0]["status"]["exec_info"]["queue_remaining"] == 1

    assert set(entry) == {"prompt", "outputs", "status", "meta"}
    number, found_id, found_prompt, extra_data, outputs = entry["prompt"]
    assert isinstance(number, float | int)
    assert (found_id, found_prompt, outputs) == (prompt_id, prompt, ["9"])
    assert extra_data["client_id"] == "waiting"
    assert entry["outputs"] == {"9": {"images": [picture]}}
    assert entry["status"]["status_str"] == "success"
    assert entry["status"]["completed"] is True
    kinds = [kind for kind, _ in entry["status"]["messages"]]
    assert kinds == ["execution_start", "execution_cached", "execution_success"]
    assert entry["meta"]["9"] == {
        "node_id": "9",
        "display_node": "9",
        "parent_node": None,
        "real_node_id": "9",
    }


def test_a_client_submits_polls_and_downloads(server: ServerProcess) -> None:
    prompt = picture_prompt(color=0xFF8000, prefix="polled/file")
    queued = server.call("POST", "/api/prompt", {"prompt": prompt}).json()
    assert set(queued) == {"prompt_id", "number", "node_errors"}
    entry = server.entry(queued["prompt_id"])
    (image,) = entry["outputs"]["9"]["images"]
    assert image["subfolder"] == "polled"
    answer = server.get(f"/api/view?{urlencode(image)}&rand=0.5")
    assert answer.status == 200
    assert answer.headers["Content-Type"] == "image/png"
    assert f'filename="{image["filename"]}"' in answer.headers["Content-Disposition"]
    with Image.open(io.BytesIO(answer.body)) as picture:
        assert picture.size == (16, 16)
        assert picture.getpixel((0, 0)) == (255, 128, 0)
        assert json.loads(picture.text["prompt"]) == prompt  # type: ignore[attr-defined]


async def test_a_client_uploads_edits_and_downloads(web: ClientSession) -> None:
    file = io.BytesIO()
    Image.new("RGB", (20, 10), (10, 200, 30)).save(file, "PNG")
    form = FormData()
    form.add_field("image", file.getvalue(), filename="mine.png", content_type="image/png")
    form.add_field("subfolder", "clients")
    async with web.post("/upload/image", data=form) as answer:
        uploaded = await answer.json()
    assert uploaded == {"name": "mine.png", "subfolder": "clients", "type": "input"}
    name = f"{uploaded['subfolder']}/{uploaded['name']}"
    prompt = {
        "load": {"class_type": "LoadImage", "inputs": {"image": name}},
        "invert": {"class_type": "ImageInvert", "inputs": {"image": ["load", 0]}},
        "scale": {
            "class_type": "ImageScale",
            "inputs": {
                "image": ["invert", 0],
                "upscale_method": "nearest-exact",
                "width": 40,
                "height": 20,
                "crop": "disabled",
            },
        },
        "show": {"class_type": "PreviewImage", "inputs": {"images": ["scale", 0]}},
    }
    async with listening(web, "editing") as socket:
        prompt_id = await queue(web, prompt, client_id="editing")
        heard = await until_end(socket, prompt_id)
    (image,) = about(heard, "executed")[0]["output"]["images"]
    assert image["type"] == "temp"
    async with web.get("/view", params=image) as answer:
        with Image.open(io.BytesIO(await answer.read())) as picture:
            assert picture.size == (40, 20)
            assert picture.convert("RGB").getpixel((5, 5)) == (245, 55, 225)


async def test_a_canvas_workflow_runs_and_makes_previews_of_both_kinds(
    web: ClientSession,
) -> None:
    """The stock workflow as the canvas saves it; frame 1, and 4 for who asked for it."""
    workflow = json.loads((ROOT / "workflows/text_to_image.json").read_text("utf-8"))
    for node in workflow["nodes"]:
        if node["type"] == "CheckpointLoaderSimple":
            node["widgets_values"][0] = "tiny.safetensors"
        elif node["type"] == "EmptyLatentImage":
            node["widgets_values"][:2] = [64, 64]
        elif node["type"] == "KSampler":
            node["widgets_values"][2] = 6
            sampler = str(node["id"])
    async with listening(web, "plain") as socket:
        prompt_id = await queue(web, workflow, client_id="plain")
        heard = await until_end(socket, prompt_id)
    assert about(heard, "execution_success")
    previews = [message for message in heard if isinstance(message, bytes)]
    assert previews
    assert struct.unpack(">II", previews[0][:8]) == (1, 1)
    with Image.open(io.BytesIO(previews[0][8:])) as picture:
        assert picture.format == "JPEG"

    for node in workflow["nodes"]:
        if node["type"] == "KSampler":
            node["widgets_values"][0] = 99
    async with listening(web, "flagged") as socket:
        flags = {"type": "feature_flags", "data": {"supports_preview_metadata": True}}
        await socket.send_json(flags)
        answer = await until(socket, "feature_flags")
        assert answer["supports_preview_metadata"] is True
        assert answer["max_upload_size"] == 100 << 20
        prompt_id = await queue(web, workflow, client_id="flagged")
        heard = await until_end(socket, prompt_id)
    frame = next(message for message in heard if isinstance(message, bytes))
    kind, length = struct.unpack(">II", frame[:8])
    meta = json.loads(frame[8 : 8 + length])
    assert kind == 4
    assert meta == {
        "node_id": sampler,
        "prompt_id": prompt_id,
        "display_node_id": sampler,
        "parent_node_id": None,
        "real_node_id": sampler,
        "image_type": "image/jpeg",
    }
    with Image.open(io.BytesIO(frame[8 + length :])) as picture:
        assert picture.format == "JPEG"
    entry = (await get(web, f"/history/{prompt_id}"))[prompt_id]
    assert entry["prompt"][3]["extra_pnginfo"]["workflow"] == workflow
