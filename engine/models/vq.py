"""The VQ_MODEL value: an autoencoder with a codebook, which serves as a VAE as well."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import torch

from engine.models.vae import FirstStage, to_image
from engine.types import CodebookDict
from engine.vq.quantize import look_up, quantize

_GROUP_PIXELS: Final = 256 * 256  # small pictures are decoded together


@dataclass(frozen=True, kw_only=True, eq=False)
class VqFirstStage(FirstStage):
    """Implements `engine.types.VqAutoencoder`.

    `encode` gives the continuous code and `decode` quantises first, as latent diffusion does with
    such a first stage (arXiv:2112.10752, appendix G).

    Attributes:
        codes: The weight that holds the codes, (K, D).
        logits: Weight and bias of the layer whose largest output is the token; () where the
            nearest code is.
    """

    codes: str
    logits: tuple[str, ...]

    @property
    def dtype(self) -> torch.dtype:
        """Compute dtype: always float32, since rounded codes get other tokens."""
        return torch.float32

    def codebook(self) -> CodebookDict:
        """Read the codebook from the file; a new copy each time."""
        source = self.component.source
        codes, *logits = (
            source[name].to(torch.float32, copy=True) for name in (self.codes, *self.logits)
        )
        if not logits:
            return {"codes": codes}
        weight, bias = logits
        return {"codes": codes, "logits": (weight.flatten(1), bias)}

    def decode_codes(self, codes: torch.Tensor) -> torch.Tensor:
        """Return (B, H, W, C) in [0, 1] on the CPU, without quantising.

        Args:
            codes: (B, D, h, w).

        Raises: InvalidValueError, when it has another number of channels.
        """
        self._check_latent(codes)
        pixels = codes.shape[-2] * codes.shape[-1] * self.downscale**2
        group = max(1, _GROUP_PIXELS // pixels)
        with self._loaded(group * pixels) as network:
            images = [
                _decode_codes(network, self._to_device(part)) for part in torch.split(codes, group)
            ]
        return to_image(torch.cat(images))

    def _encode(self, network: Any, pixels: torch.Tensor) -> torch.Tensor:
        code: torch.Tensor = network.encode(pixels).latents
        return code.float().cpu()

    def _decode(self, network: Any, latent: torch.Tensor) -> torch.Tensor:
        codebook = self.codebook()
        codes = look_up(quantize(latent, codebook).grid, codebook)
        return _decode_codes(network, self._to_device(codes))


def _decode_codes(network: Any, codes: torch.Tensor) -> torch.Tensor:
    decoded: torch.Tensor = network.decode(codes, force_not_quantize=True).sample
    return decoded.float().cpu()
