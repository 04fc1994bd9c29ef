"""Who may use the server: named hosts, own pages, holders of the token.

Three independent checks stand before every handler:

- The Host header must name this machine. A page whose name an attacker points at 127.0.0.1 (DNS
  rebinding) carries the attacker's name there.
- A browser must say that the request comes from our own pages: `Origin` is compared with Host,
  and `Sec-Fetch-Site` is believed where it is sent. `Origin: null` (sandboxed frames) is no page
  of ours. Programs that are no browsers send neither and pass.
- When the server can be reached from elsewhere, each request needs the token.
"""

from __future__ import annotations

import hmac
import ipaddress
import re
import socket
from collections.abc import Awaitable, Callable
from typing import TypeAlias
from urllib.parse import SplitResult, urlsplit

from aiohttp import hdrs, web
from aiohttp.typedefs import Middleware
from multidict import CIMultiDict

from engine.server.answers import problem
from engine.settings import ServerSettings

Handler: TypeAlias = Callable[[web.Request], Awaitable[web.StreamResponse]]

PAGE_POLICY = (
    "default-src 'self'; img-src 'self' data: blob:; media-src 'self' data: blob:;"
    " style-src 'self' 'unsafe-inline'; font-src 'self' data:; worker-src 'self' blob:;"
    " connect-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self';"
    " frame-ancestors 'self'"
)
"""For files of packs and of other editors: scripts of this server only."""

EDITOR_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:;"
    " media-src 'self' blob:; font-src 'self'; connect-src 'self'; worker-src 'self';"
    " manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
)
"""For our editor: nothing inline either, so that text that became markup stays harmless."""

DATA_POLICY = "default-src 'none'; style-src 'unsafe-inline'; sandbox; frame-ancestors 'self'"
"""For everything else: opened as a page it can do nothing."""

# `urlsplit` takes "[::1].evil.example" for ::1.
_AUTHORITY = re.compile(r"(\[[^\[\]@]*\]|[^\[\]:@]*)(:\d*)?", re.ASCII)
_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
_CORS_METHODS = "POST, GET, DELETE, PUT, PATCH, OPTIONS"
_CORS_HEADERS = "Content-Type, Authorization"


def is_loopback(host: str) -> bool:
    """Tell whether a host name or address can only be reached from this machine."""
    if host.rstrip(".").lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def needs_token(settings: ServerSettings) -> bool:
    """Tell whether anybody but this machine's user could send requests that pass the checks."""
    return settings.cors_origin == "*" or not all(is_loopback(host) for host in settings.hosts)


def token_cookie(settings: ServerSettings) -> str:
    """Return the cookie's name; browsers do not tell two ports of a host apart, names do."""
    return f"tessera_token_{settings.port}"


def guard(settings: ServerSettings) -> Middleware:
    """Return the middleware that lets a request through or answers 401 or 403."""
    hosts = _own_names(settings)

    @web.middleware
    async def check(request: web.Request, handler: Handler) -> web.StreamResponse:
        host = _split(f"//{request.headers.get(hdrs.HOST, '')}")
        if host is None or not _is_own(host.hostname or "", settings, hosts):
            return problem(
                403,
                "forbidden_host",
                "This server is not known by the name in the Host header. To use it under that"
                " name, start it with --allowed-host NAME.",
            )
        refusal = _foreign_page(request, host, settings)
        if refusal is not None:
            return problem(403, "forbidden_origin", refusal)
        if settings.cors_origin is not None and request.method == "OPTIONS":
            return web.Response()
        if settings.token is not None and not _shows_token(request, settings):
            if not _equal(request.query.get("token", ""), settings.token):
                return _token_needed()
            if request.method == "GET" and hdrs.UPGRADE not in request.headers:
                return _trade_token(request, settings)
        return await handler(request)

    return check


def protect(
    settings: ServerSettings,
) -> Callable[[web.Request, web.StreamResponse], Awaitable[None]]:
    """Return the `on_response_prepare` handler that adds the headers every answer carries."""

    async def add_headers(request: web.Request, response: web.StreamResponse) -> None:
        headers = response.headers
        headers["X-Content-Type-Options"] = "nosniff"
        headers["Referrer-Policy"] = "same-origin"
        headers["Cross-Origin-Opener-Policy"] = "same-origin"
        headers.setdefault("Content-Security-Policy", DATA_POLICY)
        if settings.cors_origin is None:
            headers["Cross-Origin-Resource-Policy"] = "same-origin"
        else:
            _allow_origin(request, headers, settings.cors_origin)

    return add_headers


def _own_names(settings: ServerSettings) -> frozenset[str]:
    names = {name.lower() for name in settings.allowed_hosts}
    names |= {host.lower() for host in settings.hosts}
    if needs_token(settings):
        name = socket.gethostname().lower()
        names |= {name, f"{name}.local"}
    return frozenset(names)


def _is_own(host: str, settings: ServerSettings, names: frozenset[str]) -> bool:
    host = host.rstrip(".").lower()
    if is_loopback(host) or host in names:
        return True
    # Rebinding needs a name; whoever wrote an address reached what he meant.
    return settings.token is not None and _is_address(host)


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _foreign_page(request: web.Request, host: SplitResult, settings: ServerSettings) -> str | None:
    """Return why a request comes from a page that is not ours, or None."""
    origins = request.headers.getall(hdrs.ORIGIN, [])
    if origins:
        allowed = len(origins) == 1 and (
            _same_origin(origins[0], host)
            or (origins[0] != "null" and settings.cors_origin in ("*", origins[0]))
        )
        return None if allowed else "A page of another origin may not use this server."
    site = ",".join(request.headers.getall("Sec-Fetch-Site", ["none"]))
    reads = request.method in _SAFE_METHODS
    # The pages of another origin that may use the server may also show its pictures.
    if site in ("same-origin", "none") or (reads and settings.cors_origin is not None):
        return None
    followed_link = (
        reads
        and request.headers.get("Sec-Fetch-Mode") == "navigate"
        and request.headers.get("Sec-Fetch-Dest") == "document"
    )
    return None if followed_link else "A page of another site may not use this server."


def _same_origin(origin: str, host: SplitResult) -> bool:
    parsed = _split(origin)
    if parsed is None or parsed.scheme not in ("http", "https") or not parsed.hostname:
        return False
    # Browsers leave out a scheme's own port in both headers.
    return (parsed.hostname, parsed.port) == (host.hostname, host.port)


def _split(text: str) -> SplitResult | None:
    """Parse an origin or `//host:port`; None when it is malformed."""
    try:
        parts = urlsplit(text)
        _ = parts.port  # raises for what is no port
    except ValueError:
        return None
    clean = not parts.path and not parts.query and not parts.fragment
    return parts if clean and _AUTHORITY.fullmatch(parts.netloc) else None


def _shows_token(request: web.Request, settings: ServerSettings) -> bool:
    kind, _, bearer = request.headers.get(hdrs.AUTHORIZATION, "").partition(" ")
    shown = [request.cookies.get(token_cookie(settings), "")]
    if kind.lower() == "bearer":
        shown.append(bearer.strip())
    return any(_equal(text, settings.token or "") for text in shown)


def _equal(shown: str, token: str) -> bool:
    """Compare in a time that does not tell how much agrees; an empty token equals nothing."""
    ours, theirs = token.encode(), shown.encode("utf-8", "surrogateescape")
    return bool(ours) and hmac.compare_digest(ours, theirs)


def _token_needed() -> web.Response:
    answer = problem(
        401,
        "token_needed",
        "This server needs its token: open the address it printed when it started, or send the"
        " header Authorization: Bearer TOKEN.",
    )
    answer.headers[hdrs.WWW_AUTHENTICATE] = "Bearer"
    return answer


def _trade_token(request: web.Request, settings: ServerSettings) -> web.Response:
    """Trade a token in the URL for a cookie, so that it stays in no history and no log."""
    rest = [(key, value) for key, value in request.query.items() if key != "token"]
    # A path of two slashes would lead to another host.
    target = request.rel_url.with_query(rest or None).with_path(
        "/" + request.path.lstrip("/\\"), keep_query=True
    )
    answer = web.Response(status=303, headers={hdrs.LOCATION: str(target)})
    answer.set_cookie(
        token_cookie(settings),
        settings.token or "",
        httponly=True,
        samesite="Strict",
        secure=request.secure,
        path="/",
        max_age=30 * 86400,
    )
    return answer


def _allow_origin(request: web.Request, headers: CIMultiDict[str], allowed: str) -> None:
    headers["Access-Control-Allow-Origin"] = allowed
    headers["Access-Control-Allow-Methods"] = _CORS_METHODS
    headers["Access-Control-Allow-Headers"] = _CORS_HEADERS
    headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    if allowed != "*":
        headers["Access-Control-Allow-Credentials"] = "true"
        headers["Vary"] = "Origin"
