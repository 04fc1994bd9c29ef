"""The throw-away process behind `pickles.convert`: SOURCE.ckpt -> TARGET.safetensors.

Runs as a script of its own, isolated (`python -I`), and imports nothing of the engine. Its last
line on stdout says what was wrong; the exit status is 0 only when the target was written.
"""

from __future__ import annotations

import ctypes
import os
import pickle
import re
import sys
import zipfile
from typing import Any

_MEGABYTE = 1 << 20
_CPU_LIMIT_S = 1800
_CLONE_NEWUSER, _CLONE_NEWNET = 0x10000000, 0x40000000
_REFUSED = (
    "os.", "subprocess.", "socket.", "shutil.", "pty.", "ctypes.", "urllib.", "http.", "ftplib.",
    "smtplib.", "webbrowser.", "syslog.", "winreg.", "_winapi.", "code.__new__", "sqlite3.",
)  # fmt: skip
_ALLOWED = frozenset({"os.listdir", "os.scandir", "os.putenv", "os.unsetenv", "os.fwalk"})
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND


class Refused(Exception):  # noqa: N818 - its name is part of the message
    """The audit hook stopped an operation that loading weights never needs."""


class Inert:
    """Stands for a training framework's class named in a checkpoint; it does nothing."""

    def __init__(self, *_: object, **__: object) -> None: ...

    def __setstate__(self, _: object) -> None: ...


def leave_network() -> None:
    """Enter a network namespace without interfaces, where the kernel allows it."""
    if sys.platform != "linux":
        return
    # Root would lose its right to read other users' files by entering a user namespace.
    user = 0 if os.geteuid() == 0 else _CLONE_NEWUSER
    ctypes.CDLL(None).unshare(user | _CLONE_NEWNET)


def limit_resources(source_size: int) -> None:
    """Bound memory, CPU time and file size; the imports' address space comes on top."""
    if sys.platform == "win32":
        return
    import resource

    mapped_pages = 0
    if sys.platform == "linux":
        with open("/proc/self/statm", encoding="ascii") as statm:  # noqa: PTH123
            mapped_pages = int(statm.read().split()[0])
        memory = mapped_pages * os.sysconf("SC_PAGE_SIZE") + 4 * source_size + 512 * _MEGABYTE
        resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    file_size = 2 * source_size + 16 * _MEGABYTE
    resource.setrlimit(resource.RLIMIT_FSIZE, (file_size, file_size))
    resource.setrlimit(resource.RLIMIT_CPU, (_CPU_LIMIT_S, _CPU_LIMIT_S))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def watch(target: str) -> None:
    """Refuse, from now on, everything a pickle could do to the machine."""

    def hook(event: str, args: tuple[Any, ...]) -> None:
        if event == "open":
            path, mode, flags = args
            writes = any(c in mode for c in "wax+") if mode else bool((flags or 0) & _WRITING)
            if writes and os.fspath(path) != target:
                raise Refused(f"it tried to write to {path!r}")
        elif event.startswith(_REFUSED) and event not in _ALLOWED:
            raise Refused(f"it tried to use {event}")

    sys.addaudithook(hook)


def load(source: str) -> Any:
    """Load a pickle of weights; classes of training frameworks become inert."""
    import numpy as np
    import torch

    scalar = np.float64(0).__reduce__()[0]  # how numpy pickles a number, wherever it lies now
    known: list[Any] = [
        (Inert, "pytorch_lightning.callbacks.model_checkpoint.ModelCheckpoint"),
        (scalar, "numpy.core.multiarray.scalar"),
        (scalar, "numpy._core.multiarray.scalar"),
        np.dtype,
        *(type(np.dtype(name)) for name in ("float64", "float32", "int64")),
    ]
    with torch.serialization.safe_globals(known):
        return torch.load(
            source, map_location="cpu", weights_only=True, mmap=zipfile.is_zipfile(source)
        )


def flatten(value: Any, prefix: str = "", depth: int = 0) -> dict[str, Any]:
    """Map dotted names to the tensors of nested dictionaries."""
    import torch

    if depth > 8:
        raise ValueError("its dictionaries are nested too deeply")
    found: dict[str, Any] = {}
    for key, item in value.items():
        name = f"{prefix}{key}"
        if isinstance(item, torch.Tensor):
            found[name] = item
        elif isinstance(item, dict):
            found |= flatten(item, f"{name}.", depth + 1)
    return found


def separate(tensors: dict[str, Any], limit: int) -> dict[str, Any]:
    """Return dense tensors none of which shares memory with another.

    A tensor may claim far more than its storage holds (stride 0), so their sum is bounded.
    """
    total = sum(tensor.numel() * tensor.element_size() for tensor in tensors.values())
    if total > limit:
        raise ValueError("its tensors claim more memory than the file holds")
    seen: set[int] = set()
    result: dict[str, Any] = {}
    for name, tensor in tensors.items():
        storage = tensor.untyped_storage()
        whole = tensor.is_contiguous() and storage.nbytes() == tensor.nbytes
        result[name] = tensor if whole and storage.data_ptr() not in seen else tensor.clone()
        seen.add(storage.data_ptr())
    return {name: tensor.contiguous() for name, tensor in result.items()}


def convert(source: str, target: str) -> None:
    """Write `source`'s tensors to `target`."""
    leave_network()  # first: a process with threads may not
    import numpy as np  # noqa: F401 - all imports before the limits and the hook
    import torch  # noqa: F401
    from safetensors.torch import save_file

    size = os.stat(source).st_size  # noqa: PTH116
    limit_resources(size)
    watch(target)
    loaded = load(source)
    if not isinstance(loaded, dict):
        raise ValueError(f"it holds a {type(loaded).__name__}, not named weights")
    inner = loaded.get("state_dict")
    tensors = flatten(inner if isinstance(inner, dict) else loaded)
    if not tensors:
        raise ValueError("it holds no weights")
    save_file(separate(tensors, 2 * size + _MEGABYTE), target, metadata={"format": "pt"})


def main(source: str, target: str) -> int:
    """Convert and say in one line what was wrong, if anything."""
    try:
        convert(source, target)
    except pickle.UnpicklingError as error:
        named = re.search(r"(?:GLOBAL |Trying to load unsupported GLOBAL )([\w.]+)", str(error))
        what = f" ({named[1]})" if named else ""
        print(f"it holds more than weights{what}, which could run code; it was not loaded")
        return 1
    except Refused as error:
        print(f"it is hostile: {error}; it was stopped")
        return 1
    except MemoryError:
        print("converting it needs more memory than its size allows")
        return 1
    except Exception as error:  # noqa: BLE001 - the edge of a process: any failure is one line
        reason = str(error).split("\n")[0].split(". ")[0] or type(error).__name__
        print(f"it cannot be read as weights ({reason})")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2]))
