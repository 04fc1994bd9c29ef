"""The VAE and CLIP values as packs know them."""

from __future__ import annotations

import torch

from engine.compat.hosting.missing import Facade, NotOfferedError
from engine.compat.hosting.values import to_native, to_pack
from engine.errors import InvalidValueError
from engine.models.vae import FirstStage
from engine.text.clip import Clip


class VAE(Facade):
    """First stage between pictures (B, H, W, C) in [0, 1] and unscaled latents (B, C, h, w)."""

    def __init__(self, sd: object = None) -> None:
        if not isinstance(sd, FirstStage):
            raise NotOfferedError("VAE(…) of loose weights", "Load the file with a VAE loader.")
        self._native = sd

    @property
    def native(self) -> FirstStage:
        """The immutable value."""
        return self._native

    @property
    def downscale_ratio(self) -> int:
        """Pixels per latent cell."""
        return self._native.downscale

    upscale_ratio = downscale_ratio

    @property
    def latent_channels(self) -> int:
        """Channels of its latents."""
        return self._native.latent_channels

    @property
    def device(self) -> torch.device:
        """Where it computes."""
        return self._native.residency.device

    @property
    def output_device(self) -> torch.device:
        """Where its results are."""
        return torch.device("cpu")

    @property
    def vae_dtype(self) -> torch.dtype:
        """The type it computes in."""
        return self._native.dtype

    def spacial_compression_decode(self) -> int:
        """Return pixels per latent cell."""
        return self._native.downscale

    spacial_compression_encode = spacial_compression_decode

    def encode(self, pixel_samples: torch.Tensor) -> torch.Tensor:
        """Return the latents of pictures."""
        return self._native.encode(pixel_samples)

    def decode(self, samples_in: torch.Tensor) -> torch.Tensor:
        """Return the pictures of latents."""
        return self._native.decode(samples_in)

    def encode_tiled(
        self,
        pixel_samples: torch.Tensor,
        tile_x: int | None = None,
        tile_y: int | None = None,
        overlap: int | None = None,
    ) -> torch.Tensor:
        """As `encode`, in square tiles; sizes in pixels. Raises: InvalidValueError."""
        tile = _square(tile_x, tile_y, 512)
        return self._native.encode_tiled(pixel_samples, tile, 64 if overlap is None else overlap)

    def decode_tiled(
        self,
        samples: torch.Tensor,
        tile_x: int | None = None,
        tile_y: int | None = None,
        overlap: int | None = None,
    ) -> torch.Tensor:
        """As `decode`, in square tiles; sizes in latent cells. Raises: InvalidValueError."""
        tile, f = _square(tile_x, tile_y, 64), self._native.downscale
        return self._native.decode_tiled(
            samples, tile * f, (16 if overlap is None else overlap) * f
        )


def _square(tile_x: int | None, tile_y: int | None, usual: int) -> int:
    sides = {side for side in (tile_x, tile_y) if side is not None}
    if len(sides) > 1:
        raise InvalidValueError("VAE tile", f"{tile_x} x {tile_y}", "a square tile")
    return sides.pop() if sides else usual


@to_pack.register
def _(value: FirstStage) -> VAE:
    return VAE(value)


@to_native.register
def _(value: VAE) -> FirstStage:
    return value.native


@to_native.register
def _(value: Clip) -> Clip:
    # A pack may hold on to its clone; what travels on must not change under others.
    return value.with_network(value.network)
