"""Clients written against ComfyUI's interface alone: the queue, and what they hear."""

from __future__ import annotations

import asyncio

import pytest
from aiohttp import ClientSession, WSMsgType

from tests.e2e.server_process import PATIENCE_S, ServerProcess, picture_prompt
from tests.e2e.web_clients import (
    about,
    get,
    listening,
    next_message,
    post,
    queue,
    until,
    until_end,
)

pytestmark = [pytest.mark.e2e, pytest.mark.slow]


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


async def test_a_run_may_end_at_a_node_that_shows_nothing(web: ClientSession) -> None:
    prompt = picture_prompt(("E2ESlow", "0"), color=18)
    async with listening(web, "part") as socket:
        prompt_id = await queue(web, prompt, client_id="part", partial_execution_targets=["2"])
        heard = await until_end(socket, prompt_id)
    assert [data["node"] for data in about(heard, "executing")] == ["1", "2", None]
    finished = about(heard, "progress_state")[-1]["nodes"]
    assert {node: state["state"] for node, state in finished.items()} == {
        "1": "finished",
        "2": "finished",
    }
    assert (await get(web, f"/history/{prompt_id}"))[prompt_id]["status"]["completed"] is True


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


async def test_a_client_that_comes_back_hears_the_rest(
    server: ServerProcess, web: ClientSession
) -> None:
    async with listening(web, "returning") as socket:
        with server.held():
            prompt_id = await queue(
                web, picture_prompt(("E2EHold", ""), color=11), client_id="returning"
            )
            await until(socket, "progress", prompt_id=prompt_id)
            again = await web.ws_connect("/ws?clientId=returning")  # the old socket is replaced
            status = await next_message(again)
            assert isinstance(status, dict)
            assert status["data"]["sid"] == "returning"
            assert await next_message(again) == {"type": "executing", "data": {"node": "2"}}
        async with again:
            heard = await until_end(again, prompt_id)
            assert about(heard, "execution_success")
            assert about(heard, "executed")[0]["node"] == "9"
            async with asyncio.timeout(PATIENCE_S):
                while (left := await socket.receive()).type is WSMsgType.TEXT:
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


async def test_a_socket_of_a_pack_is_reached_through_the_server(web: ClientSession) -> None:
    await get(web, "/object_info")  # the worker has its packs when it answers
    async with asyncio.timeout(PATIENCE_S), web.ws_connect("/e2e/echo") as socket:
        await socket.send_str("you")
        assert await socket.receive_str() == "heard you"


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
