"""Types of the values that nodes receive, for annotations in packs."""

from __future__ import annotations

from typing import TypedDict

import torch

from engine.types import LatentDict


class AudioDict(TypedDict):
    """waveform: (B, C, T) float32; sample_rate: samples per second."""

    waveform: torch.Tensor
    sample_rate: int


class Input:
    """Value types by the names packs use."""

    Image = torch.Tensor
    Mask = torch.Tensor
    Latent = LatentDict
    Audio = AudioDict
