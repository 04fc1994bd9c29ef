"""Resizing, tiles, weight files and progress."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from functools import reduce
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from engine.compat.host import current
from engine.compat.hosting.missing import unoffered
from engine.compat.hosting.progress import ProgressBar, set_progress_bar_global_hook
from engine.errors import InvalidValueError
from engine.imaging import resize as _resize
from engine.imaging.spherical import bislerp
from engine.models.library import ModelLibrary
from engine.models.tiling import run_tiled, tile_spans

__all__ = [
    "PROGRESS_BAR_ENABLED",
    "ProgressBar",
    "bislerp",
    "common_upscale",
    "get_attr",
    "get_tiled_scale_steps",
    "lanczos",
    "load_torch_file",
    "repeat_to_batch_size",
    "reshape_mask",
    "save_torch_file",
    "set_attr",
    "set_progress_bar_enabled",
    "set_progress_bar_global_hook",
    "state_dict_prefix_replace",
    "tiled_scale",
    "tiled_scale_multidim",
]

PROGRESS_BAR_ENABLED = True
"""Whether packs show bars of their own in the terminal."""

__getattr__ = unoffered(__name__)


def set_progress_bar_enabled(enabled: bool) -> None:
    """Set PROGRESS_BAR_ENABLED."""
    global PROGRESS_BAR_ENABLED
    PROGRESS_BAR_ENABLED = enabled


def common_upscale(
    samples: Tensor, width: int, height: int, upscale_method: str, crop: str
) -> Tensor:
    """Return (B, C, height, width); a frame axis, (B, C, T, h, w), is kept.

    Raises: UnknownNameError, for a method or crop.
    """
    if samples.dim() != 5:
        return _resize.resize(samples, width, height, upscale_method, crop)
    frames = samples.movedim(2, 1)
    resized = _resize.resize(frames.flatten(0, 1), width, height, upscale_method, crop)
    return resized.reshape(*frames.shape[:2], *resized.shape[1:]).movedim(1, 2)


def lanczos(samples: Tensor, width: int, height: int) -> Tensor:
    """Resize (B, C, H, W) with Lanczos."""
    return _resize.lanczos(samples, width, height)


def load_torch_file(
    ckpt: str | Path,
    safe_load: bool = False,
    device: torch.device | str | None = None,
    return_metadata: bool = False,
) -> Any:
    """Return a weight file's tensors by name; code in it is never run, whatever `safe_load` says.

    Raises: FileFormatError.
    """
    source = current().service(ModelLibrary).tensors(Path(ckpt))
    # Tensors of a mapped file must not be written to; packs do write.
    tensors = {name: source[name].to(device or "cpu", copy=True) for name in source}
    return (tensors, dict(source.metadata)) if return_metadata else tensors


def save_torch_file(
    sd: Mapping[str, Tensor], ckpt: str | Path, metadata: Mapping[str, str] | None = None
) -> None:
    """Write tensors as a safetensors file."""
    from safetensors.torch import save_file

    whole = {name: tensor.contiguous() for name, tensor in sd.items()}
    save_file(whole, str(ckpt), metadata=None if metadata is None else dict(metadata))


def state_dict_prefix_replace(
    state_dict: dict[str, Any], replace_prefix: Mapping[str, str], filter_keys: bool = False
) -> dict[str, Any]:
    """Rename entries by their prefix, in place; with `filter_keys` return those alone."""
    kept: dict[str, Any] = {} if filter_keys else state_dict
    for old, new in replace_prefix.items():
        for name in [name for name in state_dict if name.startswith(old)]:
            kept[new + name.removeprefix(old)] = state_dict.pop(name)
    return kept


def repeat_to_batch_size(tensor: Tensor, batch_size: int, dim: int = 0) -> Tensor:
    """Cut or repeat a tensor along an axis to a length."""
    have = tensor.shape[dim]
    if have < batch_size:
        repeats = [1] * tensor.dim()
        repeats[dim] = math.ceil(batch_size / have)
        tensor = tensor.repeat(repeats)
    return tensor.narrow(dim, 0, batch_size)


def reshape_mask(input_mask: Tensor, output_shape: Sequence[int]) -> Tensor:
    """Return a mask as (B, C, h, w) of the shape of a latent, bilinear."""
    mask = input_mask.reshape(-1, 1, *input_mask.shape[-2:])
    mask = _resize.resize(mask, output_shape[-1], output_shape[-2], "bilinear")
    return repeat_to_batch_size(mask.expand(-1, output_shape[1], -1, -1), output_shape[0])


def get_attr(obj: Any, attr: str) -> Any:
    """Return an attribute by its dotted name. Raises: AttributeError."""
    return reduce(getattr, attr.split("."), obj)


def set_attr(obj: Any, attr: str, value: Any) -> Any:
    """Set an attribute by its dotted name; return what it was. Raises: AttributeError."""
    *path, name = attr.split(".")
    owner = reduce(getattr, path, obj)
    previous = getattr(owner, name)
    setattr(owner, name, value)
    return previous


def get_tiled_scale_steps(width: int, height: int, tile_x: int, tile_y: int, overlap: int) -> int:
    """Return how many tiles `tiled_scale` works through."""
    return len(tile_spans(height, tile_y, overlap)) * len(tile_spans(width, tile_x, overlap))


def tiled_scale(
    samples: Tensor,
    function: Callable[[Tensor], Tensor],
    tile_x: int = 64,
    tile_y: int = 64,
    overlap: int = 8,
    upscale_amount: float = 4,
    out_channels: int = 3,
    output_device: str = "cpu",
    pbar: Any = None,
) -> Tensor:
    """Apply `function` to overlapping square tiles of (B, C, h, w) and blend what it returns.

    Raises: InvalidValueError, when the tiles are not square.
    """
    if tile_x != tile_y:
        raise InvalidValueError("tiled_scale", f"{tile_x} x {tile_y}", "square tiles")

    def compute(part: Tensor) -> Tensor:
        result = function(part)
        if pbar is not None:
            pbar.update(1)
        return result

    scaled = run_tiled(
        samples,
        compute,
        tile=tile_x,
        overlap=overlap,
        scale=Fraction(upscale_amount).limit_denominator(64),
        channels=out_channels,
    )
    return scaled.to(output_device)


def tiled_scale_multidim(
    samples: Tensor,
    function: Callable[[Tensor], Tensor],
    tile: Sequence[int] = (64, 64),
    overlap: int = 8,
    upscale_amount: float = 4,
    out_channels: int = 3,
    output_device: str = "cpu",
    pbar: Any = None,
) -> Tensor:
    """As `tiled_scale`; `tile` is (height, width). Raises: InvalidValueError."""
    if len(tile) != 2:
        raise InvalidValueError("tiled_scale_multidim, tile", tuple(tile), "height and width")
    height, width = tile
    return tiled_scale(
        samples, function, width, height, overlap, upscale_amount, out_channels, output_device, pbar
    )
