"""Users and their settings."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import msgspec
from aiohttp import web

from engine.server.answers import RequestError, json_answer, read_json
from engine.server.description import described
from engine.server.receiving import write_file
from engine.server.services import services_of
from engine.server.users import add_user, known_users, root_of

routes = web.RouteTableDef()

_LOCK: web.AppKey[asyncio.Lock] = web.AppKey("user files", asyncio.Lock)
_SETTINGS = "comfy.settings.json"
MAX_SETTINGS_BYTES = 8 << 20
"""They are read and written as a whole with each change."""


class NewUser(msgspec.Struct, kw_only=True):
    """A user to add."""

    username: str


def prepare(app: web.Application) -> None:
    """Give an application what these handlers share: one change of settings at a time."""
    app[_LOCK] = asyncio.Lock()


@routes.get("/users")
async def get_users(request: web.Request) -> web.Response:
    """Return the users, or that there is only one."""
    services = services_of(request)
    if services.settings.multi_user:
        users = await asyncio.to_thread(known_users, services)
        return json_answer({"storage": "server", "users": users})
    migrated = await asyncio.to_thread(root_of(request).is_dir)
    return json_answer({"storage": "server", "migrated": migrated})


@routes.post("/users")
@described(body=NewUser)
async def post_user(request: web.Request) -> web.Response:
    """Add a user; return the new id."""
    user = await read_json(request, NewUser)
    async with request.config_dict[_LOCK]:
        try:
            return json_answer(
                await asyncio.to_thread(add_user, services_of(request), user.username)
            )
        except RequestError as error:
            if error.kind != "duplicate_user":
                raise
            return json_answer({"error": str(error)}, 400)


@routes.get("/settings")
async def get_settings(request: web.Request) -> web.Response:
    """Return the user's settings."""
    return json_answer(await asyncio.to_thread(_read, root_of(request)))


@routes.get("/settings/{id}")
async def get_setting(request: web.Request) -> web.Response:
    """Return one setting, null when it was never set."""
    settings = await asyncio.to_thread(_read, root_of(request))
    return json_answer(settings.get(request.match_info["id"]))


@routes.post("/settings")
@described(body=dict[str, Any])
async def post_settings(request: web.Request) -> web.Response:
    """Change several settings."""
    await _merge(request, await read_json(request, dict[str, Any]))
    return web.Response()


@routes.post("/settings/{id}")
async def post_setting(request: web.Request) -> web.Response:
    """Set one setting to the JSON value in the body."""
    value: Any = await read_json(request, object)
    await _merge(request, {request.match_info["id"]: value})
    return web.Response()


async def _merge(request: web.Request, changes: dict[str, Any]) -> None:
    root = root_of(request)
    async with request.config_dict[_LOCK]:
        settings = await asyncio.to_thread(_read, root)
        body = msgspec.json.format(msgspec.json.encode({**settings, **changes}), indent=4)
        if len(body) > MAX_SETTINGS_BYTES:
            raise RequestError(
                f"All settings together may take {MAX_SETTINGS_BYTES >> 20} MiB; with this change"
                f" they would take {len(body):,} bytes, so it was not made.",
                status=413,
                kind="settings_too_large",
            )
        await asyncio.to_thread(write_file, root / _SETTINGS, body, overwrite=True)


def _read(root: Path) -> dict[str, Any]:
    path = root / _SETTINGS
    if not path.is_file():
        return {}
    try:
        return msgspec.json.decode(path.read_bytes(), type=dict[str, Any])
    except (msgspec.DecodeError, RecursionError, UnicodeError) as error:
        raise RequestError(
            f"The settings ({_SETTINGS}) are damaged; repair the file or move it away.",
            status=500,
            kind="damaged_file",
        ) from error
