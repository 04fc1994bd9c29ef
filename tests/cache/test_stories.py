"""What an artist feels of the cache: yesterday's work is found again, and nothing else is."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import torch

from engine.cache.cost import CostCache
from engine.cache.disk import DiskTier
from engine.cache.files import FileHasher
from engine.cache.keys import NodeKey, node_key
from engine.cache.store import Entry
from engine.graph.model import Link, Node
from tests.cache.cache_samples import make_entry, make_key, make_spec


class Studio:
    """One start of the program: a small text-to-image graph on a disk cache."""

    def __init__(self, folder: Path) -> None:
        self.checkpoint = folder / "sd15.safetensors"
        self.hasher = FileHasher(folder / "files.sqlite3")
        disk = DiskTier(folder / "results", 10**7)
        self.cache = CostCache(ram_bytes=10**7, device_bytes=0, disk=disk)

    def run(self, *, seed: int = 1, version: str = "1") -> list[str]:
        """Run the graph; return the ids of the nodes that had to run."""
        keys = self.keys(seed, version)
        self.cache.begin(keys)
        ran = [node_id for node_id, key in keys.items() if self.cache.get(node_id, key) is None]
        for node_id in ran:
            self.cache.put(node_id, keys[node_id], make_entry(seconds=5))
        self.cache.end()
        return ran

    def keys(self, seed: int, version: str) -> dict[str, NodeKey]:
        files = {self.checkpoint.name: self.hasher.digest(self.checkpoint)}
        keys: dict[str, NodeKey] = {}

        def add(node_id: str, type_id: str, inputs: dict[str, Any], read: dict[str, str]) -> None:
            keys[node_id] = node_key(
                Node(node_id, type_id, inputs),
                make_spec(type_id, version if type_id == "KSampler" else "1"),
                keys,
                change=None,
                files=read,
                environment="cpu float32",
                node_id_matters=False,
            )

        add("load", "Loader", {"name": "sd15.safetensors"}, files)
        add("text", "Encode", {"clip": Link("load", 1), "text": "a tower"}, {})
        add("sample", "KSampler", {"text": Link("text", 0), "seed": seed}, {})
        add("decode", "Decode", {"latent": Link("sample", 0)}, {})
        return keys

    def close(self) -> None:
        self.cache.close()
        self.hasher.close()


def write(path: Path, content: bytes, age_s: float) -> None:
    path.write_bytes(content)
    os.utime(path, (time.time() - age_s,) * 2)


def test_yesterdays_workflow_runs_only_what_is_edited(tmp_path: Path) -> None:
    write(tmp_path / "sd15.safetensors", b"weights", age_s=100)
    first = Studio(tmp_path)
    assert first.run() == ["load", "text", "sample", "decode"]
    first.close()
    second = Studio(tmp_path)
    assert second.run() == []
    assert second.run(seed=2) == ["sample", "decode"]
    assert second.cache.explain("sample", second.keys(2, "1")["sample"]).text == (
        'input "seed" changed'
    )
    second.close()


def test_another_model_under_the_same_name_is_noticed(tmp_path: Path) -> None:
    write(tmp_path / "sd15.safetensors", b"weights", age_s=100)
    first = Studio(tmp_path)
    first.run()
    write(tmp_path / "sd15.safetensors", b"WEIGHTS", age_s=50)
    assert first.run() == ["load", "text", "sample", "decode"]
    reasons = [first.cache.explain(i, key).text for i, key in first.keys(1, "1").items()]
    assert reasons == [
        'file "sd15.safetensors" changed',
        'upstream node "load" changed',
        'upstream node "text" changed',
        'upstream node "sample" changed',
    ]
    first.close()


def test_a_new_version_of_a_node_runs_again(tmp_path: Path) -> None:
    write(tmp_path / "sd15.safetensors", b"weights", age_s=100)
    studio = Studio(tmp_path)
    studio.run()
    assert studio.run(version="2") == ["sample", "decode"]
    studio.close()


@pytest.mark.e2e
def test_a_process_killed_while_writing_leaves_only_whole_entries(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from engine.cache.disk import DiskTier;"
        "from tests.cache.cache_samples import make_entry, make_key\n"
        "tier = DiskTier(Path(sys.argv[1]), 10**9)\n"
        "for i in range(10**6):\n"
        "    tier.put(make_key(i).digest, make_entry(fill=i, floats=50_000), 200_000)\n"
        "    tier.flush()\n"
        "    print(i, flush=True)"
    )
    environment = {**os.environ, "PYTHONPATH": os.curdir}
    command = [sys.executable, "-c", code, str(tmp_path)]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout is not None
        while int(writer.stdout.readline()) < 8:
            pass
        writer.send_signal(signal.SIGKILL)
        written = 8 + len(writer.stdout.readlines())
    tier = DiskTier(tmp_path, 10**9)
    tier.flush()
    found = [tier.get(str(make_key(i).digest)) for i in range(written + 1)]
    tier.close()
    assert all(stored is not None for stored in found)
    assert [int(stored[0].outputs[0][0][0]) for stored in found if stored] == list(
        range(written + 1)
    )


def test_cost_saves_more_of_an_artists_time_than_recency() -> None:
    # Latents are small and dear, pictures are large and cheap; the artist returns to old seeds.
    choose = random.Random(4)
    seeds = [choose.randrange(40) for _ in range(300)]
    budget = 2_000_000
    cost = CostCache(ram_bytes=budget, device_bytes=0)
    picture, latent = 40_000, 4_000
    recent: dict[tuple[str, int], int] = {}
    saved_by_recency = 0.0
    for seed in seeds:
        parts = {("latent", seed): (5.0, latent), ("picture", seed): (0.5, picture)}
        cost.begin({kind: make_key((kind, s)) for kind, s in parts})
        for part, (seconds, floats) in parts.items():
            if cost.get(part[0], make_key(part)) is None:
                entry = Entry(([torch.empty(floats)],), seconds=seconds)
                cost.put(part[0], make_key(part), entry)
            saved_by_recency += seconds if recent.pop(part, None) is not None else 0.0
            recent[part] = floats * 4
            while sum(recent.values()) > budget:
                recent.pop(next(iter(recent)))
        cost.end()
    assert cost.report().seconds_saved > 2 * saved_by_recency
