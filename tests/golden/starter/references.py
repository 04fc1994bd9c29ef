"""Makes the references of the starter's tests from folders of the icon set node.

`python tests/golden/starter/references.py CONCEPTS HELD_OUT`: CONCEPTS holds the pictures the
starter's diffusion model was trained on, HELD_OUT those its first stage never saw.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Final

import numpy as np
from PIL import Image

HERE: Final = Path(__file__).resolve().parent
THUMBNAIL: Final = 16
_SIDE: Final = 64


def on_white(path: Path) -> Image.Image:
    """Return a transparent picture on white, 64 pixels square."""
    picture = Image.open(path).convert("RGBA")
    white = Image.new("RGBA", picture.size, "white")
    return Image.alpha_composite(white, picture).convert("RGB").resize((_SIDE, _SIDE))


def plain_names(path: Path) -> list[str]:
    """Return the plain captions of a picture: those its text repeats."""
    lines = path.with_suffix(".txt").read_text("utf-8").splitlines()
    return sorted({line for line in lines if lines.count(line) > 1})


def write(concepts: Path, held_out: Path) -> None:
    """Write thumbnails with their names, and the held-out pictures, each as one strip."""
    files = sorted(concepts.glob("*.png"))
    small = [on_white(file).resize((THUMBNAIL,) * 2, Image.Resampling.BOX) for file in files]
    Image.fromarray(np.concatenate([np.asarray(one) for one in small])).save(HERE / "concepts.png")
    names = [plain_names(file) for file in files]
    (HERE / "concepts.json").write_text(json.dumps(names, indent=0) + "\n", "utf-8")
    kept = [np.asarray(on_white(file)) for file in sorted(held_out.glob("*.png"))]
    Image.fromarray(np.concatenate(kept)).save(HERE / "held_out.png")


if __name__ == "__main__":
    write(Path(sys.argv[1]), Path(sys.argv[2]))
