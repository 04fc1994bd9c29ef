"""What every test shares."""

from __future__ import annotations

import os
from collections.abc import Generator

import pytest
from hypothesis import settings

# Tests run side by side: one thread each is faster than many that fight, and is reproducible.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("HF_HUB_OFFLINE", "1")

# Time limits per example fail at random on a busy machine; pytest-timeout bounds each test.
settings.register_profile("tessera", deadline=None)
settings.load_profile("tessera")


E2E_TIMEOUT_S = 600


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Bound tests of real processes more generously: each start reads all libraries."""
    for item in items:
        if item.get_closest_marker("e2e") and not item.get_closest_marker("timeout"):
            item.add_marker(pytest.mark.timeout(E2E_TIMEOUT_S))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Keep what hostile names leave in the log from ending a worker: reports travel as UTF-8."""
    report = yield
    report.sections = [
        (name, text.encode("utf-8", "backslashreplace").decode()) for name, text in report.sections
    ]
    return report
