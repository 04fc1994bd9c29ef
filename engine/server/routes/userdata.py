"""A user's files: workflows and whatever the editor keeps."""

from __future__ import annotations

import asyncio
import os
from itertools import islice
from pathlib import Path
from typing import Any

from aiohttp import web

from engine.server.answers import RequestError, json_answer, read_body
from engine.server.description import described
from engine.server.paths import check_file_name, user_file
from engine.server.receiving import write_file
from engine.server.serving import served_file
from engine.server.users import root_of

routes = web.RouteTableDef()

MAX_FILES = 100_000
"""So many files a user may have; a listing shows them all."""
_HOW = {"overwrite": "false: answer 409 when it exists", "full_info": "true: with size and times"}


@routes.get("/userdata")
@described(
    query={
        "dir": "the folder",
        "recurse": "true: its subfolders as well",
        "full_info": "true: with size and times",
        "split": "true: each path with its parts",
    }
)
async def get_listing(request: web.Request) -> web.Response:
    """List the files of a folder."""
    name = request.query.get("dir", "")
    if not name:
        raise RequestError('The parameter "dir" is missing.')
    folder = user_file(root_of(request), name)
    files = await asyncio.to_thread(_listing, folder, recurse=_is_true(request, "recurse"))
    if _is_true(request, "full_info"):
        return json_answer(await asyncio.to_thread(lambda: [_info(f, folder) for f in files]))
    paths = [file.relative_to(folder).as_posix() for file in files]
    if _is_true(request, "split"):
        return json_answer([[path, *path.split("/")] for path in paths])
    return json_answer(paths)


@routes.get("/v2/userdata")
@described(query={"path": "the folder; all when left out"})
async def get_tree(request: web.Request) -> web.Response:
    """List folders and files below a folder, folders first."""
    root = root_of(request)
    name = request.query.get("path", "").strip("/")
    folder = user_file(root, name) if name else root.resolve()
    return json_answer(await asyncio.to_thread(_tree, folder, root.resolve(), missing=not name))


@routes.get("/userdata/{file}")
@described(answer="application/octet-stream")
async def get_file(request: web.Request) -> web.StreamResponse:
    """Return a file; its name is one URL-encoded segment."""
    return served_file(_existing(request))


@routes.post("/userdata/{file}")
@described(query=_HOW)
async def post_file(request: web.Request) -> web.Response:
    """Save the body as a file; return its path, or 409 when it exists and may not be replaced."""
    root = root_of(request)
    path = _named(request, "file")
    body = await read_body(request)
    overwrite = request.query.get("overwrite") != "false"
    await asyncio.to_thread(_check_room, path, root)
    if not await asyncio.to_thread(write_file, path, body, overwrite=overwrite):
        raise _exists()
    return await _answer(request, path, root)


@routes.delete("/userdata/{file}")
async def delete_file(request: web.Request) -> web.Response:
    """Delete a file."""
    path = _existing(request)
    await asyncio.to_thread(path.unlink)
    return web.Response(status=204)


@routes.post("/userdata/{file}/move/{dest}")
@described(query=_HOW)
async def move_file(request: web.Request) -> web.Response:
    """Rename or move a file."""
    root, source, target = root_of(request), _existing(request), _named(request, "dest")
    overwrite = request.query.get("overwrite") != "false"
    await asyncio.to_thread(_move, source, target, overwrite=overwrite)
    return await _answer(request, target, root)


def _named(request: web.Request, part: str) -> Path:
    path = user_file(root_of(request), request.match_info[part])
    check_file_name(path.name)
    if path.is_dir():
        raise RequestError("There is a folder of that name.")
    return path


def _existing(request: web.Request) -> Path:
    path = user_file(root_of(request), request.match_info["file"])
    if not path.is_file():
        raise web.HTTPNotFound
    return path


def _check_room(path: Path, root: Path) -> None:
    """Refuse one more file beyond `MAX_FILES`. Raises: RequestError."""
    if path.exists():
        return
    files = (name for _, _, names in os.walk(root) for name in names)
    if sum(1 for _ in islice(files, MAX_FILES)) == MAX_FILES:
        raise RequestError(
            f"There are {MAX_FILES:,} files in the user folder already; more are not kept. Delete"
            " some first.",
            status=507,
            kind="too_many_files",
        )


def _exists() -> RequestError:
    return RequestError("A file of that name exists already.", status=409, kind="file_exists")


def _move(source: Path, target: Path, *, overwrite: bool) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    if not overwrite and target.exists():
        raise _exists()
    source.replace(target)


async def _answer(request: web.Request, path: Path, root: Path) -> web.Response:
    root = root.resolve()
    if _is_true(request, "full_info"):
        return json_answer(await asyncio.to_thread(_info, path, root))
    return json_answer(path.relative_to(root).as_posix())


def _info(path: Path, root: Path) -> dict[str, Any]:
    status = path.stat()
    return {
        "path": path.relative_to(root).as_posix(),
        "size": status.st_size,
        "modified": status.st_mtime,
        "created": status.st_ctime,
    }


def _listing(folder: Path, *, recurse: bool) -> list[Path]:
    if not folder.is_dir():
        raise web.HTTPNotFound
    found = folder.rglob("*") if recurse else folder.iterdir()
    return sorted(path for path in found if path.is_file() and not path.is_symlink())[:MAX_FILES]


def _tree(folder: Path, root: Path, *, missing: bool) -> list[dict[str, Any]]:
    if not folder.is_dir():
        if missing:
            return []
        raise web.HTTPNotFound
    entries = []
    for path in sorted(folder.rglob("*"), key=lambda path: (path.is_file(), path)):
        if path.is_symlink():
            continue
        entry: dict[str, Any] = {"name": path.name, "path": path.relative_to(root).as_posix()}
        if path.is_file():
            status = path.stat()
            times = {"size": status.st_size, "modified": status.st_mtime}
            entries.append({**entry, "type": "file", **times})
        else:
            entries.append({**entry, "type": "directory"})
    return entries[:MAX_FILES]


def _is_true(request: web.Request, name: str) -> bool:
    return request.query.get(name, "").lower() == "true"
