"""VAESave: a VAE or VQ model comes out as a file that its loaders read."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar, cast

import pytest
import torch
from safetensors.torch import load_file

from engine.errors import InvalidValueError
from engine.models.folders import ModelFolders
from engine.models.library import ModelLibrary
from engine.models.residency import Residency
from engine.registry.spec import Folders, NodeContext
from nodes.advanced.vae_save import vae_save
from nodes.loaders.vae_loader import vae_loader
from nodes.vq.vq_model_loader import vq_model_loader
from tests.checkpoints import Size, vae_shapes, write_checkpoint

T = TypeVar("T")
VQ = Size(vae_widths=(16, 16, 32), vae_attention=False, codes=32, vae_level_attention=(2,),
          metadata={"vae_norm_groups": 4})  # fmt: skip


class Host:
    """Folders, and a library of the models in them."""

    prompt: Mapping[str, Any] = {}
    extra_pnginfo: Mapping[str, Any] = {}

    def __init__(self, base: Path) -> None:
        self.folders = ModelFolders(base)
        self.library = ModelLibrary(self.folders, Residency(torch.device("cpu")), base / "made")

    def service(self, kind: type[T]) -> T:
        return cast("T", self.folders if kind is Folders else self.library)


@pytest.fixture
def host(tmp_path: Path) -> Host:
    (tmp_path / "models" / "checkpoints").mkdir(parents=True)
    return Host(tmp_path)


def stage(host: Host, size: Size) -> Any:
    path = host.folders.base / "models" / "checkpoints" / "whole.safetensors"
    write_checkpoint(path, size)
    return host.library.checkpoint_at(path).vae


@pytest.mark.parametrize("size", [VQ, Size()], ids=["vq", "kl"])
async def test_what_is_saved_is_offered_and_does_the_same(host: Host, size: Size) -> None:
    context = cast("NodeContext", host)
    vae = stage(host, size)
    await vae_save(vae, context, "vae/mine")
    name = "mine_00001_.safetensors"
    stored = load_file(host.folders.base / "output" / "vae" / name)
    assert {key: tuple(weight.shape) for key, weight in stored.items()} == vae_shapes(size)
    assert host.folders.names("vae") == host.folders.names("vqgan") == [name]
    again = vae_loader(name, context)
    image = torch.rand(1, 32, 32, 3)
    assert torch.equal(again.encode(image), vae.encode(image))
    if size is VQ:
        loaded = vq_model_loader(name, context)
        assert torch.equal(loaded.codebook["codes"], vae.codebook()["codes"])


async def test_a_gumbel_model_is_not_saved_as_another_kind(host: Host) -> None:
    vae = stage(host, dataclasses.replace(VQ, gumbel=True))
    with pytest.raises(InvalidValueError, match="trained with Gumbel noise"):
        await vae_save(vae, cast("NodeContext", host))
