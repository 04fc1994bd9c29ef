"""What handlers work with, and where in the application they find it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from aiohttp import web

from engine.jobs.service import JobService
from engine.models.folders import ModelFolders
from engine.server.log_buffer import LogBuffer
from engine.server.ws.hub import Hub
from engine.settings import ServerSettings
from engine.workers.pool import WorkerPool


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """The parts of a running server.

    Attributes:
        pictures: Threads that decode and encode pictures; few, since each may need much memory.
    """

    settings: ServerSettings
    jobs: JobService
    pool: WorkerPool
    folders: ModelFolders
    hub: Hub
    logs: LogBuffer = field(default_factory=LogBuffer)
    pictures: ThreadPoolExecutor = field(
        default_factory=lambda: ThreadPoolExecutor(2, thread_name_prefix="pictures")
    )


SERVICES: web.AppKey[Services] = web.AppKey("services", Services)


def services_of(request: web.Request) -> Services:
    """Return the services of the application that got this request."""
    return request.config_dict[SERVICES]
