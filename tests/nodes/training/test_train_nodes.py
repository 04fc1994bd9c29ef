"""The training nodes: results that other nodes take, cancelling, going on, event files."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from engine.errors import ForbiddenPathError, InvalidValueError, RunCancelledError
from engine.imaging.metadata import read_metadata
from engine.training.data import Batch, LatentBatch
from engine.training.event_files import TensorBoardMissingError
from engine.training.settings import TrainSettings
from engine.types import NodeResult, Prediction, Preview
from nodes.advanced.checkpoint_save import checkpoint_save
from nodes.loaders.checkpoint_loader_simple import checkpoint_loader_simple
from nodes.training.train_autoencoder import train_kl_autoencoder, train_vq_autoencoder
from nodes.training.train_latent_diffusion import train_latent_diffusion
from nodes.training.training_settings import training_settings
from tests.nodes.model_host import ModelHost

AE: dict[str, Any] = {"widths": "8, 8", "latent_channels": 4}
UNET: dict[str, Any] = {
    "prediction": "v_prediction", "widths": "16, 16", "heads": 2, "text_width": 16,
    "text_layers": 1, "text_heads": 2, "tokens": 6, "merges": 4,
}  # fmt: skip


class Host(ModelHost):
    """Cancels after some progress reports."""

    def __init__(self, base: Path, cancel_after: int | None = None) -> None:
        super().__init__(base)
        self.reports: list[tuple[float, float]] = []
        self.previews: list[Preview] = []
        self.cancel_after = cancel_after

    def progress(self, value: float, total: float, preview: Preview | None = None) -> None:
        self.check_cancelled()
        self.reports.append((value, total))
        if preview is not None:
            self.previews.append(preview)

    def check_cancelled(self) -> None:
        if self.cancel_after is not None and len(self.reports) >= self.cancel_after:
            raise RunCancelledError


class Pictures:
    """Plain squares with captions."""

    size = 16

    def __init__(self, fingerprint: str = "squares") -> None:
        self.fingerprint = fingerprint
        with torch.inference_mode():  # as a node before would have made it
            self._colours = torch.rand(6, 3, 1, 1, generator=torch.Generator().manual_seed(2))

    def __len__(self) -> int:
        return 6

    def draw(self, indices: Sequence[int], generator: torch.Generator) -> Batch:
        images = (self._colours[list(indices)] * 2 - 1).expand(-1, 3, 16, 16)
        noise = 0.1 * torch.randn(images.shape, generator=generator)
        return Batch((images + noise).clamp(-1, 1), ("a square",) * len(indices))

    def captions(self) -> list[str]:
        return ["a square"]


class EncodedSquares:
    latent_shape = (4, 8, 8)
    fingerprint = "encoded squares"

    def __init__(self) -> None:
        with torch.inference_mode():
            self._latents = torch.randn(6, 4, 8, 8, generator=torch.Generator().manual_seed(2))

    def __len__(self) -> int:
        return 6

    def draw(self, indices: Sequence[int], generator: torch.Generator) -> LatentBatch:
        return LatentBatch(self._latents[list(indices)], ("a square",) * len(indices))

    def captions(self) -> list[str]:
        return ["a square"]


def short(**changed: Any) -> TrainSettings:
    given = {"steps": 4, "batch": 2, "report_every": 1, "sample_every": 2, "save_every": 3}
    return TrainSettings(**{**given, **changed})


def values(result: Any) -> Any:
    """Return a training node's outputs."""
    assert isinstance(result, NodeResult)
    return result.values


def vq(host: Host, settings: TrainSettings, **changed: Any) -> Any:
    given = {**AE, "codes": 16, "quantize_from": 2, **changed}
    with torch.inference_mode():  # as the runner calls nodes
        return values(train_vq_autoencoder(Pictures(), settings, host.context, **given))


def test_a_vq_model_comes_out_with_latents_of_unit_variance(tmp_path: Path) -> None:
    host = Host(tmp_path)
    model, vae, progress = vq(host, short(), adversary_from=3)
    assert model is vae
    assert (model.downscale, model.latent_channels) == (2, 4)
    assert model.codebook()["codes"].shape == (16, 4)
    images = Pictures().draw(range(6), torch.Generator().manual_seed(0)).images
    latents = model.encode(images.movedim(1, -1) / 2 + 0.5)
    assert latents.square().mean().sqrt().item() == pytest.approx(1, abs=0.2)
    assert model.decode(latents).shape == (6, 16, 16, 3)
    assert list(dict.fromkeys(host.reports)) == [(1, 4), (2, 4), (3, 4), (4, 4)]
    assert progress.shape[0] == 1
    assert progress.shape[2:] == (512, 3)
    assert np.asarray(host.previews[-1].render()).shape[:2] == progress.shape[1:3]


def test_a_vae_comes_out(tmp_path: Path) -> None:
    host = Host(tmp_path)
    with torch.inference_mode():
        result = train_kl_autoencoder(Pictures(), short(), host.context, **AE)
    vae, progress = values(result)
    assert isinstance(result, NodeResult)
    assert result.ui is not None
    (picture,) = result.ui["images"]  # the curve stays on the node
    assert picture["type"] == "temp"
    with Image.open(tmp_path / "temp" / picture["filename"]) as kept:
        assert (kept.height, kept.width) == tuple(progress.shape[1:3])
    assert (vae.downscale, vae.latent_channels) == (2, 4)
    assert vae.encode(torch.rand(1, 16, 16, 3)).shape == (1, 4, 8, 8)


def test_cancelling_keeps_the_state_and_the_next_run_goes_on_from_it(tmp_path: Path) -> None:
    with pytest.raises(RunCancelledError) as stopped:
        vq(Host(tmp_path, cancel_after=2), short())
    assert stopped.value.saved == (2, 4)
    (folder,) = (tmp_path / "output" / "training").iterdir()
    assert [path.name for path in folder.iterdir()] == ["state-00000002.safetensors"]
    host = Host(tmp_path)
    cut, _, _ = vq(host, short())
    assert list(dict.fromkeys(host.reports)) == [(2, 4), (3, 4), (4, 4)]
    whole, _, _ = vq(Host(tmp_path / "other"), short())
    assert torch.equal(cut.codebook()["codes"], whole.codebook()["codes"])


def test_the_same_run_is_not_done_twice_and_another_seed_is_another_run(tmp_path: Path) -> None:
    vq(Host(tmp_path), short())
    again = Host(tmp_path)
    _, _, progress = vq(again, short(save_every=1))
    assert set(again.reports) <= {(4, 4)}  # while the result is made
    assert progress.shape[1] > 256  # the samples are shown all the same
    other = Host(tmp_path)
    vq(other, short(seed=1))
    assert len(set(other.reports)) == 4
    assert len(list((tmp_path / "output" / "training").iterdir())) == 2


async def test_words_become_a_checkpoint_that_loads(tmp_path: Path) -> None:
    host = Host(tmp_path)
    _, vae, _ = vq(host, short())
    with torch.inference_mode():
        result = train_latent_diffusion(
            EncodedSquares(), vae, short(), context=host.context, prompts="a square\n\nred",
            **UNET,
        )  # fmt: skip
    model, clip, _ = values(result)
    assert model.prediction is Prediction.V
    assert (model.latent_format.scale, model.latent_format.downscale) == (1.0, 2)
    assert clip.encode("a square")[0][0].shape == (1, 6, 16)
    await checkpoint_save(model, clip, vae, host.context, filename_prefix="checkpoints/t")
    (saved,) = (tmp_path / "output" / "checkpoints").iterdir()
    assert read_metadata(saved)["modelspec.resolution"] == "16x16"
    again = Host(tmp_path)
    again.folders.add("checkpoints", saved.parent)
    loaded = checkpoint_loader_simple(saved.name, again.context)
    before, after = (found.encode("a square")[0][0] for found in (clip, loaded.clip))
    torch.testing.assert_close(before, after, atol=1e-2, rtol=1e-2)  # stored in half precision
    assert loaded.model.prediction is Prediction.V


def test_event_files_are_written_where_they_are_asked_for(tmp_path: Path) -> None:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    vq(Host(tmp_path), short(), event_files=True)
    (folder,) = (tmp_path / "output" / "training").iterdir()
    events = EventAccumulator(str(folder / "events"))
    events.Reload()
    assert [event.step for event in events.Scalars("loss/l1")] == [1, 2, 3, 4]
    assert "samples" in {tag.split("/")[0] for tag in events.Tags()["images"]}


def test_without_tensorboard_it_is_said_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard.writer", None)
    with pytest.raises(TensorBoardMissingError, match='pip install "tensorboard'):
        vq(Host(tmp_path), short(), event_files=True)


@pytest.mark.parametrize("widths", ["", "8, x", "8, 0", "8;8"])
def test_widths_that_are_no_numbers_are_refused(tmp_path: Path, widths: str) -> None:
    with pytest.raises(InvalidValueError, match="widths"):
        vq(Host(tmp_path), short(), widths=widths)


def test_a_name_that_leads_out_of_the_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ForbiddenPathError):
        vq(Host(tmp_path), short(), name="../../elsewhere")


def test_settings_reach_the_trainer() -> None:
    settings = training_settings(
        steps=7, warmup=2, decay="constant", precision="bfloat16", decay_from=0.5
    )
    assert (settings.steps, settings.warmup, settings.decay) == (7, 2, "constant")
    assert (settings.precision, settings.decay_from) == ("bfloat16", 0.5)
