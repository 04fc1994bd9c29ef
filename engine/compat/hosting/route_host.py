"""Hosts the packs' HTTP routes on a private port of this machine.

Only the server process may ask here: each request carries a secret that no browser knows.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from engine.compat.hosting.prompt_server import PromptServer


@dataclass(frozen=True, slots=True)
class HostedRoutes:
    """What is hosted.

    Attributes:
        port: On the loopback address.
        addresses: "METHOD /path", paths in aiohttp's pattern form, without /api.
    """

    port: int
    addresses: list[str]
    runner: web.AppRunner

    async def close(self) -> None:
        """Stop answering."""
        await self.runner.cleanup()


async def host_routes(server: PromptServer, header: str, secret: str) -> HostedRoutes | None:
    """Start answering on the packs' routes, in the running event loop; None when there are none.

    Args:
        header: Name of the request header that carries `secret`; others are refused.

    Raises: ValueError, when two packs declare the same name for a route.
    """
    server.app.add_routes(server.routes)
    addresses = [_address(route) for route in server.app.router.routes()]
    if not addresses:
        return None
    server.app.middlewares.append(_guard(header, secret))
    runner = web.AppRunner(server.app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    return HostedRoutes(int(runner.addresses[0][1]), addresses, runner)


def _guard(header: str, secret: str) -> Middleware:
    expected = secret.encode()

    @web.middleware
    async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
        if not hmac.compare_digest(request.headers.get(header, "").encode(), expected):
            raise web.HTTPForbidden(text="only the server may ask here")
        return await handler(request)

    return guard


def _address(route: web.AbstractRoute) -> str:
    resource = route.resource
    if isinstance(resource, web.StaticResource):
        return f"{route.method} {resource.canonical}/{{filename:.*}}"
    # `canonical` drops the patterns of variable parts, so "/{path:.*}" would match less.
    path = getattr(resource, "_orig_path", None) or (resource.canonical if resource else "")
    return f"{route.method} {path}"
