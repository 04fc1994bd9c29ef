"""CLIPLoader."""

from __future__ import annotations

from typing import Annotated, Literal

from engine.errors import InvalidValueError
from engine.models.library import ModelLibrary
from engine.registry.decorator import node
from engine.registry.spec import NodeContext
from engine.registry.widgets import FileChoice, Input
from engine.types import Clip
from nodes.loaders.clip_value import clip_of

ClipType = Literal[
    "stable_diffusion", "stable_cascade", "sd3", "stable_audio", "mochi", "ltxv", "pixart",
    "cosmos", "lumina2", "wan", "hidream", "chroma", "ace", "omnigen2", "qwen_image",
    "hunyuan_image",
]  # fmt: skip


@node("CLIPLoader", category="advanced/loaders", title="Load CLIP")
def clip_loader(
    clip_name: Annotated[str, FileChoice("text_encoders")],
    type: ClipType,  # noqa: A002 - the input's name in workflow files
    context: NodeContext,
    device: Annotated[Literal["default", "cpu"], Input(optional=True)] = "default",
) -> Clip:
    """Load a text encoder that lies in a file of its own.

    Args:
        clip_name: A file in models/text_encoders.
        type: The kind of model it is for; stable_diffusion is supported.
        device: Where it computes; "cpu" keeps a graphics card's memory free.
    """
    if type != "stable_diffusion":
        raise InvalidValueError(
            'input "type"', type, '"stable_diffusion"', "Other families are not supported yet."
        )
    library = context.service(ModelLibrary)
    return clip_of(library, library.text_encoder(clip_name, on_cpu=device == "cpu"))
