"""Pictures of sampling in progress."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from PIL import Image
from torch import Tensor

from engine.compat.host import current
from engine.compat.hosting.missing import NotOfferedError, unoffered
from engine.compat.hosting.sampling_facts import LatentFormatFacts
from engine.errors import InvalidValueError
from engine.registry.running import current_context
from engine.sampling.preview import latent_preview

__getattr__ = unoffered(__name__)

MAX_PREVIEW_RESOLUTION = 512


class LatentPreviewer:
    """Makes pictures of scaled latents (B, C, h, w): the base of packs' own previewers.

    They define one of its methods, or both, so neither is abstract.
    """

    def decode_latent_to_preview(self, x0: Tensor) -> Image.Image:
        """Raises: NotOfferedError: how a picture is made, a subclass says."""
        raise NotOfferedError(
            f"{type(self).__name__}.decode_latent_to_preview",
            "Define it in the class: it returns a picture of the first latent.",
        )

    def decode_latent_to_preview_image(
        self, preview_format: str, x0: Tensor
    ) -> tuple[str, Image.Image, int]:
        """Return (format, picture, largest side), as progress bars take it."""
        return preview_format, self.decode_latent_to_preview(x0), MAX_PREVIEW_RESOLUTION


class Latent2RGBPreviewer(LatentPreviewer):
    """A linear map from latent channels to colours."""

    def __init__(self, latent_format: LatentFormatFacts) -> None:
        self._format = latent_format.native

    def decode_latent_to_preview(self, x0: Tensor) -> Image.Image:
        """Return a picture of the first latent."""
        preview = latent_preview(x0, self._format)
        if preview is None:
            raise InvalidValueError("latent format", self._format, "one with preview colours")
        picture: Image.Image = preview.render()
        return picture


def get_previewer(
    device: torch.device, latent_format: LatentFormatFacts
) -> Latent2RGBPreviewer | None:
    """Return a previewer; None without known colours, or when a pack has set previews off."""
    if latent_format.native.rgb is None or current().preview_method == "none":
        return None
    return Latent2RGBPreviewer(latent_format)


def prepare_callback(
    model: Any, steps: int, x0_output_dict: dict[str, Any] | None = None
) -> Callable[[int, Tensor, Tensor, int], None]:
    """Return a step callback that reports progress of the running node, with a preview.

    Args:
        x0_output_dict: Its "x0" is set to the newest clean estimate, a scaled latent.
    """
    context = current_context()
    native = model.model.latent_format.native
    shown = current().preview_method != "none"

    def callback(step: int, x0: Tensor, x: Tensor, total_steps: int) -> None:
        if x0_output_dict is not None:
            x0_output_dict["x0"] = x0
        if context is not None:
            preview = latent_preview(x0, native) if shown else None
            context.progress(step + 1, total_steps, preview)

    return callback
