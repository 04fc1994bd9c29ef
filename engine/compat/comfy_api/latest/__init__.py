"""The V3 node API: schemas (`io`), results to show (`ui`), extensions and progress."""

from engine.compat.hosting.missing import unoffered
from engine.registry.v3 import io

from . import ui
from .api import ComfyAPI, ComfyAPISync
from .extension import ComfyExtension
from .values import Input

__all__ = ["ComfyAPI", "ComfyAPISync", "ComfyExtension", "Input", "io", "ui"]
__getattr__ = unoffered(__name__)
