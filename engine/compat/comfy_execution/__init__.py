"""What packs import to take part in execution."""

from engine.compat.hosting.missing import unoffered

__getattr__ = unoffered(__name__)
