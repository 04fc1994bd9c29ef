"""What other hosts do not have; served under /api/tessera/ only."""

from __future__ import annotations

import asyncio
from dataclasses import asdict
from typing import Any

import msgspec
from aiohttp import web

from engine.server.answers import RequestError, json_answer, json_bytes, read_json
from engine.server.description import described
from engine.server.hashes import HASHES
from engine.server.openapi import openapi
from engine.server.routes.prompt import converted, is_canvas
from engine.server.services import services_of

bare_routes = web.RouteTableDef()

_BASE = "/api/tessera"
_EVENTS = 1000


class MoveBody(msgspec.Struct, kw_only=True):
    """Where a waiting prompt goes; the smallest number runs first."""

    number: float


class ConvertBody(msgspec.Struct, kw_only=True):
    """A workflow as the canvas saves it."""

    workflow: dict[str, Any]


@bare_routes.get(f"{_BASE}/openapi.json")
async def get_openapi(request: web.Request) -> web.Response:
    """Return this document: every address the server answers."""
    return json_answer(openapi(request.app))


@bare_routes.get(f"{_BASE}/events")
@described(query={"after": "the number of the last event that is known; 0 for all"})
async def get_events(request: web.Request) -> web.Response:
    """Return up to 1000 job events after a number, so that no client misses one."""
    text = request.query.get("after", "0")
    if not (text.isascii() and text.isdigit() and int(text[:20]) < 1 << 63):
        raise RequestError('"after" must be a whole number of at least 0.')
    events = await services_of(request).jobs.events_since(int(text), _EVENTS)
    return json_answer(
        {
            "events": [
                {
                    "seq": event.seq,
                    "prompt_id": event.job_id,
                    "type": event.type,
                    "data": event.data,
                }
                for event in events
            ],
            "last": events[-1].seq if events else int(text),
        }
    )


@bare_routes.get(f"{_BASE}/workers")
async def get_workers(request: web.Request) -> web.Response:
    """List the workers: state, device, memory, the job each runs."""
    workers = services_of(request).pool.workers()
    return json_answer([asdict(w) | {"models": sorted(w.models)} for w in workers])


@bare_routes.get(f"{_BASE}/packs")
async def get_packs(request: web.Request) -> web.Response:
    """List the packs: time of import, node types, failures."""
    pool = services_of(request).pool
    packs = msgspec.json.decode(await pool.query("packs"), type=list[dict[str, Any]])
    broken = msgspec.json.decode(await pool.query("undescribed"), type=dict[str, str])
    for pack in packs:
        own = {name: broken[name] for name in pack["node_types"] if name in broken}
        pack["failed_types"] = {**pack["failed_types"], **own}
        pack["node_types"] = [name for name in pack["node_types"] if name not in own]
    return json_answer(packs)


@bare_routes.get(f"{_BASE}/cache")
async def get_cache(request: web.Request) -> web.Response:
    """Return what the result cache holds."""
    return json_bytes(await services_of(request).pool.query("cache"))


@bare_routes.get(f"{_BASE}/jobs/{{prompt_id}}/reasons")
async def get_reasons(request: web.Request) -> web.Response:
    """Return why each node of a prompt ran or was found in the cache."""
    prompt_id = request.match_info["prompt_id"]
    return json_bytes(await services_of(request).pool.query("reasons", prompt_id))


@bare_routes.post(f"{_BASE}/jobs/{{prompt_id}}/cancel")
async def post_cancel(request: web.Request) -> web.Response:
    """Cancel one prompt, waiting or running."""
    if not await services_of(request).jobs.cancel(request.match_info["prompt_id"]):
        raise web.HTTPNotFound
    return web.Response()


@bare_routes.post(f"{_BASE}/jobs/{{prompt_id}}/move")
@described(body=MoveBody)
async def post_move(request: web.Request) -> web.Response:
    """Give a waiting prompt another place in the queue."""
    body = await read_json(request, MoveBody)
    if not await services_of(request).jobs.move(request.match_info["prompt_id"], body.number):
        raise web.HTTPNotFound
    return web.Response()


@bare_routes.get(f"{_BASE}/queue")
async def get_queue_state(request: web.Request) -> web.Response:
    """Tell whether the queue is paused, and list what runs or waits, without the prompts."""
    jobs = services_of(request).jobs
    entries = [asdict(entry) for entry in await jobs.overview.queue()]
    remaining = jobs.queue_remaining()
    return json_answer({"paused": jobs.paused, "queue_remaining": remaining, "jobs": entries})


@bare_routes.get(f"{_BASE}/queue/progress")
async def get_progress(request: web.Request) -> web.Response:
    """Return the share that is done, 0 to 1, of each prompt that runs."""
    return json_answer(services_of(request).jobs.progress())


@bare_routes.post(f"{_BASE}/queue/pause")
async def post_pause(request: web.Request) -> web.Response:
    """Start no further prompt until the queue is resumed, a restart included; what runs goes on."""
    await services_of(request).jobs.pause()
    return web.Response()


@bare_routes.post(f"{_BASE}/queue/resume")
async def post_resume(request: web.Request) -> web.Response:
    """Start waiting prompts again."""
    await services_of(request).jobs.resume()
    return web.Response()


@bare_routes.post(f"{_BASE}/convert")
@described(body=ConvertBody)
async def post_convert(request: web.Request) -> web.Response:
    """Return a canvas workflow as an API prompt."""
    body = await read_json(request, ConvertBody)
    if not is_canvas(body.workflow):
        raise RequestError('"workflow" is no canvas workflow: it has no list "nodes".')
    return json_answer({"prompt": await converted(services_of(request), body.workflow)})


@bare_routes.get(f"{_BASE}/models/{{folder}}/hash")
@described(query={"filename": "a file of that model folder"})
async def get_model_hash(request: web.Request) -> web.Response:
    """Return the SHA-256 of a model file, by which it is known elsewhere."""
    folders = services_of(request).folders
    folder, name = request.match_info["folder"], request.query.get("filename", "")
    path = await asyncio.to_thread(folders.resolve, folder, name)
    digest = await request.config_dict[HASHES].sha256(path)
    return json_answer({"name": name, "sha256": digest, "size": path.stat().st_size})
