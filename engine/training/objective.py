"""What a trainer minimises: networks, a loss, and sample pictures."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any, Generic, Protocol, TypeAlias, TypeVar

import torch
from torch import Tensor, nn

from engine.errors import EngineError

BatchT_contra = TypeVar("BatchT_contra", contravariant=True)
Losses: TypeAlias = "dict[str, Tensor]"
"""Scalars by name; "loss" is the one that is minimised, the others are shown."""
Draw: TypeAlias = Callable[[int, torch.Generator], BatchT_contra]
"""(items, generator) -> a batch drawn from the data set."""


Pulse: TypeAlias = Callable[[], None]
"""Called between the parts of long work; it raises where a stop was asked for."""


class Objective(Protocol, Generic[BatchT_contra]):
    """One kind of training."""

    @property
    def kind(self) -> str:
        """Names it in saved states, for instance "autoencoder"."""
        ...

    @property
    def config(self) -> Mapping[str, Any]:
        """What decides its networks and loss, as JSON values; a saved state must have the same."""
        ...

    @property
    def networks(self) -> Mapping[str, nn.Module]:
        """The networks by name: all weights that need gradients are trained, all are saved."""
        ...

    @property
    def helpers(self) -> Collection[str]:
        """Networks that only training needs (a discriminator): their weights get no average."""
        ...

    @property
    def unaveraged(self) -> Collection[str]:
        """Weights, as "network.weight", that the average takes over as they are."""
        ...

    def prepare(
        self, step: int, draw: Draw[BatchT_contra], generator: torch.Generator, pulse: Pulse
    ) -> None:
        """Do what a step needs once before it, for instance begin to quantise.

        After `pulse` has raised it is called again for the same step, perhaps in another process.
        """
        ...

    def loss(self, batch: BatchT_contra, step: int, generator: torch.Generator) -> Losses:
        """Return the losses of a batch; noise comes from `generator`, on the CPU."""
        ...

    def after_step(self, step: int, generator: torch.Generator) -> None:
        """Change what no gradient changes after a step, for instance a codebook of averages."""
        ...

    def samples(self, step: int, pulse: Pulse) -> Tensor | None:
        """Return pictures (B, H, W, 3) in [0, 1] that show how far it is after `step` steps.

        Called with averaged weights in place. None when there is nothing to see.
        """
        ...


class TrainingError(EngineError):
    """A run could not go on; what was reached is kept in its folder."""

    code = "training_stopped"


class DivergedError(TrainingError):
    """A loss or gradient is no number any more.

    Attributes:
        step: The step that was not done.
        losses: What came, by name.
    """

    code = "training_diverged"

    def __init__(self, step: int, losses: Mapping[str, float]) -> None:
        self.step, self.losses = step, dict(losses)
        shown = ", ".join(f"{name} {value:g}" for name, value in losses.items())
        kept = f" The weights from before it are kept: a run of {step} steps ends with them."
        kept = kept if step else ""
        super().__init__(
            f"Training stopped before step {step + 1}: its loss or gradient is not finite"
            f" ({shown}).{kept} Run it again with a lower learning rate or in float32."
        )
