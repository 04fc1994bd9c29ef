"""Built-in node classes by the modules packs import them from."""

from engine.compat.hosting.missing import unoffered

__getattr__ = unoffered(__name__)
