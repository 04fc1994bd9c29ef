"""POST /prompt, the queue and the history."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.server.server_host import Host, hosted, show, wait
from tests.workers.fake_pool import FakePool

CANVAS = {"nodes": [{"id": 5, "type": "Plain"}], "links": [], "version": 0.4}


@pytest.mark.parametrize("prefix", ["", "/api"])
async def test_a_queued_prompt_runs_and_is_found_in_the_history(host: Host, prefix: str) -> None:
    answer = await host.client.post(f"{prefix}/prompt", json={"prompt": show("hi")})
    assert answer.status == 200
    body = await answer.json()
    assert set(body) == {"prompt_id", "number", "node_errors"}
    entry = await host.until_done(body["prompt_id"])
    assert entry["outputs"] == {"1": {"text": ["hi"]}}
    assert entry["status"]["status_str"] == "success"
    assert entry["status"]["completed"] is True
    assert entry["prompt"][1] == body["prompt_id"]
    assert set(await host.json(f"{prefix}/history")) == {body["prompt_id"]}


async def test_the_client_chooses_id_number_and_targets(host: Host) -> None:
    prompt = {**show("a"), "2": {"class_type": "Show", "inputs": {"text": "b"}}}
    answer = await host.client.post(
        "/prompt",
        json={
            "prompt": prompt,
            "prompt_id": "mine",
            "number": "2.5",
            "client_id": "me",
            "extra_data": {"extra_pnginfo": {"workflow": {}}},
            "partial_execution_targets": ["2"],
        },
    )
    assert await answer.json() == {"prompt_id": "mine", "number": 2.5, "node_errors": {}}
    number, prompt_id, _, extra_data, outputs = (await host.until_done("mine"))["prompt"]
    assert (number, prompt_id, outputs) == (2.5, "mine", ["2"])
    assert extra_data["client_id"] == "me"
    assert extra_data["extra_pnginfo"] == {"workflow": {}}


async def test_a_prompt_id_is_taken_once(host: Host) -> None:
    await host.queue(prompt_id="mine")
    answer = await host.client.post("/prompt", json={"prompt": show("x"), "prompt_id": "mine"})
    assert answer.status == 409
    assert "mine" in (await answer.json())["error"]["message"]


async def test_a_canvas_workflow_is_queued_as_it_was_saved(host: Host) -> None:
    entry = await host.until_done(await host.queue(CANVAS))
    assert entry["prompt"][2] == {"5": {"class_type": "Plain", "inputs": {}}}
    assert entry["prompt"][3]["extra_pnginfo"]["workflow"] == CANVAS


async def test_the_workflow_that_a_client_sends_along_is_kept(host: Host) -> None:
    extra_data = {"extra_pnginfo": {"workflow": {"own": 1}}}
    entry = await host.until_done(await host.queue(CANVAS, extra_data=extra_data))
    assert entry["prompt"][3]["extra_pnginfo"] == {"workflow": {"own": 1}}


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ({}, "no_prompt"),
        ({"prompt": None}, "no_prompt"),
        ({"prompt": {"1": {"class_type": "Missing", "inputs": {}}}}, "invalid_prompt"),
        ({"prompt": show("x"), "partial_execution_targets": []}, "prompt_no_outputs"),
        ({"prompt": []}, "bad_request"),
        ({"prompt": show("x"), "number": "soon"}, "bad_request"),
        ({"prompt": show("x"), "prompt_id": 5}, "bad_request"),
        ({"prompt": show("x"), "prompt_id": "a\nb"}, "bad_request"),
        ({"prompt": show("x"), "prompt_id": "a" * 9999}, "invalid_prompt_id"),
        ({"prompt": show("x"), "extra_data": [1]}, "bad_request"),
    ],
)
async def test_a_prompt_that_cannot_run_is_answered_with_its_problem(
    host: Host, body: Any, kind: str
) -> None:
    answer = await host.client.post("/prompt", json=body)
    assert answer.status == 400
    problem = await answer.json()
    assert problem["error"]["type"] == kind
    assert set(problem["error"]) == {"type", "message", "details", "extra_info"}
    assert problem["node_errors"] == {}
    assert await host.json("/prompt") == {"exec_info": {"queue_remaining": 0}}


@pytest.mark.parametrize(
    "body", [b"", b"{", b"\xff\xfe", b"[1]", b"null", b'{"prompt":' + b"[" * 100_000]
)
async def test_malformed_json_is_refused(host: Host, body: bytes) -> None:
    answer = await host.client.post("/prompt", data=body)
    assert answer.status == 400
    assert (await answer.json())["error"]["message"]


async def test_the_media_type_of_json_is_not_looked_at(host: Host) -> None:
    headers = {"Content-Type": "application/x-www-form-urlencoded"}  # as urllib sends
    body = b'{"prompt": {"1": {"class_type": "Show", "inputs": {"text": "x"}}}}'
    assert (await host.client.post("/prompt", data=body, headers=headers)).status == 200


async def test_a_form_is_no_prompt(host: Host) -> None:
    headers = {"Content-Type": "multipart/form-data; boundary=x"}
    answer = await host.client.post("/prompt", data=b"--x--", headers=headers)
    assert answer.status == 415


async def test_a_body_over_the_limit_is_refused_while_it_streams(tmp_path: Path) -> None:
    sent = 0

    async def body() -> AsyncIterator[bytes]:
        nonlocal sent
        for _ in range(101):
            sent += 1
            yield b" " * (1 << 20)

    async with hosted(tmp_path) as host:
        async with host.client.post("/prompt", data=body()) as answer:
            assert answer.status == 413
            assert "--max-upload-size" in (await answer.json())["error"]["message"]
        assert await host.json("/prompt") == {"exec_info": {"queue_remaining": 0}}


async def test_the_queue_lists_what_runs_and_what_waits(host: Host) -> None:
    running = await host.queue(wait())
    await host.pool.until_running(running)
    waiting = await host.queue(show("x"))
    queue = await host.json("/queue")
    assert [item[1] for item in queue["queue_running"]] == [running]
    assert [item[1] for item in queue["queue_pending"]] == [waiting]
    assert queue["queue_pending"][0][2] == show("x")
    assert queue["queue_pending"][0][4] == ["1"]
    assert await host.json("/prompt") == {"exec_info": {"queue_remaining": 2}}


async def test_waiting_prompts_are_deleted_and_cleared(host: Host) -> None:
    running = await host.queue(wait())
    await host.pool.until_running(running)
    first, second = await host.queue(), await host.queue()
    assert await host.post("/queue", {"delete": [first, running, "unknown"]}) == 200
    queue = await host.json("/queue")
    assert [item[1] for item in queue["queue_pending"]] == [second]
    assert [item[1] for item in queue["queue_running"]] == [running]
    assert await host.post("/queue", {"clear": True}) == 200
    assert (await host.json("/queue"))["queue_pending"] == []


async def test_front_goes_before_what_waits(host: Host) -> None:
    running = await host.queue(wait())
    await host.pool.until_running(running)
    await host.queue(prompt_id="later")
    await host.queue(prompt_id="front", front=True)
    queue = await host.json("/queue")
    assert [item[1] for item in queue["queue_pending"]] == ["front", "later"]


@pytest.mark.parametrize("body", [None, {}, {"prompt_id": "it"}])
async def test_interrupt_stops_what_runs(host: Host, body: Any) -> None:
    await host.queue(wait(), prompt_id="it")
    await host.pool.until_running("it")
    answer = await host.client.post("/interrupt", **({} if body is None else {"json": body}))
    assert answer.status == 200
    kinds = [kind for kind, _ in (await host.until_done("it"))["status"]["messages"]]
    assert "execution_interrupted" in kinds


async def test_interrupt_of_another_prompt_changes_nothing(host: Host) -> None:
    await host.queue(wait(), prompt_id="it")
    await host.pool.until_running("it")
    assert await host.post("/interrupt", {"prompt_id": "other"}) == 200
    await asyncio.sleep(0.02)
    assert len((await host.json("/queue"))["queue_running"]) == 1


async def test_history_is_paged_and_deleted(host: Host) -> None:
    ids = [await host.queue(prompt_id=f"p{number}") for number in range(4)]
    for prompt_id in ids:
        await host.until_done(prompt_id)
    assert list(await host.json("/history?max_items=2")) == ["p2", "p3"]
    assert list(await host.json("/history?max_items=2&offset=1")) == ["p1", "p2"]
    assert list(await host.json("/history?max_items=2&offset=-1")) == ["p2", "p3"]
    assert await host.post("/history", {"delete": ["p1", "unknown"]}) == 200
    assert list(await host.json("/history")) == ["p0", "p2", "p3"]
    assert await host.json("/history/p1") == {}
    assert await host.post("/history", {"clear": True}) == 200
    assert await host.json("/history") == {}


@pytest.mark.parametrize("query", ["max_items=many", "offset=1e3", f"offset={1 << 70}"])
async def test_a_page_that_is_no_number_is_refused(host: Host, query: str) -> None:
    assert (await host.client.get(f"/history?{query}")).status == 400


async def test_free_reaches_the_workers(host: Host) -> None:
    assert await host.post("/free", {"unload_models": True, "free_memory": True}) == 200
    assert await host.post("/free", {"unload_models": True}) == 200
    assert host.pool.freed == [(True, True), (True, False)]


async def test_prompts_wait_for_the_workers_to_start(tmp_path: Path) -> None:
    async with hosted(tmp_path, FakePool(start_s=0.05)) as host:
        assert await host.json("/prompt") == {"exec_info": {"queue_remaining": 0}}
        await host.until_done(await host.queue())
