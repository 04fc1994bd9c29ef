"""Shows a mask without keeping it."""

from __future__ import annotations

from engine.registry.decorator import node
from engine.registry.spec import NodeContext
from engine.types import Mask, Ui
from nodes.image.preview_image import preview_image
from nodes.mask.mask_to_image import mask_to_image


@node("MaskPreview", category="mask", output=True)
async def mask_preview(mask: Mask, context: NodeContext) -> Ui:
    """Show a mask on the node, as a grey image: 0 is black, 1 is white."""
    return await preview_image(mask_to_image(mask), context)
