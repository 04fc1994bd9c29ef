"""What packs import as `comfy`; submodules load when they are asked for."""

from __future__ import annotations

import importlib
import importlib.util
from typing import Any

from engine.compat.hosting.missing import missing


def __getattr__(name: str) -> Any:
    # Packs write `import comfy` and then use `comfy.utils`, which hosts have imported by then.
    if not name.startswith("_") and importlib.util.find_spec(f".{name}", __name__) is not None:
        return importlib.import_module(f".{name}", __name__)
    raise missing(__name__, name)
