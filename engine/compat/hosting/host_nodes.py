"""The module `nodes` as packs know it: built-in node types as classes to call and subclass.

The package `nodes` holds the built-in nodes; `import nodes` in a pack finds that same package,
which `engine.compat.host.install` lets answer with `host_symbol`.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, MutableMapping
from typing import Any, Final, TypeVar

from engine.compat.host import current, module
from engine.compat.hosting.missing import NotOfferedError, missing
from engine.compat.hosting.node_class import class_of
from engine.compat.hosting.values import at_border
from engine.registry.registry import Registry
from engine.registry.spec import NodeSpec
from engine.registry.v1 import v1_spec

MAX_RESOLUTION: Final = 16384
"""The largest side of a picture in pixels, as packs put it into their widgets."""

T = TypeVar("T")

_log = logging.getLogger(__name__)


def host_symbol(name: str) -> Any:
    """Return a symbol of the host's `nodes` module. Raises: NotOfferedError."""
    if name in _SYMBOLS:
        return _SYMBOLS[name]()
    if name == "__all__":
        return [*_SYMBOLS, *(key for key, spec in current().registry.items() if _native(spec))]
    return builtin_class("nodes", name)


def builtin_class(module_name: str, type_id: str) -> type:
    """Return a built-in node type as a class.

    Args:
        module_name: Where the pack looks for it.

    Raises: NotOfferedError, NotImportableError.
    """
    if not type_id.startswith("_"):
        spec = current().registry.get(type_id)
        if spec is not None and _native(spec):
            return class_of(spec)
    raise missing(module_name, type_id)


def builtin_classes(module_name: str) -> Callable[[str], type]:
    """Return the `__getattr__` of a module that offers built-in node classes."""
    return lambda name: builtin_class(module_name, name)


class _ByTypeId(MutableMapping[str, T]):
    """A table with an entry for every node type."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry

    def __delitem__(self, type_id: str) -> None:
        raise NotOfferedError(f"removing from {type(self).__name__}")

    def __iter__(self) -> Iterator[str]:
        return iter(self._registry)

    def __len__(self) -> int:
        return len(self._registry)

    def copy(self) -> dict[str, T]:
        """Return the entries as they are now."""
        return dict(self)


class ClassMappings(_ByTypeId[type]):
    """NODE_CLASS_MAPPINGS: every node type's class; setting one adds a type."""

    def __getitem__(self, type_id: str) -> type:
        spec = self._registry[type_id]
        if _native(spec):
            return class_of(spec)
        if spec.node_class is None:
            raise NotOfferedError(f'NODE_CLASS_MAPPINGS["{type_id}"], which has no class')
        return spec.node_class

    def __setitem__(self, type_id: str, cls: type) -> None:
        if not self._registry.add(at_border(v1_spec(type_id, cls))):
            _log.warning("%s: built-in nodes keep their names, so a pack's is left out", type_id)


class TitleMappings(_ByTypeId[str]):
    """NODE_DISPLAY_NAME_MAPPINGS: every node type's title; setting one renames the type."""

    def __getitem__(self, type_id: str) -> str:
        return self._registry[type_id].display_name or type_id

    def __setitem__(self, type_id: str, title: str) -> None:
        self._registry.rename(type_id, title)


def common_ksampler(
    model: Any,
    seed: int,
    steps: int,
    cfg: float,
    sampler_name: str,
    scheduler: str,
    positive: list[Any],
    negative: list[Any],
    latent: dict[str, Any],
    denoise: float = 1.0,
    disable_noise: bool = False,
    start_step: int | None = None,
    last_step: int | None = None,
    force_full_denoise: bool = False,
) -> tuple[dict[str, Any]]:
    """Sample a latent as the KSampler nodes do, with progress of the running node.

    Calls go through `comfy.sample` and `latent_preview`, whose functions packs replace.
    """
    sampling = module("comfy.sample")
    samples = sampling.fix_empty_latent_channels(model, latent["samples"])
    if disable_noise:
        noise = samples.new_zeros(samples.shape, device="cpu")
    else:
        noise = sampling.prepare_noise(samples, seed, latent.get("batch_index"))
    result = latent.copy()
    result["samples"] = sampling.sample(
        model,
        noise,
        steps,
        cfg,
        sampler_name,
        scheduler,
        positive,
        negative,
        samples,
        denoise=denoise,
        disable_noise=disable_noise,
        start_step=start_step,
        last_step=last_step,
        force_full_denoise=force_full_denoise,
        noise_mask=latent.get("noise_mask"),
        callback=module("latent_preview").prepare_callback(model, steps),
        seed=seed,
    )
    return (result,)


def interrupt_processing(value: bool = True) -> None:
    """Stop the running job; False does nothing, since a stop ends with the job it stopped."""
    if value:
        current().link.interrupt()


def before_node_execution() -> None:
    """Raises: RunCancelledError, when the running job was stopped."""
    module("comfy.model_management").throw_exception_if_processing_interrupted()


def _native(spec: NodeSpec) -> bool:
    return spec.source == "native"


_SYMBOLS: Final[dict[str, Callable[[], Any]]] = {
    "MAX_RESOLUTION": lambda: MAX_RESOLUTION,
    "NODE_CLASS_MAPPINGS": lambda: ClassMappings(current().registry),
    "NODE_DISPLAY_NAME_MAPPINGS": lambda: TitleMappings(current().registry),
    "EXTENSION_WEB_DIRS": lambda: current().web_dirs,
    "common_ksampler": lambda: common_ksampler,
    "interrupt_processing": lambda: interrupt_processing,
    "before_node_execution": lambda: before_node_execution,
}
