"""What training nodes refuse before hours are spent, and what they tell in the meantime."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from engine.errors import InvalidValueError, RunCancelledError
from engine.imaging.saving import SaveError
from engine.training.settings import TrainSettings
from nodes.training.train_autoencoder import train_kl_autoencoder
from nodes.training.train_latent_diffusion import train_latent_diffusion
from nodes.training.training_run import keep_result
from tests.nodes.training.test_train_nodes import (
    AE,
    UNET,
    EncodedSquares,
    Host,
    Pictures,
    short,
    vq,
)
from tests.training.toy import disk_with_room_for


class OtherStage:
    """A first stage of other latents than those of `EncodedSquares`."""

    downscale = 2
    latent_channels = 3


def diffusion(host: Host, settings: TrainSettings, vae: Any, **changed: Any) -> None:
    with torch.inference_mode():  # as the runner calls nodes
        train_latent_diffusion(
            EncodedSquares(), vae, settings, context=host.context, **UNET, **changed
        )


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"widths": "8, 8, 8, 8, 8, 8"}, r'"pictures".*multiple of 32 pixels.*16 pixels'),
        ({"widths": "8, 8, 8", "crop": 6}, r'"crop".*multiple of 4 pixels.*6 pixels'),
        ({"widths": "8, 8, 8, 8, 8", "codes": 1024}, r'"codes".*at most 256, got 1024'),
        ({"quantize_from": 4}, r'"quantize_from".*less than the 4 steps.*got 4'),
        (
            {"adversary_from": 2, "crop": 8, "crop_until": 3},
            r'"crop".*at least 12 pixels.*8 pixels',
        ),
    ],
)
def test_what_only_fails_after_hours_is_refused_at_once(
    tmp_path: Path, changed: dict[str, Any], named: str
) -> None:
    with pytest.raises(InvalidValueError, match=named):
        vq(Host(tmp_path), short(), **changed)
    assert not (tmp_path / "output" / "training").exists()


def test_a_first_stage_of_other_latents_is_refused_at_once(tmp_path: Path) -> None:
    host = Host(tmp_path)
    with pytest.raises(InvalidValueError, match=r'"vae".*the 4 that the latents have.*3 channels'):
        diffusion(host, short(), OtherStage())
    assert host.reports == []


def test_every_step_is_told_however_rare_the_points_of_the_curve_are(tmp_path: Path) -> None:
    host = Host(tmp_path)
    with torch.inference_mode():
        train_kl_autoencoder(
            Pictures(), short(report_every=100, sample_every=0), host.context, **AE
        )
    assert list(dict.fromkeys(host.reports)) == [(1, 4), (2, 4), (3, 4), (4, 4)]
    assert len(host.previews) == 1


def test_samples_of_many_prompts_can_be_cancelled(tmp_path: Path) -> None:
    _, vae, _ = vq(Host(tmp_path / "first"), short())
    host = Host(tmp_path, cancel_after=4)
    with pytest.raises(RunCancelledError):
        diffusion(host, short(steps=2), vae, prompts="a\n" * 1000)
    assert list(dict.fromkeys(host.reports)) == [(1, 2), (2, 2)]
    (folder,) = (tmp_path / "output" / "training").iterdir()
    assert [path.name for path in folder.iterdir()] == ["state-00000002.safetensors"]


def test_a_full_disk_at_the_end_of_a_run_names_the_file(tmp_path: Path) -> None:
    with disk_with_room_for(100), pytest.raises(SaveError, match=r"result\.safetensors.*too large"):
        keep_result(tmp_path, bytes(200))
    assert list(tmp_path.iterdir()) == []
