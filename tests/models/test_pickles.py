from __future__ import annotations

import os
import pickle
import sys
from collections import OrderedDict
from pathlib import Path
from typing import Any

import pytest
import torch

from engine.errors import FileFormatError
from engine.models import pickles, unpickle
from engine.models.reading import open_weights
from engine.unfinished import remove_abandoned


class Reduced:
    """Pickles as a call of any function."""

    def __init__(self, function: Any, *args: Any) -> None:
        self.call = (function, args)

    def __reduce__(self) -> tuple[Any, tuple[Any, ...]]:
        return self.call


def test_a_checkpoint_becomes_safetensors_once(tmp_path: Path) -> None:
    shared = torch.randn(3, 4)
    state = OrderedDict(a=shared, b=shared, turned=shared.T, half=shared.half())
    torch.save({"state_dict": state, "epoch": 3, "note": "x"}, tmp_path / "a.ckpt")
    weights = open_weights(tmp_path / "a.ckpt", tmp_path / "made")
    assert set(weights) == set(state)
    for name, tensor in state.items():
        assert torch.equal(weights[name], tensor)
        assert weights[name].dtype == tensor.dtype
    (made,) = (tmp_path / "made").iterdir()
    stamp = made.stat().st_mtime_ns
    (tmp_path / "renamed.safetensors").write_bytes((tmp_path / "a.ckpt").read_bytes())
    again = open_weights(tmp_path / "renamed.safetensors", tmp_path / "made")
    assert again.path == made
    assert made.stat().st_mtime_ns == stamp


def test_a_hostile_pickle_runs_nothing(tmp_path: Path) -> None:
    mark = tmp_path / "pwned"
    attack = {"w": Reduced(os.system, f"touch {mark}")}
    torch.save(attack, tmp_path / "zip.ckpt")
    (tmp_path / "plain.pt").write_bytes(pickle.dumps(attack, protocol=2))
    for name, says in (("zip.ckpt", "posix.system|nt.system"), ("plain.pt", "more than weights")):
        with pytest.raises(FileFormatError, match=says) as caught:
            open_weights(tmp_path / name, tmp_path / "made")
        assert "\n" not in str(caught.value)
    assert not mark.exists()
    assert not list((tmp_path / "made").iterdir())


@pytest.mark.parametrize(
    "content",
    [b"PK\x03\x04" + b"\0" * 100, b"\x80\x02" + b"\xff" * 100, b"\x80\x04."],
    ids=["broken zip", "broken pickle", "empty pickle"],
)
def test_a_broken_pickle_is_one_clear_error(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.ckpt"
    path.write_bytes(content)
    with pytest.raises(FileFormatError) as caught:
        open_weights(path, tmp_path / "made")
    assert "\n" not in str(caught.value)
    assert not list((tmp_path / "made").iterdir())


def test_a_pickle_that_claims_more_than_it_holds_is_refused(tmp_path: Path) -> None:
    torch.save({"w": torch.zeros(1).expand(1 << 34)}, tmp_path / "bomb.pt")
    with pytest.raises(FileFormatError, match="claim more memory"):
        open_weights(tmp_path / "bomb.pt", tmp_path / "made")


def test_a_conversion_that_hangs_is_stopped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    torch.save({"w": torch.zeros(1)}, tmp_path / "a.pt")
    monkeypatch.setattr(pickles, "_START_S", 0.01)
    with pytest.raises(FileFormatError, match="took over"):
        pickles.convert(tmp_path / "a.pt", tmp_path / "made")


def test_what_a_killed_conversion_leaves_is_removed_at_the_next_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = tmp_path / "made"
    begun: list[Path] = []

    def be_killed(source: Path, target: Path) -> None:
        assert remove_abandoned(made) == 0, "it is being written"
        begun.append(target)

    (tmp_path / "a.pt").write_bytes(b"weights")
    monkeypatch.setattr(pickles, "_run_child", be_killed)
    pickles.convert(tmp_path / "a.pt", made)
    begun[0].write_bytes(b"half")  # as a killed process leaves it: without its lock
    assert remove_abandoned(made) == 1


def test_nested_names_are_joined_and_other_values_left_out() -> None:
    tensor = torch.zeros(1)
    nested = {"string_to_param": {"*": tensor}, "name": "x", "step": 3, 5: tensor}
    assert set(unpickle.flatten(nested)) == {"string_to_param.*", "5"}


def test_the_audit_hook_refuses_what_loading_never_needs(tmp_path: Path) -> None:
    script = (
        "import os, sys, socket, runpy; u = runpy.run_path(sys.argv[1]); u['watch']('/nowhere')\n"
        "tries = [lambda: os.system('true'), lambda: socket.socket(), lambda: os.remove('x'),\n"
        "         lambda: open(sys.argv[2], 'w'), lambda: os.fork(), lambda: os.mkdir('x')]\n"
        "for attempt in tries:\n"
        "    try: attempt()\n"
        "    except Exception as error: print(type(error).__name__)\n"
        "    else: print('allowed')\n"
    )
    import subprocess

    source = str(Path(unpickle.__file__))
    done = subprocess.run(
        [sys.executable, "-I", "-c", script, source, str(tmp_path / "x")],
        capture_output=True,
        check=True,
        text=True,
    )
    assert done.stdout.split() == ["Refused"] * 6
