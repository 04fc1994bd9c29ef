"""Devices, memory and interruption."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import torch
from torch import nn

from engine.compat.host import current
from engine.compat.hosting.missing import unoffered
from engine.errors import RunCancelledError
from engine.models.memory import available_on
from engine.models.residency import Residency
from engine.registry.running import current_context

__getattr__ = unoffered(__name__)

InterruptProcessingException = RunCancelledError
OOM_EXCEPTION = torch.OutOfMemoryError


def get_torch_device() -> torch.device:
    """Return where networks compute."""
    return _residency().device


def get_torch_device_name(device: torch.device) -> str:
    """Return a device's name."""
    if device.type == "cuda":
        return f"{device} {torch.cuda.get_device_name(device)}"
    return device.type


def intermediate_device() -> torch.device:
    """Return where values between nodes are."""
    return torch.device("cpu")


def unet_offload_device() -> torch.device:
    """Return where weights wait."""
    return torch.device("cpu")


text_encoder_offload_device = vae_offload_device = unet_offload_device


def vae_device() -> torch.device:
    """Return where the VAE computes."""
    return get_torch_device()


text_encoder_device = vae_device


def unet_dtype(
    device: torch.device | None = None, model_params: int = 0, **more: Any
) -> torch.dtype:
    """Return the type networks compute in."""
    return _residency().dtype


def vae_dtype(device: torch.device | None = None, allowed_dtypes: Any = ()) -> torch.dtype:
    """Return the type the VAE computes in, one of `allowed_dtypes` where those are given."""
    usual = torch.bfloat16 if get_torch_device().type == "cuda" else torch.float32
    return usual if not allowed_dtypes or usual in allowed_dtypes else torch.float32


def should_use_fp16(device: torch.device | None = None, *args: Any, **more: Any) -> bool:
    """Tell whether networks compute in float16."""
    return _residency().dtype is torch.float16


def should_use_bf16(device: torch.device | None = None, *args: Any, **more: Any) -> bool:
    """Tell whether networks compute in bfloat16."""
    return _residency().dtype is torch.bfloat16


def get_free_memory(dev: torch.device | None = None, torch_free_too: bool = False) -> Any:
    """Return the bytes that can be taken; with `torch_free_too` also those torch has reserved."""
    device = dev or get_torch_device()
    free = available_on(device)
    if not torch_free_too:
        return free
    if device.type != "cuda":
        return free, free
    reserved = torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)
    return free, reserved


def get_total_memory(dev: torch.device | None = None) -> int:
    """Return the bytes of memory a device has."""
    import psutil

    device = dev or get_torch_device()
    if device.type == "cuda":
        return int(torch.cuda.get_device_properties(device).total_memory)
    return int(psutil.virtual_memory().total)


def load_models_gpu(models: Iterable[Any], memory_required: float = 0, **more: Any) -> None:
    """Do nothing: weights come onto the device when a model is used."""


def load_model_gpu(model: Any) -> None:
    """Do nothing: weights come onto the device when a model is used."""


def unload_all_models() -> None:
    """Drop every network that is not in use."""
    _residency().free_all()


def free_memory(memory_required: float, device: torch.device, keep_loaded: Any = ()) -> None:
    """Drop the networks that are not in use when less than `memory_required` bytes are free."""
    if available_on(device) < memory_required:
        _residency().free_all()


def soft_empty_cache(force: bool = False) -> None:
    """Give back memory that torch keeps without using it."""
    if get_torch_device().type == "cuda":
        torch.cuda.empty_cache()


def module_size(module: nn.Module) -> int:
    """Return the bytes of a module's weights."""
    return sum(tensor.nbytes for tensor in module.state_dict().values())


def cast_to_device(
    tensor: torch.Tensor, device: torch.device, dtype: torch.dtype, copy: bool = False
) -> torch.Tensor:
    """Return a tensor on another device in another type."""
    return tensor.to(device, dtype, copy=copy)


def get_autocast_device(dev: Any) -> str:
    """Return the device's type as autocast takes it."""
    return str(getattr(dev, "type", "cuda"))


def is_device_cpu(device: Any) -> bool:
    """Tell whether a device is the CPU."""
    return bool(getattr(device, "type", None) == "cpu")


def is_device_mps(device: Any) -> bool:
    """Tell whether a device is Apple's."""
    return bool(getattr(device, "type", None) == "mps")


def is_device_cuda(device: Any) -> bool:
    """Tell whether a device is CUDA's."""
    return bool(getattr(device, "type", None) == "cuda")


def interrupt_current_processing(value: bool = True) -> None:
    """Stop the running job; False does nothing."""
    if value:
        current().link.interrupt()


def processing_interrupted() -> bool:
    """Tell whether the running job was stopped."""
    try:
        throw_exception_if_processing_interrupted()
    except RunCancelledError:
        return True
    return False


def throw_exception_if_processing_interrupted() -> None:
    """Raises: RunCancelledError, when the running job was stopped."""
    context = current_context()
    if context is not None:
        context.check_cancelled()


def _residency() -> Residency:
    return current().service(Residency)
