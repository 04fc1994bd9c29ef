"""`main.py` without a command: the server, its workers, and a browser."""

from __future__ import annotations

import argparse
import asyncio
import errno
import logging
import os
import secrets
import signal
import ssl
import sys
import time
import webbrowser
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import replace
from itertools import pairwise
from types import FrameType

from aiohttp import web
from aiohttp.http import HttpProcessingError

from engine.cli.arguments import ROOT
from engine.cli.compose import settings_from
from engine.cli.terminal import say
from engine.errors import EngineError, InvalidValueError
from engine.imaging.previews import remove_old_previews
from engine.jobs.service import JobService
from engine.jobs.store import JobStore
from engine.models.folders import SHIPPED, ModelFolders
from engine.server.app import build_app
from engine.server.memory import return_large_blocks
from engine.server.security import needs_token
from engine.server.services import Services
from engine.server.users import DEFAULT_USER
from engine.server.web_files import EDITOR_FOLDERS
from engine.server.ws.hub import Hub
from engine.settings import ServerSettings, Settings
from engine.unfinished import remove_abandoned

DATABASE = "tessera.sqlite3"
_TOKEN_CHARACTERS = 12
_DIRECTORIES = ("input", "output", "temp", "user")
# Of a user: where the editor looks for workflows, and for words that complete prompts.
_USER_FOLDERS = ("workflows", "autocomplete", "wildcards")
_NO_IPV6 = {errno.EAFNOSUPPORT, errno.EADDRNOTAVAIL}
_LOG = logging.getLogger(__name__)
_INTERRUPTED = 130  # as shells report a process ended by Ctrl+C


class ListenError(EngineError):
    """The server cannot listen on an address."""

    code = "cannot_listen"

    def __init__(self, host: str, port: int, reason: str) -> None:
        self.host, self.port = host, port
        super().__init__(
            f"Cannot listen on {host} port {port}: {reason}. Perhaps another server runs there;"
            " stop it, or choose another port with --port."
        )


def serve_command(arguments: argparse.Namespace) -> int:
    """Run the server until it is stopped; return the exit status."""
    logging.basicConfig(level=arguments.verbose, format="%(levelname)s %(name)s: %(message)s")
    return_large_blocks()
    try:
        settings, server = settings_from(arguments), server_settings_from(arguments)
        return asyncio.run(_serve(settings, server, arguments))
    except EngineError as error:
        say(f"main.py: {error}")
        return 1
    except KeyboardInterrupt:
        return _INTERRUPTED


def server_settings_from(arguments: argparse.Namespace) -> ServerSettings:
    """Return the server's settings behind a parsed command line.

    Raises: InvalidValueError, when others could reach the server without a token.
    """
    if (arguments.tls_keyfile is None) != (arguments.tls_certfile is None):
        raise InvalidValueError(
            "--tls-keyfile and --tls-certfile", arguments.tls_keyfile, "both of them"
        )
    if not 0 < arguments.max_upload_size < 1 << 20:
        raise InvalidValueError("--max-upload-size", arguments.max_upload_size, "0 to 1048576 MB")
    without_token = ServerSettings(
        hosts=tuple(host.strip() for host in arguments.listen.split(",") if host.strip()),
        port=arguments.port,
        allowed_hosts=frozenset(arguments.allowed_host),
        cors_origin=arguments.enable_cors_header,
        max_upload_bytes=int(arguments.max_upload_size * (1 << 20)),
        tls_certificate=arguments.tls_certfile,
        tls_key=arguments.tls_keyfile,
        web_root=(arguments.front_end_root or ROOT / "web").absolute(),
        examples=ROOT / "workflows",
        web_folders=None if arguments.front_end_root else EDITOR_FOLDERS,
        multi_user=arguments.multi_user,
        packs=not arguments.disable_all_custom_nodes,
        pack_allow_list=frozenset(arguments.whitelist_custom_nodes),
        arguments=tuple(_without_token(sys.argv)),
    )
    token = _token(arguments.token, needed=needs_token(without_token))
    return replace(without_token, token=token)


def _token(given: str | None, *, needed: bool) -> str | None:
    if given is None:
        return secrets.token_urlsafe(24) if needed else None
    if len(given) < _TOKEN_CHARACTERS or not given.isascii() or not given.isprintable():
        raise InvalidValueError(
            "--token",
            f"{len(given)} characters",
            f"at least {_TOKEN_CHARACTERS} printable ASCII characters",
            "Leave the option out to have a token made.",
        )
    return given


def _without_token(argv: list[str]) -> list[str]:
    """Hide the token from /system_stats."""
    hidden = []
    for before, text in pairwise(["", *argv]):
        is_token = before == "--token" or text.startswith("--token=")
        hidden.append("--token=***" if is_token else text)
    return hidden


async def _serve(settings: Settings, server: ServerSettings, arguments: argparse.Namespace) -> int:
    with _stopped_by_signals() as stop:
        async with _services(settings, server) as services, _listening(services) as urls:
            # Started last: the first request is answered while the workers load.
            await services.pool.start()
            for url in urls:
                say(f"Tessera: {url}")
            if arguments.quick_test_for_ci:
                await services.pool.ready()
                return 0
            if not arguments.no_browser and _has_display():
                await asyncio.to_thread(webbrowser.open, urls[0])
            await stop.wait()
            say("Stopping; what runs is queued again at the next start.")
    return 0


@asynccontextmanager
async def _services(settings: Settings, server: ServerSettings) -> AsyncIterator[Services]:
    """Compose the services; on leaving, the workers end and the database is closed."""
    from engine.workers.local import LocalPool

    folders = ModelFolders(
        settings.base,
        input=settings.input,
        output=settings.output,
        temp=settings.temp,
        user=settings.user,
        extra=settings.extra_model_paths,
    )
    folders.add("checkpoints", SHIPPED)
    _make_directories(folders)
    cleaning = asyncio.create_task(_tidy(folders))
    store = JobStore(folders.directory("user") / DATABASE)
    if store.set_aside is not None:
        say(f"The job database was damaged; it is kept as {store.set_aside}, a new one was begun.")
    hub, pool = Hub(), LocalPool(settings, folders=folders, max_body_bytes=server.max_upload_bytes)
    jobs = JobService(store, pool, hub)
    services = Services(settings=server, jobs=jobs, pool=pool, folders=folders, hub=hub)
    logging.getLogger().addHandler(services.logs)
    try:
        await jobs.start()
        if jobs.paused:
            say("The queue is paused since an earlier run; POST /api/tessera/queue/resume ends it.")
        yield services
    finally:
        cleaning.cancel()
        await jobs.stop()
        await pool.stop()
        services.pictures.shutdown(cancel_futures=True)
        store.close()


def _make_directories(folders: ModelFolders) -> None:
    paths = [(kind, folders.directory(kind)) for kind in _DIRECTORIES]
    user = folders.directory("user") / DEFAULT_USER
    for kind, path in paths + [("user", user / name) for name in _USER_FOLDERS]:
        try:
            path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            reason = error.strerror or str(error)
            raise InvalidValueError(
                f"--{kind}-directory", str(path), "a folder that can be made", reason
            ) from error


async def _tidy(folders: ModelFolders) -> None:
    """While the server starts, remove what killed processes left half written, and old previews."""
    for kind in _DIRECTORIES:
        removed = await asyncio.to_thread(remove_abandoned, folders.directory(kind))
        if removed:
            _LOG.info("%d unfinished files of killed processes were removed from %s", removed, kind)
    old = await asyncio.to_thread(remove_old_previews, folders.directory("temp"), time.time())
    if old:
        _LOG.info("%d previews that were over a week old were removed from temp", old)


@asynccontextmanager
async def _listening(services: Services) -> AsyncIterator[list[str]]:
    """Open the port; give the addresses to print. Raises: ListenError."""
    settings = services.settings
    logging.getLogger("aiohttp.server").addFilter(_is_no_bad_request)
    runner = web.AppRunner(build_app(services), access_log=None, shutdown_timeout=2)
    await runner.setup()
    try:
        tls = _tls(settings)
        for host in settings.hosts:
            await _open(runner, host, settings.port, tls)
        yield [_url(settings, str(host), port) for host, port, *_ in runner.addresses]
    finally:
        await runner.cleanup()


def _is_no_bad_request(record: logging.LogRecord) -> bool:
    """Keep what clients send that is no HTTP out of the log: it was answered with 400."""
    error = record.exc_info[1] if record.exc_info else None
    return not isinstance(error, HttpProcessingError | web.RequestPayloadError)


async def _open(runner: web.AppRunner, host: str, port: int, tls: ssl.SSLContext | None) -> None:
    try:
        await web.TCPSite(runner, host, port, ssl_context=tls).start()
    except (OSError, OverflowError) as error:
        if host == "::" and getattr(error, "errno", None) in _NO_IPV6 and runner.addresses:
            return  # "all addresses" of a machine that has no such ones
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise ListenError(host, port, reason) from error


def _tls(settings: ServerSettings) -> ssl.SSLContext | None:
    if settings.tls_certificate is None:
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    try:
        context.load_cert_chain(settings.tls_certificate, settings.tls_key)
    except OSError as error:  # ssl.SSLError among them
        raise InvalidValueError(
            "--tls-certfile",
            str(settings.tls_certificate),
            "a certificate with its key",
            str(error),
        ) from error
    return context


def _url(settings: ServerSettings, host: str, port: int) -> str:
    scheme = "https" if settings.tls_certificate else "http"
    shown = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, f"[{host}]" if ":" in host else host)  # noqa: S104
    query = f"/?token={settings.token}" if settings.token else "/"
    return f"{scheme}://{shown}:{port}{query}"


@contextmanager
def _stopped_by_signals() -> Iterator[asyncio.Event]:
    """Give an event that the first Ctrl+C or SIGTERM sets; a second one ends the process."""
    loop, stop = asyncio.get_running_loop(), asyncio.Event()

    def note(number: int, frame: FrameType | None) -> None:
        signal.signal(number, signal.SIG_DFL)
        loop.call_soon_threadsafe(stop.set)

    before = {number: signal.signal(number, note) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _has_display() -> bool:
    """Tell whether somebody sits in front of a screen."""
    if os.environ.get("CI") or not sys.stderr.isatty():
        return False
    if sys.platform in ("win32", "darwin"):
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
