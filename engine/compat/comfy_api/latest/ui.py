"""Results that V3 nodes show in the editor: `io.NodeOutput(..., ui=ui.PreviewImage(image))`."""

from __future__ import annotations

import random
import string
from collections.abc import Callable, Mapping
from typing import Any, BinaryIO

import torch
from PIL import Image

from engine.imaging.convert import to_pictures
from engine.imaging.embedding import metadata_texts
from engine.imaging.encoding import (
    DEFAULT_COMPRESS_LEVEL,
    WebpQuality,
    write_animated_png,
    write_animated_webp,
    write_png,
)
from engine.imaging.saving import SavePath
from engine.registry.running import current_context
from engine.registry.spec import Folders, NodeContext
from engine.registry.v3.node import ComfyNode
from engine.registry.v3.options import FolderType

_FAST = 1  # previews do not live long: speed counts, not size


class SavedResult(dict[str, Any]):
    """One file that was written, as clients ask for it."""

    def __init__(self, filename: str, subfolder: str, type: FolderType) -> None:  # noqa: A002
        super().__init__(filename=filename, subfolder=subfolder, type=FolderType(type).value)

    @property
    def filename(self) -> str:
        """The file's name."""
        return str(self["filename"])

    @property
    def subfolder(self) -> str:
        """Its place within the folder; "" for the folder itself."""
        return str(self["subfolder"])

    @property
    def type(self) -> FolderType:
        """Its folder."""
        return FolderType(self["type"])


class SavedImages:
    """Pictures that were saved."""

    def __init__(self, results: list[SavedResult], is_animated: bool = False) -> None:
        self.results, self.is_animated = results, is_animated

    def as_dict(self) -> dict[str, Any]:
        """Return the UI keys of contract §4.4."""
        animated = {"animated": (True,)} if self.is_animated else {}
        return {"images": self.results} | animated


class PreviewText:
    """A text shown on the node."""

    def __init__(self, value: str) -> None:
        self.value = value

    def as_dict(self) -> dict[str, Any]:
        """Return the UI keys of contract §4.4."""
        return {"text": (self.value,)}


class PreviewUI3D:
    """A 3-D model file, with the camera it is seen through."""

    def __init__(self, model_file: str, camera_info: Mapping[str, Any] | None = None) -> None:
        self.model_file, self.camera_info = model_file, camera_info

    def as_dict(self) -> dict[str, Any]:
        """Return the UI keys of contract §4.4."""
        return {"result": [self.model_file, self.camera_info]}


class PreviewImage:
    """Pictures of a (B, H, W, C) image in [0, 1], saved to the temp folder and shown.

    Raises: as `ImageSaveHelper`.
    """

    def __init__(
        self, image: torch.Tensor, animated: bool = False, cls: type[ComfyNode] | None = None
    ) -> None:
        prefix = "ComfyUI_temp_" + "".join(random.choices(string.ascii_lowercase, k=5))
        self.values = ImageSaveHelper.save_images(image, prefix, FolderType.temp, cls, _FAST)
        self.animated = animated

    def as_dict(self) -> dict[str, Any]:
        """Return the UI keys of contract §4.4."""
        return {"images": self.values, "animated": (self.animated,)}


class PreviewMask(PreviewImage):
    """A (B, H, W) or (H, W) mask, shown as a grey picture."""

    def __init__(
        self, mask: torch.Tensor, animated: bool = False, cls: type[ComfyNode] | None = None
    ) -> None:
        grey = mask.reshape(-1, *mask.shape[-2:], 1).expand(-1, -1, -1, 3)
        super().__init__(grey, animated, cls)


class ImageSaveHelper:
    """Saves pictures from within a running node; `cls` is the node, whose run is embedded.

    Raises: LookupError, outside of a running node; ForbiddenPathError, when the prefix leads out
        of the folder; SaveError; InvalidValueError, when the image holds NaN.
    """

    @staticmethod
    def save_images(
        images: torch.Tensor,
        filename_prefix: str,
        folder_type: FolderType,
        cls: type[ComfyNode] | None,
        compress_level: int = DEFAULT_COMPRESS_LEVEL,
    ) -> list[SavedResult]:
        """Write one PNG per image."""
        files = _Files(images, filename_prefix, folder_type, cls)

        def write(picture: Image.Image, item: int) -> SavedResult:
            return files.write(
                ".png", lambda file: write_png(picture, file, files.texts, compress_level), item
            )

        return [write(picture, item) for item, picture in enumerate(files.pictures)]

    @staticmethod
    def get_save_images_ui(
        images: torch.Tensor,
        filename_prefix: str,
        cls: type[ComfyNode] | None,
        compress_level: int = DEFAULT_COMPRESS_LEVEL,
    ) -> SavedImages:
        """Write one PNG per image to the output folder and return what shows them."""
        return SavedImages(
            ImageSaveHelper.save_images(
                images, filename_prefix, FolderType.output, cls, compress_level
            )
        )

    @staticmethod
    def save_animated_png(
        images: torch.Tensor,
        filename_prefix: str,
        folder_type: FolderType,
        cls: type[ComfyNode] | None,
        fps: float,
        compress_level: int,
    ) -> SavedResult:
        """Write the images as one animated PNG."""
        files = _Files(images, filename_prefix, folder_type, cls)
        return files.write(
            ".png",
            lambda file: write_animated_png(files.pictures, file, files.texts, fps, compress_level),
        )

    @staticmethod
    def get_save_animated_png_ui(
        images: torch.Tensor,
        filename_prefix: str,
        cls: type[ComfyNode] | None,
        fps: float,
        compress_level: int,
    ) -> SavedImages:
        """Write an animated PNG to the output folder and return what shows it."""
        saved = ImageSaveHelper.save_animated_png(
            images, filename_prefix, FolderType.output, cls, fps, compress_level
        )
        return SavedImages([saved], is_animated=len(images) > 1)

    @staticmethod
    def save_animated_webp(
        images: torch.Tensor,
        filename_prefix: str,
        folder_type: FolderType,
        cls: type[ComfyNode] | None,
        fps: float,
        lossless: bool,
        quality: int,
        method: int,
    ) -> SavedResult:
        """Write the images as one animated WebP."""
        files = _Files(images, filename_prefix, folder_type, cls)
        settings = WebpQuality(lossless, quality, method)
        return files.write(
            ".webp",
            lambda file: write_animated_webp(files.pictures, file, files.texts, fps, settings),
        )

    @staticmethod
    def get_save_animated_webp_ui(
        images: torch.Tensor,
        filename_prefix: str,
        cls: type[ComfyNode] | None,
        fps: float,
        lossless: bool,
        quality: int,
        method: int,
    ) -> SavedImages:
        """Write an animated WebP to the output folder and return what shows it."""
        saved = ImageSaveHelper.save_animated_webp(
            images, filename_prefix, FolderType.output, cls, fps, lossless, quality, method
        )
        return SavedImages([saved], is_animated=len(images) > 1)


class _Files:
    """The pictures of one image batch, and the numbered files they go to."""

    def __init__(
        self,
        images: torch.Tensor,
        prefix: str,
        folder_type: FolderType,
        cls: type[ComfyNode] | None,
    ) -> None:
        context = _running_context()
        folders = context.service(Folders)  # type: ignore[type-abstract]  # a protocol is the key
        self.kind = FolderType(folder_type)
        self.pictures: list[Image.Image] = to_pictures(images)
        width, height = self.pictures[0].size
        self.names = SavePath.of(folders.directory(self.kind.value), prefix, width, height)
        embedded = cls is not None
        self.texts = metadata_texts(context.prompt, context.extra_pnginfo) if embedded else {}

    def write(self, suffix: str, write: Callable[[BinaryIO], None], item: int = 0) -> SavedResult:
        name = self.names.write(suffix, write, item)
        return SavedResult(name, self.names.subfolder, self.kind)


def _running_context() -> NodeContext:
    context = current_context()
    if context is None:
        raise LookupError("ui: no node is running here, so there is no folder to save to.")
    return context
