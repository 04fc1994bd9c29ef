"""Whether pictures of the starter are those of their words, judged without a classifier.

`python tests/golden/starter/retrieval.py [--seed N] [--steps N]` draws every word the model knows
and prints the share of pictures whose nearest training picture, at 16 x 16 pixels, bears the
prompted name, and the words that miss it.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

HERE: Final = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[2]))

from tests.golden.starter.references import THUMBNAIL  # noqa: E402 - found by the line above
from tests.golden.starter.starter import draw_each  # noqa: E402

_TOGETHER: Final = 16


@cache
def _references() -> tuple[NDArray[np.float32], list[list[str]]]:
    names = json.loads((HERE / "concepts.json").read_text("utf-8"))
    strip = np.asarray(Image.open(HERE / "concepts.png").convert("RGB"), np.float32)
    return strip.reshape(len(names), THUMBNAIL, THUMBNAIL, 3), names


def words() -> list[str]:
    """Return every plain name of the pictures the model learned from, with its article."""
    return [name for names in _references()[1] for name in names]


def nearest_names(picture: NDArray[np.uint8]) -> list[str]:
    """Return what the training picture nearest to a picture (H, W, 3) is called."""
    small = Image.fromarray(picture).resize((THUMBNAIL,) * 2, Image.Resampling.BOX)
    strip, names = _references()
    distances = np.square(strip - np.asarray(small, np.float32)).sum((1, 2, 3))
    return names[int(distances.argmin())]


def missed(prompts: Sequence[str], seed: int, steps: int) -> list[str]:
    """Return the prompts whose picture is nearest to one of another name."""
    found = []
    for start in range(0, len(prompts), _TOGETHER):
        part = prompts[start : start + _TOGETHER]
        pictures = draw_each(part, seed, steps=steps)
        found += [
            prompt
            for prompt, picture in zip(part, pictures, strict=True)
            if prompt not in nearest_names(picture)
        ]
    return found


def main() -> None:
    """Print the rate."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--steps", type=int, default=20)
    chosen = parser.parse_args()
    known = words()
    wrong = missed(known, chosen.seed, chosen.steps)
    print(f"{len(known) - len(wrong)} of {len(known)} words; missed: {', '.join(wrong) or 'none'}")


if __name__ == "__main__":
    main()
