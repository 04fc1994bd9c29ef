"""The MODEL value as packs know it: cloned, then changed in place."""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import Any, Self

import torch

from engine.compat.hosting.missing import Facade, NotOfferedError
from engine.compat.hosting.sampling_facts import LatentFormatFacts, ModelSampling
from engine.compat.hosting.values import to_native, to_pack
from engine.compat.hosting.weight_patch import difference_patch
from engine.errors import InvalidValueError
from engine.models.model import DiffusionNetworkModel
from engine.types import DiffusionModel

_HOOKS = frozenset(
    {
        "sampler_cfg_function",
        "sampler_pre_cfg_function",
        "sampler_post_cfg_function",
        "denoise_mask_function",
        "model_function_wrapper",
    }
)
_UNSUPPORTED = ("sampler_calc_cond_batch_function",)


class ModelPatcher(Facade):
    """A diffusion model that a pack may change after `clone()`.

    Attributes:
        model_options: Hooks and settings by name; may be edited.
    """

    def __init__(self, model: Any, load_device: Any = None, offload_device: Any = None) -> None:
        if not isinstance(model, DiffusionNetworkModel):
            raise NotOfferedError("ModelPatcher(…) around a network of its own")
        self._native = model
        self.model_options: dict[str, Any] = _thawed(model.options)

    @property
    def model(self) -> BaseModel:
        """Facts about the network and its latents."""
        return BaseModel(self._native)

    @property
    def load_device(self) -> torch.device:
        """Where the network computes."""
        return self._native.device

    @property
    def offload_device(self) -> torch.device:
        """Where weights wait."""
        return torch.device("cpu")

    def native(self) -> DiffusionNetworkModel:
        """Return the immutable value.

        Raises: NotOfferedError, when a pack has set an option that the engine cannot follow.
        """
        if _same(self.model_options, _thawed(self._native.options)):
            return self._native
        _check(self.model_options)
        return dataclasses.replace(
            self._native, options=MappingProxyType(_frozen(self.model_options))
        )

    def clone(self) -> Self:
        """Return a copy whose changes leave this one alone."""
        return type(self)(self.native())

    def is_clone(self, other: object) -> bool:
        """Tell whether another model has the same base weights."""
        return isinstance(other, ModelPatcher) and other._native.component is self._native.component

    def model_dtype(self) -> torch.dtype:
        """Return the type the network computes in."""
        return self._native.residency.dtype

    def get_model_object(self, name: str) -> Any:
        """Return a part of `model` by its dotted name. Raises: NotOfferedError."""
        found: Any = self.model
        for part in name.split("."):
            found = getattr(found, part)
        return found

    def add_patches(
        self,
        patches: Mapping[str, Any],
        strength_patch: float = 1.0,
        strength_model: float = 1.0,
    ) -> list[str]:
        """Change weights: W' = strength_model W + strength_patch D; return the names that exist.

        Args:
            patches: D by "diffusion_model.<name in the file>": (D,) or ("diff", (D,)).

        Raises: NotOfferedError, for another kind of patch.
        """
        patch = difference_patch(
            self._native.component, patches, float(strength_patch), float(strength_model)
        )
        self._native = self._native.with_patches([patch])
        return patch.keys

    def set_model_sampler_cfg_function(
        self, sampler_cfg_function: Callable[..., Any], disable_cfg1_optimization: bool = False
    ) -> None:
        """Replace guidance; the function takes a payload, or (cond, uncond, cond_scale)."""
        hook = sampler_cfg_function
        if len(inspect.signature(hook).parameters) == 3:  # the older of the two forms

            def hook(payload: Mapping[str, Any]) -> Any:
                return sampler_cfg_function(
                    payload["cond"], payload["uncond"], payload["cond_scale"]
                )

        self._set("sampler_cfg_function", hook, disable_cfg1_optimization)

    def set_model_sampler_pre_cfg_function(
        self, pre_cfg_function: Callable[..., Any], disable_cfg1_optimization: bool = False
    ) -> None:
        """Add a function that changes predictions before guidance."""
        self._add("sampler_pre_cfg_function", pre_cfg_function, disable_cfg1_optimization)

    def set_model_sampler_post_cfg_function(
        self, post_cfg_function: Callable[..., Any], disable_cfg1_optimization: bool = False
    ) -> None:
        """Add a function that changes the guided prediction."""
        self._add("sampler_post_cfg_function", post_cfg_function, disable_cfg1_optimization)

    def set_model_unet_function_wrapper(self, unet_wrapper_function: Callable[..., Any]) -> None:
        """Wrap each forward pass."""
        self._set("model_function_wrapper", unet_wrapper_function)

    def set_model_denoise_mask_function(self, denoise_mask_function: Callable[..., Any]) -> None:
        """Change an inpainting mask at each step."""
        self._set("denoise_mask_function", denoise_mask_function)

    def _set(self, name: str, function: Any, disable_cfg1_optimization: bool = False) -> None:
        self.model_options[name] = function
        if disable_cfg1_optimization:
            self.model_options["disable_cfg1_optimization"] = True

    def _add(self, name: str, function: Any, disable_cfg1_optimization: bool) -> None:
        functions = [*self.model_options.get(name, ()), function]
        self._set(name, functions, disable_cfg1_optimization)


class BaseModel(Facade):
    """The facts of a model that packs read: `ModelPatcher.model`, and "model" in hooks."""

    def __init__(self, native: DiffusionModel) -> None:
        self._native = native

    @property
    def model_sampling(self) -> ModelSampling:
        """Noise levels and what the network predicts."""
        return ModelSampling(self._native)

    @property
    def latent_format(self) -> LatentFormatFacts:
        """The latent space."""
        return LatentFormatFacts(self._native.latent_format)

    @property
    def device(self) -> torch.device:
        """Where the network computes."""
        return self._native.device

    def process_latent_in(self, latent: torch.Tensor) -> torch.Tensor:
        """Return a latent as the network sees it."""
        return self.latent_format.process_in(latent)

    def process_latent_out(self, latent: torch.Tensor) -> torch.Tensor:
        """Undo `process_latent_in`."""
        return self.latent_format.process_out(latent)


@dataclasses.dataclass(frozen=True)
class PackHook:
    """A pack's function in a native model's options: it sees the model as packs know it."""

    function: Callable[..., Any]

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call the pack's function."""
        return self.function(
            *(_seen_by_pack(value) for value in args),
            **{name: _seen_by_pack(value) for name, value in kwargs.items()},
        )


def _seen_by_pack(value: Any) -> Any:
    if not (isinstance(value, dict) and "model" in value):
        return value
    seen = {**value, "model": BaseModel(value["model"])}
    if "model_options" in value:
        seen["model_options"] = _thawed(value["model_options"])
    return seen


def _thawed(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return options as a pack may edit them; functions are the pack's own again."""
    thawed = {
        name: _each_hook(value, _unwrapped) if name in _HOOKS else _copied(value)
        for name, value in options.items()
    }
    thawed.setdefault("transformer_options", {})
    return thawed


def _frozen(options: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: _each_hook(value, _wrapped) if name in _HOOKS else _copied(value)
        for name, value in options.items()
    }


def _each_hook(value: Any, convert: Callable[[Any], Any]) -> Any:
    return [convert(item) for item in value] if isinstance(value, (list, tuple)) else convert(value)


def _wrapped(function: Any) -> Any:
    return function if isinstance(function, PackHook) else PackHook(function)


def _unwrapped(function: Any) -> Any:
    return function.function if isinstance(function, PackHook) else function


def _copied(value: Any) -> Any:
    """Copy containers, so that an edit here is none elsewhere; what they hold is shared."""
    if isinstance(value, Mapping):
        return {key: _copied(item) for key, item in value.items()}
    return [_copied(item) for item in value] if isinstance(value, list) else value


def _same(a: Any, b: Any) -> bool:
    """Compare options without asking tensors, which answer with tensors."""
    if isinstance(a, Mapping) and isinstance(b, Mapping):
        return a.keys() == b.keys() and all(_same(a[key], b[key]) for key in a)
    if isinstance(a, list) and isinstance(b, list):
        return len(a) == len(b) and all(map(_same, a, b))
    plain = isinstance(a, (bool, int, float, str)) and type(a) is type(b)
    return a is b or (plain and bool(a == b))


def _check(options: Mapping[str, Any]) -> None:
    """Refuse options that would be passed over in silence."""
    for name in _UNSUPPORTED:
        if name in options:
            raise NotOfferedError(f'model_options["{name}"]')
    for name in ("patches", "patches_replace"):
        if _any_leaf(options.get("transformer_options", {}).get(name)):
            raise NotOfferedError(
                f'transformer_options["{name}"]', "Attention layers cannot be replaced here."
            )


def _any_leaf(value: Any) -> bool:
    if isinstance(value, Mapping):
        return any(_any_leaf(item) for item in value.values())
    return bool(value) if isinstance(value, Iterable) else value is not None


def native_model(value: Any, where: str = 'input "model"') -> DiffusionNetworkModel:
    """Return the native model behind what a pack passes. Raises: InvalidValueError."""
    found = to_native(value)
    if not isinstance(found, DiffusionNetworkModel):
        raise InvalidValueError(where, type(value).__name__, "a diffusion model")
    return found


@to_pack.register
def _(value: DiffusionNetworkModel) -> ModelPatcher:
    return ModelPatcher(value)


@to_native.register
def _(value: ModelPatcher) -> DiffusionNetworkModel:
    return value.native()
