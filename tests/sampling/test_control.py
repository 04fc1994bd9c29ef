"""ControlNets in a run: which of them count, when, for which prompts, and what they see."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Self

import pytest
import torch
from torch import Tensor

from engine.errors import InvalidValueError
from engine.sampling.control import share_controls
from engine.sampling.guiders import AnyGuider, DualGuider, Guider, PerpNegGuider
from engine.sampling.noise import initial_noise
from engine.sampling.registry import find_sampler
from engine.sampling.sample import sample
from engine.sampling.schedules import karras_sigmas
from engine.types import ControlForward, ControlModel, ControlResiduals
from tests.sampling.sampling_fakes import GaussianModel, prompt


@dataclass(eq=False)
class FakeControl:
    """Answers with the mean of its hint; `hints` are those it was shown."""

    value: float = 1.0
    strength: float = 1.0
    start_percent: float = 0.0
    end_percent: float = 1.0
    previous: ControlModel | None = None
    hint: Tensor | None = None
    downscale: int = 8
    hints: list[Tensor] = field(default_factory=list)
    inputs: list[Tensor] = field(default_factory=list)

    def __post_init__(self) -> None:
        if self.hint is None:
            self.hint = torch.full((1, 3, 64, 64), self.value)

    @contextmanager
    def loaded(self, batch_shape: tuple[int, ...]) -> Iterator[ControlForward]:
        yield self._network

    def _network(
        self, x: Tensor, timestep: Tensor, context: Tensor, hint: Tensor
    ) -> ControlResiduals:
        assert len(x) == len(timestep) == len(context) == len(hint)
        self.hints.append(hint)
        self.inputs.append(x)
        mean = hint.mean(dim=(1, 2, 3))
        return [mean, 2 * mean], 3 * mean

    def with_hint(self, image: Tensor, strength: float, start: float, end: float) -> Self:
        raise AssertionError("the nodes do that, not the run")

    def with_previous(self, previous: ControlModel | None) -> Self:
        return dataclasses.replace(self, previous=previous)


def run(guider: AnyGuider, steps: int = 1, cells: tuple[int, int] = (8, 8)) -> list[Any]:
    """Return the residuals of every forward pass, None where there were none."""
    latent = torch.zeros(2, 4, *cells)
    sample(
        guider,
        noise=initial_noise(latent, 3),
        latent=latent,
        sampler=find_sampler("euler"),
        sigmas=karras_sigmas(steps, 0.03, 14.6, 7.0),
        seed=3,
    )
    assert isinstance(guider.model, GaussianModel)
    return [extra.get("control") for extra in guider.model.extras]


def test_both_prompts_under_one_controlnet_share_a_forward_pass() -> None:
    control, model = FakeControl(0.5), GaussianModel()
    side = prompt(0.0, control=control)

    (control_of_pass,) = run(Guider(model, side, side, 2.0))

    down, middle = control_of_pass
    assert [part.tolist() for part in (*down, middle)] == [[0.5] * 4, [1.0] * 4, [1.5] * 4]
    assert model.calls[0][0] == 4


def test_prompts_with_and_without_a_controlnet_run_apart() -> None:
    model = GaussianModel()

    passes = run(Guider(model, prompt(0.0, control=FakeControl()), prompt(0.0), 2.0))

    assert [given is not None for given in passes] == [True, False]
    assert [call[0] for call in model.calls] == [2, 2]


def test_a_chain_adds_up_each_with_its_strength() -> None:
    first = FakeControl(1.0, strength=0.5)
    chain = FakeControl(0.25, strength=2.0).with_previous(first)

    ((down, middle),) = run(Guider(GaussianModel(), prompt(0.0, control=chain)))

    assert down[0].tolist() == [1.0, 1.0]  # 2 x 0.25 + 0.5 x 1
    assert middle.tolist() == [3.0, 3.0]


@pytest.mark.parametrize(
    ("start", "end", "counts"),
    [
        (0.0, 1.0, [True] * 4),
        (0.0, 0.0, [False] * 4),
        (1.0, 1.0, [False] * 4),
        (0.0, 0.5, [True, True, False, False]),
        (0.5, 1.0, [False, False, True, True]),
    ],
)
def test_it_counts_between_start_and_end_only(start: float, end: float, counts: list[bool]) -> None:
    control = FakeControl(start_percent=start, end_percent=end)

    passes = run(Guider(GaussianModel(), prompt(0.0, control=control)), steps=4)

    assert [given is not None for given in passes] == counts


def test_in_a_chain_each_has_its_own_range() -> None:
    early = FakeControl(1.0, end_percent=0.5)
    chain = FakeControl(10.0).with_previous(early)

    passes = run(Guider(GaussianModel(), prompt(0.0, control=chain)), steps=4)

    assert [float(down[0][0]) for down, _ in passes] == [11.0, 11.0, 10.0, 10.0]


def test_it_sees_the_latent_in_the_variance_of_the_network() -> None:
    control = FakeControl()
    run(Guider(GaussianModel(), prompt(0.0, control=control)))
    # At 14.6, nearly the largest sigma, the scaled latent is the noise itself.
    torch.testing.assert_close(
        control.inputs[0], initial_noise(torch.zeros(2, 4, 8, 8), 3), atol=0.02, rtol=0.02
    )


def test_the_hint_is_fitted_to_the_latent_and_repeated_over_the_batch() -> None:
    hint = torch.arange(64.0).expand(3, 3, 16, 64) + torch.arange(3.0).view(3, 1, 1, 1) * 100
    control = FakeControl(hint=hint)

    run(Guider(GaussianModel(), prompt(0.0, control=control)), cells=(4, 4))

    seen = control.hints[0]
    assert seen.shape == (2, 3, 32, 32)
    # 16 x 64 to a square: columns 24 … 39 are left, each doubled.
    assert seen[0, 0, 0].tolist() == [float(24 + column // 2) for column in range(32)]
    assert float(seen[1, 0, 0, 0]) == 124.0


def test_a_prompt_with_an_area_sees_its_part_of_the_hint() -> None:
    control = FakeControl(hint=torch.arange(64.0).expand(1, 3, 64, 64))

    run(Guider(GaussianModel(), prompt(0.0, control=control, area=(8, 4, 0, 4))))

    assert control.hints[0].shape == (2, 3, 64, 32)
    assert float(control.hints[0][0, 0, 0, 0]) == 32.0


def test_the_old_node_steers_the_other_prompts_as_well() -> None:
    control = FakeControl()
    positive = prompt(0.0, control=control, control_apply_to_uncond=True)
    plain, model = prompt(0.0), GaussianModel()
    guiders: list[AnyGuider] = [
        Guider(model, positive, plain, 2.0),
        DualGuider(model, positive, plain, plain, 2.0, 3.0),
        PerpNegGuider(model, positive, plain, plain, 2.0, 1.0),
    ]
    for guider in guiders:
        model.extras.clear()
        (given,) = run(guider)
        assert given is not None


def test_a_controlnet_is_shared_only_where_it_is_meant_and_none_is() -> None:
    control, own = FakeControl(), FakeControl()
    meant = prompt(0.0, control=control, control_apply_to_uncond=True)
    not_meant = prompt(0.0, control=control, control_apply_to_uncond=False)
    in_area = prompt(0.0, control=control, control_apply_to_uncond=True, area=(4, 4, 0, 0))
    plain, other = prompt(1.0), prompt(1.0, area=(4, 4, 0, 0))

    assert share_controls(meant, plain)[0][1] == {"control": control}
    assert plain[0][1] == {}
    assert "control" not in share_controls(not_meant, plain)[0][1]
    assert "control" not in share_controls(in_area, plain)[0][1]
    assert "control" not in share_controls(meant, other)[0][1]
    with_own = prompt(1.0, control=own) + plain
    assert share_controls(meant, with_own) is with_own


def test_a_wrapper_gets_the_residuals_and_hands_them_on() -> None:
    seen: list[Any] = []

    def wrapper(apply: Any, payload: Any) -> Tensor:
        seen.append(payload["c"]["control"])
        x0: Tensor = apply(payload["input"], payload["timestep"], **payload["c"])
        return x0

    model = GaussianModel(options={"model_function_wrapper": wrapper})
    (given,) = run(Guider(model, prompt(0.0, control=FakeControl())))

    assert given is seen[0]


def test_a_controlnet_without_a_picture_is_refused() -> None:
    control = FakeControl()
    control.hint = None
    with pytest.raises(InvalidValueError, match="no picture"):
        run(Guider(GaussianModel(), prompt(0.0, control=control)))
