"""What a worker's device is and how full it is (contract §2, /system_stats)."""

from __future__ import annotations

from typing import Any

import psutil
import torch

from engine.models.memory import available_on


def describe_device(device: torch.device, name: str) -> dict[str, Any]:
    """Return {"pytorch_version", "devices": [one entry]}; amounts are bytes.

    Args:
        name: What the server calls the device: "cuda:1" may be the only one this process sees.
    """
    kind, _, index = name.partition(":")
    if device.type == "cuda":
        title = f"{name} {torch.cuda.get_device_name(device)}"
        free, total = torch.cuda.mem_get_info(device)
        torch_total = torch.cuda.memory_reserved(device)
        torch_free = torch_total - torch.cuda.memory_allocated(device)
    else:
        title = name
        total = torch_total = psutil.virtual_memory().total
        free = torch_free = available_on(device)
    entry = {
        "name": title,
        "type": kind,
        "index": int(index) if index else None,
        "vram_total": total,
        "vram_free": free,
        "torch_vram_total": torch_total,
        "torch_vram_free": torch_free,
    }
    return {"pytorch_version": str(torch.__version__), "devices": [entry]}
