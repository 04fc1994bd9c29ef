"""Shows images without keeping them."""

from __future__ import annotations

import random
import string

from engine.registry.decorator import node
from engine.registry.spec import NodeContext
from engine.types import Image, Ui
from nodes.image.result_files import FAST, save_pngs


def preview_prefix() -> str:
    """Return a file name prefix that other previews will hardly have."""
    return "ComfyUI_temp_" + "".join(random.choices(string.ascii_lowercase, k=5))


@node("PreviewImage", title="Preview Image", category="image", output=True)
async def preview_image(images: Image, context: NodeContext) -> Ui:
    """Show the images on the node. They are kept in the temp folder for a week.

    Args:
        images: What to show.
    """
    return Ui(images=await save_pngs(context, images, "temp", preview_prefix(), FAST))
