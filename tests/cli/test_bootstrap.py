"""The environment that `main.py` makes for itself."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

import pytest

from engine.cli import bootstrap
from engine.cli.bootstrap import BootstrapError, ensure_environment, read_requirements

ROOT = Path(__file__).resolve().parents[2]

PYPROJECT = """
[project]
name = "probe"
version = "1"
dependencies = ["{requirement}"]
[project.optional-dependencies]
dev = ["pip"]
[tool.tessera]
pins = []
"""


class RestartedError(Exception):
    """Stands for the process being replaced by one in `.venv`."""


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    def restart(target: Path, root: Path, argv: Sequence[str]) -> NoReturn:
        raise RestartedError(list(argv))

    monkeypatch.setattr(bootstrap, "_restart", restart)
    write_project(tmp_path, "no-such-package-of-tessera")
    return tmp_path


def write_project(root: Path, requirement: str) -> None:
    (root / "pyproject.toml").write_text(PYPROJECT.format(requirement=requirement), "utf-8")


def write_stamp(root: Path) -> None:
    (root / ".venv").mkdir(exist_ok=True)
    bootstrap._write_stamp(root / ".venv", read_requirements(root, ["dev"]), ["dev"])


def test_an_interpreter_that_has_everything_is_used_as_it_is(root: Path) -> None:
    write_project(root, "pytest>=1")
    ensure_environment(root, [], [])
    assert not (root / ".venv").exists()


def test_an_old_version_does_not_count_as_installed(root: Path) -> None:
    assert not bootstrap._is_satisfied(["pytest>=9999"])
    assert bootstrap._is_satisfied(["pytest>=1", "hypothesis"])


def test_an_installed_environment_is_entered_without_the_network(root: Path) -> None:
    write_stamp(root)
    with pytest.raises(RestartedError) as restarted:
        ensure_environment(root, [], ["run", "a b.json"])
    assert restarted.value.args == (["run", "a b.json"],)


def test_what_suffices_for_development_suffices_for_a_plain_start(root: Path) -> None:
    write_stamp(root)
    assert bootstrap._covers(root / ".venv", read_requirements(root), [])
    assert bootstrap._covers(root / ".venv", read_requirements(root, ["dev"]), ["dev"])


def test_changed_requirements_outdate_the_stamp(root: Path) -> None:
    write_stamp(root)
    write_project(root, "another-package")
    assert not bootstrap._covers(root / ".venv", read_requirements(root), [])


@pytest.mark.parametrize("content", ["", "[]", "{", '{"tessera": 3}', "\x00\xff"])
def test_a_damaged_stamp_counts_as_none(root: Path, content: str) -> None:
    (root / ".venv").mkdir()
    (root / ".venv" / bootstrap.STAMP).write_text(content, "utf-8")
    assert not bootstrap._covers(root / ".venv", read_requirements(root), [])


def test_a_full_disk_is_said_before_anything_is_written(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = shutil.disk_usage(root)._replace(free=10**8)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage)
    with pytest.raises(BootstrapError, match=r"has 0\.1 GB free.*need about 3 GB"):
        ensure_environment(root, [], [])
    assert not (root / ".venv").exists()


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("ERROR: Could not install packages due to an OSError: [Errno 28] No space left", "Free"),
        ("WARNING: Retrying after connection broken by 'NewConnectionError'", "Check the network"),
        ("error: command 'gcc' failed", "command 'gcc' failed"),
    ],
)
def test_what_stopped_pip_is_said_in_a_sentence(root: Path, line: str, message: str) -> None:
    assert message in str(bootstrap._explain(root / ".venv", ["Collecting x", line]))


@pytest.mark.e2e
@pytest.mark.slow  # makes a real environment with pip in it
def test_without_a_network_the_start_says_so_and_leaves_no_stamp(tmp_path: Path) -> None:
    shutil.copy(ROOT / "main.py", tmp_path)
    shutil.copytree(
        ROOT / "engine" / "cli",
        tmp_path / "engine" / "cli",
        ignore=shutil.ignore_patterns("__pycache__"),
    )
    (tmp_path / "engine" / "__init__.py").touch()
    write_project(tmp_path, "no-such-package-of-tessera")
    # An address where nothing listens: the package index is out of reach.
    environment = os.environ | {
        "PIP_INDEX_URL": "http://127.0.0.1:9/",
        "PIP_EXTRA_INDEX_URL": "",
        "PIP_CONFIG_FILE": os.devnull,
        "PIP_RETRIES": "0",
    }
    run = subprocess.run(
        [sys.executable, "main.py", "nodes"],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 1
    assert "could not be downloaded" in run.stderr
    assert "Traceback" not in run.stderr
    assert not (tmp_path / ".venv" / bootstrap.STAMP).exists()


def test_an_old_python_is_told_which_one_is_needed() -> None:
    code = "import sys; sys.version_info = (3, 10, 1); exec(open('main.py').read())"
    run = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert run.returncode == 1
    assert "needs Python 3.11" in run.stderr


def test_help_needs_no_environment(tmp_path: Path) -> None:
    run = subprocess.run(
        [sys.executable, "-S", "-c", "import engine.cli.entry as e; e.main(['run', '--help'])"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    assert "NODE.INPUT=VALUE" in run.stdout


def test_the_stamp_is_json_with_a_digest_for_each_set(root: Path) -> None:
    write_stamp(root)
    stamp = json.loads((root / ".venv" / bootstrap.STAMP).read_text("utf-8"))
    assert set(stamp) == {"tessera", "tessera+dev"}
