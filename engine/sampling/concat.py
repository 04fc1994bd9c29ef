"""What inpainting and editing networks see beside the latent, as further input channels."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from engine.errors import InvalidValueError
from engine.sampling.inpaint import fit_mask
from engine.types import LatentFormat

_GREY = (0.8223, -0.6876, 0.6364, 0.1380)
"""Scaled SD 1.x latent of a mid-grey picture: what inpainting models saw under their mask."""


@dataclass(frozen=True, slots=True, eq=False)
class ConcatInputs:
    """Further input channels of a model on one latent.

    Attributes:
        channels: How many the network takes; 0 for most.
        latent: (B, C, h, w) the run's own latent, scaled, used when the conditioning brings no
            picture but the latent has a mask.
        noise_mask: The mask on the run's latent, of any size.
    """

    channels: int
    latent_format: LatentFormat
    latent: Tensor
    noise_mask: Tensor | None = None

    def of(self, keys: Mapping[str, Any]) -> Tensor | None:
        """Return (B, channels, h, w) for a conditioning entry; None when the network takes none.

        Raises: InvalidValueError, when the channels are those of no known kind of model.
        """
        if self.channels == 0:
            return None
        picture = keys.get("concat_latent_image")
        if self.channels == self.latent_format.channels:
            # Editing models (arXiv:2211.09800) take the picture's latent as the VAE gives it.
            return torch.zeros_like(self.latent) if picture is None else self._fit(picture)
        if self.channels == self.latent_format.channels + 1:
            return self._inpainting(picture, keys.get("concat_mask", self.noise_mask))
        raise InvalidValueError(
            "Diffusion model",
            f"{self.channels} further input channels",
            "an inpainting or an editing model",
        )

    def _inpainting(self, picture: Tensor | None, mask: Tensor | None) -> Tensor:
        """Return mask and picture, as arXiv:2112.10752 trained its inpainting models."""
        if mask is None:
            grey = self.latent.new_tensor(_GREY).view(1, -1, 1, 1).expand_as(self.latent)
            return torch.cat([torch.ones_like(self.latent[:, :1]), grey], dim=1)
        shown = self.latent
        if picture is not None:
            space = self.latent_format
            shown = self._fit((picture - space.shift) * space.scale)
        return torch.cat([fit_mask(mask, self.latent).round(), shown], dim=1)

    def _fit(self, picture: Tensor) -> Tensor:
        """Bring a picture's latent to the size, batch and device of the run's."""
        like = self.latent
        picture = picture.to(like.device, like.dtype)
        if picture.shape[-2:] != like.shape[-2:]:
            picture = functional.interpolate(picture, size=like.shape[-2:], mode="bilinear")
        return picture.repeat(-(-len(like) // len(picture)), 1, 1, 1)[: len(like)]
