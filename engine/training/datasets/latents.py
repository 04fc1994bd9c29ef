"""Encodes pictures once, so that a diffusion model is trained without its first stage running.

The cache is a safetensors file: `latents` (N, C, h, w) float32, and in its metadata the captions
and what the latents were made from.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec
import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save

from engine.errors import FileFormatError
from engine.training.data import LatentBatch, PictureDataset, pictures_at_once
from engine.training.state import write_whole

Encode = Callable[[torch.Tensor], torch.Tensor]
"""Images (B, 3, H, W) in [-1, 1] -> latents (B, C, h, w)."""
Report = Callable[[int, int], None]
_CAPTIONS: Final = "captions"
_SOURCE: Final = "source"


@dataclass(frozen=True)
class CachedLatents:
    """Latents in memory with their captions.

    Attributes:
        latents: (N, C, h, w) float32, CPU.
        captions_of: One caption per latent.
        fingerprint: Of the pictures, their variations and the first stage.
    """

    latents: torch.Tensor
    captions_of: tuple[str, ...]
    fingerprint: str

    @property
    def latent_shape(self) -> tuple[int, int, int]:
        """See `LatentDataset.latent_shape`."""
        channels, height, width = self.latents.shape[1:]
        return channels, height, width

    def __len__(self) -> int:
        return len(self.captions_of)

    def draw(self, indices: Sequence[int], generator: torch.Generator) -> LatentBatch:
        """See `LatentDataset.draw`; nothing is left to chance here."""
        chosen = torch.tensor(indices, dtype=torch.int64)
        return LatentBatch(self.latents[chosen], tuple(self.captions_of[i] for i in indices))

    def captions(self) -> Iterator[str]:
        """See `LatentDataset.captions`."""
        yield from self.captions_of


def cache_latents(
    path: Path,
    pictures: PictureDataset,
    encode: Encode,
    *,
    variants: int,
    seed: int,
    report: Report,
) -> CachedLatents:
    """Return the latents in `path`, encoding `variants` drawings of each picture if need be.

    A file made from the same pictures, first stage, number and seed is read instead. It is
    written complete or not at all.

    Raises: FileFormatError, SaveError, and what `report` raises.
    """
    fingerprint = _fingerprint(pictures, encode, variants, seed)
    if path.is_file():
        found = read_latents(path)
        if found.fingerprint == fingerprint:
            return found
    cached = _encode_all(pictures, encode, variants, seed, report, fingerprint)
    metadata = {
        _SOURCE: fingerprint,
        _CAPTIONS: msgspec.json.encode(cached.captions_of).decode(),
    }
    write_whole(path, save({"latents": cached.latents}, metadata))
    return cached


def read_latents(path: Path) -> CachedLatents:
    """Read a latent cache. Raises: FileFormatError."""
    try:
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
            latents = file.get_tensor("latents")
        captions = msgspec.json.decode(metadata[_CAPTIONS], type=tuple[str, ...])
        source = metadata[_SOURCE]
    except (SafetensorError, KeyError, msgspec.DecodeError) as error:
        raise FileFormatError(
            path, "it is no latent cache", "Delete it to have it made."
        ) from error
    if latents.ndim != 4 or len(latents) != len(captions):
        raise FileFormatError(path, f"it has {len(captions)} captions for {len(latents)} latents")
    return CachedLatents(latents.to(torch.float32), captions, source)


def _fingerprint(pictures: PictureDataset, encode: Encode, variants: int, seed: int) -> str:
    """Name pictures, settings and the first stage; the latter by what it makes of one picture."""
    probe = encode(pictures.draw([0], torch.Generator().manual_seed(0)).images)
    digest = hashlib.blake2b(digest_size=16)
    digest.update(msgspec.json.encode([pictures.fingerprint, variants, seed]))
    digest.update(probe.to("cpu", torch.float32).contiguous().numpy().tobytes())
    return digest.hexdigest()


def _encode_all(
    pictures: PictureDataset,
    encode: Encode,
    variants: int,
    seed: int,
    report: Report,
    fingerprint: str,
) -> CachedLatents:
    generator = torch.Generator().manual_seed(seed)
    order = [index for index in range(len(pictures)) for _ in range(variants)]
    latents: list[torch.Tensor] = []
    captions: list[str] = []
    together = pictures_at_once(pictures.size)
    for start in range(0, len(order), together):
        report(start, len(order))
        batch = pictures.draw(order[start : start + together], generator)
        latents.append(encode(batch.images).to("cpu", torch.float32))
        captions.extend(batch.captions)
    report(len(order), len(order))
    return CachedLatents(torch.cat(latents).contiguous(), tuple(captions), fingerprint)
