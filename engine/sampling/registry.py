"""The table of samplers. A sampler is one function in one file of `samplers/`."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any, Protocol, Self, TypeVar

from torch import Tensor

from engine.errors import InvalidValueError, UnknownNameError
from engine.sampling.denoiser import Denoiser
from engine.sampling.steps import StepContext


class SamplerFunction(Protocol):
    """Integrates from noise to a clean latent; settings are further keyword arguments."""

    def __call__(self, denoise: Denoiser, x: Tensor, run: StepContext, **options: Any) -> Tensor:
        """Return the latent at the last sigma of the run."""
        ...


@dataclass(frozen=True, slots=True)
class Sampler:
    """A SAMPLER value: a named sampler with its settings.

    Attributes:
        function: The integration.
        options: Keyword arguments of `function`.
        drops_second_last: Its schedule has one step more, of which the second-last sigma is left
            out (second-order samplers that evaluate between sigmas).
        redraws_mask_noise: Outside the mask of an inpainting run, noise of seed + 1 is used.
        needs_unguided: It asks the run for the estimate without guidance.
    """

    name: str
    function: Callable[..., Tensor]
    options: Mapping[str, Any] = field(default_factory=dict)
    drops_second_last: bool = False
    redraws_mask_noise: bool = False
    needs_unguided: bool = False

    def with_options(self, **options: Any) -> Self:
        """Return this sampler with other settings. Raises: InvalidValueError, for unknown ones."""
        known = inspect.signature(self.function).parameters
        for name in options:
            if name not in known:
                raise InvalidValueError(f'Sampler "{self.name}"', name, "one of its settings")
        return replace(self, options={**self.options, **options})


_SAMPLERS: dict[str, Sampler] = {}

_MENU_ORDER = (
    "euler",
    "euler_cfg_pp",
    "euler_ancestral",
    "euler_ancestral_cfg_pp",
    "heun",
    "heunpp2",
    "dpm_2",
    "dpm_2_ancestral",
    "lms",
    "dpm_fast",
    "dpm_adaptive",
    "dpmpp_2s_ancestral",
    "dpmpp_2s_ancestral_cfg_pp",
    "dpmpp_sde",
    "dpmpp_sde_gpu",
    "dpmpp_2m",
    "dpmpp_2m_cfg_pp",
    "dpmpp_2m_sde",
    "dpmpp_2m_sde_gpu",
    "dpmpp_2m_sde_heun",
    "dpmpp_2m_sde_heun_gpu",
    "dpmpp_3m_sde",
    "dpmpp_3m_sde_gpu",
    "ddpm",
    "lcm",
    "ipndm",
    "ipndm_v",
    "deis",
    "res_multistep",
    "res_multistep_cfg_pp",
    "res_multistep_ancestral",
    "res_multistep_ancestral_cfg_pp",
    "gradient_estimation",
    "gradient_estimation_cfg_pp",
    "er_sde",
    "seeds_2",
    "seeds_3",
    "sa_solver",
    "sa_solver_pece",
    "ddim",
    "uni_pc",
    "uni_pc_bh2",
)
"""Where artists look for a name, built or not. Samplers that are not listed follow, by name."""

F = TypeVar("F", bound=Callable[..., Tensor])


def sampler(
    name: str,
    *,
    drops_second_last: bool = False,
    redraws_mask_noise: bool = False,
    needs_unguided: bool = False,
    **options: Any,
) -> Callable[[F], F]:
    """Register a function as a sampler under the name that workflow files use."""

    def register(function: F) -> F:
        _SAMPLERS[name] = Sampler(
            name, function, options, drops_second_last, redraws_mask_noise, needs_unguided
        )
        return function

    return register


def sampler_names() -> list[str]:
    """List the samplers in menu order."""
    _load_all()
    rank = {name: place for place, name in enumerate(_MENU_ORDER)}
    return sorted(_SAMPLERS, key=lambda name: (rank.get(name, len(rank)), name))


def find_sampler(name: str) -> Sampler:
    """Return a sampler. Raises: UnknownNameError, with the nearest name."""
    _load_all()
    if name not in _SAMPLERS:
        raise UnknownNameError("sampler", name, _SAMPLERS)
    return _SAMPLERS[name]


@cache
def _load_all() -> None:
    """Import every sampler file, once, when somebody first asks."""
    from engine.sampling import samplers

    for module in pkgutil.iter_modules(samplers.__path__, f"{samplers.__name__}."):
        importlib.import_module(module.name)
