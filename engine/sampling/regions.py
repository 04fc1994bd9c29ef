"""Conditioning entries placed on a latent: where, when and with which weight each one counts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from engine.errors import InvalidValueError
from engine.sampling.concat import ConcatInputs
from engine.sampling.control import Controls, ControlTerm
from engine.sampling.inpaint import resize_mask
from engine.sampling.sigmas import SigmaTable

FEATHER = 8
"""Latent cells over which an area's inner edges fade."""

_MIN_BOUNDS = 8
_UNSUPPORTED = ("gligen", "hooks", "unclip_conditioning")


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle of latent cells."""

    y: int
    x: int
    height: int
    width: int

    def cut(self, tensor: Tensor) -> Tensor:
        """Return the rectangle of a (B, C, h, w) tensor, as a view."""
        return tensor[..., self.y : self.y + self.height, self.x : self.x + self.width]


@dataclass(frozen=True, slots=True, eq=False)
class Region:
    """One conditioning entry on a latent of known size.

    Attributes:
        context: (1 or B, T, D) on the sampling device.
        weight: (1 or B, 1, box height, box width) share in the weighted mean.
        sigma_start: Counts at sigmas from here …
        sigma_end: … down to here.
        concat: (B, C', h, w) further input channels, of the whole latent; None for most models.
        controls: The ControlNets that steer it, their hints over the whole latent.
    """

    context: Tensor
    box: Box
    weight: Tensor
    sigma_start: float
    sigma_end: float
    concat: Tensor | None = None
    controls: tuple[ControlTerm, ...] = ()

    def active(self, sigma: float) -> bool:
        """Say whether the entry counts at a noise level."""
        return self.sigma_end <= sigma <= self.sigma_start

    def active_controls(self, sigma: float) -> tuple[ControlTerm, ...]:
        """Return the ControlNets that count at a noise level."""
        return tuple(term for term in self.controls if term.active(sigma))


@dataclass(frozen=True, slots=True, eq=False)
class Canvas:
    """The latent of a run, on which conditioning is placed.

    Attributes:
        latent: (B, C, h, w) on the sampling device; only its shape, type and device count.
    """

    latent: Tensor
    table: SigmaTable
    concat: ConcatInputs
    controls: Controls

    def place(self, conditioning: Iterable[Any]) -> tuple[Region, ...]:
        """Place every entry of a CONDITIONING value.

        Raises: InvalidValueError, for an area outside the latent or a key that is not supported.
        """
        return tuple(self._region(context, keys) for context, keys in conditioning)

    def _region(self, context: Tensor, keys: Mapping[str, Any]) -> Region:
        latent, table = self.latent, self.table
        for key in _UNSUPPORTED:
            if keys.get(key) is not None:
                raise InvalidValueError(
                    "Conditioning",
                    key,
                    "text, areas, masks, time ranges and ControlNets",
                    "Remove that node.",
                )
        height, width = latent.shape[-2:]
        mask = keys.get("mask")
        if mask is not None:
            mask = resize_mask(mask, height, width).to(latent.device, latent.dtype)
        box = _area_box(keys.get("area"), height, width)
        if mask is not None and keys.get("set_area_to_bounds", False):
            box = _bounds(mask) or box
        box = box or Box(0, 0, height, width)
        weight = latent.new_full((1, 1, box.height, box.width), float(keys.get("strength", 1.0)))
        if mask is None:
            weight = weight * _feather(box, height, width, latent)
        else:
            weight = (
                weight * box.cut(_for_batch(mask, len(latent))) * keys.get("mask_strength", 1.0)
            )
        return Region(
            context.to(latent.device, latent.dtype),
            box,
            weight,
            table.at_percent(keys["start_percent"]) if "start_percent" in keys else float("inf"),
            table.at_percent(keys["end_percent"]) if "end_percent" in keys else 0.0,
            self.concat.of(keys),
            self.controls.of(keys.get("control")),
        )


def _area_box(area: Any, height: int, width: int) -> Box | None:
    """Read (h, w, y, x) in latent cells, or ("percentage", h, w, y, x) in shares of the latent."""
    if area is None:
        return None
    if area[0] == "percentage":
        h, w = max(1, round(area[1] * height)), max(1, round(area[2] * width))
        y, x = round(area[3] * height), round(area[4] * width)
    else:
        h, w, y, x = area
    box = Box(y, x, min(h, height - y), min(w, width - x))
    if box.height < 1 or box.width < 1 or y < 0 or x < 0:
        raise InvalidValueError(
            "Conditioning area", tuple(area), f"an area inside the {height} x {width} latent"
        )
    return box


def _bounds(mask: Tensor) -> Box | None:
    """Return the rectangle around the non-zero part of a mask, or None when it is empty."""
    used = mask.abs().amax(dim=(0, 1)) > 0
    rows, columns = used.any(dim=1).nonzero(), used.any(dim=0).nonzero()
    if len(rows) == 0:
        return None
    y, height = _extent(rows, mask.shape[-2])
    x, width = _extent(columns, mask.shape[-1])
    return Box(y, x, height, width)


def _extent(found: Tensor, size: int) -> tuple[int, int]:
    """Return start and length of an index range, at least 8 long where that fits."""
    first, last = int(found[0]), int(found[-1])
    length = min(max(last - first + 1, _MIN_BOUNDS), size)
    return min(first, size - length), length


def _feather(box: Box, height: int, width: int, like: Tensor) -> Tensor:
    """Fade the edges of a box that lie inside the latent, (1, 1, box height, box width)."""
    rows = _fade(box.height, box.y > 0, box.y + box.height < height)
    columns = _fade(box.width, box.x > 0, box.x + box.width < width)
    return (rows[:, None] * columns[None, :]).to(like.device, like.dtype)[None, None]


def _fade(length: int, at_start: bool, at_end: bool) -> Tensor:
    ramp = torch.ones(length)
    steps = min(FEATHER, length // 4)
    if steps and at_start:
        ramp[:steps] *= torch.arange(1, steps + 1) / steps
    if steps and at_end:
        ramp[-steps:] *= torch.arange(steps, 0, -1) / steps
    return ramp


def _for_batch(mask: Tensor, batch: int) -> Tensor:
    """Repeat (n, 1, h, w) masks over a batch; one mask broadcasts."""
    if len(mask) in (1, batch):
        return mask
    return mask.repeat(-(-batch // len(mask)), 1, 1, 1)[:batch]
