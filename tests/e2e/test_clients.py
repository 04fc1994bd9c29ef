"""Clients written against ComfyUI's interface alone, talking to a real server."""

from __future__ import annotations

import asyncio
import io
import json
import struct
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlencode

import pytest
from aiohttp import ClientSession, ClientWebSocketResponse, FormData, WSMsgType
from PIL import Image

from tests.e2e.server_process import ROOT, ServerProcess, picture_prompt, served

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

PATIENCE_S = 60
Message = dict[str, Any]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    base = tmp_path_factory.mktemp("server")
    target = base / "models/checkpoints/tiny.safetensors"
    target.parent.mkdir(parents=True)
    command = [sys.executable, "tests/checkpoints.py", "--size", "tiny", "--out", str(target)]
    subprocess.run(command, cwd=ROOT, check=True)
    with served(base, "--preview-method", "latent2rgb") as running:
        yield running


@pytest.fixture
async def web(server: ServerProcess) -> AsyncIterator[ClientSession]:
    async with ClientSession(server.url) as session:
        yield session


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


# --- three clients ------------------------------------------------------------------------------


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


# --- what else clients do -----------------------------------------------------------------------


async def test_interrupting_ends_the_running_prompt_and_the_next_one_runs(
    web: ClientSession,
) -> None:
    async with listening(web, "stopping") as socket:
        running = await queue(web, picture_prompt(("E2ESlow", "60"), color=1), client_id="stopping")
        after = await queue(web, picture_prompt(color=2), client_id="stopping")
        await until(socket, "progress", prompt_id=running)
        await post(web, "/interrupt", {"prompt_id": after})  # waits: nothing happens
        await post(web, "/interrupt", {"prompt_id": running})
        stopped = await until(socket, "execution_interrupted", prompt_id=running)
        assert stopped["node_id"] == "2"
        assert stopped["node_type"] == "E2ESlow"
        assert stopped["executed"] == ["1"]
        await until(socket, "execution_success", prompt_id=after)
    entry = (await get(web, f"/history/{running}"))[running]
    assert entry["status"]["status_str"] == "error"
    assert entry["status"]["completed"] is False
    assert entry["status"]["messages"][-1][0] == "execution_interrupted"


async def test_waiting_prompts_can_be_deleted_and_the_running_one_stays(
    web: ClientSession,
) -> None:
    async with listening(web, "deleting") as socket:
        running = await queue(web, picture_prompt(("E2ESlow", "60"), color=3), client_id="deleting")
        waiting = [await queue(web, picture_prompt(color=color)) for color in (4, 5, 6)]
        await until(socket, "progress", prompt_id=running)
        found = await get(web, "/queue")
        assert [item[1] for item in found["queue_running"]] == [running]
        assert [item[1] for item in found["queue_pending"]] == waiting
        assert [len(item) for item in found["queue_pending"]] == [5, 5, 5]
        await post(web, "/queue", {"delete": [waiting[1], running, "unknown"]})
        found = await get(web, "/queue")
        assert [item[1] for item in found["queue_pending"]] == [waiting[0], waiting[2]]
        assert await get(web, "/prompt") == {"exec_info": {"queue_remaining": 3}}
        await post(web, "/queue", {"clear": True})
        assert (await get(web, "/queue"))["queue_pending"] == []
        await post(web, "/interrupt", {})
        await until(socket, "executing", node=None, prompt_id=running)
    for prompt_id in waiting:
        assert await get(web, f"/history/{prompt_id}") == {}


async def test_only_the_wanted_outputs_run(web: ClientSession) -> None:
    prompt = picture_prompt(color=7, prefix="wanted")
    prompt["other"] = {
        "class_type": "SaveImage",
        "inputs": {"images": ["1", 0], "filename_prefix": "unwanted"},
    }
    async with listening(web, "choosing") as socket:
        prompt_id = await queue(web, prompt, client_id="choosing", partial_execution_targets=["9"])
        heard = await until_end(socket, prompt_id)
    assert [data["node"] for data in about(heard, "executed")] == ["9"]
    async with web.post(
        "/prompt", json={"prompt": prompt, "partial_execution_targets": []}
    ) as answer:
        assert answer.status == 400
        assert (await answer.json())["error"]["type"] == "prompt_no_outputs"


async def test_finished_nodes_are_said_to_be_cached(web: ClientSession) -> None:
    prompt = picture_prompt(("E2ESlow", "0.3"), color=8, prefix="cached")
    async with listening(web, "again") as socket:
        await until_end(socket, await queue(web, prompt, client_id="again"))
        prompt["9"]["inputs"]["filename_prefix"] = "other"
        heard = await until_end(socket, await queue(web, prompt, client_id="again"))
    assert "2" in about(heard, "execution_cached")[0]["nodes"]
    assert [data["node"] for data in about(heard, "executing")] == ["9", None]


async def test_a_failing_node_is_reported_with_its_place(web: ClientSession) -> None:
    prompt = picture_prompt(("E2ESlow", "no number"), color=9)
    async with listening(web, "failing") as socket:
        prompt_id = await queue(web, prompt, client_id="failing")
        error = await until(socket, "execution_error", prompt_id=prompt_id)
        await until(socket, "executing", node=None, prompt_id=prompt_id)
    assert error["node_id"] == "2"
    assert error["node_type"] == "E2ESlow"
    assert error["exception_type"] == "ValueError"
    assert "no number" in error["exception_message"]
    assert error["executed"] == ["1"]
    assert error["current_inputs"]["text"] == ["no number"]
    assert any("work" in line for line in error["traceback"])
    assert isinstance(error["timestamp"], int)


async def test_a_prompt_with_one_valid_output_is_accepted_with_the_errors_of_the_rest(
    web: ClientSession,
) -> None:
    prompt = picture_prompt(color=10)
    prompt["bad"] = {"class_type": "SaveImage", "inputs": {"filename_prefix": "x"}}
    queued = await post(web, "/prompt", {"prompt": prompt})
    (error,) = queued["node_errors"]["bad"]["errors"]
    assert error["type"] == "required_input_missing"
    assert error["extra_info"]["input_name"] == "images"
    assert queued["node_errors"]["bad"]["dependent_outputs"] == ["bad"]


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


async def test_a_client_that_comes_back_hears_the_rest(web: ClientSession) -> None:
    async with listening(web, "returning") as socket:
        prompt_id = await queue(
            web, picture_prompt(("E2ESlow", "2"), color=11), client_id="returning"
        )
        await until(socket, "progress", prompt_id=prompt_id)
        async with listening(web, "returning") as again:  # the old socket is replaced
            status = await next_message(again)
            assert isinstance(status, dict)
            assert status["data"]["sid"] == "returning"
            assert await next_message(again) == {"type": "executing", "data": {"node": "2"}}
            heard = await until_end(again, prompt_id)
            assert about(heard, "execution_success")
            assert about(heard, "executed")[0]["node"] == "9"
            while (left := await asyncio.wait_for(socket.receive(), 5)).type is WSMsgType.TEXT:
                pass
            assert left.type in (WSMsgType.CLOSE, WSMsgType.CLOSING, WSMsgType.CLOSED)


async def test_a_client_hears_nothing_of_others_but_the_queue(web: ClientSession) -> None:
    async with listening(web, "mine") as mine, listening(web, "theirs") as theirs:
        prompt_id = await queue(web, picture_prompt(color=12), client_id="mine")
        await until_end(mine, prompt_id)
        await until(theirs, "status", status={"exec_info": {"queue_remaining": 0}})
        await post(web, "/free", {"unload_models": True, "free_memory": True})
        second = await queue(web, picture_prompt(color=13), client_id="theirs")
        heard = await until_end(theirs, second)
    assert {m["data"].get("prompt_id", second) for m in heard if isinstance(m, dict)} == {second}


async def test_front_goes_before_what_waits(web: ClientSession) -> None:
    async with listening(web, "ordering") as socket:
        running = await queue(
            web, picture_prompt(("E2ESlow", "60"), color=14), client_id="ordering"
        )
        await until(socket, "progress", prompt_id=running)
        last = await queue(web, picture_prompt(color=15), client_id="ordering")
        front = await queue(web, picture_prompt(color=16), client_id="ordering", front=True)
        named = await queue(
            web, picture_prompt(color=17), client_id="ordering", number=-1e9, prompt_id="my-own"
        )
        assert named == "my-own"
        pending = (await get(web, "/queue"))["queue_pending"]
        assert [item[1] for item in pending] == [named, front, last]
        await post(web, "/interrupt", {})
        for prompt_id in (named, front, last):
            await until(socket, "execution_success", prompt_id=prompt_id)
    newest = list(await get(web, "/history?max_items=3"))
    assert newest == [named, front, last]
    await post(web, "/history", {"delete": [front]})
    assert await get(web, f"/history/{front}") == {}
