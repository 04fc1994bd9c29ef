"""What logs and terminals say of packs."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from engine.registry.discovery import PackReport
from engine.registry.pack_text import failures, log_packs

LOADED = PackReport(name="a", path=Path("a"), seconds=0.25, node_types=("X", "Y"))
HALF = PackReport(
    name="b", path=Path("b"), skipped_names=("KSampler",), failed_types={"Z": "TypeError: no"}
)
LACKING = PackReport(
    name="d",
    path=Path("d"),
    error="ModuleNotFoundError: No module named 'warp'",
    missing_module="warp",
    install_command="python -m pip install warp",
)
BROKEN = PackReport(name="c", path=Path("c"), error="ImportError: warp", traceback="at line 3")


def test_failures_are_told_with_their_reason() -> None:
    assert failures(LOADED) == []
    assert failures(HALF) == ["Pack b: node Z was not loaded: TypeError: no"]
    assert failures(BROKEN) == ["Pack c was not loaded: ImportError: warp"]
    assert failures(LACKING) == [
        "Pack d was not loaded: ModuleNotFoundError: No module named 'warp'."
        " To install it: python -m pip install warp"
    ]


def test_the_log_holds_a_line_for_each_pack_and_failure(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    log_packs([LOADED, HALF, BROKEN])

    assert [(record.levelname, record.getMessage()) for record in caplog.records] == [
        ("INFO", "Pack a: 0.25 s; node types: X, Y"),
        ("INFO", "Pack b: 0.00 s; node types: none"),
        ("WARNING", "Pack b: built-in nodes keep their names: KSampler"),
        ("ERROR", "Pack b: node Z was not loaded: TypeError: no"),
        ("ERROR", "Pack c was not loaded: ImportError: warp\nat line 3"),
    ]
