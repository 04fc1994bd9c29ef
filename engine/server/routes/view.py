"""Showing files of input, output and temp."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from pathlib import Path

from aiohttp import hdrs, web

from engine.imaging.metadata import read_metadata
from engine.server.answers import RequestError, json_answer
from engine.server.description import described
from engine.server.paths import picture_file
from engine.server.pictures import Encoded, Preview, channel_of, preview_of
from engine.server.services import services_of
from engine.server.serving import file_headers, served_file

routes = web.RouteTableDef()

_CHANNELS = ("rgb", "rgba", "a")


@routes.get("/view")
@described(
    query={
        "filename": 'may end with " [input]", " [output]" or " [temp]"',
        "type": "input, output (default) or temp",
        "subfolder": "inside that folder",
        "preview": "webp or jpeg, with a quality: webp;80",
        "channel": "rgb, a or rgba (default)",
    },
    answer="image/*",
)
async def get_view(request: web.Request) -> web.StreamResponse:
    """Return a file, or a picture converted to a preview or to one channel."""
    query = request.query
    path = await asked_file(request)
    conversion = _conversion(query.get("preview", ""), query.get("channel", "rgba"))
    if conversion is None:
        return served_file(path)
    return await converted(request, path, conversion)


@routes.get("/view_metadata/{folder}")
@described(
    query={
        "filename": "a .safetensors file of that model folder",
        "absent": '"empty": answer 204 instead of 404 where there are no texts',
    }
)
async def get_metadata(request: web.Request) -> web.Response:
    """Return the texts in the header of a .safetensors file; 404 when it has none."""
    name = request.query.get("filename", "")
    texts: Mapping[str, str] = {}
    if name.lower().endswith(".safetensors"):
        folders = services_of(request).folders
        path = await asyncio.to_thread(folders.resolve, request.match_info["folder"], name)
        texts = await asyncio.to_thread(read_metadata, path)
    if texts:
        return json_answer(texts)
    # Browsers report each 404 as an error.
    if request.query.get("absent") == "empty":
        return web.Response(status=204)
    raise web.HTTPNotFound


def _conversion(preview: str, channel: str) -> Callable[[Path], Encoded] | None:
    if channel not in _CHANNELS:
        raise RequestError(f'"channel" must be one of {", ".join(_CHANNELS)}.')
    if preview:
        wanted = Preview.parse(preview)
        return lambda path: preview_of(path, wanted, keep_alpha=channel != "rgb")
    if channel == "rgba":
        return None
    return lambda path: channel_of(path, channel)


async def asked_file(request: web.Request) -> Path:
    """Return the file that "filename", "type" and "subfolder" name. Raises: as `picture_file`."""
    query = request.query
    return await asyncio.to_thread(
        picture_file,
        services_of(request).folders,
        query.get("filename", ""),
        query.get("type", "output"),
        query.get("subfolder", ""),
    )


async def converted(
    request: web.Request, path: Path, convert: Callable[[Path], Encoded]
) -> web.Response:
    """Return what `convert` makes of a file; with If-None-Match only when the file changed."""
    status = await asyncio.to_thread(path.stat)
    etag = f"{status.st_mtime_ns:x}-{status.st_size:x}"
    known = request.if_none_match or ()
    if any(tag.value == etag for tag in known):
        return web.Response(status=304, headers={hdrs.ETAG: f'"{etag}"'})
    loop = asyncio.get_running_loop()
    encoded = await loop.run_in_executor(services_of(request).pictures, convert, path)
    response = web.Response(
        body=encoded.body,
        content_type=encoded.media_type,
        headers=file_headers(path.name, inline=True),
    )
    response.etag = etag
    return response
