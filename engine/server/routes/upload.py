"""Uploading pictures and masks."""

from __future__ import annotations

import asyncio
import hashlib
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import msgspec
from aiohttp import web

from engine.server.answers import RequestError, decode_json, json_answer
from engine.server.description import described
from engine.server.paths import new_file, picture_file
from engine.server.pictures import check_picture, is_picture_name, with_alpha_of
from engine.server.receiving import Upload, put_file, received
from engine.server.services import Services, services_of

routes = web.RouteTableDef()

_FORM = {
    "image": "the file",
    "type": "input (default), temp or output",
    "subfolder": "inside that folder",
    "overwrite": "true or 1: replace a file of that name",
}


class OriginalReference(msgspec.Struct, kw_only=True):
    """The picture a mask belongs to."""

    filename: str
    type: str = "output"
    subfolder: str = ""


@routes.post("/upload/image")
@described(form=_FORM)
async def post_image(request: web.Request) -> web.Response:
    """Save a file; an equal one is used again, a different one of that name is kept beside."""
    services = services_of(request)
    async with _received(request) as upload:
        target = _target(services, upload)
        loop = asyncio.get_running_loop()
        if is_picture_name(target.name):
            await loop.run_in_executor(services.pictures, check_picture, upload.file, upload.name)
        return await _place(services, upload, upload.digest, target)


@routes.post("/upload/mask")
@described(form={**_FORM, "original_ref": "JSON: the picture the mask belongs to"})
async def post_mask(request: web.Request) -> web.Response:
    """Save the original picture with the alpha of the uploaded one, as PNG."""
    services = services_of(request)
    async with _received(request) as upload:
        reference = decode_json(upload.fields.get("original_ref", ""), OriginalReference)
        original = await asyncio.to_thread(
            picture_file,
            services.folders,
            reference.filename,
            reference.type,
            reference.subfolder,
        )
        target = _target(services, upload)
        loop = asyncio.get_running_loop()
        png = await loop.run_in_executor(
            services.pictures, with_alpha_of, original, upload.file, upload.name
        )
        await asyncio.to_thread(upload.file.write_bytes, png)
        return await _place(services, upload, hashlib.sha256(png).hexdigest(), target)


def _received(request: web.Request) -> AbstractAsyncContextManager[Upload]:
    services = services_of(request)
    limit = services.settings.max_upload_bytes
    return received(request, "image", limit, services.folders.directory("temp"))


def _target(services: Services, upload: Upload) -> Path:
    if not upload.name:
        raise RequestError("The uploaded file has no name.")
    return new_file(
        services.folders,
        upload.name,
        upload.fields.get("type", "input"),
        upload.fields.get("subfolder", ""),
    )


async def _place(services: Services, upload: Upload, digest: str, target: Path) -> web.Response:
    overwrite = upload.fields.get("overwrite", "").lower() in ("true", "1")
    place = await asyncio.to_thread(put_file, upload.file, digest, target, overwrite=overwrite)
    kind = upload.fields.get("type", "input")
    root = services.folders.directory(kind).resolve()
    subfolder = place.parent.relative_to(root).as_posix()
    return json_answer(
        {"name": place.name, "subfolder": "" if subfolder == "." else subfolder, "type": kind}
    )
