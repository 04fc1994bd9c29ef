"""Hands pictures to the program that queued the workflow, without a file."""

from __future__ import annotations

import math

from engine.imaging.checks import check_image
from engine.imaging.convert import to_pictures
from engine.registry.decorator import node
from engine.registry.spec import NodeContext
from engine.types import Image, Preview


def _always_new() -> float:
    """Return what equals nothing: who asks again has not kept what was sent before."""
    return math.nan


# Not asynchronous, so that no other node begins among its pictures: clients tell them from
# previews by the node that was last said to run.
@node(
    "SaveImageWebsocket",
    category="api/image",
    output=True,
    fingerprint=_always_new,
)
def save_image_websocket(images: Image, context: NodeContext) -> None:
    """Send each image of the batch to the program that queued the workflow; nothing is saved.

    For scripts and plug-ins: every image arrives over their WebSocket as a PNG of full size,
    whatever the settings of previews are. In the editor the newest one is shown while the node
    runs.

    Args:
        images: What to send; transparency is left out.
    """
    pictures = [picture.convert("RGB") for picture in to_pictures(check_image(images, "images"))]
    for number, picture in enumerate(pictures, 1):
        context.progress(number, len(pictures), Preview(picture.copy, is_result=True))
