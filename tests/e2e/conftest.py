"""A server that several tests of a module share, and a client's session with it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest
from aiohttp import ClientSession

from tests.e2e.server_process import ServerProcess, served


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """A server for the tests of a module."""
    with served(tmp_path_factory.mktemp("server")) as running:
        yield running


@pytest.fixture
async def web(server: ServerProcess) -> AsyncIterator[ClientSession]:
    async with ClientSession(server.url) as session:
        yield session
