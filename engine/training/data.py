"""What a trainer draws its batches from: pictures with captions, or their cached latents.

A data set decides nothing about order: the trainer chooses indices, so that a run which continues
sees what it would have seen. All that is random in a batch (which caption, flips, shifts,
backgrounds) comes from the generator it passes.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Protocol, TypeAlias, TypeVar

from engine.types import Socket

if TYPE_CHECKING:
    import torch

BatchT_co = TypeVar("BatchT_co", covariant=True)


def pictures_at_once(size: int) -> int:
    """Return how many pictures of `size` pixels square are worked on between two looks for a stop.

    So that neither the memory nor the wait grows with the size.
    """
    return max(1, min(32, 32 * 64 * 64 // size**2))


@dataclass(frozen=True, slots=True)
class Batch:
    """Pictures to learn from.

    Attributes:
        images: (B, 3, H, W) float32 in [-1, 1], CPU.
        captions: What each picture shows; "" for one without a caption.
    """

    images: torch.Tensor
    captions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class LatentBatch:
    """Latents to learn from.

    Attributes:
        latents: (B, C, h, w) float32 as the first stage encodes them, CPU.
        captions: What each shows.
    """

    latents: torch.Tensor
    captions: tuple[str, ...]


class Dataset(Protocol[BatchT_co]):
    """What a trainer needs to know of a data set of any kind."""

    @property
    def fingerprint(self) -> str:
        """Names this content and these settings; the same in every process."""
        ...

    def __len__(self) -> int:
        """Return how many items `draw` can be asked for."""
        ...

    def draw(self, indices: Sequence[int], generator: torch.Generator) -> BatchT_co:
        """Return items by index."""
        ...


class PictureDataset(Protocol):
    """Pictures of one size with captions."""

    @property
    def size(self) -> int:
        """Width and height of every picture, in pixels."""
        ...

    @property
    def fingerprint(self) -> str:
        """Names this content and these settings; the same in every process."""
        ...

    def __len__(self) -> int:
        """Return how many pictures `draw` can be asked for."""
        ...

    def draw(self, indices: Sequence[int], generator: torch.Generator) -> Batch:
        """Return pictures by index; the same again from a generator in the same state."""
        ...

    def captions(self) -> Iterable[str]:
        """List captions that `draw` may return; a tokenizer learns its words from them."""
        ...


class LatentDataset(Protocol):
    """Encoded pictures of one size with captions."""

    @property
    def latent_shape(self) -> tuple[int, int, int]:
        """Channels, height and width of every latent."""
        ...

    @property
    def fingerprint(self) -> str:
        """Names this content and these settings; the same in every process."""
        ...

    def __len__(self) -> int:
        """Return how many latents `draw` can be asked for."""
        ...

    def draw(self, indices: Sequence[int], generator: torch.Generator) -> LatentBatch:
        """Return latents by index; the same again from a generator in the same state."""
        ...

    def captions(self) -> Iterable[str]:
        """List captions that `draw` may return."""
        ...


# --- socket types for node signatures ----------------------------------------------------------

Pictures: TypeAlias = Annotated[PictureDataset, Socket("PICTURE_DATASET")]
Latents: TypeAlias = Annotated[LatentDataset, Socket("LATENT_DATASET")]
