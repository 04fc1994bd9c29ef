"""The trainer: turns an objective and a data set into trained networks, in resumable steps."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Generic, Protocol, TypeVar

import msgspec
import torch
from torch import Tensor

from engine.errors import InvalidValueError
from engine.training.ema import WeightAverage
from engine.training.objective import DivergedError, Losses, Objective
from engine.training.order import batch_indices, generator_of
from engine.training.schedule import learning_rate
from engine.training.settings import TrainSettings
from engine.training.state import StateHead, latest_state, read_state, save_state

BatchT = TypeVar("BatchT")
BatchT_co = TypeVar("BatchT_co", covariant=True)
_DTYPES = {"bfloat16": torch.bfloat16, "float16": torch.float16}
_MOMENTS = ("exp_avg", "exp_avg_sq", "step")


class Dataset(Protocol[BatchT_co]):
    """What batches are drawn from; see `engine.training.data`."""

    @property
    def fingerprint(self) -> str:
        """Names this content and these settings; the same in every process."""
        ...

    def __len__(self) -> int:
        """Return how many items `draw` can be asked for."""
        ...

    def draw(self, indices: Sequence[int], generator: torch.Generator) -> BatchT_co:
        """Return items by index."""
        ...


@dataclass(frozen=True, slots=True)
class Report:
    """How far a run is.

    Attributes:
        step: Steps done.
        steps: Steps in all.
        losses: Means since the last report, by name.
        rate: Of the last step: the learning rate.
        items_per_second: Since the last report.
        seconds_left: At that speed.
        samples: Sample pictures (B, H, W, 3) in [0, 1], when some were made at this step.
    """

    step: int
    steps: int
    losses: Mapping[str, float]
    rate: float
    items_per_second: float
    seconds_left: float
    samples: Tensor | None = None


def _ignore(report: Report) -> None:
    pass


def _never() -> bool:
    return False


@dataclass
class History:
    """Recorded losses: `values[name][i]` is the mean up to step `steps[i]`."""

    steps: list[int] = field(default_factory=list)
    values: dict[str, list[float]] = field(default_factory=dict)

    def add(self, step: int, losses: Mapping[str, float]) -> None:
        """Append a report; a loss that is new was NaN (not there) before."""
        for name in losses.keys() | self.values.keys():
            column = self.values.setdefault(name, [float("nan")] * len(self.steps))
            column.append(losses.get(name, float("nan")))
        self.steps.append(step)


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

        Raises: InvalidValueError, for settings out of range, an empty data set, or a folder that
            holds the state of another objective or data set; FileFormatError, for a damaged state.
        """
        settings.check()
        if not len(data):
            raise InvalidValueError("Training, data set", 0, "at least 1 item")
        self.objective, self.data, self.settings, self.folder = objective, data, settings, folder
        self.device = device or torch.device("cpu")
        for network in objective.networks.values():
            # Convolutions of narrow networks are up to three times as fast in this layout on CPUs.
            network.to(self.device).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
            network.train()
        self._weights = dict(_named_weights(objective))
        trained = {
            name: [weight for weight in network.parameters() if weight.requires_grad]
            for name, network in objective.networks.items()
        }
        self._trained = {name: weights for name, weights in trained.items() if weights}
        averaged = {
            name: weight
            for name, weight in self._weights.items()
            if name.split(".", 1)[0] not in objective.helpers
        }
        self.average = (
            WeightAverage(averaged, settings.ema, copied=objective.unaveraged)
            if settings.ema
            else None
        )
        self._optimizer = self._make_optimizer()
        self._scaler = torch.amp.GradScaler(
            self.device.type, enabled=settings.precision == "float16"
        )
        self.history = History()
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
            should_stop: Asked after each step.

        Returns: Whether the last step was reached.

        Raises: DivergedError, when a loss or gradient is not finite; StateSaveError.
        """
        saved = self.step
        window = _Window(self.settings, self.device)
        while self.step < self.settings.steps:
            try:
                window.add(self._one_step())
            except DivergedError:
                self.save()
                raise
            last = self.step == self.settings.steps
            if last or self.step % self.settings.report_every == 0:
                report = window.report(self.step, self._rate, self._samples_if_due(last))
                self._seconds += window.restart()
                self.history.add(self.step, report.losses)
                on_report(report)
            stop = should_stop()
            if last or stop or self.step % self.settings.save_every == 0:
                self.save()
                saved = self.step
            if stop:
                return last
        if saved != self.step:
            self.save()
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
        )
        return save_state(self.folder, head, self._state_tensors(), self.settings.keep)

    @contextmanager
    def averaged_weights(self) -> Iterator[None]:
        """Have the averaged weights in the networks for the length of the block."""
        if self.average is None:
            yield
            return
        present = {name: self._weights[name].detach().clone() for name in self.average.tensors}
        _copy(self.average.tensors, self._weights)
        modes = {name: network.training for name, network in self.objective.networks.items()}
        for network in self.objective.networks.values():
            network.eval()
        try:
            yield
        finally:
            _copy(present, self._weights)
            for name, network in self.objective.networks.items():
                network.train(modes[name])

    @property
    def _rate(self) -> float:
        return float(self._optimizer.param_groups[0]["lr"])

    def _one_step(self) -> Losses:
        """Do one step. Raises: DivergedError, before any weight has changed."""
        step, settings = self.step, self.settings
        self.objective.prepare(step, self._draw, generator_of(settings.seed, "prepare", step))
        for group in self._optimizer.param_groups:
            group["lr"] = learning_rate(step, settings)
        totals: Losses = {}
        for part in range(settings.accumulate):
            number = step * settings.accumulate + part
            losses = self._forward(number, step)
            torch.autograd.backward(self._scaler.scale(losses["loss"] / settings.accumulate))
            for name, loss in losses.items():
                share = loss.detach() / settings.accumulate
                totals[name] = totals[name] + share if name in totals else share
        self._scaler.unscale_(self._optimizer)
        self._clip(totals)
        self._scaler.step(self._optimizer)
        self._scaler.update()
        self._optimizer.zero_grad(set_to_none=True)
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
        with torch.autocast(self.device.type, dtype=dtype, enabled=dtype is not None):
            return self.objective.loss(batch, step, generator)

    def _draw(self, count: int, generator: torch.Generator) -> BatchT:
        indices = torch.randint(len(self.data), (count,), generator=generator)
        return self.data.draw(indices.tolist(), generator)

    def _clip(self, losses: Losses) -> None:
        norms = [
            torch.nn.utils.clip_grad_norm_(weights, self.settings.clip)
            for weights in self._trained.values()
        ]
        # float16 overflows now and then: its scaler leaves such steps out and scales less.
        watched = [losses["loss"]] if self._scaler.is_enabled() else [losses["loss"], *norms]
        if not bool(torch.stack([value.to(self.device) for value in watched]).isfinite().all()):
            self._optimizer.zero_grad(set_to_none=True)
            raise DivergedError(self.step, {name: float(loss) for name, loss in losses.items()})

    def _samples_if_due(self, last: bool) -> Tensor | None:
        every = self.settings.sample_every
        if not every or not (last or self.step % every == 0):
            return None
        with self.averaged_weights(), torch.no_grad():
            return self.objective.samples()

    def _make_optimizer(self) -> torch.optim.AdamW:
        trained = [weight for weights in self._trained.values() for weight in weights]
        groups = [
            {
                "params": [weight for weight in trained if weight.dim() > 1],
                "weight_decay": self.settings.weight_decay,
            },
            {"params": [weight for weight in trained if weight.dim() <= 1], "weight_decay": 0.0},
        ]
        # Fused: one pass over the weights instead of a dozen.
        return torch.optim.AdamW(
            groups, lr=self.settings.learning_rate, betas=self.settings.betas, fused=True
        )

    def _state_tensors(self) -> dict[str, Tensor]:
        tensors = {f"network.{name}": weight for name, weight in self._weights.items()}
        if self.average is not None:
            tensors |= {f"average.{name}": weight for name, weight in self.average.tensors.items()}
        for name, weight in self._weights.items():
            moments = self._optimizer.state.get(weight, {})
            tensors |= {f"optimizer.{key}.{name}": value for key, value in moments.items()}
        steps = torch.tensor(self.history.steps, dtype=torch.int64)
        tensors["history.step"] = steps
        for name, values in self.history.values.items():
            tensors[f"history.loss.{name}"] = torch.tensor(values, dtype=torch.float64)
        return tensors

    def _restore(self, path: Path) -> None:
        head, tensors = read_state(path)
        self._check_same(path, head)
        networks = _below(tensors, "network.")
        if networks.keys() != self._weights.keys():
            odd = sorted(networks.keys() ^ self._weights.keys())[0]
            raise InvalidValueError(f'Training state "{path}"', odd, "the same weights as here")
        _copy(networks, self._weights)
        if self.average is not None and head.average_updates:
            self.average.updates = head.average_updates
            _copy(_below(tensors, "average."), self.average.tensors)
        for key in _MOMENTS:
            for name, value in _below(tensors, f"optimizer.{key}.").items():
                weight = self._weights[name]
                # Moments lie in memory as their weights do; the count stays on the CPU as made.
                like = value if key == "step" else torch.empty_like(weight).copy_(value)
                self._optimizer.state[weight][key] = like.to(weight.device)
        self.history.steps = tensors["history.step"].tolist()
        self.history.values = {
            name: values.tolist() for name, values in _below(tensors, "history.loss.").items()
        }
        self.step, self._seconds = head.step, head.seconds

    def _check_same(self, path: Path, head: StateHead) -> None:
        hint = "Choose another folder for this run, or remove the state to start anew."
        config = msgspec.json.decode(msgspec.json.encode(dict(self.objective.config)))
        pairs = {
            "objective": (self.objective.kind, head.kind),
            **{name: (config.get(name), head.config.get(name)) for name in config | head.config},
            "data set": (self.data.fingerprint, head.data),
        }
        for name, (wanted, found) in pairs.items():
            if wanted != found:
                raise InvalidValueError(
                    f'Training state "{path}", {name}', found, f"{wanted!r}, as here", hint
                )


class _Window:
    """Losses and time since the last report; summed on the device, read only when reported."""

    def __init__(self, settings: TrainSettings, device: torch.device) -> None:
        self._settings, self._device = settings, device
        self._sums: Losses = {}
        self._counts: dict[str, int] = {}
        self._steps = 0
        self._started = time.perf_counter()

    def add(self, losses: Losses) -> None:
        self._steps += 1
        for name, loss in losses.items():
            self._sums[name] = self._sums[name] + loss if name in self._sums else loss
            self._counts[name] = self._counts.get(name, 0) + 1

    def report(self, step: int, rate: float, samples: Tensor | None) -> Report:
        means = {name: float(total) / self._counts[name] for name, total in self._sums.items()}
        seconds = (time.perf_counter() - self._started) / self._steps
        items = self._settings.batch * self._settings.accumulate
        left = (self._settings.steps - step) * seconds
        return Report(step, self._settings.steps, means, rate, items / seconds, left, samples)

    def restart(self) -> float:
        """Forget; return the seconds that passed."""
        passed = time.perf_counter() - self._started
        self._sums, self._counts, self._steps = {}, {}, 0
        self._started = time.perf_counter()
        return passed


def _named_weights(objective: Objective[BatchT]) -> Iterator[tuple[str, Tensor]]:
    for network_name, network in objective.networks.items():
        for name, parameter in network.named_parameters():
            yield f"{network_name}.{name}", parameter
        for name, buffer in network.named_buffers():
            if buffer.is_floating_point():
                yield f"{network_name}.{name}", buffer


@torch.no_grad()
def _copy(source: Mapping[str, Tensor], target: Mapping[str, Tensor]) -> None:
    for name, tensor in source.items():
        target[name].copy_(tensor)


def _below(tensors: Mapping[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {
        name[len(prefix) :]: tensor for name, tensor in tensors.items() if name.startswith(prefix)
    }
