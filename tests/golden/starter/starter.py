"""Pictures of the starter model, and its contact sheet: `python tests/golden/starter/starter.py`.

The sheet shows the sixteen plain prompts of the model card, one column each, at seeds 1 to 4.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

HERE: Final = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[2]))

from engine.models.folders import SHIPPED, ModelFolders  # noqa: E402 - found by the line above
from engine.models.library import Checkpoint, ModelLibrary  # noqa: E402
from engine.models.residency import Residency  # noqa: E402
from engine.sampling.ksampler import ksampler  # noqa: E402
from engine.types import TextEncoder  # noqa: E402
from nodes.loaders.clip_value import clip_of  # noqa: E402

CHECKPOINT: Final = SHIPPED / "tessera_starter.safetensors"
PROMPTS: Final = (
    *("a red apple", "a cat face", "a star", "a blue car", "a dog face", "a red heart"),
    *("a tree", "a snowman", "a penguin", "a sunflower", "a pizza", "a rocket"),
    *("a house with garden", "a strawberry", "a birthday cake", "a hamburger"),
)
SEEDS: Final = (1, 2, 3, 4)
SIDE: Final = 64
_LABEL, _GAP, _COLUMNS = 16, 8, 8


@cache
def _library() -> ModelLibrary:
    folders = ModelFolders(Path(tempfile.gettempdir()) / "tessera-starter-sheet")
    folders.add("checkpoints", SHIPPED)
    return ModelLibrary(folders, Residency(torch.device("cpu")), folders.base / "conversions")


@cache
def loaded() -> Checkpoint:
    """Return the starter checkpoint."""
    return _library().checkpoint(CHECKPOINT.name)


def draw(prompt: str, seed: int, *, batch: int = 1, steps: int = 20) -> NDArray[np.uint8]:
    """Return pictures (batch, 64, 64, 3) as `workflows/text_to_image.json` makes them."""
    return _pictures(_clip().encode(prompt), batch, seed, steps)


def draw_each(prompts: Sequence[str], seed: int, *, steps: int = 20) -> NDArray[np.uint8]:
    """Return a picture of each prompt, (prompts, 64, 64, 3), drawn together as one batch.

    Prompts are of one chunk of tokens each.
    """
    encoded = [_clip().encode(prompt)[0][0] for prompt in prompts]
    return _pictures([[torch.cat(encoded), {}]], len(prompts), seed, steps)


def _clip() -> TextEncoder:
    return clip_of(_library(), loaded().clip_network)


def _pictures(positive: list[Any], batch: int, seed: int, steps: int) -> NDArray[np.uint8]:
    checkpoint = loaded()
    sampled = ksampler(
        checkpoint.model,
        seed=seed,
        steps=steps,
        cfg=3.0,
        sampler_name="euler",
        scheduler="normal",
        positive=positive,
        negative=_clip().encode(""),
        latent={"samples": torch.zeros(batch, 4, SIDE // 4, SIDE // 4)},
    )
    images = checkpoint.vae.decode(sampled["samples"])
    pixels: NDArray[np.uint8] = (images * 255).round().to(torch.uint8).numpy()
    return pixels


def sheet(prompts: Iterable[str] = PROMPTS, seeds: Iterable[int] = SEEDS) -> Image.Image:
    """Return the contact sheet: eight columns, for each prompt its seeds one below the other."""
    prompts, seeds = list(prompts), list(seeds)
    bands = -(-len(prompts) // _COLUMNS)
    step = SIDE + _GAP
    band = _LABEL + len(seeds) * step
    width = min(len(prompts), _COLUMNS) * step * 3 // 2
    picture = Image.new("RGB", (width, bands * band), "white")
    pen, font = ImageDraw.Draw(picture), ImageFont.load_default(10)
    for number, prompt in enumerate(prompts):
        left, top = number % _COLUMNS * step * 3 // 2, number // _COLUMNS * band
        pen.text((left + 2, top + 2), prompt, fill="black", font=font)
        for row, seed in enumerate(seeds):
            drawn = Image.fromarray(draw(prompt, seed)[0])
            picture.paste(drawn, (left + 2, top + _LABEL + row * step))
    return picture


if __name__ == "__main__":
    sheet().save(HERE / "contact_sheet.png")
