"""Whose settings and workflows a request is about."""

from __future__ import annotations

import re
import uuid
from pathlib import Path

import msgspec
from aiohttp import web

from engine.server.answers import RequestError
from engine.server.paths import user_root
from engine.server.receiving import write_file
from engine.server.services import Services, services_of

DEFAULT_USER = "default"
_HEADER = "comfy-user"
_NAME_CHARACTERS = 100
MAX_USERS = 1000
"""Their list is read with each request."""


def root_of(request: web.Request) -> Path:
    """Return the folder of the user a request names. Raises: RequestError (401)."""
    services = services_of(request)
    user = DEFAULT_USER
    if services.settings.multi_user:
        user = request.headers.get(_HEADER, DEFAULT_USER)
        if user not in known_users(services):
            raise RequestError("This user is not known.", status=401, kind="unknown_user")
    return user_root(services.folders, user)


def known_users(services: Services) -> dict[str, str]:
    """Return the users' names by id; the default user is always there."""
    path = _file(services)
    if not path.is_file():
        return {DEFAULT_USER: DEFAULT_USER}
    try:
        found = msgspec.json.decode(path.read_bytes(), type=dict[str, str])
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise RequestError(
            f"The list of users ({path.name}) is damaged.", status=500, kind="damaged_file"
        ) from error
    return {DEFAULT_USER: DEFAULT_USER, **found}


def add_user(services: Services, name: str) -> str:
    """Add a user; return the new id. Raises: RequestError."""
    name = name.strip()
    if not name or len(name) > _NAME_CHARACTERS or not name.isprintable():
        raise RequestError(f"A name has 1 to {_NAME_CHARACTERS} printable characters.")
    users = known_users(services)
    if name in users.values():
        raise RequestError("A user of that name exists already.", kind="duplicate_user")
    if len(users) >= MAX_USERS:
        raise RequestError(
            f"There are {MAX_USERS} users already; more are not kept. Take some out of users.json.",
            status=409,
            kind="too_many_users",
        )
    user = f"{re.sub('[^A-Za-z0-9_-]+', '', name)}_{uuid.uuid4()}"
    users[user] = name
    write_file(_file(services), msgspec.json.encode(users), overwrite=True)
    return user


def _file(services: Services) -> Path:
    return services.folders.place("user", "users.json")
