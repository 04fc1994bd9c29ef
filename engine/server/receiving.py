"""Takes in uploads: streamed to a temporary file, checked, then put in place in one step."""

from __future__ import annotations

import asyncio
import errno
import hashlib
import itertools
import os
import shutil
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from aiohttp import BodyPartReader, web
from aiohttp.http import HttpProcessingError

from engine.server.answers import RequestError
from engine.unfinished import unfinished

_CHUNK_BYTES = 1 << 18
_FIELD_BYTES = 1 << 16
_MAX_PARTS = 32
_NO_LINKS = {errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK}


@dataclass(slots=True)
class Upload:
    """A multipart form with one file.

    Attributes:
        file: Where its bytes are; deleted after the request.
        name: The name the client gave it.
        digest: SHA-256 of its content.
        fields: The other parts.
    """

    file: Path
    name: str
    digest: str
    fields: dict[str, str] = field(default_factory=dict)


@asynccontextmanager
async def received(
    request: web.Request, part_name: str, limit: int, folder: Path
) -> AsyncIterator[Upload]:
    """Take in a form with a file in the part `part_name`; it lies in `folder` meanwhile.

    Raises: RequestError, when it is no form, has no file or is larger than `limit` bytes.
    """
    if not request.content_type.startswith("multipart/"):
        raise RequestError(
            "An upload must be a form (multipart/form-data).",
            status=415,
            kind="unsupported_media_type",
        )
    if (request.content_length or 0) > limit + _FIELD_BYTES:
        raise _too_large(limit)
    with _in_folder(folder) as file:
        yield await _read_form(request, part_name, file, limit)


async def _read_form(request: web.Request, part_name: str, target: Path, limit: int) -> Upload:
    name, digest, fields = "", "", {}
    try:
        form = await request.multipart()
        for _ in range(_MAX_PARTS):
            part = await form.next()
            if part is None:
                break
            if not isinstance(part, BodyPartReader):
                raise RequestError("A form inside a form is not understood.")
            if part.name == part_name:
                name, digest = part.filename or "", await _write(part, target, limit)
            elif part.name is not None:
                fields[part.name] = await _read_field(part)
        else:
            raise RequestError(f"The form has more than {_MAX_PARTS} parts.")
    except (HttpProcessingError, ValueError, LookupError, EOFError) as error:
        raise RequestError("The form is damaged.") from error
    if not digest:
        raise RequestError(f'The form has no file in the part "{part_name}".')
    return Upload(target, name, digest, fields)


async def _write(part: BodyPartReader, target: Path, limit: int) -> str:
    hasher, size = hashlib.sha256(), 0
    with target.open("wb") as file:
        while chunk := await part.read_chunk(_CHUNK_BYTES):
            size += len(chunk)
            if size > limit:
                raise _too_large(limit)
            hasher.update(chunk)
            await asyncio.to_thread(file.write, chunk)
    return hasher.hexdigest()


async def _read_field(part: BodyPartReader) -> str:
    body = b""
    while chunk := await part.read_chunk(_FIELD_BYTES):
        body += chunk
        if len(body) > _FIELD_BYTES:
            raise RequestError(f'The part "{part.name}" is larger than {_FIELD_BYTES} bytes.')
    return body.decode("utf-8", "replace")


def _too_large(limit: int) -> RequestError:
    return RequestError(
        f"The upload is larger than {limit >> 20} MiB (--max-upload-size).",
        status=413,
        kind="request_entity_too_large",
    )


def put_file(source: Path, digest: str, target: Path, *, overwrite: bool) -> Path:
    """Copy an upload to its place; return where it is.

    Without `overwrite` an equal file is used as it is, and a different one of that name makes
    " (1)", " (2)" … part of the new one's. Nobody ever sees half a file.
    """
    with _in_folder(target.parent) as temporary:
        shutil.copyfile(source, temporary)
        if overwrite:
            temporary.replace(target)
            return target
        for place in _numbered(target):
            if _take(temporary, place) or (place.is_file() and digest_of(place) == digest):
                return place
    raise AssertionError("counting up ends at a free name")


def write_file(target: Path, content: bytes, *, overwrite: bool) -> bool:
    """Write a file in one step, folders as needed; False when it exists and may not be replaced."""
    with _in_folder(target.parent) as temporary:
        temporary.write_bytes(content)
        if not overwrite:
            return _take(temporary, target)
        temporary.replace(target)
        return True


def _take(temporary: Path, place: Path) -> bool:
    """Move a file to a name that must be free; False when it is not."""
    try:
        os.link(temporary, place)
    except FileExistsError:
        return False
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
    else:
        return True
    # This file system has no links: the name is taken first, then filled in one step.
    try:
        place.open("xb").close()
    except FileExistsError:
        return False
    temporary.replace(place)
    return True


def digest_of(path: Path) -> str:
    """Return the SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@contextmanager
def _in_folder(folder: Path) -> Iterator[Path]:
    """Give a temporary file; it is gone afterwards, and at the next start after a kill."""
    folder.mkdir(parents=True, exist_ok=True)
    with unfinished(folder) as path:
        yield path


def _numbered(target: Path) -> Iterator[Path]:
    yield target
    for number in itertools.count(1):
        yield target.with_name(f"{target.stem} ({number}){target.suffix}")
