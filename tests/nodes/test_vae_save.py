"""VAESave: a VAE or VQ model comes out as a file that its loaders read."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from engine.errors import InvalidValueError
from nodes.advanced.vae_save import vae_save
from nodes.loaders.vae_loader import vae_loader
from nodes.vq.vq_model_loader import vq_model_loader
from tests.checkpoints import Size, vae_shapes, write_checkpoint
from tests.nodes.model_host import ModelHost

VQ = Size(vae_widths=(16, 16, 32), vae_attention=False, codes=32, vae_level_attention=(2,),
          metadata={"vae_norm_groups": 4})  # fmt: skip


@pytest.fixture
def host(tmp_path: Path) -> ModelHost:
    (tmp_path / "models" / "checkpoints").mkdir(parents=True)
    return ModelHost(tmp_path)


def stage(host: ModelHost, size: Size) -> Any:
    path = host.folders.base / "models" / "checkpoints" / "whole.safetensors"
    write_checkpoint(path, size)
    return host.library.checkpoint_at(path).vae


@pytest.mark.parametrize("size", [VQ, Size()], ids=["vq", "kl"])
async def test_what_is_saved_is_offered_and_does_the_same(host: ModelHost, size: Size) -> None:
    context = host.context
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


async def test_a_gumbel_model_is_not_saved_as_another_kind(host: ModelHost) -> None:
    vae = stage(host, dataclasses.replace(VQ, gumbel=True))
    with pytest.raises(InvalidValueError, match="trained with Gumbel noise"):
        await vae_save(vae, host.context)
