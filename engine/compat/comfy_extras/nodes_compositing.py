"""Built-in node classes; one that is not there yet says so."""

from engine.compat.hosting.host_nodes import builtin_classes

__getattr__ = builtin_classes(__name__)
