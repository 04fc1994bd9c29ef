"""ControlNetApply and ControlNetApplyAdvanced: what they set, and that inputs stay as they were."""

from __future__ import annotations

from typing import Any, cast

import torch

from engine.models.component import Component
from engine.models.controlnet import ControlNet
from engine.models.residency import Residency
from nodes.conditioning.controlnet_apply import control_net_apply, control_net_apply_advanced

IMAGE = torch.rand((1, 16, 24, 3), generator=torch.Generator().manual_seed(0))
TEXT = torch.zeros(1, 2, 3)
NETWORK = ControlNet(
    component=cast("Component", None),
    residency=Residency(torch.device("cpu")),
    input_channels=4,
    context_width=3,
    hint_channels=3,
    downscale=8,
    activation_bytes=lambda shape: 0,
)


def entries() -> list[Any]:
    return [[TEXT, {"strength": 0.5}], [TEXT, {}]]


def test_strength_0_returns_the_inputs() -> None:
    positive, negative = entries(), entries()

    assert control_net_apply(positive, NETWORK, IMAGE, 0.0) is positive
    both = control_net_apply_advanced(positive, negative, NETWORK, IMAGE, 0.0)
    assert both.positive is positive
    assert both.negative is negative


def test_the_old_node_steers_every_entry_from_first_to_last_step() -> None:
    before = entries()

    steered = control_net_apply(before, NETWORK, IMAGE, 0.8)

    control = steered[0][1]["control"]
    assert steered[1][1]["control"] is control
    assert steered[0][1]["control_apply_to_uncond"] is True
    assert steered[0][1]["strength"] == 0.5
    assert (control.strength, control.start_percent, control.end_percent) == (0.8, 0.0, 1.0)
    assert torch.equal(control.hint, IMAGE.movedim(-1, 1))
    assert [keys for _, keys in before] == [{"strength": 0.5}, {}]
    assert NETWORK.hint is None


def test_the_new_node_steers_both_prompts_with_one_value() -> None:
    both = control_net_apply_advanced(entries(), entries(), NETWORK, IMAGE, 0.8, 0.25, 0.5)

    values = [keys["control"] for side in both for _, keys in side]
    assert len(set(map(id, values))) == 1  # so that sampling computes them together
    assert (values[0].start_percent, values[0].end_percent) == (0.25, 0.5)
    assert not any(keys["control_apply_to_uncond"] for side in both for _, keys in side)


def test_nodes_behind_each_other_make_a_chain() -> None:
    first = control_net_apply_advanced(entries(), entries(), NETWORK, IMAGE, 1.0)
    second = control_net_apply_advanced(*first, NETWORK, 1 - IMAGE, 0.5)

    control = second.positive[0][1]["control"]
    assert control.previous is first.positive[0][1]["control"]
    assert control is second.negative[1][1]["control"]
    assert control.previous.previous is None
