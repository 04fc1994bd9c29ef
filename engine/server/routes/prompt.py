"""Queueing prompts, and the queue."""

from __future__ import annotations

from typing import Any, TypeVar

import msgspec
from aiohttp import web

from engine.jobs.model import Job
from engine.server.answers import RequestError, json_answer, read_json
from engine.server.description import described
from engine.server.services import Services, services_of
from engine.server.streaming import object_text, send_json

routes = web.RouteTableDef()

T = TypeVar("T")


class PromptBody(msgspec.Struct, kw_only=True):
    """What is queued: an API prompt, or a workflow as the canvas saves it."""

    prompt: dict[str, Any] | None = None
    client_id: str | None = None
    prompt_id: str | None = None
    number: float | None = None
    front: bool = False
    extra_data: dict[str, Any] | None = None
    partial_execution_targets: list[str] | None = None


class QueueChange(msgspec.Struct, kw_only=True):
    """What to take out of the queue, or out of the history."""

    clear: bool | None = None
    delete: list[str] | None = None


class InterruptBody(msgspec.Struct, kw_only=True):
    """What to stop; without an id whatever runs."""

    prompt_id: str | None = None


class FreeBody(msgspec.Struct, kw_only=True):
    """What to give back before the next job."""

    unload_models: bool | None = None
    free_memory: bool | None = None


@routes.post("/prompt")
@described(body=PromptBody)
async def post_prompt(request: web.Request) -> web.Response:
    """Queue a prompt; 400 with the problems when none of its outputs can run."""
    body = await read_json(request, PromptBody)
    services = services_of(request)
    if body.prompt is None:
        return _rejected("no_prompt", "The request has no prompt.")
    if body.prompt_id is not None and not body.prompt_id.isprintable():
        raise RequestError('"prompt_id" may not hold control characters or line breaks.')
    extra_data = dict(body.extra_data or {})
    prompt = body.prompt
    if is_canvas(prompt):
        pnginfo = extra_data.get("extra_pnginfo")
        extra_data["extra_pnginfo"] = {
            "workflow": prompt,
            **(pnginfo if isinstance(pnginfo, dict) else {}),
        }
        prompt = await converted(services, prompt)
    submission = await services.jobs.submit(
        prompt=prompt,
        client_id=body.client_id,
        prompt_id=body.prompt_id,
        number=body.number,
        front=body.front,
        extra_data=extra_data,
        targets=body.partial_execution_targets,
    )
    return json_answer(
        {
            "prompt_id": submission.prompt_id,
            "number": submission.number,
            "node_errors": submission.node_errors,
        }
    )


@routes.get("/prompt")
async def get_prompt(request: web.Request) -> web.Response:
    """Return how many prompts run or wait."""
    remaining = services_of(request).jobs.queue_remaining()
    return json_answer({"exec_info": {"queue_remaining": remaining}})


@routes.get("/queue")
async def get_queue(request: web.Request) -> web.Response:
    """List the prompts that run and those that wait."""
    jobs = services_of(request).jobs
    return json_answer(
        {
            "queue_running": [_item(job) for job in await jobs.running()],
            "queue_pending": [_item(job) for job in await jobs.pending()],
        }
    )


@routes.post("/queue")
@described(body=QueueChange)
async def post_queue(request: web.Request) -> web.Response:
    """Take waiting prompts out of the queue; what runs is left alone."""
    change = await read_json(request, QueueChange)
    jobs = services_of(request).jobs
    if change.clear:
        await jobs.clear_pending()
    if change.delete:
        await jobs.delete_pending(change.delete)
    return web.Response()


@routes.get("/history")
@described(query={"max_items": "at most so many", "offset": "the first; absent: the last ones"})
async def get_history(request: web.Request) -> web.StreamResponse:
    """Return finished prompts by id, oldest first."""
    limit, offset = _number(request, "max_items"), _number(request, "offset")
    if limit is not None and limit < 0:
        limit = None
    return await send_json(request, object_text(services_of(request).jobs.history(limit, offset)))


@routes.get("/history/{prompt_id}")
async def get_history_entry(request: web.Request) -> web.Response:
    """Return a finished prompt by its id, or an empty object."""
    prompt_id = request.match_info["prompt_id"]
    return json_answer(await services_of(request).jobs.history_entry(prompt_id))


@routes.post("/history")
@described(body=QueueChange)
async def post_history(request: web.Request) -> web.Response:
    """Delete finished prompts from the history; their files stay."""
    change = await read_json(request, QueueChange)
    jobs = services_of(request).jobs
    if change.clear:
        await jobs.clear_history()
    if change.delete:
        await jobs.delete_history(change.delete)
    return web.Response()


@routes.post("/interrupt")
@described(body=InterruptBody)
async def post_interrupt(request: web.Request) -> web.Response:
    """Stop the running prompt, or only the named one if it runs."""
    body = await _optional_json(request, InterruptBody)
    await services_of(request).jobs.interrupt(body.prompt_id)
    return web.Response()


@routes.post("/free")
@described(body=FreeBody)
async def post_free(request: web.Request) -> web.Response:
    """Give memory back before the next prompt; `free_memory` drops results as well."""
    body = await _optional_json(request, FreeBody)
    services_of(request).pool.free(
        unload_models=bool(body.unload_models), free_memory=bool(body.free_memory)
    )
    return web.Response()


def is_canvas(workflow: dict[str, Any]) -> bool:
    """Tell a workflow as the canvas saves it from an API prompt."""
    return isinstance(workflow.get("nodes"), list)


async def converted(services: Services, workflow: dict[str, Any]) -> dict[str, Any]:
    """Return a canvas workflow as an API prompt. Raises: RequestError, WorkerDiedError."""
    answer = await services.pool.convert(workflow)
    if answer.problem is not None:
        raise RequestError(answer.problem, kind="invalid_prompt")
    return msgspec.json.decode(answer.prompt, type=dict[str, Any])


def _item(job: Job) -> list[Any]:
    return [job.number, job.id, job.prompt, job.extra_data, job.outputs]


def _rejected(kind: str, text: str) -> web.Response:
    error = {"type": kind, "message": text, "details": text, "extra_info": {}}
    return json_answer({"error": error, "node_errors": {}}, 400)


def _number(request: web.Request, name: str) -> int | None:
    text = request.query.get(name)
    if text is None or text == "":
        return None
    try:
        number = int(text)
    except ValueError as error:
        raise RequestError(f'"{name}" must be a whole number.') from error
    if abs(number) >= 1 << 63:  # what the database can count
        raise RequestError(f'"{name}" is too large.')
    return number


async def _optional_json(request: web.Request, kind: type[T]) -> T:
    """Return the body, or an empty one when there is none."""
    return await read_json(request, kind) if request.can_read_body else kind()
