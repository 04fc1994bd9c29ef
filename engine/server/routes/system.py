"""The machine, the server's abilities, and figures about both."""

from __future__ import annotations

import asyncio
import importlib.metadata
import platform
import sys
from collections import Counter
from typing import Any

import msgspec
import psutil
from aiohttp import web

from engine.server.answers import json_answer
from engine.server.description import described
from engine.server.metrics import METRICS, label
from engine.server.services import Services, services_of
from engine.server.ws.progress import DELTA_FLAG
from engine.workers.pool import WorkerDiedError, WorkerState

routes = web.RouteTableDef()

COMPATIBLE_VERSION = "0.3.64"
"""The version of ComfyUI whose interfaces are offered; clients compare it."""

_DEVICES_WAIT_S = 2.0


def feature_flags(services: Services) -> dict[str, Any]:
    """Return what the server can do, for clients that ask."""
    return {
        "supports_preview_metadata": True,
        "max_upload_size": services.settings.max_upload_bytes,
        DELTA_FLAG: True,
    }


@routes.get("/features")
async def get_features(request: web.Request) -> web.Response:
    """Return the server's feature flags."""
    return json_answer(feature_flags(services_of(request)))


@routes.get("/system_stats")
async def get_system_stats(request: web.Request) -> web.Response:
    """Return the machine, the versions and the devices; no devices while workers start."""
    services = services_of(request)
    memory = psutil.virtual_memory()
    found = await _devices(services)
    system = {
        "os": "nt" if sys.platform == "win32" else "posix",
        "ram_total": memory.total,
        "ram_free": memory.available,
        "comfyui_version": COMPATIBLE_VERSION,
        "required_frontend_version": None,
        "installed_templates_version": None,
        "required_templates_version": None,
        "python_version": sys.version,
        "pytorch_version": found.pytorch_version or _installed_torch(),
        "embedded_python": False,
        "platform": platform.platform(),
        "argv": list(services.settings.arguments),
    }
    return json_answer({"system": system, "devices": found.devices})


@routes.get("/metrics")
@described(answer="text/plain")
async def get_metrics(request: web.Request) -> web.Response:
    """Return figures in the text format of Prometheus."""
    services = services_of(request)
    workers = services.pool.workers()
    states = Counter(worker.state for worker in workers)
    gauges: dict[str, float] = {
        "tessera_queue_remaining": services.jobs.queue_remaining(),
        "tessera_websockets": len(services.hub),
        "tessera_websockets_dropped": services.hub.dropped,
    }
    for state in WorkerState:
        gauges[f'tessera_workers{{state="{state}"}}'] = states[state]
    named = [(f'{{worker="{label(worker.name)}"}}', worker) for worker in workers]
    for labels, worker in named:
        gauges[f"tessera_worker_memory_bytes{labels}"] = worker.memory_bytes
    for labels, worker in named:
        gauges[f"tessera_worker_restarts{labels}"] = worker.restarts
    text = request.config_dict[METRICS].text(gauges)
    return web.Response(text=text, content_type="text/plain", charset="utf-8")


def _installed_torch() -> str | None:
    """Return the version on disk without importing anything."""
    try:
        return importlib.metadata.version("torch")
    except importlib.metadata.PackageNotFoundError:
        return None


class _Devices(msgspec.Struct):
    """What a worker tells of its devices."""

    pytorch_version: str | None = None
    devices: list[Any] = []


async def _devices(services: Services) -> _Devices:
    if not any(w.state in (WorkerState.IDLE, WorkerState.BUSY) for w in services.pool.workers()):
        return _Devices()
    try:
        async with asyncio.timeout(_DEVICES_WAIT_S):
            body = await services.pool.query("devices")
    except (WorkerDiedError, TimeoutError):
        return (
            _Devices()
        )  # the devices are the worker's; the other figures are worth having without them
    return msgspec.json.decode(body, type=_Devices)
