"""Which devices this machine has, found without torch: the server never loads it."""

from __future__ import annotations

import importlib.metadata
import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

_DRIVER_GPUS = Path("/proc/driver/nvidia/gpus")
_LIST_TIMEOUT_S = 10


def find_devices() -> tuple[str, ...]:
    """Return the devices to work on: "cuda:0", "cuda:1" …, or ("cpu",) when there are none."""
    if not _torch_has_cuda():
        return ("cpu",)
    count = len(visible_gpus(os.environ) or ())
    return tuple(f"cuda:{index}" for index in range(count)) or ("cpu",)


def visible_gpus(environment: Mapping[str, str]) -> list[str] | None:
    """Return what CUDA_VISIBLE_DEVICES may name, in CUDA's order; None when that is not known."""
    chosen = environment.get("CUDA_VISIBLE_DEVICES")
    if chosen is not None:
        names = [name.strip() for name in chosen.split(",")]
        # CUDA reads the list up to the first entry that is no device.
        end = next((i for i, name in enumerate(names) if name in ("", "-1")), len(names))
        return names[:end]
    count = _count_gpus()
    return None if count is None else [str(index) for index in range(count)]


def device_environment(device: str, environment: Mapping[str, str]) -> tuple[dict[str, str], str]:
    """Return the environment of a worker that sees only its device, and its name for it in there.

    Packs use "cuda" for whichever device is first; so the first must be the worker's own.
    """
    changed = dict(environment)
    if not device.startswith("cuda:"):
        return changed, device
    gpus = visible_gpus(environment)
    index = int(device.removeprefix("cuda:"))
    changed["CUDA_VISIBLE_DEVICES"] = gpus[index] if gpus and index < len(gpus) else str(index)
    return changed, "cuda:0"


def _torch_has_cuda() -> bool:
    try:
        version = importlib.metadata.version("torch")
    except importlib.metadata.PackageNotFoundError:
        return False
    return "+cpu" not in version


def _count_gpus() -> int | None:
    if _DRIVER_GPUS.is_dir():
        return sum(1 for _ in _DRIVER_GPUS.iterdir())
    program = shutil.which("nvidia-smi")
    if program is None:
        return None
    try:
        listed = subprocess.run(  # noqa: S603 - found on the path of whoever started the server
            [program, "--list-gpus"],
            capture_output=True,
            text=True,
            timeout=_LIST_TIMEOUT_S,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return sum(1 for line in listed.stdout.splitlines() if line.strip())
