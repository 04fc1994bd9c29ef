"""Hands requests for addresses that packs registered to the worker that has the packs."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import TypeAlias

from aiohttp import ClientError, ClientPayloadError, ClientSession, ClientTimeout, hdrs, web
from multidict import CIMultiDict

from engine.server.pack_sockets import forward_socket, no_answer
from engine.server.security import PAGE_POLICY
from engine.server.services import services_of
from engine.workers.pool import WORKER_HEADER, WorkerPool

_Target: TypeAlias = tuple[int, str]

_CHUNK_BYTES = 1 << 16
_CONNECT_S = 5.0
# Meant for the next hop only (RFC 9110, 7.6.1), or not the pack's business.
_NOT_FORWARDED = {
    *("connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "te", "trailer"),
    *("transfer-encoding", "upgrade", "host", "content-length", "cookie", "authorization"),
    *("set-cookie", "content-security-policy", WORKER_HEADER.lower()),
    # Each of the two sockets shakes hands for itself.
    *("sec-websocket-key", "sec-websocket-version", "sec-websocket-extensions"),
    *("sec-websocket-accept", "sec-websocket-protocol"),
}

SESSION: web.AppKey[ClientSession] = web.AppKey("pack_session", ClientSession)


class PackRoutes:
    """Finds the worker behind an address, as the router would."""

    def __init__(self, pool: WorkerPool) -> None:
        self._pool = pool
        self._known: Mapping[str, _Target] = {}
        self._router = web.UrlDispatcher()
        self._targets: dict[tuple[str, str], _Target] = {}

    async def find(self, request: web.Request) -> _Target | None:
        """Return the port and secret behind a request, or None when no pack wants it."""
        self._follow()
        match = await self._router.resolve(request)
        resource = match.route.resource
        if match.http_exception is not None or resource is None:
            return None
        return self._targets.get((match.route.method, resource.canonical))

    def _follow(self) -> None:
        """Read the list of routes again when it changed: a worker has started."""
        routes = self._pool.routes()
        if routes == self._known:
            return
        self._known, self._router, self._targets = dict(routes), web.UrlDispatcher(), {}
        for route, target in routes.items():
            method, _, path = route.partition(" ")
            for prefix in ("", "/api"):
                added = self._router.add_route(method, prefix + path, _never)
                assert added.resource is not None
                self._targets[added.method, added.resource.canonical] = target


PACK_ROUTES: web.AppKey[PackRoutes] = web.AppKey("pack_routes", PackRoutes)


async def forward(request: web.Request, target: _Target) -> web.StreamResponse:
    """Pass a request on to a worker's private port, and its answer back, piece by piece."""
    if (request.content_length or 0) > services_of(request).settings.max_upload_bytes:
        raise web.HTTPRequestEntityTooLarge(max_size=0, actual_size=0)
    port, secret = target
    headers = _kept(request.headers)
    headers[WORKER_HEADER] = secret
    path = request.rel_url.raw_path.removeprefix("/api") + (
        f"?{request.rel_url.raw_query_string}" if request.rel_url.raw_query_string else ""
    )
    session, url = request.config_dict[SESSION], f"http://127.0.0.1:{port}{path}"
    if request.headers.get(hdrs.UPGRADE, "").lower() == "websocket":
        return await forward_socket(request, session, url, headers)
    try:
        async with session.request(
            request.method,
            url,
            headers=headers,
            data=_limited(request) if request.can_read_body else None,
            allow_redirects=False,
            timeout=ClientTimeout(total=None, sock_connect=_CONNECT_S),
        ) as answer:
            response = web.StreamResponse(status=answer.status, headers=_kept(answer.headers))
            response.headers["Content-Security-Policy"] = PAGE_POLICY
            await response.prepare(request)
            async for chunk in answer.content.iter_chunked(_CHUNK_BYTES):
                await response.write(chunk)
            await response.write_eof()
            return response
    except (ClientError, TimeoutError) as error:
        raise no_answer() from error


async def _limited(request: web.Request) -> AsyncIterator[bytes]:
    """Yield the body; one that does not say how long it is may not go on for ever, either."""
    left = services_of(request).settings.max_upload_bytes
    async for chunk in request.content.iter_chunked(_CHUNK_BYTES):
        left -= len(chunk)
        if left < 0:
            raise ClientPayloadError("the body is larger than --max-upload-size allows")
        yield chunk


def _kept(headers: Mapping[str, str]) -> CIMultiDict[str]:
    return CIMultiDict(
        (name, value) for name, value in headers.items() if name.lower() not in _NOT_FORWARDED
    )


async def _never(request: web.Request) -> web.Response:
    raise AssertionError("this router only finds; nothing is answered here")
