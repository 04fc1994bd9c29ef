"""Answers questions in a worker while a job runs: validation, conversion, what is loaded."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from typing import Any, TypeAlias

from engine.compat.hosting.prompt_server import PromptServer
from engine.errors import EngineError, UnknownNameError
from engine.graph.api_format import parse_api, write_api
from engine.graph.errors import WorkflowFormatError
from engine.graph.json_input import loads
from engine.graph.reading import read_workflow
from engine.graph.validate import validate
from engine.registry.object_info import object_info
from engine.workers.compose import Engine
from engine.workers.device_report import describe_device
from engine.workers.job import JobDesk
from engine.workers.payload import encode_json
from engine.workers.wire import (
    Answer,
    Convert,
    Converted,
    FromWorker,
    Json,
    Query,
    Refused,
    Validate,
    Validated,
)

Request: TypeAlias = Validate | Convert | Query

_TOPICS = ("object_info", "undescribed", "replacements", "devices", "cache", "reasons", "models")

_logger = logging.getLogger(__name__)


class RequestDesk:
    """Answers one request at a time per `await`; nothing here waits for a job.

    Args:
        server: Knows which packs want to change prompts before they are queued.
        name: What the server calls this worker.
    """

    def __init__(self, engine: Engine, jobs: JobDesk, server: PromptServer, name: str) -> None:
        self._engine, self._jobs, self._server, self._name = engine, jobs, server, name

    async def answer(self, request: Request) -> FromWorker:
        """Return the answer to a request; whatever packs do, there is one."""
        try:
            match request:
                case Validate():
                    return await self._validate(request)
                case Convert():
                    return self._convert(request)
                case Query():
                    body = await self._query(request.topic, request.argument)
                    return Answer(request=request.request, body=body)
        except EngineError as error:
            return Refused(request=request.request, error=str(error))
        except (Exception, SystemExit) as error:
            _logger.exception("a request failed")
            return Refused(request=request.request, error=f"{type(error).__name__}: {error}")

    async def _validate(self, request: Validate) -> Validated:
        text, extra_data = request.prompt, None
        try:
            document = loads(text, "prompt")
            if self._server.on_prompt_handlers:
                document, extra = self._changed_by_packs(document, request.rest)
                text, extra_data = encode_json(document), encode_json(extra)
            graph = parse_api(document)
        except WorkflowFormatError as problem:
            return _unreadable(request, problem)
        found = await validate(graph, self._engine.registry, request.targets)
        converted = any(found.graph[node.id] is not node for node in graph.values())
        return Validated(
            request=request.request,
            outputs=list(found.outputs),
            prompt=encode_json(write_api(found.graph)) if converted else text,
            error=encode_json(found.error),
            node_errors=encode_json(found.node_errors),
            extra_data=extra_data,
        )

    def _changed_by_packs(self, prompt: Any, rest: Json) -> tuple[Any, Any]:
        """Return a prompt and its extra_data after the packs' on-prompt handlers.

        Raises: WorkflowFormatError, when a handler returned something else.
        """
        body = {"extra_data": {}, **loads(rest, "request"), "prompt": prompt}
        changed = self._server.trigger_on_prompt(body)
        if not isinstance(changed, dict) or not isinstance(changed.get("extra_data"), dict):
            raise WorkflowFormatError(
                "prompt",
                "a pack's on-prompt handler returned no request: expected an object with"
                ' "prompt" and "extra_data"; disable the pack or tell its author',
            )
        return changed.get("prompt"), changed["extra_data"]

    def _convert(self, request: Convert) -> Converted:
        try:
            document = loads(request.workflow, "workflow")
            reading = read_workflow(document, self._engine.registry)
        except WorkflowFormatError as error:
            return Converted(request=request.request, prompt=b"null", problem=str(error))
        return Converted(
            request=request.request,
            prompt=encode_json(write_api(reading.graph)),
            problems=[str(problem) for problem in reading.problems],
        )

    async def _query(self, topic: str, argument: str) -> Json:
        match topic:
            case "object_info":
                return encode_json(await self._object_info(argument))
            case "undescribed":
                return encode_json(await self._undescribed())
            case "replacements":
                return encode_json(self._engine.registry.replacements.as_json())
            case "devices":
                return encode_json(describe_device(self._engine.residency.device, self._name))
            case "cache":
                return encode_json(self._engine.cache.report())
            case "reasons":
                return encode_json(self._jobs.reasons(argument))
            case "models":
                return encode_json({"placed_bytes": self._engine.residency.placed_bytes()})
            case _:
                raise UnknownNameError("topic", topic, _TOPICS)

    async def _object_info(self, type_id: str) -> Mapping[str, Any]:
        registry = self._engine.registry
        wanted = [type_id] if type_id in registry else [] if type_id else list(registry)
        entries = {}
        for name in wanted:
            try:
                entries[name] = object_info(registry[name], registry.folders)
            except Exception:  # contract §2: such a type is left out
                _logger.exception("node type %s cannot be described", name)
            await asyncio.sleep(0)  # let shorter questions pass
        return entries

    async def _undescribed(self) -> Mapping[str, str]:
        registry = self._engine.registry
        reasons = {}
        for name in [name for pack in self._engine.packs for name in pack.node_types]:
            try:
                object_info(registry[name], registry.folders)
            except Exception as error:  # noqa: BLE001 - the pack's code; this is its report
                reasons[name] = f"{type(error).__name__}: {error}"
            await asyncio.sleep(0)  # let shorter questions pass
        return reasons


def _unreadable(request: Validate, problem: WorkflowFormatError) -> Validated:
    error = {
        "type": "invalid_prompt",
        "message": "The prompt cannot be read",
        "details": str(problem),
        "extra_info": {},
    }
    return Validated(
        request=request.request,
        outputs=[],
        prompt=request.prompt,
        error=encode_json(error),
        node_errors=b"{}",
    )
