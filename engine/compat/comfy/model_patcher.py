"""The MODEL value as packs know it."""

from engine.compat.hosting.missing import unoffered
from engine.compat.hosting.model import ModelPatcher

__all__ = ["ModelPatcher"]
__getattr__ = unoffered(__name__)
