"""What a pack needs that this Python does not have, and how it gets there."""

from __future__ import annotations

import importlib.util
import shlex
import sys
from pathlib import Path


def missing_module(error: BaseException) -> str | None:
    """Return the module an import did not find; None when no installation would help.

    That is so for a part of a module that is there: it has another version, or the host lacks it.
    """
    if not isinstance(error, ModuleNotFoundError) or not error.name:
        return None
    top = error.name.partition(".")[0]
    if not top.isidentifier():  # a part of the pack itself, whose name is its path
        return None
    if top in sys.modules or importlib.util.find_spec(top) is not None:
        return None
    return top


def install_command(pack: Path, module: str) -> str:
    """Return the command that installs what a pack asks for, or else the module by its name.

    Args:
        pack: Its folder or file.
    """
    requirements = pack / "requirements.txt"
    wanted = ["-r", str(requirements)] if requirements.is_file() else [module]
    return shlex.join([sys.executable, "-m", "pip", "install", *wanted])
