"""The V3 node API as version 0.0.2 named it; all versions share one implementation."""

# Relative: packs import this package as "comfy_api", and classes must exist once only.
from engine.compat.hosting.missing import unoffered

from ..latest import (  # noqa: TID252
    ComfyAPI,
    ComfyAPISync,
    ComfyExtension,
    Input,
    io,
    ui,
)

__all__ = ["ComfyAPI", "ComfyAPISync", "ComfyExtension", "Input", "io", "ui"]
__getattr__ = unoffered(__name__)
