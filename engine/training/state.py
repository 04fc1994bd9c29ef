"""The whole state of a run in one file, written completely or not at all.

`state-<step>.safetensors` in the run's folder holds

- `network.<network>.<weight>`, `average.<network>.<weight>` (the moving average),
- `optimizer.<exp_avg or exp_avg_sq>.<network>.<weight>` and one `optimizer.step.…` for each,
- `history.step` and `history.loss.<loss>`: recorded losses, float64,
- `window.sum.<loss>`, `window.count.<loss>`: of the steps since the last report,

and in its metadata, under `tessera.training`, a JSON object: see `StateHead`. Random numbers need
no state: see `order`.
"""

from __future__ import annotations

import os
import re
import uuid
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import msgspec
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from engine.errors import FileFormatError, InvalidValueError
from engine.imaging.saving import SaveError
from engine.training.objective import Objective, TrainingError
from engine.training.settings import TrainSettings

STATE_KEY: Final = "tessera.training"
_NAME: Final = re.compile(r"state-(\d{8})\.safetensors")


class StateHead(msgspec.Struct, frozen=True, kw_only=True):
    """What a saved state says about itself.

    Attributes:
        step: Steps done.
        kind, config: Of the objective.
        data: Fingerprint of the data set.
        settings: Of the run when it was saved.
        average_updates: Updates of the moving average; 0 when there is none.
        seconds: Time spent in steps so far.
        scaler: State of the gradient scaler; {} without float16.
    """

    step: int
    kind: str
    config: dict[str, Any]
    data: str
    settings: dict[str, Any]
    average_updates: int = 0
    seconds: float = 0.0
    scaler: dict[str, Any] = {}


class StateSaveError(TrainingError):
    """A state could not be written; earlier ones are untouched."""

    code = "training_state_not_saved"

    def __init__(self, path: Path, reason: str, kept: Path | None) -> None:
        self.path, self.reason, self.kept = path, reason, kept
        last = f"The last one, {kept.name}, is intact." if kept else "There is no earlier one."
        super().__init__(
            f'The training state could not be written to "{path}": {reason}. {last} Free some'
            " space, then run again: training goes on from there."
        )


def save_state(folder: Path, head: StateHead, tensors: Mapping[str, Tensor], keep: int) -> Path:
    """Write a state, then remove all but the `keep` latest.

    Raises: StateSaveError, when the disk does not take it; nothing of it is left behind.
    """
    path = folder / f"state-{head.step:08}.safetensors"
    metadata = {STATE_KEY: msgspec.json.encode(head).decode()}
    whole = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    try:
        write_whole(path, save(whole, metadata))
    except SaveError as error:
        raise StateSaveError(path, error.reason, latest_state(folder)) from error
    for old in _states(folder)[:-keep]:
        old.unlink(missing_ok=True)
    return path


def write_whole(path: Path, content: bytes) -> None:
    """Write a file completely or not at all; one that was there stays until the new one is whole.

    Raises: SaveError; nothing is left behind then.
    """
    partial = path.with_name(f".{path.name}.{uuid.uuid4().hex}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with partial.open("xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
    except OSError as error:
        raise SaveError(path.parent, path.name, error) from error
    finally:
        with suppress(OSError):  # where nothing can be deleted, nothing was made
            partial.unlink(missing_ok=True)  # gone after success


def latest_state(folder: Path) -> Path | None:
    """Return the state with the most steps, or None."""
    return next(reversed(_states(folder)), None)


def read_state(path: Path) -> tuple[StateHead, dict[str, Tensor]]:
    """Read a state. Raises: FileFormatError."""
    try:
        with safe_open(path, framework="pt") as file:
            head = msgspec.json.decode((file.metadata() or {})[STATE_KEY], type=StateHead)
            names = file.keys()
            return head, {name: file.get_tensor(name) for name in names}
    except (OSError, SafetensorError, KeyError, msgspec.DecodeError) as error:
        problem = f"it is no training state, or damaged ({error})"
        raise FileFormatError(path, problem, "Remove it to go on from the one before.") from error


def check_same(
    path: Path, head: StateHead, objective: Objective[Any], data: str, settings: TrainSettings
) -> None:
    """Raise InvalidValueError, unless a run of these settings can go on from a state.

    It must be of this objective and data set, and not further than the run shall go. A setting
    that the state does not know came later; its default is what the state was made with.
    """
    hint = "Choose another folder for this run, or remove the state to start anew."
    config = msgspec.json.decode(msgspec.json.encode(dict(objective.config)))
    pairs = {name: (config.get(name), found) for name, found in head.config.items()}
    pairs |= {"objective": (objective.kind, head.kind), "data set": (data, head.data)}
    for name, (wanted, found) in pairs.items():
        if wanted != found:
            where = f'Training state "{path}", {name}'
            raise InvalidValueError(where, found, f"{wanted!r}, as here", hint)
    if head.step > settings.steps:
        expected = f"at least the {head.step} that are done"
        raise InvalidValueError(f'Training state "{path}", steps', settings.steps, expected, hint)


def _states(folder: Path) -> list[Path]:
    """List states, the latest last; what another run left half written is not among them."""
    if not folder.is_dir():
        return []
    return sorted(path for path in folder.iterdir() if _NAME.fullmatch(path.name))
