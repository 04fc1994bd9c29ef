"""Serves files of strangers: known harmless types are shown, everything else is downloaded."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import quote

from aiohttp import hdrs, web
from aiohttp.abc import AbstractStreamWriter

INLINE_TYPES = {
    ".png": "image/png",
    ".apng": "image/apng",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".webp": "image/webp",
    ".gif": "image/gif",
    ".avif": "image/avif",
    ".bmp": "image/bmp",
    ".mp4": "video/mp4",
    ".webm": "video/webm",
    ".mov": "video/quicktime",
    ".mkv": "video/x-matroska",
    ".flac": "audio/flac",
    ".mp3": "audio/mpeg",
    ".ogg": "audio/ogg",
    ".opus": "audio/ogg",
    ".wav": "audio/wav",
    ".m4a": "audio/mp4",
    ".json": "application/json",
    ".txt": "text/plain",
}
"""What a browser may show: none of it can hold a script."""

PICTURE_AGE_S = 86400


class StoredFile(web.FileResponse):
    """A file as it lies there: aiohttp would send `a.txt.gz` in place of `a.txt`."""

    async def prepare(self, request: web.BaseRequest) -> AbstractStreamWriter | None:
        """Answer as to a client that takes no compressed files."""
        headers = request.headers.copy()
        headers.pop(hdrs.ACCEPT_ENCODING, None)
        return await super().prepare(request.clone(headers=headers))


def served_file(path: Path) -> web.FileResponse:
    """Return a file with Range, ETag and a type from the allow-list, else as a download."""
    media_type = INLINE_TYPES.get(path.suffix.lower())
    response = StoredFile(path, headers=file_headers(path.name, media_type is not None))
    response.content_type = media_type or "application/octet-stream"
    if media_type == "text/plain":
        response.charset = "utf-8"
    return response


def file_headers(name: str, inline: bool) -> dict[str, str]:
    """Return the headers that say how a file of that name is presented."""
    return {
        hdrs.CONTENT_DISPOSITION: content_disposition(name, "inline" if inline else "attachment")
    }


def content_disposition(name: str, kind: str) -> str:
    """Return a header value no name can break out of (RFC 6266)."""
    plain = "".join(c if " " <= c <= "~" and c not in '"\\%' else "_" for c in name)
    value = f'{kind}; filename="{plain}"'
    if plain == name:
        return value
    return f"{value}; filename*=UTF-8''{quote(name.encode('utf-8', 'replace'), safe='')}"
