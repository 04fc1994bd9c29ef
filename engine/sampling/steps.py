"""What a sampler may ask for while it runs, and the state that lets a run be taken up again."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from torch import Tensor

from engine.sampling.noise import BrownianNoise, StepNoise


@dataclass(frozen=True, slots=True)
class SamplerState:
    """Everything a sampler needs to go on after a step; tensors and one number.

    Attributes:
        step: Index of the next step.
        x: (B, C, h, w) latent at that step's sigma.
        memory: What the sampler remembers of earlier steps.
        noise: Position in the stream of added noise; None when none was drawn.
    """

    step: int
    x: Tensor
    memory: Mapping[str, Tensor] = field(default_factory=dict)
    noise: Tensor | None = None


@dataclass(frozen=True, slots=True)
class StepReport:
    """One finished step.

    Attributes:
        step: Index of the step, from 0.
        total: Steps of the run.
        x0: (B, C, h, w) the step's clean estimate, scaled latent on the sampling device.
        state: Where a later run can go on; its tensors stay valid.
    """

    step: int
    total: int
    x0: Tensor
    state: SamplerState


OnStep: TypeAlias = Callable[[StepReport], None]
"""Called after each step; raises RunCancelledError to stop the run."""


class StepContext:
    """One run of a sampler: its steps, its noise, its memory.

    Attributes:
        memory: Tensors kept between steps (multistep history). Never changed in place.
        flow: The path is x = (1 - sigma) x0 + sigma n instead of x = x0 + sigma n.
        last_x0: The newest clean estimate, or None before the first step.
    """

    def __init__(
        self,
        x: Tensor,
        sigmas: Tensor,
        seed: int,
        *,
        flow: bool = False,
        on_step: OnStep | None = None,
        resume: SamplerState | None = None,
    ) -> None:
        self._x, self._seed, self._on_step = x, seed, on_step
        self._sigmas: list[float] = sigmas.tolist()
        self._first = resume.step if resume else 0
        self._noise: StepNoise | None = None
        self._noise_position = resume.noise if resume else None
        self._brownian: BrownianNoise | None = None
        self.memory: dict[str, Tensor] = dict(resume.memory) if resume else {}
        self.flow = flow
        self.last_x0: Tensor | None = None
        self._unguided: Tensor | None = None

    @property
    def seed(self) -> int:
        """The seed of the noise that is added on the way."""
        return self._seed

    def steps(self) -> Iterator[tuple[int, float, float]]:
        """Yield (step, sigma, sigma_next) of each step still to do."""
        for step in range(self._first, self.total):
            yield step, self._sigmas[step], self._sigmas[step + 1]

    @property
    def total(self) -> int:
        """Steps of the whole run."""
        return len(self._sigmas) - 1

    def sigma(self, step: int) -> float:
        """Return the sigma a step starts from."""
        return self._sigmas[step]

    def noise(self) -> Tensor:
        """Return fresh standard normal noise in the shape of the latent."""
        if self._noise is None:
            self._noise = StepNoise(self._x, self._seed)
            if self._noise_position is not None:
                self._noise.seek(self._noise_position)
        return self._noise.draw()

    def brownian_noise(self, sigma: float, sigma_next: float, *, on_cpu: bool) -> Tensor:
        """Return the unit-variance noise of one Brownian path between two sigmas."""
        if self._brownian is None:
            low = min(s for s in self._sigmas if s > 0)
            self._brownian = BrownianNoise(
                self._x, self._seed, low, max(self._sigmas), on_cpu=on_cpu
            )
        return self._brownian.draw(sigma, sigma_next)

    def note_unguided(self, x0: Tensor) -> None:
        """Keep the estimate without guidance; called with every estimate, before it is returned."""
        self._unguided = x0

    def unguided(self, x0: Tensor) -> Tensor:
        """Return the newest estimate without guidance: `x0` itself when nothing is guided."""
        return x0 if self._unguided is None else self._unguided

    def report(self, step: int, x0: Tensor, x: Tensor) -> None:
        """Report a finished step; the last thing a sampler does in it.

        Args:
            x0: The step's clean estimate.
            x: The latent the next step starts from.

        Raises: RunCancelledError, when the run was stopped.
        """
        self.last_x0 = x0
        if self._on_step is None:
            return
        position = self._noise.position() if self._noise else self._noise_position
        state = SamplerState(step + 1, x, dict(self.memory), position)
        self._on_step(StepReport(step, self.total, x0, state))
