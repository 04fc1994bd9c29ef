"""Tells whether a node wrote into its inputs. For tests: it reads every byte twice."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch

from engine.cache.fingerprint import UnstableValueError, fingerprint


def snapshot(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return what `changed` compares: contents of tensors and containers, else identities."""
    return {name: _freeze(value) for name, value in values.items()}


def changed(before: Mapping[str, Any], values: Mapping[str, Any]) -> list[str]:
    """List the names whose values are not what they were when `before` was taken."""
    return [name for name in before if before[name] != _freeze(values[name])]


def _freeze(value: Any) -> Any:
    if isinstance(value, dict):
        return [(key, _freeze(item)) for key, item in value.items()]
    if isinstance(value, (list, tuple)):
        return [_freeze(item) for item in value]
    if type(value) in (torch.Tensor, np.ndarray):
        try:
            return fingerprint(value)
        except UnstableValueError:  # of a kind whose bytes cannot be read
            return id(value)
    return id(value)
