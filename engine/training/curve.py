"""Pictures of a run for people: the curve of its losses, and its samples in a grid."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import Any, Final

import torch
from PIL import Image, ImageDraw

from engine.imaging.convert import to_pictures
from engine.training.report import History, Report

_SIZE: Final = (512, 256)
_LEFT, _TOP, _RIGHT, _BOTTOM = 56, 10, 502, 232
_COLOURS: Final = ("#e6194b", "#4363d8", "#3cb44b", "#f58231", "#911eb4", "#008080", "#9a6324")
_LINE, _INK, _PAPER = "#d0d0d0", "#303030", "#ffffff"


def loss_curve(history: History) -> Image.Image:
    """Draw every recorded loss over the steps, on a logarithmic axis; values of 0 and less gap."""
    picture = Image.new("RGB", _SIZE, _PAPER)
    draw = ImageDraw.Draw(picture)
    logs = {
        name: [math.log10(v) if math.isfinite(v) and v > 0 else math.nan for v in values]
        for name, values in history.values.items()
    }
    known = [value for values in logs.values() for value in values if not math.isnan(value)]
    if not known:
        return picture
    low, high = math.floor(min(known)), math.ceil(max(known))
    low, high = (low, high) if high > low else (low - 1, high + 1)
    _draw_axes(draw, low, high, history.steps[-1])
    for values, colour in zip(logs.values(), itertools.cycle(_COLOURS), strict=False):
        points = [
            None if math.isnan(value) else _place(step, history.steps[-1], value, low, high)
            for step, value in zip(history.steps, values, strict=True)
        ]
        for stretch in _stretches(points):
            draw.line(stretch if len(stretch) > 1 else stretch * 2, fill=colour, width=2)
    _draw_legend(draw, history)
    return picture


def sample_grid(samples: torch.Tensor, columns: int) -> Image.Image:
    """Return pictures (B, H, W, 3) in [0, 1] side by side, in rows of `columns`."""
    pictures = to_pictures(samples)
    width, height = pictures[0].size
    grid = Image.new("RGB", (columns * width, -(-len(pictures) // columns) * height), _PAPER)
    for number, picture in enumerate(pictures):
        grid.paste(picture, (number % columns * width, number // columns * height))
    return grid


def progress_picture(history: History, samples: torch.Tensor | None, note: str = "") -> Image.Image:
    """Return the loss curve with a line of text, and under it the latest samples in two rows."""
    curve = loss_curve(history)
    draw = ImageDraw.Draw(curve)
    draw.text(((_LEFT + _RIGHT - draw.textlength(note)) / 2, _BOTTOM + 6), note, fill=_INK)
    if samples is None:
        return curve
    grid = sample_grid(samples, max(1, -(-len(samples) // 2)))
    height = round(grid.height * curve.width / grid.width)
    whole = Image.new("RGB", (curve.width, curve.height + height), _PAPER)
    whole.paste(curve, (0, 0))
    # Nearest: enlarged samples keep the pixels they have.
    resample = Image.Resampling.NEAREST if grid.width < curve.width else Image.Resampling.BOX
    whole.paste(grid.resize((curve.width, height), resample), (0, curve.height))
    return whole


def time_left(report: Report) -> str:
    """Return "34 a second, 5 min left" for a report."""
    seconds = round(report.seconds_left)
    hours, minutes = divmod(-(-seconds // 60), 60)
    left = (
        f"{seconds} s"
        if seconds < 60
        else f"{hours} h {minutes} min"
        if hours
        else f"{minutes} min"
    )
    return f"{report.items_per_second:.3g} a second, {left} left"


def _draw_axes(draw: ImageDraw.ImageDraw, low: int, high: int, last_step: int) -> None:
    for power in range(low, high + 1):
        _, y = _place(0, 1, power, low, high)
        draw.line([(_LEFT, y), (_RIGHT, y)], fill=_LINE)
        draw.text((4, y - 6), f"{10.0**power:g}", fill=_INK)
    draw.line([(_LEFT, _TOP), (_LEFT, _BOTTOM), (_RIGHT, _BOTTOM)], fill=_INK)
    draw.text((_LEFT, _BOTTOM + 6), "0", fill=_INK)
    text = f"step {last_step}"
    draw.text((_RIGHT - draw.textlength(text), _BOTTOM + 6), text, fill=_INK)


def _draw_legend(draw: ImageDraw.ImageDraw, history: History) -> None:
    """Write the latest losses at the upper right, from where falling curves have gone."""
    for number, (name, values) in enumerate(history.values.items()):
        text = f"{name} {values[-1]:.4g}"
        place = (_RIGHT - draw.textlength(text) - 4, _TOP + 2 + 13 * number)
        draw.rectangle(draw.textbbox(place, text), fill=_PAPER)
        draw.text(place, text, fill=_COLOURS[number % len(_COLOURS)])


def _place(step: int, last_step: int, value: float, low: int, high: int) -> tuple[float, float]:
    x = _LEFT + (_RIGHT - _LEFT) * step / last_step
    return x, _BOTTOM - (_BOTTOM - _TOP) * (value - low) / (high - low)


def _stretches(points: Sequence[tuple[float, float] | None]) -> list[list[Any]]:
    """Return runs of points without gaps."""
    runs: list[list[Any]] = [[]]
    for point in points:
        if point is None:
            runs.append([])
        else:
            runs[-1].append(point)
    return [run for run in runs if run]
