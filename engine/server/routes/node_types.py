"""Node types."""

from __future__ import annotations

import msgspec
from aiohttp import hdrs, web

from engine.server.answers import json_answer
from engine.server.object_info import ObjectInfoCache

routes = web.RouteTableDef()

OBJECT_INFO: web.AppKey[ObjectInfoCache] = web.AppKey("object_info", ObjectInfoCache)


@routes.get("/object_info")
async def get_object_info(request: web.Request) -> web.Response:
    """Return all node types; with If-None-Match only when they changed."""
    info = await request.config_dict[OBJECT_INFO].get()
    headers = {
        hdrs.ETAG: f'W/"{info.etag}"',
        hdrs.CACHE_CONTROL: "no-cache",
        hdrs.VARY: hdrs.ACCEPT_ENCODING,
    }
    if any(tag.value in (info.etag, "*") for tag in request.if_none_match or ()):
        return web.Response(status=304, headers=headers)
    body = info.body
    if "gzip" in request.headers.get(hdrs.ACCEPT_ENCODING, ""):
        body, headers[hdrs.CONTENT_ENCODING] = info.packed, "gzip"
    return web.Response(
        body=body, headers=headers, content_type="application/json", charset="utf-8"
    )


@routes.get("/node_replacements")
async def get_replacements(request: web.Request) -> web.Response:
    """Return by old type what became of it, and of older versions of a type."""
    info = await request.config_dict[OBJECT_INFO].get()
    return json_answer(msgspec.Raw(info.replacements))


@routes.get("/object_info/{class}")
async def get_one(request: web.Request) -> web.Response:
    """Return one node type, or an empty object when there is none of that name."""
    info = await request.config_dict[OBJECT_INFO].get()
    name = request.match_info["class"]
    return json_answer({name: info.types[name]} if name in info.types else {})
