"""TensorBoard event files of a run, an extra: `pip install "tessera[train]"`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from engine.errors import EngineError
from engine.training.report import Report


class TensorBoardMissingError(EngineError):
    """Event files were asked for, but the package that writes them is not installed."""

    code = "tensorboard_missing"

    def __init__(self) -> None:
        super().__init__(
            "TensorBoard event files need the package tensorboard, which is not installed: run"
            ' pip install "tensorboard>=2.18,<3", or switch event files off.'
        )


class EventFiles:
    """Writes a run's reports as event files. Close it, or use it as a context manager.

    Raises: TensorBoardMissingError.
    """

    def __init__(self, folder: Path, first_step: int) -> None:
        """Open a new file in `folder`; earlier ones count up to `first_step`."""
        try:
            from torch.utils.tensorboard.writer import SummaryWriter
        except ImportError as error:
            raise TensorBoardMissingError from error
        # What a killed run wrote after its last saved state is not shown twice.
        self._writer: Any = SummaryWriter(str(folder), purge_step=first_step + 1)

    def add(self, report: Report) -> None:
        """Write a report."""
        for name, loss in report.losses.items():
            self._writer.add_scalar(f"loss/{name}", loss, report.step)
        self._writer.add_scalar("learning rate", report.rate, report.step)
        self._writer.add_scalar("items per second", report.items_per_second, report.step)
        if report.samples is not None:
            self._writer.add_images("samples", report.samples, report.step, dataformats="NHWC")
        self._writer.flush()

    def __enter__(self) -> EventFiles:
        return self

    def __exit__(self, *_: object) -> None:
        self._writer.close()
