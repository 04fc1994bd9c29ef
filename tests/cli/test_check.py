"""`main.py check`: what it tells, and when it fails."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.cli.arguments import parse_arguments
from engine.cli.check import check_command
from tests.compat.pack_bench import host_kept_apart, write_base


@pytest.fixture(autouse=True)
def _apart() -> Iterator[None]:
    with host_kept_apart():
        yield


@pytest.fixture
def base(tmp_path: Path) -> Path:
    write_base(tmp_path, "graph_builder")
    return tmp_path


def check(base: Path, *arguments: str) -> int:
    return check_command(parse_arguments(["check", "--base-directory", str(base), *arguments]))


def test_all_in_place_exits_with_zero_and_tells_what_is_there(
    base: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert check(base) == 0

    out = capsys.readouterr().out
    assert "torch 2." in out
    assert "cpu: " in out
    assert f"output: {base / 'output'}" in out
    (checkpoints,) = [line for line in out.splitlines() if line.strip().startswith("checkpoints: ")]
    assert "tiny.safetensors" in checkpoints
    assert "node types: InvertTimes" in out
    assert "!" not in out


def test_a_pack_that_fails_is_a_problem(base: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (base / "custom_nodes" / "bad.py").write_text("from comfy.utils import warp\n")

    assert check(base) == 1

    captured = capsys.readouterr()
    assert (
        '! Pack bad was not loaded: NotImportableError: Pack "bad" uses comfy.utils.warp'
        in captured.out
    )
    assert "1 problem found" in captured.err


def test_a_node_type_that_cannot_be_read_is_a_problem(
    base: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code = "class A: pass\nNODE_CLASS_MAPPINGS = {'A': A}\n"
    (base / "custom_nodes" / "half.py").write_text(code)

    assert check(base) == 1
    assert "! Pack half: node A was not loaded" in capsys.readouterr().out


def test_a_folder_that_cannot_be_made_is_a_problem(
    base: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (base / "output").write_text("a file")

    assert check(base) == 1
    assert "is no folder" in capsys.readouterr().out


def test_a_device_that_is_not_there_is_a_problem(
    base: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert check(base, "--cuda-device", "99") == 1
    assert "! the device cuda:99 is not there" in capsys.readouterr().out


def test_damaged_extra_paths_are_a_problem(base: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = base / "extra.yaml"
    file.write_text("- a list")

    assert check(base, "--extra-model-paths-config", str(file)) == 1
    assert "! File" in capsys.readouterr().out
