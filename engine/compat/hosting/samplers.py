"""SAMPLER and GUIDER values as packs know them, and the names packs add to the menus."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from torch import Tensor

from engine.compat.host import module
from engine.compat.hosting.missing import Facade, NotOfferedError
from engine.compat.hosting.model import native_model
from engine.compat.hosting.sampling_facts import SigmaFacts
from engine.compat.hosting.values import to_native, to_pack
from engine.sampling.denoiser import Denoiser
from engine.sampling.registry import Sampler, find_sampler, sampler, sampler_names
from engine.sampling.sample import Guider
from engine.sampling.schedules import make_sigmas, schedule, schedule_names
from engine.sampling.sigmas import SigmaTable
from engine.sampling.steps import StepContext


class PackSampler(Facade):
    """`comfy.samplers.Sampler`: the base of a pack's own sampler classes, which cannot run here."""


class KSAMPLER(PackSampler):
    """A sampler: a function in k-diffusion's form, or one of the engine's, with its settings.

    Attributes:
        extra_options: Keyword arguments of the function; may be edited.
    """

    def __init__(
        self,
        sampler_function: Callable[..., Tensor] | Sampler,
        extra_options: Mapping[str, Any] | None = None,
        inpaint_options: Mapping[str, Any] | None = None,
    ) -> None:
        self._function = sampler_function
        self.extra_options = dict(extra_options or {})
        self.inpaint_options = dict(inpaint_options or {})

    @property
    def sampler_function(self) -> Callable[..., Tensor]:
        """The function of a pack's sampler. Raises: NotOfferedError, for the engine's own."""
        if isinstance(self._function, Sampler):
            raise AttributeError  # Python then asks __getattr__, which says what is the matter
        return self._function

    def native(self) -> Sampler:
        """Return the immutable value. Raises: InvalidValueError, for options it does not have."""
        function = self._function
        if isinstance(function, Sampler):
            return function.with_options(**self.extra_options)
        return Sampler(
            getattr(function, "__name__", type(function).__name__),
            KDiffusion(function),
            self.extra_options,
            redraws_mask_noise=bool(self.inpaint_options.get("random", False)),
        )


@dataclass(frozen=True)
class KDiffusion:
    """A function (model, x, sigmas, extra_args, callback, disable, …) as an engine sampler.

    A run that is taken up again calls it anew with the remaining sigmas.
    """

    function: Callable[..., Tensor]

    def __call__(self, denoise: Denoiser, x: Tensor, run: StepContext, **options: Any) -> Tensor:
        """Return the latent at the last sigma."""
        steps = list(run.steps())
        sigmas = x.new_tensor([*(sigma for _, sigma, _ in steps), steps[-1][2]])
        reports = _Reports(run, steps[0][0])
        result = self.function(
            _DenoisedBy(denoise),
            x,
            sigmas,
            extra_args={"seed": run.seed, "model_options": {}},
            callback=reports.step,
            disable=True,
            **options,
        )
        reports.flush(result)
        return result


class _DenoisedBy(Facade):
    """What a k-diffusion function calls as its model."""

    def __init__(self, denoise: Denoiser) -> None:
        self._denoise = denoise

    def __call__(self, x: Tensor, sigma: Tensor, **extra_args: Any) -> Tensor:
        return self._denoise(x, float(sigma.flatten()[0]))


@dataclass(slots=True)
class _Reports:
    """Turns k-diffusion's callbacks into reports.

    A callback shows the latent a step starts from, a report the one it ends with: so each step is
    reported when the next one starts.
    """

    run: StepContext
    first: int
    waiting: tuple[int, Tensor] | None = field(default=None)

    def step(self, state: Mapping[str, Any]) -> None:
        self.flush(state["x"])
        self.waiting = self.first + state["i"], state["denoised"]

    def flush(self, x: Tensor) -> None:
        if self.waiting is not None:
            number, x0 = self.waiting
            self.waiting = None
            self.run.report(number, x0, x)


@dataclass(frozen=True)
class _Named:
    """A sampler that a pack put into `comfy.k_diffusion.sampling` as `sample_<name>`."""

    name: str

    def __call__(self, denoise: Denoiser, x: Tensor, run: StepContext, **options: Any) -> Tensor:
        return KDiffusion(pack_function(self.name))(denoise, x, run, **options)


def pack_function(name: str) -> Callable[..., Tensor]:
    """Return the function a pack offers for a sampler's name. Raises: NotOfferedError."""
    function: Callable[..., Tensor] = getattr(
        module("comfy.k_diffusion.sampling"), f"sample_{name}"
    )
    return function


def sampler_object(name: str) -> KSAMPLER:
    """Return a sampler by its name. Raises: UnknownNameError."""
    adopt_names()
    return KSAMPLER(find_sampler(name))


class CFGGuider(Facade):
    """A model with what guides it.

    A subclass may call these methods; one that predicts noise in its own way cannot run here.
    """

    def __init__(self, model_patcher: Any) -> None:
        self.model_patcher = to_pack(model_patcher)
        self.model_options = self.model_patcher.model_options
        self.original_conds: dict[str, list[Any]] = {}
        self.cfg = 1.0

    def set_conds(self, positive: list[Any], negative: list[Any]) -> None:
        """Set both prompts."""
        self.inner_set_conds({"positive": positive, "negative": negative})

    def inner_set_conds(self, conds: Mapping[str, list[Any]]) -> None:
        """Set prompts by "positive" and "negative"."""
        self.original_conds = dict(conds)

    def set_cfg(self, cfg: float) -> None:
        """Set how strictly the prompts are followed."""
        self.cfg = cfg

    def native(self) -> Guider:
        """Return the immutable value.

        Raises: NotOfferedError, when a subclass predicts noise in its own way.
        """
        for name in ("predict_noise", "outer_sample", "inner_sample", "sample"):
            if getattr(type(self), name, None) is not getattr(CFGGuider, name, None):
                raise NotOfferedError(f"a guider with its own {name}()")
        conds = self.original_conds
        if "positive" not in conds or set(conds) - {"positive", "negative"}:
            raise NotOfferedError(f"a guider with the prompts {sorted(conds)}")
        model = native_model(self.model_patcher)
        return Guider(model, conds["positive"], conds.get("negative"), self.cfg)

    def sample(
        self,
        noise: Tensor,
        latent_image: Tensor,
        sampler: Any,
        sigmas: Tensor,
        denoise_mask: Tensor | None = None,
        callback: Callable[..., None] | None = None,
        disable_pbar: bool = False,
        seed: int | None = None,
    ) -> Tensor:
        """Sample along `sigmas`; returns latents."""
        from engine.compat.hosting.sampling import sample_along

        return sample_along(
            self.native(), noise, latent_image, sampler, sigmas, denoise_mask, callback, seed
        )


@dataclass(frozen=True, slots=True)
class SchedulerHandler:
    """How a schedule is called.

    Attributes:
        handler: (model_sampling, steps) -> sigmas; or with `use_ms` False
            (n=, sigma_min=, sigma_max=) -> sigmas.
    """

    handler: Callable[..., Tensor]
    use_ms: bool = True

    def sigmas(self, facts: SigmaFacts, steps: int) -> Tensor:
        """Return the sigmas of a run."""
        if self.use_ms:
            return self.handler(facts, steps)
        low, high = float(facts.sigma_min), float(facts.sigma_max)
        return self.handler(n=steps, sigma_min=low, sigma_max=high)


def engine_handlers() -> dict[str, SchedulerHandler]:
    """Return the engine's schedules as packs know them."""

    def handler(name: str) -> SchedulerHandler:
        return SchedulerHandler(lambda facts, steps: make_sigmas(facts.table, name, steps))

    return {name: handler(name) for name in schedule_names()}


def adopt_names() -> None:
    """Let native nodes offer the samplers and schedules that packs added to the lists of names."""
    if "comfy.samplers" not in sys.modules:
        return
    known = module("comfy.samplers")
    for name in (*known.KSampler.SAMPLERS, *known.SAMPLER_NAMES):
        if name not in sampler_names():
            sampler(name)(_Named(name))
    names = (*known.SCHEDULER_HANDLERS, *known.KSampler.SCHEDULERS, *known.SCHEDULER_NAMES)
    for name in names:
        if name not in schedule_names():
            schedule(name)(_pack_schedule(name))


def _pack_schedule(name: str) -> Callable[[SigmaTable, int], Tensor]:
    def sigmas(table: SigmaTable, steps: int) -> Tensor:
        # Through the module: some packs replace this function instead of adding a handler.
        found: Tensor = module("comfy.samplers").calculate_sigmas(SigmaFacts(table), name, steps)
        return found.float().cpu()

    return sigmas


@to_pack.register
def _(value: Sampler) -> KSAMPLER:
    if isinstance(value.function, KDiffusion):
        inpaint = {"random": True} if value.redraws_mask_noise else {}
        return KSAMPLER(value.function.function, value.options, inpaint)
    return KSAMPLER(value)


@to_native.register
def _(value: PackSampler) -> Sampler:
    if not isinstance(value, KSAMPLER):
        raise NotOfferedError(f"a sampler class of its own ({type(value).__name__})")
    return value.native()


@to_pack.register
def _(value: Guider) -> CFGGuider:
    guider = CFGGuider(value.model)
    negative = {} if value.negative is None else {"negative": value.negative}
    guider.inner_set_conds({"positive": value.positive, **negative})
    guider.set_cfg(value.cfg)
    return guider


@to_native.register
def _(value: CFGGuider) -> Guider:
    return value.native()


def native_sampler(value: Any) -> Sampler:
    """Return the native sampler behind what a pack passes. Raises: NotOfferedError."""
    found = to_native(value)
    if not isinstance(found, Sampler):
        raise NotOfferedError(f"{type(value).__name__} as a sampler")
    return found
