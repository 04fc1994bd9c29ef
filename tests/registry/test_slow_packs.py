"""A pack that blocks while it is loaded is named, since nothing else can say why."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from engine.registry import discovery
from engine.registry.registry import Registry
from tests.registry.registry_fakes import FakeFolders

WAITS_UNTIL_TOLD = """
import time
from pathlib import Path

while not (Path(__file__).parent / "told.txt").exists():
    time.sleep(0.001)

NODE_CLASS_MAPPINGS = {}
"""


@pytest.fixture
def pack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A pack that is loaded as long as nobody has named it."""
    monkeypatch.setattr(discovery, "SLOW_S", 0.01)
    folder = tmp_path / "slow_one"
    folder.mkdir()

    class Telling(logging.Logger):
        def warning(self, msg: object, *args: object, **more: object) -> None:
            (folder / "told.txt").write_text(str(msg) % args)

    monkeypatch.setattr(discovery, "_log", Telling("tests"))
    return folder


def test_a_pack_whose_import_takes_long_is_named_meanwhile(pack: Path) -> None:
    (pack / "__init__.py").write_text(WAITS_UNTIL_TOLD)
    (report,) = discovery.load_packs(Registry(FakeFolders()), [pack.parent])
    assert report.error is None
    assert 'Pack "slow_one"' in (pack / "told.txt").read_text()


def test_so_is_one_whose_prestartup_script_takes_long(pack: Path) -> None:
    (pack / "prestartup_script.py").write_text(WAITS_UNTIL_TOLD)
    (report,) = discovery.run_prestartup([pack.parent])
    assert report.error is None
    assert 'Pack "slow_one"' in (pack / "told.txt").read_text()


def test_a_pack_that_is_loaded_in_time_is_not(pack: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(discovery, "SLOW_S", 600.0)
    (pack / "__init__.py").write_text("NODE_CLASS_MAPPINGS = {}")
    discovery.load_packs(Registry(FakeFolders()), [pack.parent])
    assert not (pack / "told.txt").exists()
