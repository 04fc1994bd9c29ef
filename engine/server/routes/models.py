"""Model folders, their files and the files' pictures."""

from __future__ import annotations

import asyncio
import base64
import binascii
import io
from pathlib import Path, PurePosixPath
from typing import Any

import msgspec
from aiohttp import web

from engine.errors import FileFormatError, MissingFileError
from engine.imaging.metadata import read_metadata
from engine.imaging.opening import DECODER_ERRORS, decoder_problem, open_picture
from engine.models.folders import ModelFolders
from engine.server.answers import json_answer
from engine.server.description import described
from engine.server.pictures import MAX_PIXELS, Encoded, Preview, preview_of
from engine.server.services import services_of

routes = web.RouteTableDef()

_NO_MODELS = ("configs", "custom_nodes")
_PICTURES = (".preview.png", ".png", ".jpg", ".jpeg", ".webp", ".preview.webp", ".preview.jpg")


@routes.get("/embeddings")
async def get_embeddings(request: web.Request) -> web.Response:
    """List the embeddings' names, without extension."""
    names = await _names(request, "embeddings")
    return json_answer([str(PurePosixPath(name).with_suffix("")) for name in names])


@routes.get("/models")
async def get_folders(request: web.Request) -> web.Response:
    """List the model folders' keys."""
    return json_answer(list(services_of(request).folders.keys()))


@routes.get("/models/{folder}")
async def get_models(request: web.Request) -> web.Response:
    """List the files of a model folder."""
    return json_answer(await _names(request, _known_key(request)))


@routes.get("/experiment/models")
async def get_folder_paths(request: web.Request) -> web.Response:
    """List the model folders and where they are."""
    keys = services_of(request).folders.keys()
    return json_answer(
        [
            {"name": key, "folders": [str(root) for root in entry.roots]}
            for key, entry in keys.items()
            if key not in _NO_MODELS
        ]
    )


@routes.get("/experiment/models/{folder}")
async def get_model_files(request: web.Request) -> web.Response:
    """List the files of a model folder with size and times."""
    folders = services_of(request).folders
    return json_answer(await asyncio.to_thread(_files, folders, _known_key(request)))


@routes.get("/experiment/models/preview/{folder}/{path_index}/{file:.*}")
@described(query={"absent": '"empty": answer 204 instead of 404 where there is no picture'})
async def get_preview(request: web.Request) -> web.Response:
    """Return a model's picture as WebP: beside it, or from its header."""
    services = services_of(request)
    key, index = _known_key(request), request.match_info["path_index"]
    roots = services.folders.keys()[key].roots
    if not (index.isascii() and index.isdigit() and int(index[:9]) < len(roots)):
        raise web.HTTPNotFound
    # Who lists many models cannot know which have one, and browsers report each 404 as an error.
    may_be_empty = request.query.get("absent") == "empty"
    loop = asyncio.get_running_loop()
    try:
        picture = await loop.run_in_executor(
            services.pictures, _picture, services.folders, key, request.match_info["file"]
        )
    except MissingFileError:
        if not may_be_empty:
            raise
        picture = None
    if picture is None and may_be_empty:
        return web.Response(status=204)
    if picture is None:
        raise web.HTTPNotFound
    return web.Response(body=picture.body, content_type=picture.media_type)


def _known_key(request: web.Request) -> str:
    """Return the folder key in the path; old names of folders are none (contract §2)."""
    key = request.match_info["folder"]
    if key not in services_of(request).folders.keys():  # noqa: SIM118 - a method, no mapping
        raise web.HTTPNotFound
    return key


async def _names(request: web.Request, key: str) -> list[str]:
    return await asyncio.to_thread(services_of(request).folders.names, key)


def _files(folders: ModelFolders, key: str) -> list[dict[str, Any]]:
    found = []
    roots = folders.keys()[key].roots
    for name in folders.names(key):
        for index, root in enumerate(roots):
            try:
                status = (root / name).stat()
            except OSError:
                continue  # it lies under another root, or was deleted a moment ago
            found.append(
                {
                    "name": name,
                    "pathIndex": index,
                    "modified": status.st_mtime,
                    "created": status.st_ctime,
                    "size": status.st_size,
                }
            )
            break
    return found


def _picture(folders: ModelFolders, key: str, name: str) -> Encoded | None:
    """Find a model's picture. The model is looked up first: only files beside one are shown."""
    path = folders.resolve(key, name)
    preview = Preview("webp", 90)
    for ending in _PICTURES:
        sibling = str(PurePosixPath(name.replace("\\", "/")).with_suffix(ending))
        try:
            return preview_of(folders.resolve(key, sibling), preview, keep_alpha=False)
        except MissingFileError:
            continue
    return _cover(path) if path.suffix == ".safetensors" else None


def _cover(path: Path) -> Encoded | None:
    """Return the first of the pictures a trainer put into a file's header."""
    covers = read_metadata(path).get("ssmd_cover_images")
    if not covers:
        return None
    try:
        images = msgspec.json.decode(covers, type=list[str])
        content = base64.b64decode(images[0], validate=True) if images else b""
    except (msgspec.DecodeError, RecursionError, binascii.Error, ValueError) as error:
        raise FileFormatError(path.name, "the picture in its header is damaged") from error
    return _webp(content, path) if content else None


def _webp(content: bytes, path: Path) -> Encoded:
    body = io.BytesIO()
    try:
        with open_picture(io.BytesIO(content), path, max_pixels=MAX_PIXELS) as picture:
            picture.convert("RGB").save(body, "webp", quality=90)
    except DECODER_ERRORS as error:
        raise FileFormatError(path.name, decoder_problem(error)) from error
    return Encoded(body.getvalue(), "image/webp")
