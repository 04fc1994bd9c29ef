import os
from pathlib import Path

import pytest

from engine.cli.editor_checks import editor_checks
from engine.cli.testing import _check_editor


def web_folder(folder: Path, *, installed: bool) -> Path:
    (folder / "package-lock.json").write_text("{}")
    if installed:
        (folder / "node_modules").mkdir()
        (folder / "node_modules" / ".package-lock.json").write_text("{}")
    return folder


def programs(folder: Path, monkeypatch: pytest.MonkeyPatch, **scripts: str) -> None:
    """Let only these programs be found, each a shell script."""
    folder.mkdir()
    for name, script in scripts.items():
        (folder / name).write_text(f"#!/bin/sh\n{script}\n")
        (folder / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(folder))


def test_nothing_runs_without_node(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    programs(tmp_path / "bin", monkeypatch, chromium="")
    checks = editor_checks(web_folder(tmp_path, installed=False))
    assert len(checks) == 4
    assert all(check.lacks and "Node.js" in check.lacks for check in checks)


def test_only_browser_tests_need_a_browser(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    programs(tmp_path / "bin", monkeypatch, node="", npm="")
    lacking = [c.name for c in editor_checks(web_folder(tmp_path, installed=True)) if c.lacks]
    assert lacking == ["editor in a browser"]


def test_tools_are_installed_when_their_list_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    programs(tmp_path / "bin", monkeypatch, node="", npm="", chromium="")
    web = web_folder(tmp_path, installed=True)
    assert editor_checks(web)[0].name == "editor types"
    os.utime(web / "node_modules" / ".package-lock.json", (1, 1))
    assert editor_checks(web)[0].name == "editor tools"


def test_missing_programs_are_counted_locally_and_fail_in_ci(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    programs(tmp_path / "bin", monkeypatch, node="", npm="")
    web = web_folder(tmp_path, installed=True)
    assert _check_editor(web, must_run=False) == []
    printed = capsys.readouterr().out
    assert "Skipped 1 checks" in printed
    assert "Chromium is not installed" in printed
    assert _check_editor(web, must_run=True) == ["editor in a browser"]


def test_a_failing_command_fails_its_check(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fails_for_types = 'test "$2" != check'
    programs(tmp_path / "bin", monkeypatch, node="", npm=fails_for_types, chromium="")
    assert _check_editor(web_folder(tmp_path, installed=True), must_run=True) == ["editor types"]
