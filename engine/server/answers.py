"""Reads request bodies and writes answers; every failure leaves as one shape of JSON."""

from __future__ import annotations

import errno
import logging
from typing import Any, TypeVar

import msgspec
from aiohttp import web
from aiohttp.http import HttpProcessingError

from engine.errors import (
    EngineError,
    ForbiddenPathError,
    MissingFileError,
    UnknownNameError,
)
from engine.jobs.database import DatabaseError
from engine.jobs.errors import PromptRejectedError
from engine.jobs.store import JobExistsError
from engine.workers.pool import WorkerDiedError

T = TypeVar("T")
_LOG = logging.getLogger(__name__)

_STATUS: dict[type[EngineError], int] = {
    ForbiddenPathError: 403,
    MissingFileError: 404,
    UnknownNameError: 404,
    JobExistsError: 409,
    DatabaseError: 503,
    WorkerDiedError: 503,
}
_FULL = (507, "disk_full", "The disk is full; free some space and try again.")
_NOT_ALLOWED = (507, "not_writable", "The server may not read or write that file.")
_IN_THE_WAY = (409, "name_taken", "A file or folder in the way has that name already.")
_FILE_PROBLEMS = {
    errno.ENOSPC: _FULL,
    errno.EDQUOT: _FULL,
    errno.EROFS: _NOT_ALLOWED,
    errno.EACCES: _NOT_ALLOWED,
    errno.EPERM: _NOT_ALLOWED,
    errno.ENOTDIR: _IN_THE_WAY,
    errno.EISDIR: _IN_THE_WAY,
    errno.EEXIST: _IN_THE_WAY,
    errno.ENOENT: (404, "not_found", "The file is not there any more."),
    errno.EFBIG: (507, "disk_full", "The file system takes no file that large."),
    errno.ENAMETOOLONG: (400, "bad_request", "A name is longer than the file system allows."),
}
_TEXTS = {
    404: "There is nothing under this address.",
    405: "This address does not take that method.",
    413: "The request is larger than --max-upload-size allows.",
}


class RequestError(EngineError):
    """A request cannot be understood or fulfilled.

    Attributes:
        status: HTTP status of the answer.
        kind: Stable name of the problem.
    """

    code = "bad_request"

    def __init__(self, text: str, *, status: int = 400, kind: str = "bad_request") -> None:
        self.status, self.kind = status, kind
        super().__init__(text)


def json_answer(value: Any, status: int = 200) -> web.Response:
    """Return a value as JSON; what JSON cannot say (NaN, infinity) becomes null."""
    try:
        body = msgspec.json.encode(value)
    except UnicodeEncodeError:
        body = msgspec.json.encode(_readable(value))
    return json_bytes(body, status)


def _readable(value: Any) -> Any:
    """Return a value with question marks for what is no text: file names may be any bytes."""
    match value:
        case str():
            return value.encode("utf-8", "replace").decode()
        case dict():
            return {_readable(key): _readable(item) for key, item in value.items()}
        case list() | tuple():
            return [_readable(item) for item in value]
        case _:
            return value


def json_bytes(body: bytes, status: int = 200) -> web.Response:
    """Return JSON text."""
    return web.Response(body=body, status=status, content_type="application/json", charset="utf-8")


def problem(status: int, kind: str, text: str) -> web.Response:
    """Return a failure in the shape that rejected prompts have, too."""
    error = {"type": kind, "message": text, "details": "", "extra_info": {}}
    return json_answer({"error": error, "node_errors": {}}, status)


async def read_json(request: web.Request, kind: type[T]) -> T:
    """Return the body as `kind`; its media type is not looked at, many clients send a wrong one.

    Raises: RequestError, when it is no JSON or has another shape.
    """
    if request.content_type.startswith("multipart/"):
        raise RequestError(
            f"The body is {request.content_type}; expected JSON (application/json).",
            status=415,
            kind="unsupported_media_type",
        )
    return decode_json(await read_body(request), kind)


async def read_body(request: web.Request) -> bytes:
    """Return the body; what says that it is too large is not waited for.

    Raises: web.HTTPRequestEntityTooLarge.
    """
    size, limit = request.content_length or 0, request.client_max_size
    if size > limit:
        raise web.HTTPRequestEntityTooLarge(max_size=limit, actual_size=size)
    return await request.read()


def decode_json(body: bytes | str, kind: type[T]) -> T:
    """Return JSON text as `kind`. Raises: RequestError."""
    try:
        return msgspec.json.decode(body, type=kind, strict=False)
    except (msgspec.DecodeError, UnicodeError) as error:
        raise RequestError(f"The body is not what was expected: {error}.") from error
    except RecursionError as error:
        raise RequestError("The body is nested too deeply.") from error


def answer_to(error: Exception) -> web.Response:
    """Return the answer to a request whose handler raised `error`."""
    if isinstance(error, web.HTTPException):
        return _http_answer(error)
    if isinstance(error, RequestError):
        return problem(error.status, error.kind, str(error))
    if isinstance(error, EngineError):
        if isinstance(error, PromptRejectedError):
            return json_answer({"error": error.error, "node_errors": error.node_errors}, 400)
        return problem(_status_of(error), error.code, str(error))
    if isinstance(error, web.RequestPayloadError | HttpProcessingError):
        return problem(400, "bad_request", "The body of the request is damaged.")
    if isinstance(error, ConnectionError):
        return problem(400, "bad_request", "The client left before the request was complete.")
    if isinstance(error, OSError) and error.errno in _FILE_PROBLEMS:
        return problem(*_FILE_PROBLEMS[error.errno])
    _LOG.error("A request failed", exc_info=error)
    return problem(500, "internal_error", "The server failed; its log says why.")


def _status_of(error: EngineError) -> int:
    return next((status for kind, status in _STATUS.items() if isinstance(error, kind)), 400)


def _http_answer(error: web.HTTPException) -> web.Response:
    kind = error.reason.lower().replace(" ", "_")
    answer = problem(error.status, kind, _TEXTS.get(error.status, error.text or error.reason))
    for name in ("Allow", "Location"):
        if name in error.headers:
            answer.headers[name] = error.headers[name]
    return answer
