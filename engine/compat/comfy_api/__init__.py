"""The V3 node API under the names packs import."""

from engine.compat.hosting.missing import unoffered

__getattr__ = unoffered(__name__)
