"""The adversary against values computed by hand."""

from __future__ import annotations

import pytest
import torch

from engine.errors import InvalidValueError
from engine.training.data import Batch
from engine.training.objectives.autoencoder import AutoencoderObjective, AutoencoderSettings
from engine.training.objectives.discriminator import (
    Adversary,
    DiscriminatorSettings,
    adaptive_weight,
    hinge_loss,
)

SMALL = DiscriminatorSettings(start=2, width=8, layers=1, weight=0.5)


def test_the_adaptive_weight_is_the_ratio_of_gradients() -> None:
    layer = torch.tensor([1.0, 2.0], requires_grad=True)
    reconstruction = 3 * layer[0] + 4 * layer[1]  # gradient (3, 4): length 5
    adversarial = -2 * layer[0]  # gradient (-2, 0): length 2
    weight = adaptive_weight(reconstruction, adversarial, layer)
    assert weight.item() == pytest.approx(5 / (2 + 1e-6))
    assert not weight.requires_grad


def test_the_adaptive_weight_is_bounded_where_the_adversary_says_nothing() -> None:
    layer = torch.tensor([1.0], requires_grad=True)
    assert adaptive_weight(layer.sum(), 0 * layer.sum(), layer).item() == 1e4


def test_the_hinge_loss_counts_what_is_on_the_wrong_side() -> None:
    real, fake = torch.tensor([2.0, 0.5]), torch.tensor([-3.0, 0.0])
    assert hinge_loss(real, fake).item() == pytest.approx(((0 + 0.5) / 2 + (0 + 1) / 2) / 2)


def test_each_side_gets_its_own_gradient() -> None:
    adversary = Adversary(SMALL, seed=0)
    layer = torch.full((1,), 0.5, requires_grad=True)
    generator = torch.Generator().manual_seed(0)
    pictures = torch.rand(2, 3, 16, 16, generator=generator)
    rebuilt = layer * torch.rand(2, 3, 16, 16, generator=generator)
    reconstruction = (rebuilt - pictures).square().mean()
    losses = adversary.losses(pictures, rebuilt, reconstruction, layer)
    (wanted,) = torch.autograd.grad(reconstruction, layer, retain_graph=True)
    losses["adversarial"].backward(retain_graph=True)  # type: ignore[no-untyped-call]
    assert layer.grad is not None
    # Weighted so that it pulls half as hard as the reconstruction does.
    assert layer.grad.abs().item() == pytest.approx(0.5 * wanted.abs().item(), rel=1e-3)
    assert all(weight.grad is None for weight in adversary.network.parameters())
    layer.grad = None
    losses["discriminator"].backward()  # type: ignore[no-untyped-call]
    assert layer.grad is None
    assert all(weight.grad is not None for weight in adversary.network.parameters())


def test_the_adversary_starts_late() -> None:
    settings = AutoencoderSettings(widths=(8, 8), codes=8, quantize_from=100, discriminator=SMALL)
    objective = AutoencoderObjective(settings, seed=0, shown=None)
    batch = Batch(torch.rand(2, 3, 16, 16, generator=torch.Generator().manual_seed(0)), ("", ""))
    early = objective.loss(batch, 1, torch.Generator())
    late = objective.loss(batch, 2, torch.Generator())
    assert "adversarial" not in early
    assert late["loss"].item() == pytest.approx(
        early["loss"].item() + late["adversarial"].item() + late["discriminator"].item(), rel=1e-5
    )
    assert "discriminator" in objective.helpers


def test_a_discriminator_without_layers_is_refused() -> None:
    with pytest.raises(InvalidValueError, match="layers above 0"):
        Adversary(DiscriminatorSettings(start=0, layers=0), seed=0)


@pytest.mark.parametrize("layers", [1, 2, 3])
def test_the_smallest_picture_gives_one_opinion(layers: int) -> None:
    settings = DiscriminatorSettings(start=0, width=16, layers=layers)
    network = Adversary(settings, seed=0).network
    side = settings.smallest
    assert network(torch.zeros(1, 3, side, side)).shape == (1, 1, 1, 1)
    with pytest.raises(RuntimeError, match="Kernel size"):
        network(torch.zeros(1, 3, side - 1, side - 1))
