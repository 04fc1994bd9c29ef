"""A running server, or a hub alone, for each test."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from engine.server.ws.hub import Hub
from tests.server.hub_clients import Clients
from tests.server.server_host import Host, hosted


@pytest.fixture
async def host(tmp_path: Path) -> AsyncIterator[Host]:
    async with hosted(tmp_path) as running:
        yield running


@pytest.fixture
async def clients() -> AsyncIterator[Clients]:
    made = Clients(Hub())
    yield made
    await made.close()
