"""Packs in the V3 form, run by the real runner."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from engine.compat.hosting.route_host import host_routes
from engine.registry.discovery import load_packs
from engine.registry.registry import Registry
from tests.compat.pack_bench import Bench, close, host, pack_bench, text_to_latent
from tests.registry.registry_fakes import FakeFolders

PREPARED_IN_VAIN = """
from comfy_api.latest import ComfyExtension

class Extension(ComfyExtension):
    async def on_load(self):
        raise OSError("its brushes are missing")

    async def get_node_list(self):
        raise AssertionError("it is not ready")

def comfy_entrypoint():
    return Extension()
"""


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    with pack_bench(tmp_path_factory.mktemp("base"), "v3_pack") as made:
        yield made


def test_its_nodes_run(bench: Bench) -> None:
    picture = ("EmptyImage", {"width": 8, "height": 8, "batch_size": 1, "color": 0x204060})
    warmer = ("Warmer", {"image": ["i", 0], "amount": 0.5})
    (image,) = bench.values({"i": picture, "w": warmer}, "w")
    assert image[0, 0, 0, 0] == pytest.approx(0x20 / 255 + 0.5)


def test_its_nodes_clone_models(bench: Bench) -> None:
    prompt = text_to_latent() | {"h": ("HookedModel", {"model": ["4", 0]})}
    (model,) = bench.values(prompt, "h")
    assert model.options["tests"] == 1
    hooked = prompt | {"3": text_to_latent(model=["h", 0])["3"]}
    latents: list[torch.Tensor] = [
        bench.values(each, "3")[0]["samples"] for each in (prompt, hooked)
    ]
    assert close(*latents), "options that nobody knows change nothing"


async def test_an_extension_is_prepared_once_before_its_nodes_are_listed(bench: Bench) -> None:
    (name,) = (name for name in sys.modules if name.endswith("/v3_pack"))
    assert sys.modules[name].steps == ["on_load", "get_node_list"]
    hosted = await host_routes(host("server").PromptServer.instance, "X-Secret", "s3cret")
    assert hosted is not None
    await hosted.close()
    assert "GET /v3_pack/hello" in hosted.addresses, "what it declares there counts"


def test_an_extension_that_cannot_be_prepared_is_left_out_with_the_reason(
    bench: Bench, tmp_path: Path
) -> None:
    (tmp_path / "brushes.py").write_text(PREPARED_IN_VAIN)
    (report,) = load_packs(Registry(FakeFolders()), [tmp_path])
    assert report.error == "OSError: its brushes are missing"
    assert report.node_types == ()
