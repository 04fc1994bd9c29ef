"""How much memory this process may still take."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import psutil
import torch

_CGROUP: Final = Path("/sys/fs/cgroup")
# (limit, usage, reclaimable page cache) of version 2, then of version 1
_CGROUP_FILES: Final = (
    ("memory.max", "memory.current", "inactive_file"),
    ("memory/memory.limit_in_bytes", "memory/memory.usage_in_bytes", "total_inactive_file"),
)


def available_ram(cgroup: Path = _CGROUP) -> int:
    """Return the bytes of RAM that can still be taken, a container's limit included."""
    free = int(psutil.virtual_memory().available)
    limited = _cgroup_available(cgroup)
    return free if limited is None else min(free, limited)


def _cgroup_available(cgroup: Path) -> int | None:
    for limit_name, usage_name, cached_name in _CGROUP_FILES:
        limit_file, usage_file = cgroup / limit_name, cgroup / usage_name
        if not (limit_file.is_file() and usage_file.is_file()):
            continue
        text = limit_file.read_text().strip()
        if text == "max":
            return None
        usage = int(usage_file.read_text())
        return max(0, int(text) - usage + _cached(limit_file.with_name("memory.stat"), cached_name))
    return None


def _cached(stat: Path, name: str) -> int:
    """Return the page cache counted as usage that the system gives back under pressure."""
    if not stat.is_file():
        return 0
    fields = dict(line.split(" ", 1) for line in stat.read_text().splitlines())
    return int(fields.get(name, 0))


def available_on(device: torch.device) -> int:
    """Return the bytes that can still be taken on a device."""
    if device.type != "cuda":
        return available_ram()
    free, _ = torch.cuda.mem_get_info(device)
    # What torch has reserved and not handed out is free for us, too.
    reusable = torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)
    return int(free + reusable)
