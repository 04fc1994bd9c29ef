"""Says which pack asked for something that this host does not offer."""

from __future__ import annotations

import dis
import sys
from collections.abc import Callable, Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from pathlib import Path, PurePath
from types import FrameType, ModuleType
from typing import Any

from engine.errors import EngineError

_OWN_FILES = str(Path(__file__).parents[1])
_ROOTS = frozenset({"comfy", "comfy_api", "comfy_execution", "comfy_extras"})


class NotOfferedError(EngineError, AttributeError):
    """A pack uses a symbol that this host does not offer.

    An AttributeError, so that packs which look before they use (`hasattr`) go on.

    Attributes:
        pack: The pack, or None when its code is not on the stack.
        symbol: What it asked for.
    """

    code = "not_offered"

    def __init__(self, symbol: str, hint: str = "") -> None:
        self.pack, self.symbol = calling_pack(), symbol
        super().__init__(f"{_text(self.pack, symbol)} {hint}".rstrip())


class NotImportableError(EngineError, ImportError):
    """A pack imports a symbol or module that this host does not offer; as NotOfferedError."""

    code = "not_offered"

    def __init__(self, symbol: str) -> None:
        self.pack, self.symbol = calling_pack(), symbol
        super().__init__(_text(self.pack, symbol))


class MissingModuleError(NotImportableError, ModuleNotFoundError):
    """A pack imports a module that this host does not have."""


def unoffered(module: str) -> Callable[[str], Any]:
    """Return the `__getattr__` of a module that offers nothing beyond what it defines."""

    def refuse(name: str) -> Any:
        raise missing(module, name)

    return refuse


def missing(module: str, name: str) -> Exception:
    """Return the error for a name that a module lacks; call it from the module's `__getattr__`."""
    if name.startswith("__"):
        return AttributeError(f"module {module!r} has no attribute {name!r}")
    if _asked_by_import():
        return NotImportableError(f"{module}.{name}")
    return NotOfferedError(f"{module}.{name}")


class Facade:
    """Base of objects that offer packs a part of what they know from elsewhere."""

    def __getattr__(self, name: str) -> Any:
        """Raises: NotOfferedError."""
        if name.startswith("__"):
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
        raise NotOfferedError(f"{type(self).__name__}.{name}")


def calling_pack() -> str | None:
    """Return the name of the innermost pack whose code is on the stack, or None."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        # A pack's modules are named after its path, dots replaced (contract §4.6).
        root = str(frame.f_globals.get("__name__", "")).partition(".")[0]
        if Path(root).is_absolute():
            return PurePath(root).name.replace("_x_", ".").removesuffix(".py")
        frame = frame.f_back
    return None


def refuse_unoffered_modules() -> None:
    """Let the import of a host module that does not exist name the pack; once per process."""
    if not any(isinstance(finder, _Refusal) for finder in sys.meta_path):
        sys.meta_path.append(_Refusal())


class _Refusal(MetaPathFinder):
    """The last finder: what reaches it under the host's names does not exist."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname.partition(".")[0] in _ROOTS and calling_pack() is not None:
            error = MissingModuleError(fullname)
            error.name = fullname
            raise error
        return None


def _asked_by_import() -> bool:
    """Whether `from module import name` asks, which hides the text of an AttributeError."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None and frame.f_code.co_filename.startswith(_OWN_FILES):
        frame = frame.f_back
    if frame is None:
        return False
    return dis.opname[frame.f_code.co_code[frame.f_lasti]] == "IMPORT_FROM"


def _text(pack: str | None, symbol: str) -> str:
    who = "Code outside of packs" if pack is None else f'Pack "{pack}"'
    return f"{who} uses {symbol}, which this host does not offer."
