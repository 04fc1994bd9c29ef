"""What other hosts do not have, and the document that lists every address."""

from __future__ import annotations

import re
from typing import Any

import pytest
from aiohttp import web

from engine.server.openapi import path_of
from tests.server.server_host import Host, show, wait

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")


async def test_events_are_told_since_a_number(host: Host) -> None:
    prompt_id = await host.queue(show("x"))
    await host.until_done(prompt_id)
    first = await host.json("/api/tessera/events")
    assert {event["prompt_id"] for event in first["events"]} == {prompt_id}
    assert next(event["type"] for event in first["events"]) == "execution_start"
    assert first["last"] == first["events"][-1]["seq"]
    assert await host.json(f"/api/tessera/events?after={first['last']}") == {
        "events": [],
        "last": first["last"],
    }
    await host.until_done(await host.queue(show("y")))
    later = await host.json(f"/api/tessera/events?after={first['last']}")
    assert all(event["seq"] > first["last"] for event in later["events"])
    assert later["events"]


@pytest.mark.parametrize("after", ["-1", "x", "1.5", "9" * 30, "٣"])
async def test_events_after_what_is_no_number_are_refused(host: Host, after: str) -> None:
    assert (await host.client.get("/api/tessera/events", params={"after": after})).status == 400


async def test_workers_packs_cache_and_reasons_are_told(host: Host) -> None:
    host.pool.set_models("cpu", "b.safetensors", "a.safetensors")
    host.pool.answers["cache", ""] = [{"worker": "cpu", "hits": 3}]
    host.pool.answers["reasons", "some id"] = {"1": {"hit": True, "text": "found"}}
    (worker,) = await host.json("/api/tessera/workers")
    assert (worker["name"], worker["state"]) == ("cpu", "idle")
    assert worker["models"] == ["a.safetensors", "b.safetensors"]
    assert await host.json("/api/tessera/cache") == host.pool.answers["cache", ""]
    assert await host.json("/api/tessera/jobs/some%20id/reasons") == {
        "1": {"hit": True, "text": "found"}
    }


async def test_types_of_packs_that_cannot_be_described_are_told_as_failed(host: Host) -> None:
    good: dict[str, Any] = {"name": "good", "error": None, "node_types": ["A"], "failed_types": {}}
    half: dict[str, Any] = {
        "name": "half",
        "error": None,
        "node_types": ["B", "C"],
        "failed_types": {"D": "no"},
    }
    host.pool.answers["packs", ""] = [good, half]
    host.pool.answers["undescribed", ""] = {"C": "ValueError: no shelf"}
    failed = {"D": "no", "C": "ValueError: no shelf"}
    assert await host.json("/api/tessera/packs") == [
        good,
        {**half, "node_types": ["B"], "failed_types": failed},
    ]


async def test_the_queue_is_paused_and_resumed(host: Host) -> None:
    assert await host.post("/api/tessera/queue/pause", {}) == 200
    prompt_id = await host.queue(show("x"))
    queue = await host.json("/api/tessera/queue")
    assert (queue["paused"], queue["queue_remaining"]) == (True, 1)
    assert await host.json(f"/history/{prompt_id}") == {}
    assert await host.post("/api/tessera/queue/resume", {}) == 200
    await host.until_done(prompt_id)


async def test_the_queue_is_listed_without_prompts(host: Host) -> None:
    details = {"number": 2, "count": 3, "seed": "42"}
    about = {
        "tessera": {"tab": "t1", "label": "苹果", "details": details},
        "extra_pnginfo": {"workflow": {}},
    }
    await host.queue(wait(), prompt_id="runs", extra_data=about)
    await host.pool.until_running("runs")
    await host.queue(prompt_id="waits", extra_data={"tessera": ["hostile"]})
    await host.queue(prompt_id="odd", extra_data={"tessera": {"details": "hostile", "label": 3}})
    jobs = (await host.json("/api/tessera/queue"))["jobs"]
    unsaid = {"tab": None, "label": None, "details": None, "nodes": 1}
    assert jobs == [
        {"id": "runs", "number": 1, "running": True, "tab": "t1", "label": "苹果"}
        | {"details": details, "nodes": 1},
        {"id": "waits", "number": 2, "running": False} | unsaid,
        {"id": "odd", "number": 3, "running": False} | unsaid,
    ]


async def test_progress_is_told_of_prompts_that_run(host: Host) -> None:
    await host.queue(wait(), prompt_id="runs")
    await host.pool.until_running("runs")
    await host.queue(prompt_id="waits")
    assert await host.json("/api/tessera/queue/progress") == {"runs": 0.0}


async def test_waiting_prompts_are_moved_and_cancelled(host: Host) -> None:
    await host.queue(wait(), prompt_id="runs")
    await host.pool.until_running("runs")
    for name in ("a", "b", "c"):
        await host.queue(prompt_id=name)
    assert await host.post("/api/tessera/jobs/c/move", {"number": -5}) == 200
    pending = (await host.json("/queue"))["queue_pending"]
    assert [item[1] for item in pending] == ["c", "a", "b"]
    assert await host.post("/api/tessera/jobs/a/cancel", {}) == 200
    pending = (await host.json("/queue"))["queue_pending"]
    assert [item[1] for item in pending] == ["c", "b"]
    assert await host.post("/api/tessera/jobs/runs/cancel", {}) == 200
    await host.until_done("runs")


async def test_unknown_prompts_are_neither_moved_nor_cancelled(host: Host) -> None:
    assert await host.post("/api/tessera/jobs/none/move", {"number": 1}) == 404
    assert await host.post("/api/tessera/jobs/none/cancel", {}) == 404
    assert await host.post("/api/tessera/jobs/none/move", {}) == 400
    assert await host.post("/api/tessera/jobs/none/move", {"number": "x"}) == 400


async def test_a_canvas_workflow_is_converted(host: Host) -> None:
    workflow = {"nodes": [{"id": 5, "type": "Plain"}], "links": []}
    answer = await host.client.post("/api/tessera/convert", json={"workflow": workflow})
    assert await answer.json() == {"prompt": {"5": {"class_type": "Plain", "inputs": {}}}}
    assert await host.post("/api/tessera/convert", {"workflow": show("x")}) == 400
    assert await host.post("/api/tessera/convert", {}) == 400


def addresses(app: web.Application) -> set[tuple[str, str]]:
    """List what the server answers, as OpenAPI writes it; bare twins and the editor left out."""
    return {
        (path_of(route), route.method.lower())
        for route in app.router.routes()
        if route.method in METHODS
        and route.resource is not None
        and route.resource.canonical.startswith(("/api/", "/internal/", "/ws"))
        and route.resource.canonical != "/api/ws"
    }


async def test_the_document_lists_exactly_the_registered_addresses(host: Host) -> None:
    document = await host.json("/api/tessera/openapi.json")
    listed = {(path, method) for path, item in document["paths"].items() for method in item}
    app = host.client.app
    assert app is not None
    assert listed == addresses(app)
    assert len(listed) > 50


async def test_every_contract_address_exists_bare_and_under_api(host: Host) -> None:
    app = host.client.app
    assert app is not None
    routes = {
        (route.resource.canonical, route.method)
        for route in app.router.routes()
        if route.resource is not None
    }
    for path, method in routes:
        single = ("/api/tessera/", "/api/workflow_templates/")
        if path.startswith("/api/") and not path.startswith(single):
            assert (path.removeprefix("/api"), method) in routes


def references(value: Any) -> set[str]:
    if isinstance(value, dict):
        own = {value["$ref"]} if "$ref" in value else set()
        return own.union(*(references(item) for item in value.values()))
    if isinstance(value, list):
        return set().union(*(references(item) for item in value))
    return set()


async def test_the_document_is_complete_in_itself(host: Host) -> None:
    document = await host.json("/api/tessera/openapi.json")
    assert document["openapi"].startswith("3.1")
    schemas = document["components"]["schemas"]
    assert references(document["paths"]) == {f"#/components/schemas/{name}" for name in schemas}
    for path, item in document["paths"].items():
        for operation in item.values():
            assert operation["summary"].endswith("."), path
            named = {p["name"] for p in operation["parameters"] if p["in"] == "path"}
            assert named == set(re.findall(r"{(\w+)}", path))
    prompt = document["paths"]["/api/prompt"]["post"]["requestBody"]["content"]
    reference = prompt["application/json"]["schema"]["$ref"].rsplit("/", 1)[1]
    assert "partial_execution_targets" in schemas[reference]["properties"]
