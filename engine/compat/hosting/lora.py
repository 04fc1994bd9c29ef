"""LoRAs that packs hand over as tensors."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import torch

from engine.models.lora import Lora
from engine.models.reading import WeightFile


class _Loose(Mapping[str, torch.Tensor]):
    """Tensors in memory, read as a weight file is."""

    path = Path("(tensors of a pack)")

    def __init__(self, tensors: Mapping[str, torch.Tensor]) -> None:
        self._tensors = dict(tensors)
        self.tensors: dict[str, Any] = {
            name: SimpleNamespace(shape=tuple(tensor.shape)) for name, tensor in tensors.items()
        }

    def __getitem__(self, name: str) -> torch.Tensor:
        return self._tensors[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._tensors)

    def __len__(self) -> int:
        return len(self._tensors)


def lora_of(tensors: Mapping[str, torch.Tensor]) -> Lora:
    """Return the LoRA that tensors make, different from every other. Raises: FileFormatError."""
    return Lora(cast("WeightFile", _Loose(tensors)), f"memory {uuid.uuid4()}")
