"""The trainer: turns an objective and a data set into trained networks, in resumable steps."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any, Generic, TypeVar

import msgspec
import torch
from torch import Tensor

from engine.errors import InvalidValueError
from engine.training.data import Dataset
from engine.training.ema import WeightAverage
from engine.training.objective import DivergedError, Losses, Objective, Pulse
from engine.training.optimizer import make_optimizer
from engine.training.order import batch_indices, generator_of
from engine.training.report import History, Report, Window
from engine.training.schedule import learning_rate
from engine.training.settings import TrainSettings
from engine.training.state import StateHead, check_same, latest_state, read_state, save_state
from engine.training.weights import (
    below,
    copy_weights,
    exchanged,
    named_weights,
    trained_weights,
)

BatchT = TypeVar("BatchT")
_DTYPES = {"bfloat16": torch.bfloat16, "float16": torch.float16}
_MOMENTS = ("exp_avg", "exp_avg_sq", "step")


class _StopAskedError(Exception):
    """Leaves a step undone: someone asked for a stop while it went on."""


def _ignore(report: Report) -> None:
    pass


def _never() -> bool:
    return False


class Trainer(Generic[BatchT]):
    """Trains an objective's networks on a data set; its whole state is in one folder.

    With a state in the folder the run goes on from there: on the CPU the weights come out bit for
    bit as without the interruption, when settings and data are the same. Settings may be changed
    between parts of a run (more steps, another rate); they then count from there on.

    Attributes:
        step: Steps done.
        average: Moving average of the weights, or None.
        history: Recorded losses.
    """

    def __init__(
        self,
        objective: Objective[BatchT],
        data: Dataset[BatchT],
        settings: TrainSettings,
        folder: Path,
        *,
        device: torch.device | None = None,
    ) -> None:
        """Prepare a run, from the latest state in `folder` when there is one.

        Args:
            folder: For this run alone; made when missing.
            device: Where to compute; None for the CPU.

        Raises: InvalidValueError, for settings out of range, an empty data set, or a state of
            other networks, data or more steps in `folder`; FileFormatError, for a damaged state.
        """
        settings.check()
        if not len(data):
            raise InvalidValueError("Training, data set", 0, "at least 1 item")
        self.objective, self.data, self.settings, self.folder = objective, data, settings, folder
        self.device = device or torch.device("cpu")
        self._place()
        self._weights = named_weights(objective.networks)
        self._trained = trained_weights(objective.networks)
        self.average = self._make_average()
        self._optimizer = make_optimizer(self._trained, settings)
        scaled = settings.precision == "float16"
        self._scaler = torch.amp.GradScaler(self.device.type, enabled=scaled)
        self.history = History()
        self._window = Window(settings)
        self.step = 0
        self._seconds = 0.0
        state = latest_state(folder)
        if state is not None:
            self._restore(state)

    def run(
        self,
        on_report: Callable[[Report], None] = _ignore,
        should_stop: Callable[[], bool] = _never,
    ) -> bool:
        """Train up to the last step; the state is saved on the way, at the end and when stopped.

        Args:
            on_report: Called every `report_every` steps and at the end.
            should_stop: Asked after each step, and between the parts of a long one, which is then
                left undone.

        Returns: Whether the last step was reached.

        Raises: DivergedError, when a loss or gradient is not finite; StateSaveError.
        """

        def pulse() -> None:
            if should_stop():
                raise _StopAskedError

        self._window.restart_clock()
        settings = self.settings
        while self.step < settings.steps:
            started = time.perf_counter()
            try:
                self._window.add(self._one_step(pulse))
            except _StopAskedError:
                self.save()
                return False
            except DivergedError:
                self.save()
                raise
            self._seconds += time.perf_counter() - started
            last = self.step == settings.steps
            if last or self.step % settings.report_every == 0:
                on_report(self._report(pulse))
            stop = should_stop()
            if last or stop or self.step % settings.save_every == 0:
                self.save()
            if stop:
                return last
        return True

    def save(self) -> Path:
        """Write the state of this moment. Raises: StateSaveError."""
        head = StateHead(
            step=self.step,
            kind=self.objective.kind,
            config=dict(self.objective.config),
            data=self.data.fingerprint,
            settings=msgspec.to_builtins(self.settings),
            average_updates=self.average.updates if self.average else 0,
            seconds=self._seconds,
            scaler=self._scaler.state_dict(),
        )
        return save_state(self.folder, head, self._state_tensors(), self.settings.keep)

    def averaged_weights(self) -> AbstractContextManager[None]:
        """Have the averaged weights in the networks for the length of the block.

        The present ones, in evaluation mode, when no average is kept.
        """
        weights = self.average.tensors if self.average else {}
        return exchanged(self.objective.networks, self._weights, weights)

    def _one_step(self, pulse: Pulse) -> Losses:
        """Do one step. Raises: DivergedError and what `pulse` raises, before weights changed."""
        step, settings = self.step, self.settings
        generator = generator_of(settings.seed, "prepare", step)
        self.objective.prepare(step, self._draw, generator, pulse)
        for group in self._optimizer.param_groups:
            group["lr"] = learning_rate(step, settings)
        totals: Losses = {}
        self._optimizer.zero_grad(set_to_none=True)  # those of a step left undone, too
        for part in range(settings.accumulate):
            if part:
                pulse()
            losses = self._forward(step * settings.accumulate + part, step)
            torch.autograd.backward(self._scaler.scale(losses["loss"] / settings.accumulate))
            for name, loss in losses.items():
                share = loss.detach() / settings.accumulate
                totals[name] = totals[name] + share if name in totals else share
        self._scaler.unscale_(self._optimizer)
        self._clip(totals)
        self._scaler.step(self._optimizer)
        self._scaler.update()
        self.objective.after_step(step, generator_of(settings.seed, "after", step))
        if self.average is not None:
            self.average.update()
        self.step += 1
        return totals

    def _forward(self, number: int, step: int) -> Losses:
        settings = self.settings
        generator = generator_of(settings.seed, "batch", number)
        indices = batch_indices(number, settings.batch, len(self.data), settings.seed)
        batch = self.data.draw(indices, generator)
        dtype = _DTYPES.get(settings.precision)
        # Without a dtype nothing may enter autocast: it warns of types it does not know.
        narrow: AbstractContextManager[Any] = (
            torch.autocast(self.device.type, dtype=dtype) if dtype else nullcontext()
        )
        with narrow:
            return self.objective.loss(batch, step, generator)

    def _draw(self, count: int, generator: torch.Generator) -> BatchT:
        indices = torch.randint(len(self.data), (count,), generator=generator)
        return self.data.draw(indices.tolist(), generator)

    def _clip(self, losses: Losses) -> None:
        """Limit gradients. Raises: DivergedError; asking costs one wait for the device."""
        norms = [
            torch.nn.utils.clip_grad_norm_(weights, self.settings.clip)
            for weights in self._trained.values()
        ]
        # float16 overflows now and then: its scaler leaves such steps out and scales less.
        watched = [losses["loss"]] if self._scaler.is_enabled() else [losses["loss"], *norms]
        if not bool(torch.stack([value.to(self.device) for value in watched]).isfinite().all()):
            raise DivergedError(self.step, {name: float(loss) for name, loss in losses.items()})

    def _report(self, pulse: Pulse) -> Report:
        means, (speed, left) = self._window.means(), self._window.speed(self.step)
        self.history.add(self.step, means)
        rate = float(self._optimizer.param_groups[0]["lr"])
        samples = self._samples_if_due(pulse)
        self._window.restart()
        return Report(
            self.step, self.settings.steps, means, rate, speed, left, self.history, samples
        )

    def _samples_if_due(self, pulse: Pulse) -> Tensor | None:
        every = self.settings.sample_every
        if not every or (self.step % every and self.step != self.settings.steps):
            return None
        try:
            return self.samples(pulse)
        except _StopAskedError:
            return None  # asked again after the step, where the state is saved

    def samples(self, pulse: Pulse) -> Tensor | None:
        """Return the objective's sample pictures under the averaged weights; see `Pulse`."""
        with self.averaged_weights(), torch.no_grad():
            return self.objective.samples(self.step, pulse)

    def _place(self) -> None:
        for network in self.objective.networks.values():
            # Convolutions of narrow networks are up to three times as fast in this layout on CPUs.
            network.to(self.device).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
            network.train()

    def _make_average(self) -> WeightAverage | None:
        if not self.settings.ema:
            return None
        helpers, unaveraged = self.objective.helpers, self.objective.unaveraged
        averaged = {
            name: weight
            for name, weight in self._weights.items()
            if name.split(".", 1)[0] not in helpers
        }
        return WeightAverage(averaged, self.settings.ema, copied=unaveraged)

    def _state_tensors(self) -> dict[str, Tensor]:
        tensors = {f"network.{name}": weight for name, weight in self._weights.items()}
        if self.average is not None:
            tensors |= {f"average.{name}": weight for name, weight in self.average.tensors.items()}
        for name, weight in self._weights.items():
            moments = self._optimizer.state.get(weight, {})
            tensors |= {f"optimizer.{key}.{name}": value for key, value in moments.items()}
        tensors["history.step"] = torch.tensor(self.history.steps, dtype=torch.int64)
        for name, values in self.history.values.items():
            tensors[f"history.loss.{name}"] = torch.tensor(values, dtype=torch.float64)
        return tensors | {f"window.{key}": value for key, value in self._window.tensors().items()}

    def _restore(self, path: Path) -> None:
        head, tensors = read_state(path)
        check_same(path, head, self.objective, self.data.fingerprint, self.settings)
        networks = below(tensors, "network.")
        if networks.keys() != self._weights.keys():
            odd = min(networks.keys() ^ self._weights.keys())
            raise InvalidValueError(f'Training state "{path}"', odd, "the same weights as here")
        copy_weights(networks, self._weights)
        if self.average is not None:
            # A run that kept no average before starts it from its present weights.
            kept = below(tensors, "average.") or {n: networks[n] for n in self.average.tensors}
            copy_weights(kept, self.average.tensors)
            self.average.updates = head.average_updates
        for key in _MOMENTS:
            for name, value in below(tensors, f"optimizer.{key}.").items():
                weight = self._weights[name]
                # Moments lie in memory as their weights do.
                laid = value if key == "step" else torch.empty_like(weight).copy_(value)
                self._optimizer.state[weight][key] = laid.to(weight.device)
        self._scaler.load_state_dict(head.scaler or self._scaler.state_dict())
        self.history.steps = tensors["history.step"].tolist()
        losses = below(tensors, "history.loss.")
        self.history.values = {name: values.tolist() for name, values in losses.items()}
        self._window.restore(below(tensors, "window."), self.device)
        self.step, self._seconds = head.step, head.seconds
