"""The engine with no packs at all; modules that need some have a bench of their own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.compat.pack_bench import Bench, pack_bench


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    with pack_bench(tmp_path_factory.mktemp("base")) as made:
        yield made
