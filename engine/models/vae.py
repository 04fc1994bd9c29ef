"""The VAE value: an autoencoder between pictures and latents (arXiv:2112.10752, section 3.1)."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Final

import torch

from engine.errors import InvalidValueError
from engine.models.component import Component
from engine.models.residency import Residency
from engine.models.tiling import run_tiled

_BYTES_PER_VALUE: Final = 4
_FULL_SIZE_TENSORS: Final = 4  # measured at 512×512: 3.0 to decode, 2.5 to encode


@dataclass(frozen=True, kw_only=True, eq=False)
class FirstStage(ABC):
    """Implements `engine.types.Autoencoder`. Batches are worked on one picture at a time.

    Attributes:
        downscale: Pixels per latent cell along each side.
        image_channels: Channels of pictures; further ones (alpha) are dropped on encoding.
        width: Channels at full resolution, which decide the memory needed.
    """

    component: Component
    residency: Residency
    downscale: int
    latent_channels: int
    image_channels: int
    width: int

    def encode(self, image: torch.Tensor) -> torch.Tensor:
        """Return (B, C, H/f, W/f) float32 on the CPU.

        Args:
            image: (B, H, W, C) in [0, 1]; cropped around its centre to multiples of f.

        Raises: InvalidValueError, when it is smaller than one latent cell or has another shape.
        """
        pixels = self._pixels(image)
        with self._loaded(pixels.shape[-2] * pixels.shape[-1]) as network:
            return torch.cat(
                [self._encode(network, self._to_device(item)) for item in torch.split(pixels, 1)]
            )

    def decode(self, latent: torch.Tensor) -> torch.Tensor:
        """Return (B, H, W, C) float32 in [0, 1] on the CPU.

        Args:
            latent: (B, C, h, w), unscaled.

        Raises: InvalidValueError, when it has another number of channels.
        """
        self._check_latent(latent)
        with self._loaded(latent.shape[-2] * latent.shape[-1] * self.downscale**2) as network:
            images = [
                self._decode(network, self._to_device(item)) for item in torch.split(latent, 1)
            ]
        return to_image(torch.cat(images))

    def encode_tiled(self, image: torch.Tensor, tile: int, overlap: int) -> torch.Tensor:
        """As `encode`, in tiles of `tile` pixels overlapping by `overlap` pixels."""
        pixels = self._pixels(image)
        tile, overlap = self._cells(tile, overlap)
        f = self.downscale
        with self._loaded((tile * f) ** 2) as network:
            return run_tiled(
                pixels,
                lambda part: self._encode(network, self._to_device(part)),
                tile=tile * f,
                overlap=overlap * f,
                scale=Fraction(1, f),
                channels=self.latent_channels,
            )

    def decode_tiled(self, latent: torch.Tensor, tile: int, overlap: int) -> torch.Tensor:
        """As `decode`, in tiles of `tile` pixels overlapping by `overlap` pixels."""
        self._check_latent(latent)
        tile, overlap = self._cells(tile, overlap)
        with self._loaded((tile * self.downscale) ** 2) as network:
            decoded = run_tiled(
                latent,
                lambda part: self._decode(network, self._to_device(part)),
                tile=tile,
                overlap=overlap,
                scale=Fraction(self.downscale),
                channels=self.image_channels,
            )
        return to_image(decoded)

    def held_tensors(self) -> Iterable[torch.Tensor]:
        """List the memory the weights take now."""
        return self.residency.held(self.component)

    @property
    def dtype(self) -> torch.dtype:
        """Compute dtype: float32, or bfloat16 on CUDA; float16 overflows in many decoders."""
        return torch.bfloat16 if self.residency.device.type == "cuda" else torch.float32

    @abstractmethod
    def _encode(self, network: Any, pixels: torch.Tensor) -> torch.Tensor:
        """Return the latent of one picture (1, 3, H, W) in [-1, 1], float32 on the CPU."""

    @abstractmethod
    def _decode(self, network: Any, latent: torch.Tensor) -> torch.Tensor:
        """Return one picture (1, 3, H, W), about [-1, 1], float32 on the CPU."""

    @contextmanager
    def _loaded(self, pixels: int) -> Iterator[Any]:
        working = pixels * self.width * _BYTES_PER_VALUE * _FULL_SIZE_TENSORS
        with (
            self.residency.use(self.component, working_bytes=working, dtype=self.dtype) as network,
            torch.no_grad(),
        ):
            yield network

    def _to_device(self, x: torch.Tensor) -> torch.Tensor:
        return x.to(self.residency.device, self.dtype).contiguous(memory_format=torch.channels_last)

    def _pixels(self, image: torch.Tensor) -> torch.Tensor:
        """Return (B, C, H, W) in [-1, 1], cropped."""
        channels, f = self.image_channels, self.downscale
        if image.dim() != 4 or image.shape[-1] < channels:
            raise InvalidValueError(
                "VAE encode, image", list(image.shape), f"[B, H, W, {channels}]"
            )
        height, width = (side - side % f for side in image.shape[1:3])
        if not (height and width):
            raise InvalidValueError(
                "VAE encode, image", list(image.shape[1:3]), f"sides of at least {f} pixels"
            )
        top, left = (image.shape[1] - height) // 2, (image.shape[2] - width) // 2
        cropped = image[:, top : top + height, left : left + width, :channels]
        return cropped.movedim(-1, 1) * 2 - 1

    def _check_latent(self, latent: torch.Tensor) -> None:
        if latent.dim() != 4 or latent.shape[1] != self.latent_channels:
            raise InvalidValueError(
                "VAE decode, latent",
                list(latent.shape),
                f"[B, {self.latent_channels}, h, w]",
                "Use the VAE that belongs to the model.",
            )

    def _cells(self, tile: int, overlap: int) -> tuple[int, int]:
        """Return tile and overlap in latent cells."""
        cells, shared = tile // self.downscale, overlap // self.downscale
        if cells < 1 or not 0 <= shared < cells:
            raise InvalidValueError(
                "VAE, tile overlap", overlap, f"less than the tile's {tile} pixels"
            )
        return cells, shared


class KlAutoencoder(FirstStage):
    """An autoencoder with a Gaussian posterior, of which the mode is taken."""

    def _encode(self, network: Any, pixels: torch.Tensor) -> torch.Tensor:
        mode: torch.Tensor = network.encode(pixels).latent_dist.mode()
        return mode.float().cpu()

    def _decode(self, network: Any, latent: torch.Tensor) -> torch.Tensor:
        decoded: torch.Tensor = network.decode(latent).sample
        return decoded.float().cpu()


def to_image(decoded: torch.Tensor) -> torch.Tensor:
    """Return (B, H, W, C) in [0, 1] from what a decoder gives, (B, C, H, W) about [-1, 1]."""
    return (decoded / 2 + 0.5).clamp_(0, 1).movedim(1, -1).contiguous()
