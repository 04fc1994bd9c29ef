"""What the training nodes share: the folder of a run, its progress, its result."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from contextlib import ExitStack, nullcontext
from pathlib import Path
from typing import Annotated, Any, Final, TypeAlias

import msgspec
import torch

from engine.errors import InvalidValueError, RunCancelledError
from engine.imaging.convert import split_picture
from engine.models.folders import inside
from engine.models.library import ModelLibrary
from engine.models.reading import WeightFile
from engine.registry.spec import NodeContext
from engine.training.curve import progress_picture, time_left
from engine.training.data import Dataset
from engine.training.event_files import EventFiles
from engine.training.objective import Objective
from engine.training.report import Report
from engine.training.settings import TrainSettings
from engine.training.state import write_whole
from engine.training.trainer import Trainer
from engine.types import Preview, Socket, Ui
from nodes.image.preview_image import preview_prefix
from nodes.image.result_files import folders, show_pngs

Settings: TypeAlias = Annotated[TrainSettings, Socket("TRAIN_SETTINGS")]
_FREE: Final = ("steps", "save_every", "keep", "report_every", "sample_every")
"""Settings that may change between parts of a run."""


def start_trainer(
    context: NodeContext,
    name: str,
    objective: Objective[Any],
    data: Dataset[Any],
    settings: TrainSettings,
) -> Trainer[Any]:
    """Return a trainer, at the state where the same run was left.

    Its folder is `training/<name>-<digest of all that decides the result>` in the output folder.

    Raises: ForbiddenPathError, InvalidValueError, FileFormatError.
    """
    decides = [objective.kind, dict(objective.config), data.fingerprint, _decisive(settings)]
    digest = hashlib.blake2b(msgspec.json.encode(decides, order="deterministic"), digest_size=4)
    root = folders(context).directory("output") / "training"
    folder = inside(root, f"{name}-{digest.hexdigest()}", "training run")
    device = context.service(ModelLibrary).residency.device
    return Trainer(objective, data, settings, folder, device=device)


def train(context: NodeContext, trainer: Trainer[Any], *, event_files: bool) -> torch.Tensor:
    """Train to the end, showing curve and samples; return the last such picture (1, H, W, 3).

    Raises: RunCancelledError, when the artist stopped it: its state is saved, and the next run
        goes on from there; TensorBoardMissingError; TrainingError.
    """
    samples: list[torch.Tensor] = []
    previews: list[Preview] = []

    def on_report(report: Report) -> None:
        if report.samples is not None:
            samples[:] = [report.samples]
        if events is not None:
            events.add(report)
        previews[:] = [Preview(_renderer(report, samples[0] if samples else None))]

    def should_stop() -> bool:
        """Tell how far it is, also while a step goes on, and whether the artist had enough."""
        preview = previews.pop() if previews else None
        try:
            context.progress(trainer.step, trainer.settings.steps, preview)
        except RunCancelledError:
            return True
        return False

    with ExitStack() as open_files:
        wanted = EventFiles(trainer.folder / "events", trainer.step) if event_files else None
        events = open_files.enter_context(wanted or nullcontext())
        finished = trainer.run(on_report, should_stop)
    if not finished:
        raise RunCancelledError(saved=(trainer.step, trainer.settings.steps))
    if not samples and trainer.settings.sample_every:  # all was done in an earlier run
        found = trainer.samples(context.check_cancelled)
        samples = [] if found is None else [found]
    picture = progress_picture(trainer.history, samples[0] if samples else None)
    return split_picture(picture)[0][None]


def kept_on_node(context: NodeContext, progress: torch.Tensor) -> Ui:
    """Return what keeps the progress picture on the node, where it was while the training ran."""
    return show_pngs(context, progress, preview_prefix())


def keep_result(folder: Path, content: bytes) -> tuple[WeightFile, str]:
    """Write a run's networks into its folder; return the file and a key that names its content.

    Raises: SaveError.
    """
    path = folder / "result.safetensors"
    write_whole(path, content)
    digest = hashlib.blake2b(content, digest_size=16).hexdigest()
    return WeightFile(path), f"{path} {digest}"


def widths_of(text: str, where: str) -> tuple[int, ...]:
    """Read "64, 96, 128". Raises: InvalidValueError."""
    try:
        widths = tuple(int(part) for part in text.split(","))
    except ValueError:
        widths = ()
    if not widths or min(widths) < 1:
        raise InvalidValueError(f'input "{where}"', text, 'whole numbers, as in "64, 96, 128"')
    return widths


def _decisive(settings: TrainSettings) -> Mapping[str, Any]:
    found: dict[str, Any] = msgspec.to_builtins(settings)
    return {name: value for name, value in found.items() if name not in _FREE}


def _renderer(report: Report, samples: torch.Tensor | None) -> Callable[[], Any]:
    return lambda: progress_picture(report.history, samples, time_left(report))
