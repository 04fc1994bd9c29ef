"""The adversary of a VQGAN: a network that tells real patches from rebuilt ones.

Sources: PatchGAN, arXiv:1611.07004, section 3.2.2; hinge loss, arXiv:1705.02894; adaptive weight,
arXiv:2012.09841, Eq. 7.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import msgspec
import torch
from torch import Tensor, nn
from torch.nn import functional

from engine.errors import InvalidValueError
from engine.training.first_weights import with_first_weights
from engine.training.objective import Losses

_DELTA = 1e-6  # Eq. 7
_LARGEST_WEIGHT = (
    1e4  # as the paper's code bounds it (CompVis/taming-transformers, vqperceptual.py)
)


class DiscriminatorSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """An adversary.

    Attributes:
        start: Step from which it takes part: early on there is nothing worth telling apart.
        weight: Factor on the adaptive weight.
        width: Channels of its first layer; each further one has twice as many, at most 8 times.
        layers: Convolutions that halve the sides; more look at larger patches.
    """

    start: int
    weight: float = 0.8
    width: int = 32
    layers: int = 2

    @property
    def smallest(self) -> int:
        """The least side of a picture, in pixels, for which it has an opinion."""
        return int(3 * 2**self.layers)

    def check(self) -> None:
        """Raises: InvalidValueError, for a network that is none."""
        if min(self.width, self.layers) < 1 or self.start < 0:
            raise InvalidValueError("Discriminator", self, "a start, width and layers above 0")


class Adversary:
    """A discriminator and what it adds to the loss.

    Attributes:
        network: Its weights: (B, 3, H, W) in [-1, 1] -> (B, 1, h, w), positive where it is real.
    """

    def __init__(self, settings: DiscriminatorSettings, seed: int) -> None:
        """Make the network with first weights from `seed`."""
        settings.check()
        self.settings = settings
        self.network = with_first_weights(_build(settings), seed)

    def losses(
        self, pictures: Tensor, rebuilt: Tensor, reconstruction: Tensor, last_layer: Tensor
    ) -> Losses:
        """Return "adversarial", already weighted, for the autoencoder, and "discriminator".

        The gradient of the first reaches only the autoencoder, that of the second only the
        discriminator, so both can be added to one loss.

        Args:
            reconstruction: The reconstruction loss, of which `rebuilt` is a part.
            last_layer: Weight of the decoder's last layer.
        """
        with _frozen(self.network):
            fooled = -self.network(rebuilt).mean()
        weight = self.settings.weight * adaptive_weight(reconstruction, fooled, last_layer)
        real, fake = self.network(pictures.detach()), self.network(rebuilt.detach())
        return {
            "adversarial": weight * fooled,
            "discriminator": hinge_loss(real, fake),
            "adversarial_weight": weight,
        }


def adaptive_weight(reconstruction: Tensor, adversarial: Tensor, last_layer: Tensor) -> Tensor:
    """Return lambda = |grad of reconstruction| / (|grad of adversarial| + delta), a constant.

    Both gradients are taken at the decoder's last layer. Source: arXiv:2012.09841, Eq. 7.
    """
    gradients = [
        torch.autograd.grad(loss, last_layer, retain_graph=True)[0].float()
        for loss in (reconstruction, adversarial)
    ]
    wanted, given = (torch.linalg.vector_norm(gradient) for gradient in gradients)
    weight: Tensor = wanted / (given + _DELTA)
    return weight.clamp(max=_LARGEST_WEIGHT).detach()


def hinge_loss(real: Tensor, fake: Tensor) -> Tensor:
    """Return the discriminator's loss: 0 when real scores exceed 1 and fake ones fall below -1."""
    return (functional.relu(1 - real).mean() + functional.relu(1 + fake).mean()) / 2


@contextmanager
def _frozen(network: nn.Module) -> Iterator[None]:
    """Let gradients pass through a network without reaching its weights."""
    network.requires_grad_(False)
    try:
        yield
    finally:
        network.requires_grad_(True)


def _build(settings: DiscriminatorSettings) -> nn.Module:
    """Make the network on the meta device.

    With group norms where the paper has batch norms: rebuilt and real pictures then do not have
    to share a batch, and nothing depends on its size.
    """
    widths = [settings.width * min(2**layer, 8) for layer in range(settings.layers + 1)]
    with torch.device("meta"):
        layers: list[nn.Module] = [nn.Conv2d(3, widths[0], 4, 2, 1), nn.LeakyReLU(0.2)]
        for narrow, wide, stride in _steps(widths):
            layers += [
                nn.Conv2d(narrow, wide, 4, stride, 1, bias=False),
                nn.GroupNorm(min(8, wide), wide),
                nn.LeakyReLU(0.2),
            ]
        layers.append(nn.Conv2d(widths[-1], 1, 4, 1, 1))
        return nn.Sequential(*layers)


def _steps(widths: Sequence[int]) -> Iterator[tuple[int, int, int]]:
    """Yield widths before and after and the stride of the middle layers; the last keeps sides."""
    for layer in range(1, len(widths)):
        yield widths[layer - 1], widths[layer], 2 if layer < len(widths) - 1 else 1
