"""Loads a picture file as an image and a mask, from the input or the output folder."""

from __future__ import annotations

from typing import Annotated, NamedTuple

from engine.imaging.reading import EXTENSIONS, alpha_to_mask, read_pictures
from engine.registry.decorator import node
from engine.registry.spec import NodeContext
from engine.registry.widgets import FileChoice, Input
from engine.types import Image, Mask
from nodes.image.result_files import folders


class LoadedImage(NamedTuple):
    """Outputs of the nodes that load an image."""

    image: Image
    mask: Mask


def names_a_file(image: str | None) -> bool | str:
    """Accept any file name: one in a subfolder, or ending in " [output]", is in no menu."""
    return True if image is None or image.strip() else "No image file is chosen."


@node("LoadImage", title="Load Image", category="image", validate=names_a_file)
def load_image(
    image: Annotated[str, FileChoice("input", EXTENSIONS, upload="image_upload")],
    context: NodeContext,
) -> LoadedImage:
    """Load a picture from the input folder.

    It is turned upright as the camera noted. An animation becomes a batch of its frames. The mask
    is 1 where the picture is transparent; a picture without transparency gives an empty mask of
    64 x 64 pixels.

    Args:
        image: File in the input folder.
    """
    return _load(context, "input", image)


_RELOADED = (
    ("image_folder", "output"),
    (
        "remote",
        {
            "route": "/internal/files/output",
            "refresh_button": True,
            "control_after_refresh": "first",
        },
    ),
)


@node(
    "LoadImageOutput",
    title="Load Image (from Outputs)",
    category="image",
    experimental=True,
    validate=names_a_file,
)
def load_image_output(
    image: Annotated[
        str, FileChoice("output", upload="image_upload", listed=False), Input(extra=_RELOADED)
    ],
    context: NodeContext,
) -> LoadedImage:
    """Load a picture that a workflow has saved, from the output folder.

    Args:
        image: File in the output folder; the button lists them anew.
    """
    return _load(context, "output", image)


def _load(context: NodeContext, kind: str, name: str) -> LoadedImage:
    pictures = read_pictures(folders(context).resolve(kind, name))
    return LoadedImage(pictures.image, alpha_to_mask(pictures))
