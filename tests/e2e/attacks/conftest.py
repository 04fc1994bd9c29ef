"""The server that is attacked; it must be well after each attack."""

from __future__ import annotations

import os
import pickle
import struct
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.attacks.raw_requests import MARKUP, SECRET, png
from tests.e2e.server_process import ServerProcess, picture_prompt, served


class _Payload:
    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.system, (f"touch '{self.mark}'",)


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    base = tmp_path_factory.mktemp("server")
    (base / "secret.txt").write_bytes(SECRET)
    (base / "secret.png").write_bytes(png(1, 1) + SECRET)
    for folder in ("output", "input", "temp", "user/default", "models/loras"):
        (base / folder).mkdir(parents=True)
        if folder != "models/loras":  # there links are followed: many keep models elsewhere
            (base / folder / "link.png").symlink_to(base / "secret.png")
            (base / folder / "up").symlink_to(base)
            (base / folder / "root").symlink_to("/")
    loras = base / "models" / "loras"
    (loras / "loop").symlink_to(loras)
    (base / "models/checkpoints").mkdir()
    (loras / MARKUP).write_bytes(struct.pack("<Q", 2) + b"{}")
    for name in ("bad.ckpt", "bad.safetensors", "bad.pt"):
        content = pickle.dumps(_Payload(base / "pickle_was_run"))
        (loras / name).write_bytes(content)
        (base / "models/checkpoints" / name).write_bytes(content)
    with served(base, "--max-upload-size", "2") as running:
        running.entry(running.queue(picture_prompt()))
        yield running


@pytest.fixture(autouse=True)
def still_well(server: ServerProcess) -> Iterator[None]:
    """After each attack the server answers, has failed at nothing and given nothing away."""
    start = len(server.log)
    yield
    server.until(lambda: server.get("/prompt").json()["exec_info"]["queue_remaining"] == 0)
    printed = server.log[start:]
    assert "A request failed" not in printed
    assert "Traceback" not in printed
    assert not (server.base / "pickle_was_run").exists()
