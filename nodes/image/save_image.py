"""Saves images as PNG files with the workflow inside."""

from __future__ import annotations

from engine.registry.decorator import node
from engine.registry.spec import NodeContext
from engine.types import Image, Ui
from nodes.image.result_files import save_pngs


@node("SaveImage", title="Save Image", category="image", output=True)
async def save_image(images: Image, context: NodeContext, filename_prefix: str = "ComfyUI") -> Ui:
    """Save each image of the batch as a numbered PNG in the output folder.

    The workflow is stored inside the file: drop it on the canvas to get the graph back. Existing
    files are never overwritten.

    Args:
        images: What to save.
        filename_prefix: Start of the file name; may name subfolders, as in `portraits/anna`, and
            hold %width%, %height%, %year%, %month%, %day%, %hour%, %minute%, %second% and
            %batch_num%.
    """
    return Ui(images=await save_pngs(context, images, "output", filename_prefix))
