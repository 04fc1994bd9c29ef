"""From what a network predicts to a denoiser: (x, sigma) -> x0.

Sources: arXiv:2206.00364, Table 1 (eps); arXiv:2202.00512, Appendix D (v, x0), in the
"variance exploding" variable x = x0 + sigma n; arXiv:2210.02747 (flow), x = (1-sigma) x0 + sigma n.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from torch import Tensor

from engine.sampling.sigmas import SigmaTable
from engine.types import Network, Prediction


class Denoiser(Protocol):
    """Estimates the clean latent; what a sampler integrates over."""

    def __call__(self, x: Tensor, sigma: float) -> Tensor:
        """Return x0, in the shape of `x` (B, C, h, w)."""
        ...


@dataclass(frozen=True, slots=True)
class NetworkDenoiser:
    """One forward pass of a network as an estimate of x0 under given conditioning."""

    network: Network
    prediction: Prediction
    table: SigmaTable

    def __call__(
        self, x: Tensor, sigma: Tensor, context: Tensor, extra: Mapping[str, Any]
    ) -> Tensor:
        """Return x0.

        Args:
            x: (B, C, h, w) float32.
            sigma: (B,) float32 on the device of `x`.
            context: (B, T, D) text conditioning.
            extra: Further named inputs of the network.
        """
        scaled, timestep = self.inputs(x, sigma)
        output = self.network(scaled, timestep, context, extra)
        return clean_estimate(self.prediction, x, _over_pixels(sigma, x), output)

    def inputs(self, x: Tensor, sigma: Tensor) -> tuple[Tensor, Tensor]:
        """Return the latent in the variance the network takes, and its time input."""
        flow = self.prediction is Prediction.FLOW
        scaled = x if flow else x / (_over_pixels(sigma, x) ** 2 + 1).sqrt()
        return scaled, self.table.timestep(sigma)


def _over_pixels(sigma: Tensor, x: Tensor) -> Tensor:
    return sigma.view(-1, *[1] * (x.dim() - 1))


def clean_estimate(prediction: Prediction, x: Tensor, sigma: Tensor, output: Tensor) -> Tensor:
    """Return x0 from a network's output; `sigma` broadcasts against `x`."""
    match prediction:
        case Prediction.EPS | Prediction.FLOW:
            return x - sigma * output
        case Prediction.V:
            variance = sigma**2 + 1
            return x / variance - output * sigma / variance.sqrt()
        case Prediction.X0:
            return output


def noised(
    prediction: Prediction, noise: Tensor, latent: Tensor, sigma: float, *, from_pure_noise: bool
) -> Tensor:
    """Return the latent at noise level `sigma`.

    Args:
        from_pure_noise: The run starts at the model's largest sigma: eps models were trained on
            unit variance there, so the noise is scaled by sqrt(1 + sigma^2).
    """
    if prediction is Prediction.FLOW:
        return sigma * noise + (1 - sigma) * latent
    scale = (1 + sigma**2) ** 0.5 if from_pure_noise else sigma
    return noise * scale + latent
