"""A node in the V1 form: a class whose attributes describe it."""

from __future__ import annotations

from typing import Any

import comfy.utils
import torch

COLORS = {"warm": (1.0, 0.85, 0.6), "cold": (0.6, 0.8, 1.0), "sepia": (0.94, 0.84, 0.68)}


class Tint:
    """Colour a picture."""

    DESCRIPTION = "Colour a picture. Brightness stays: white becomes the chosen colour."
    CATEGORY = "example"
    RETURN_TYPES = ("IMAGE",)
    OUTPUT_TOOLTIPS = ("The coloured pictures.",)
    FUNCTION = "tint"

    @classmethod
    def INPUT_TYPES(cls) -> dict[str, Any]:  # noqa: N802 - the name hosts look for
        """Declare the inputs: (type, options) by name."""
        return {
            "required": {
                "image": ("IMAGE", {"tooltip": "The pictures to colour."}),
                "color": (list(COLORS), {"tooltip": "What white becomes."}),
                "strength": (
                    "FLOAT",
                    {"default": 0.5, "min": 0.0, "max": 1.0, "step": 0.05},
                ),
            },
            "optional": {"mask": ("MASK", {"tooltip": "Where to colour; everywhere without one."})},
        }

    def tint(
        self,
        image: torch.Tensor,
        color: str,
        strength: float,
        mask: torch.Tensor | None = None,
    ) -> tuple[torch.Tensor]:
        """Return the coloured pictures; the input is left as it is, other nodes use it, too.

        Args:
            image: (B, H, W, C) in [0, 1].
            color: A key of COLORS.
            strength: 0 changes nothing, 1 colours fully.
            mask: (B or 1, H, W) in [0, 1].
        """
        bar = comfy.utils.ProgressBar(len(image))
        tinted = []
        for number, picture in enumerate(image):
            colored = picture[..., :3] @ _luminance(COLORS[color]).to(picture)
            amount = strength if mask is None else strength * mask[number % len(mask), ..., None]
            tinted.append(picture[..., :3] * (1 - amount) + colored * amount)
            bar.update(1)  # also stops the node when the artist presses Stop
        return (torch.stack(tinted),)


def _luminance(color: tuple[float, float, float]) -> torch.Tensor:
    """Return (3, 3): red, green and blue to brightness (ITU-R BT.709) times a colour."""
    return torch.outer(torch.tensor([0.2126, 0.7152, 0.0722]), torch.tensor(color))
