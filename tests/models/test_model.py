from __future__ import annotations

from pathlib import Path

import pytest
import torch

from engine.errors import InvalidValueError
from engine.models.library import ModelLibrary
from engine.models.model import DiffusionNetworkModel
from engine.types import NoiseSchedule, Prediction
from tests.checkpoints import Size, write_checkpoint


@pytest.fixture
def model(library: ModelLibrary) -> DiffusionNetworkModel:
    return library.checkpoint("fp16.safetensors").model


def test_settings_make_another_model_on_the_same_weights(model: DiffusionNetworkModel) -> None:
    schedule = NoiseSchedule(zero_terminal_snr=True)
    first = model.with_settings(prediction=Prediction.V, options={"a": 1, "b": 1})
    second = first.with_settings(schedule=schedule, options={"b": 2})
    assert (model.prediction, dict(model.options)) == (Prediction.EPS, {})
    assert (second.prediction, second.schedule) == (Prediction.V, schedule)
    assert (dict(first.options), dict(second.options)) == ({"a": 1, "b": 1}, {"a": 1, "b": 2})
    with model.loaded((1, 4, 8, 8)), second.loaded((1, 4, 8, 8)):
        assert len(model.residency.held(model.component)) == 1
    with pytest.raises(TypeError):
        second.options["c"] = 3  # type: ignore[index]


def test_memory_is_counted_only_while_weights_are_in_it(model: DiffusionNetworkModel) -> None:
    assert list(model.held_tensors()) == []
    with model.loaded((1, 4, 8, 8)):
        (arena,) = model.held_tensors()
        parameters = sum(torch.Size(s).numel() for s in _shapes(model))
        assert parameters * 4 <= arena.nbytes <= parameters * 4.1
    model.residency.free_all()
    assert list(model.held_tensors()) == []


def _shapes(model: DiffusionNetworkModel) -> list[tuple[int, ...]]:
    component = model.component
    return [component.source.tensors[name].shape for name in component.names.values()]


def test_inputs_are_left_as_they_are(model: DiffusionNetworkModel) -> None:
    x, context = torch.randn(2, 4, 9, 7), torch.randn(2, 77, 32)
    copies = x.clone(), context.clone()
    with model.loaded((2, 4, 9, 7)) as network:
        output = network(x, torch.tensor([1.0, 2.0]), context, {})
    assert output.shape == x.shape
    assert not output.requires_grad
    assert torch.equal(x, copies[0])
    assert torch.equal(context, copies[1])


def test_inputs_of_another_kind_of_model_are_named(model: DiffusionNetworkModel) -> None:
    x, context, timestep = torch.randn(1, 4, 8, 8), torch.randn(1, 77, 32), torch.ones(1)
    with model.loaded((1, 4, 8, 8)) as network:
        with pytest.raises(InvalidValueError, match="CLIP that belongs to the model"):
            network(x, timestep, torch.randn(1, 77, 2048), {})
        with pytest.raises(InvalidValueError, match="got '16 channels'"):
            network(torch.randn(1, 16, 8, 8), timestep, context, {})
        with pytest.raises(InvalidValueError, match="pooled"):
            network(x, timestep, context, {"pooled": x})


def test_inpainting_models_take_further_channels(library: ModelLibrary, checkpoints: Path) -> None:
    write_checkpoint(checkpoints / "inpaint.safetensors", Size(in_channels=9))
    model = library.checkpoint("inpaint.safetensors").model
    assert (model.input_channels, model.latent_format.channels) == (9, 4)
    x, context = torch.randn(1, 4, 8, 8), torch.randn(1, 77, 32)
    with model.loaded((1, 4, 8, 8)) as network:
        output = network(x, torch.ones(1), context, {"concat": torch.randn(1, 5, 8, 8)})
        assert output.shape == x.shape
        with pytest.raises(InvalidValueError, match="masked picture"):
            network(x, torch.ones(1), context, {})


def test_a_file_that_changed_on_disk_is_opened_anew(
    library: ModelLibrary, checkpoints: Path
) -> None:
    path = write_checkpoint(checkpoints / "changing.safetensors", seed=1)
    first = library.checkpoint("changing.safetensors")
    assert library.checkpoint("changing.safetensors").vae.component.source is (
        first.vae.component.source
    )
    path.unlink()  # replaced, as downloads do; the old file stays mapped for its users
    write_checkpoint(path, seed=2)
    second = library.checkpoint("changing.safetensors")
    latent = torch.randn(1, 4, 2, 2)
    assert not torch.equal(first.vae.decode(latent), second.vae.decode(latent))
