"""Saves a batch of images as one animated file."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Annotated, BinaryIO, Literal

import torch
from PIL import Image as PillowImage

from engine.imaging.checks import check_image
from engine.imaging.convert import to_pictures
from engine.imaging.encoding import (
    DEFAULT_COMPRESS_LEVEL,
    WebpQuality,
    write_animated_png,
    write_animated_webp,
)
from engine.registry.decorator import node
from engine.registry.spec import NodeContext
from engine.registry.widgets import Number
from engine.types import Image, Ui
from nodes.image.result_files import ResultFolder, texts

_METHODS = {"default": 4, "fastest": 0, "slowest": 6}


@node("SaveAnimatedWEBP", category="image/animation", output=True)
async def save_animated_webp(
    images: Image,
    context: NodeContext,
    filename_prefix: str = "ComfyUI",
    fps: Annotated[float, Number(0.01, 1000.0, 0.01)] = 6.0,
    lossless: bool = True,
    quality: Annotated[int, Number(0, 100, 1)] = 80,
    method: Literal["default", "fastest", "slowest"] = "default",
) -> Ui:
    """Save a batch of images as one animated WebP in the output folder, with the workflow inside.

    Args:
        filename_prefix: Start of the file name; see Save Image.
        fps: Images a second.
        lossless: Keep every detail; the quality is then the effort.
        quality: Larger is better and takes more space.
        method: Slower makes smaller files.
    """
    settings = WebpQuality(lossless, quality, _METHODS[method])
    embedded = texts(context)

    def write(pictures: list[PillowImage.Image], file: BinaryIO) -> None:
        write_animated_webp(pictures, file, embedded, fps, settings)

    return await _save(context, images, filename_prefix, ".webp", write)


@node("SaveAnimatedPNG", category="image/animation", output=True)
async def save_animated_png(
    images: Image,
    context: NodeContext,
    filename_prefix: str = "ComfyUI",
    fps: Annotated[float, Number(0.01, 1000.0, 0.01)] = 6.0,
    compress_level: Annotated[int, Number(0, 9, 1)] = DEFAULT_COMPRESS_LEVEL,
) -> Ui:
    """Save a batch of images as one animated PNG in the output folder, with the workflow inside.

    Args:
        filename_prefix: Start of the file name; see Save Image.
        fps: Images a second.
        compress_level: 0 is fast and large, 9 slow and small; the picture is the same.
    """
    embedded = texts(context)

    def write(pictures: list[PillowImage.Image], file: BinaryIO) -> None:
        write_animated_png(pictures, file, embedded, fps, compress_level)

    return await _save(context, images, filename_prefix, ".png", write)


async def _save(
    context: NodeContext,
    images: torch.Tensor,
    prefix: str,
    suffix: str,
    write: Callable[[list[PillowImage.Image], BinaryIO], None],
) -> Ui:
    height, width = check_image(images, "images").shape[1:3]
    folder = ResultFolder.of(context, "output", prefix, width, height)

    def save() -> dict[str, str]:
        pictures = to_pictures(images)
        return folder.write(suffix, lambda file: write(pictures, file))

    return Ui(images=[await asyncio.to_thread(save)], animated=[True])
