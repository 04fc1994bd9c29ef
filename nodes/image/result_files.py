"""What the nodes share that save or show pictures: names, metadata and the UI entry."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import BinaryIO, Final, Literal

import torch
from PIL import Image

from engine.imaging.checks import check_image
from engine.imaging.convert import to_pictures
from engine.imaging.embedding import metadata_texts
from engine.imaging.encoding import DEFAULT_COMPRESS_LEVEL, write_png
from engine.imaging.saving import SavePath
from engine.registry.spec import Folders, NodeContext
from engine.types import Ui

FAST: Final = 1
"""Compression of previews: they do not live long, so speed counts, not size."""

Entry = dict[str, str]
"""One file for the canvas: {"filename", "subfolder", "type"}."""


@dataclass(frozen=True, slots=True)
class ResultFolder:
    """One node's files in the output or temp folder."""

    names: SavePath
    kind: str

    @classmethod
    def of(
        cls,
        context: NodeContext,
        kind: Literal["output", "temp"],
        prefix: str,
        width: int = 0,
        height: int = 0,
    ) -> ResultFolder:
        """Plan file names. Raises: ForbiddenPathError, when the prefix leads out of the folder."""
        root = folders(context).directory(kind)
        return cls(SavePath.of(root, prefix, width, height), kind)

    def write(self, suffix: str, write: Callable[[BinaryIO], None], item: int = 0) -> Entry:
        """Write one file and return its entry. Raises: SaveError."""
        name = self.names.write(suffix, write, item)
        return {"filename": name, "subfolder": self.names.subfolder, "type": self.kind}


def folders(context: NodeContext) -> Folders:
    """Return the host's folders."""
    return context.service(Folders)  # type: ignore[type-abstract]  # a protocol is the key


def texts(context: NodeContext) -> dict[str, str]:
    """Return the metadata texts of this run; empty when metadata is off."""
    return metadata_texts(context.prompt, context.extra_pnginfo)


async def save_pngs(
    context: NodeContext,
    images: torch.Tensor,
    kind: Literal["output", "temp"],
    prefix: str,
    compress_level: int = DEFAULT_COMPRESS_LEVEL,
) -> list[Entry]:
    """Write one PNG per image of a batch, in a thread: the device goes on with the next node.

    Raises: InvalidValueError, ForbiddenPathError, SaveError.
    """
    return await asyncio.to_thread(_png_writer(context, images, kind, prefix, compress_level))


def show_pngs(context: NodeContext, images: torch.Tensor, prefix: str) -> Ui:
    """Write previews of a batch into the temp folder at once; return what shows them on the node.

    Raises: InvalidValueError, ForbiddenPathError, SaveError.
    """
    return Ui(images=_png_writer(context, images, "temp", prefix, FAST)())


def _png_writer(
    context: NodeContext,
    images: torch.Tensor,
    kind: Literal["output", "temp"],
    prefix: str,
    compress_level: int,
) -> Callable[[], list[Entry]]:
    """Plan the names of a batch; return what writes its files. Raises: as `save_pngs`."""
    height, width = check_image(images, "images").shape[1:3]
    folder = ResultFolder.of(context, kind, prefix, width, height)
    embedded = texts(context)

    def save(item: int, picture: Image.Image) -> Entry:
        def write(file: BinaryIO) -> None:
            write_png(picture, file, embedded, compress_level)

        return folder.write(".png", write, item)

    def save_all() -> list[Entry]:
        return [save(item, picture) for item, picture in enumerate(to_pictures(images))]

    return save_all
